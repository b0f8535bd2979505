"""Is a throttled name found, and is an unthrottled one left alone? `check --throttling`, many times over.

On a line of 20 Mbit/s (each connection has a bottleneck of its own, so that runs beside each other do not share one):
limits of 1, 0.5 and 0.25 Mbit/s for connections that name the site, as a queue and as a policer that drops, and
connections that die after 40 kB; then the same line, unthrottled, with 3 % loss each way and jitter, where every
finding is false. For the latter the measured pairs are drawn again at random, for the chance of a false finding.
Exit status 1: a goal is missed.
Run: `python bench/throttling.py [--quick] [--save] [--runs N] [--healthy N] [--only NAME]`.
"""

import argparse
import asyncio
import json
import math
import random
import subprocess
import sys
import time
from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from common import laboratory, percentile, save, upper_bound

from blockprobe.catalogue.config import load_settings
from blockprobe.catalogue.fingerprints import load_fingerprints
from blockprobe.lab.censor import Action, Delay, Freeze, Loss, Match, Rate, Rule
from blockprobe.lab.lab import Lab
from blockprobe.lab.scenario import Scenario
from blockprobe.lab.sites import Page, place, says, site
from blockprobe.model.record import Record
from blockprobe.model.target import parse_target
from blockprobe.run import Run
from blockprobe.verdict.throttle import MAX_PAIRS, MIN_PAIRS, Pace, goodput, pace_of, pairs_of

LINE_KBIT = 20_000.0
#: One way (ms); the bad weather adds jitter, which also reorders, and loss each way.
DELAY_MS, JITTER_MS, LOSS = 15.0, 5.0, 0.03
FROZEN_BYTES = 40_000
#: Runs at once, each with a `Run`, a site and connections of its own.
BESIDE = 10
#: Runs imagined from the pairs of healthy ones.
IMAGINED = 100_000
SITES = tuple(f"s{number}.example" for number in range(BESIDE))


@dataclass(frozen=True, kw_only=True)
class Case:
    """One kind of line: `rules`, the mechanism that is true (None: none), and whether that is a goal."""

    name: str
    rules: tuple[Rule, ...] = ()
    truth: str | None = None
    weather: bool = False
    scheme: str = "https"
    page_bytes: int = 3000


def cases() -> list[Case]:
    """All of them; the healthy one last, because it takes longest."""
    found = []
    for mbit in (1.0, 0.5, 0.25):
        for kind, queue_ms in (("queue", 500.0), ("policer", 60.0)):
            rule = Rate(kbit=mbit * 1000, queue_ms=queue_ms, names=SITES)
            found.append(Case(name=f"{mbit:g} Mbit/s, {kind}", rules=(rule,), truth="tls.throttle.sni"))
    half = Rate(kbit=500, names=SITES)
    found += [
        Case(name="0.5 Mbit/s in cleartext", rules=(half,), truth="http.throttle.host", scheme="http"),
        Case(name="0.5 Mbit/s in bad weather", rules=(half,), truth="tls.throttle.sni", weather=True),
    ]
    for action in (Action.DROP, Action.RESET):
        rule = Freeze(names=SITES, after_bytes=FROZEN_BYTES, action=action)
        found.append(Case(name=f"frozen after 40 kB by {action}", rules=(rule,), truth="tls.freeze.sni"))
    slow = Rate(kbit=500, per_flow=True, match=Match(addresses=tuple(a for n in range(BESIDE) for a in place(10 + n))))
    found.append(Case(name="the address slow, not the name", rules=(slow,), page_bytes=200_000))
    found.append(Case(name="healthy", weather=True))
    return found


def world(case: Case, seed: int) -> Scenario:
    """The line of a case."""
    rules: tuple[Rule, ...] = (*case.rules, Rate(kbit=LINE_KBIT, per_flow=True, queue_ms=100, at="access"))
    if case.weather:
        rules += (Loss(rate=LOSS, seed=seed, at="access"), Delay(ms=JITTER_MS, jitter_ms=JITTER_MS))
    sites = tuple(site(name, 10 + n, says(Page(size=case.page_bytes))) for n, name in enumerate(SITES))
    return Scenario(name="throttling", story="sites on a line of 20 Mbit/s", sites=sites, rules=rules,
                    delay_ms=DELAY_MS)  # fmt: skip


def main() -> int:
    """Measure every case, print a line each, save, and say whether the goals are met."""
    options = _options()
    if options.client:
        print(json.dumps(asyncio.run(_client(json.loads(Path(options.client).read_text())))))
        return 0
    status, figures = 0, []
    chosen = [case for case in cases() if options.only in (None, case.name)]
    with laboratory(world(chosen[0], options.seed)) as lab:
        for case in chosen:
            lab.load(world(case, options.seed))
            runs = options.healthy if case.name == "healthy" else options.runs
            done = _run_client(lab, case, runs)
            figures.append(_evaluate(case, done))
            status |= figures[-1]["missed"]
    if options.save or not options.quick:
        found = {"line_kbit": LINE_KBIT, "loss": LOSS, "jitter_ms": JITTER_MS, "cases": figures}
        print("written:", save("throttling" + ("" if options.only is None else "_some"), options.seed, found))
    return int(status)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="3 runs of each kind, 30 healthy ones; not saved")
    parser.add_argument("--runs", type=int, default=None, help="of each interfering kind (20)")
    parser.add_argument("--healthy", type=int, default=None, help="unthrottled runs in bad weather (1000)")
    parser.add_argument("--only", help="one case, by its name")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--save", action="store_true", help="write results although --quick")
    parser.add_argument("--client", help=argparse.SUPPRESS)
    options = parser.parse_args()
    options.runs = options.runs or (3 if options.quick else 20)
    options.healthy = options.healthy or (30 if options.quick else 1000)
    return options


def _run_client(lab: Lab, case: Case, runs: int) -> dict[str, Any]:
    """This program once more, on the subscriber's line."""
    config, job, out = (lab.directory / name for name in ("probe.toml", "job.json", "out.json"))
    config.write_text(lab.settings_toml())
    job.write_text(json.dumps({"config": str(config), "runs": runs, "scheme": case.scheme}))
    with out.open("w") as file:
        argv = [sys.executable, __file__, "--client", str(job)]
        process = lab.start_in("probe", argv, stdout=file, stderr=subprocess.PIPE)
        _, err = process.communicate()
    if process.returncode != 0:
        raise RuntimeError(f"client: {err[-3000:]}")
    done: dict[str, Any] = json.loads(out.read_text())
    return done


# -- on the subscriber's line --------------------------------------------------------------------------------------


async def _client(job: dict[str, Any]) -> dict[str, Any]:
    settings = load_settings(Path(job["config"]), {}, {})
    settings = replace(settings, limits=replace(settings.limits, throttling=True))
    numbers, results = iter(range(job["runs"])), []
    began = time.monotonic()

    async def worker(name: str) -> None:
        run = await Run.open(settings, fingerprints=load_fingerprints(()))
        try:
            for _ in numbers:
                results.append(_result(await run.measure(parse_target(f"{job['scheme']}://{name}/"))))
                print(f"\r{len(results)} of {job['runs']}", end="", file=sys.stderr)
        finally:
            await run.aclose()

    await asyncio.gather(*(worker(name) for name in SITES))
    return {"results": results, "wall_s": time.monotonic() - began}


def _result(record: Record) -> dict[str, Any]:
    transfers = [one for one in record.observations if one.kind == "transfer" and one.why.place == "echo"]
    pairs = pairs_of([one for one in transfers if one.why.test == "speed"])
    return {
        "state": record.verdict.state,
        "rule": record.verdict.rule,
        "because": record.verdict.because,
        "found": [f"{one.mechanism}" for one in record.verdict.interference],
        "ratios": [round(math.log(goodput(pair.listed) / goodput(pair.neutral)), 4) for pair in pairs],
        "mbit_s": round(8e-6 * percentile([goodput(pair.neutral) for pair in pairs], 0.5), 3) if pairs else None,
        "megabytes": round(sum(one.wire_bytes for one in transfers) / 1e6, 3),
        "seconds": round(record.runtime_s, 2),
    }


# -- what it means -------------------------------------------------------------------------------------------------


def _evaluate(case: Case, done: dict[str, Any]) -> dict[str, Any]:
    results = done["results"]
    right = [one for one in results if one["found"] == ([case.truth] if case.truth else [])]
    rules = Counter(
        one["rule"] + (" (unknown speed)" if "slowed is unknown" in one["because"] else "") for one in results
    )
    pairs = [len(one["ratios"]) for one in results]
    print(f"{case.name}: {len(right)} of {len(results)} right; {dict(rules)}; pairs: median {percentile(pairs, 0.5)}, "
          f"max {max(pairs)}; median {percentile([one['seconds'] for one in results], 0.5):.1f} s and "
          f"{percentile([one['megabytes'] for one in results], 0.5):.1f} MB a run, max "
          f"{max(one['megabytes'] for one in results):.1f} MB; neutral "
          f"{percentile([one['mbit_s'] for one in results if one['mbit_s']], 0.5):.2f} Mbit/s; "
          f"{done['wall_s']:.0f} s in all", flush=True)  # fmt: skip
    figures = {
        "name": case.name, "truth": case.truth, "runs": len(results), "right": len(right), "rules": rules,
        "wall_s": round(done["wall_s"], 1), "missed": len(right) < len(results),
        "wrong": [one for one in results if one not in right], "samples": [_sample(one) for one in results],
    }  # fmt: skip
    for one in figures["wrong"]:
        print("   wrong:", one["state"], one["rule"], one["because"])
    if case.name == "healthy":
        figures |= _chances(results, wrong=len(results) - len(right))
    return figures


def _sample(one: dict[str, Any]) -> str:
    """Rule, seconds, megabytes, neutral Mbit/s, and the natural logarithm of each pair's ratio."""
    head = f"{one['rule']} {one['seconds']} s {one['megabytes']} MB {one['mbit_s']} Mbit/s"
    return head + ": " + " ".join(f"{ratio:.3f}" for ratio in one["ratios"])


def _chances(results: list[dict[str, Any]], *, wrong: int) -> dict[str, Any]:
    """The upper bound of the rate, and how often runs imagined from the measured pairs would find something."""
    dice = random.Random(7)
    ratios = [ratio for one in results for ratio in one["ratios"]]
    decided: Counter[Pace] = Counter(_imagine(ratios, dice) for _ in range(IMAGINED))
    spread = percentile(sorted(abs(ratio) for ratio in ratios), 0.68)
    bound, imagined = upper_bound(wrong, len(results)), upper_bound(decided[Pace.SLOWER], IMAGINED)
    print(
        f"   false findings: {wrong} (upper 95 % bound {bound:.1e}); of {IMAGINED} runs imagined from {len(ratios)} "
        f"measured pairs {decided[Pace.SLOWER]} (bound {imagined:.1e}), {decided[Pace.OPEN]} undecided; two thirds "
        f"of the pairs lie within a factor of {math.exp(spread):.2f}, the lowest is {math.exp(min(ratios)):.2f}"
    )
    return {"upper_95": bound, "imagined": IMAGINED, "imagined_false": decided[Pace.SLOWER],
            "imagined_undecided": decided[Pace.OPEN], "imagined_upper_95": imagined, "pairs": len(ratios)}  # fmt: skip


def _imagine(ratios: list[float], dice: random.Random) -> Pace:
    """One run as `measure/throttle.py` makes it: pairs until they agree."""
    drawn = [dice.choice(ratios) for _ in range(MIN_PAIRS)]
    while (pace := pace_of(drawn)) is Pace.OPEN and len(drawn) < MAX_PAIRS:
        drawn.append(dice.choice(ratios))
    return pace


if __name__ == "__main__":
    sys.exit(main())
