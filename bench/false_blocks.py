"""Does loss become blocking? A healthy https site and a healthy http site, checked thousands of times in bad weather.

Nothing is blocked here, so every `blocked` is false. Printed beside the count: its upper 95 % bound, how often each
operation met silence, how long checks took, and the chance of a false `blocked` that the measured silence predicts,
for independent losses and for losses in bursts. Exit status 1: a goal is missed.
Run: `python bench/false_blocks.py [--quick] [--variant loss|burst|outage|rtt|cpu] [--loss 0.10] [--checks N] [--full]`.
"""

import argparse
import random
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from burst_model import Weather, chance_of_false_block
from common import laboratory, percentile, run_client, save, upper_bound

from blockprobe.lab.censor import Loss, Outage, Rule
from blockprobe.lab.scenario import Scenario
from blockprobe.lab.sites import Door, site

GOAL_CHANCE = 1e-4
GOAL_INCONCLUSIVE = 0.02
#: Concurrent checks; each goes to another site of the same kind, because two checks of one site would share its fate.
CONCURRENCY = 48
SITES = 64
#: Checks in one run: the line is checked anew, in the same weather, for each.
CHUNK = 250
#: Packets lost in a row, on average, in the variant `burst`.
BURST = 8.0
#: Weather of the burst model: (share of time in the bad state, mean seconds of a bad state); then nothing passes.
MODEL_WEATHER = ((0.10, 0.25), (0.10, 1.0), (0.10, 4.0), (0.02, 10.0))


def main() -> int:
    """Measure, print, save, and say whether the goals are met."""
    options = _options()
    checks = options.checks or (30_000 if options.full else 100 if options.quick else 2_000)
    figures = measure(options, checks)
    judged = evaluate(figures, options)
    if options.save or not options.quick:
        suffix = "" if options.variant == "loss" else f"_{options.variant}"
        suffix += f"_{options.loss:g}" if options.loss != 0.10 else ""
        suffix += "_full" if options.full else ""
        print("written:", save(f"false_blocks{suffix}", options.seed, judged))
    return int(judged["status"])


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="100 checks of each site; results are not saved")
    parser.add_argument("--full", action="store_true", help="30,000 checks of each site")
    parser.add_argument("--checks", type=int, default=None, help="of each of the two sites (2000)")
    parser.add_argument("--loss", type=float, default=0.10, help="share of packets lost, each way")
    parser.add_argument("--variant", choices=("loss", "burst", "outage", "rtt", "cpu"), default="loss")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", default="/tmp/false_blocks", help="where odd records go")
    parser.add_argument("--save", action="store_true", help="write results although --quick")
    return parser.parse_args()


# -- the world ---------------------------------------------------------------------------------------------------


def weather(options: argparse.Namespace, checks: int) -> tuple[tuple[Rule, ...], float]:
    """The rules of the access wire, and its delay each way (ms)."""
    seed = options.seed
    if options.variant == "outage":
        return tuple(_outages(random.Random(seed), 1.5 * checks)), 10.0
    loss = Loss(rate=options.loss, burst=BURST if options.variant == "burst" else 1.0, seed=seed, at="access")
    return (loss,), 150.0 if options.variant == "rtt" else 10.0


def _outages(dice: random.Random, until_s: float) -> Iterator[Outage]:
    """Outages of 2 to 10 s, 5 to 40 s apart."""
    start = dice.uniform(3.0, 20.0)
    while start < until_s:
        length = dice.uniform(2.0, 10.0)
        yield Outage(start_s=start, duration_s=length, at="access")
        start += length + dice.uniform(5.0, 40.0)


def world(options: argparse.Namespace, checks: int) -> Scenario:
    """Healthy sites of two kinds behind a bad line; the http sites have no https at all."""
    rules, delay_ms = weather(options, checks)
    secure = [site(f"secure{n}.example", 10 + n) for n in range(SITES)]
    plain = [site(f"plain{n}.example", 10 + SITES + n, https=Door.CLOSED) for n in range(SITES)]
    return Scenario(
        name="false_blocks", story="healthy sites, bad weather", sites=(*secure, *plain), rules=rules, delay_ms=delay_ms
    )


@contextmanager
def busy_cpu(*, wanted: bool) -> Iterator[None]:
    """Two processes that do nothing but count, one for each core of the reference machine."""
    idlers = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(2 if wanted else 0)]
    try:
        yield
    finally:
        for idler in idlers:
            idler.kill()
            idler.wait()


def measure(options: argparse.Namespace, checks: int) -> dict[str, Any]:
    """All checks, the two kinds mixed, in one client process."""
    scenario = world(options, checks)
    pairs = [(f"https://secure{n % SITES}.example/", f"http://plain{n % SITES}.example/") for n in range(checks)]
    targets = [url for pair in pairs for url in pair]
    keep = Path(options.keep)
    keep.mkdir(parents=True, exist_ok=True)
    job = {
        "mode": "check", "targets": targets, "concurrency": CONCURRENCY, "chunk": CHUNK, "attempts": True,
        "keep": str(keep),
    }  # fmt: skip
    with laboratory(scenario) as lab, busy_cpu(wanted=options.variant == "cpu"):
        return run_client(lab, scenario, job)


# -- what it means -----------------------------------------------------------------------------------------------


def evaluate(done: dict[str, Any], options: argparse.Namespace) -> dict[str, Any]:
    """Print the figures and hold them against the goals."""
    figures: dict[str, Any] = {"variant": options.variant, "loss": options.loss, "wall_s": done["wall_s"]}
    status = 0
    for kind in ("https", "http"):
        some = [r for r in done["results"] if r["target"].startswith(kind + ":")]
        figures[kind] = _kind(kind, some)
        status |= figures[kind]["states"].get("blocked", 0) > 0
        if options.variant != "outage":
            status |= figures[kind]["inconclusive_ratio"] > GOAL_INCONCLUSIVE
    figures["silence"] = _silence(done["silence"])
    figures["lines"] = done["lines"]
    figures["chance"] = _chances(figures["silence"], options)
    # Attempts within an outage share its fate: multiplying their silences would mean nothing.
    models = ("burst",) if options.variant in ("outage", "burst") else ("burst", "independent")
    status |= any(entry["upper"] > GOAL_CHANCE for entry in figures["chance"] if entry["model"] in models)
    figures["status"] = int(status)
    figures["samples"] = [[r["target"], r["state"], round(r["runtime_s"], 3)] for r in done["results"]]
    return figures


def _kind(kind: str, results: list[dict[str, Any]]) -> dict[str, Any]:
    states = Counter(result["state"] for result in results)
    reasons = Counter(
        f"{result['rule']}/{','.join(result['reasons'])}" for result in results if result["state"] != "accessible"
    )
    count, blocked, unclear = len(results), states["blocked"], states["inconclusive"]
    times = [result["runtime_s"] for result in results]
    bound = upper_bound(blocked, count)
    gaps = sum(bool(result["interference"]) for result in results if result["state"] == "accessible")
    print(f"{kind}: {count} checks: {dict(states)}; blocked {blocked} (upper 95 % bound {bound:.1e}), inconclusive "
          f"{unclear} = {unclear / max(1, count):.2%} (goal {GOAL_INCONCLUSIVE:.0%}); accessible with interference "
          f"listed: {gaps}; seconds: median {percentile(times, 0.5):.2f}, p95 {percentile(times, 0.95):.2f}, "
          f"max {max(times, default=0):.2f}")  # fmt: skip
    for reason, number in reasons.most_common(8):
        print(f"    {number} x {reason}")
    return {
        "checks": count, "states": states, "blocked_upper_95": bound, "inconclusive_ratio": unclear / max(1, count),
        "other_verdicts": reasons, "false_interference": gaps, "median_s": percentile(times, 0.5),
        "p95_s": percentile(times, 0.95),
    }  # fmt: skip


def _silence(counted: dict[str, dict[str, int]]) -> dict[str, Any]:
    """By operation: the share of attempts that ended in silence or were overtaken, and of packets sent again."""
    found: dict[str, Any] = {}
    for operation, counts in counted.items():
        started = counts["attempts"] + counts["overtaken"]
        silent = counts["silent"]
        found[operation] = counts | {
            "silent_ratio": silent / started, "silent_upper_95": upper_bound(silent, started),
            "slow_ratio": (silent + counts["overtaken"]) / started,
        }  # fmt: skip
        print(f"    {operation}: {started} attempts, silent to the end {silent} ({silent / started:.2%}, upper bound "
              f"{found[operation]['silent_upper_95']:.2%}), overtaken {counts['overtaken']}, packets sent again "
              f"{counts['resent']} of {counts['packets']}")  # fmt: skip
    return found


def _chances(silence: dict[str, Any], options: argparse.Namespace) -> list[dict[str, Any]]:
    """The chance per site of a false `blocked`: from the silence measured here, and from a model of bursts."""
    # Every proof by silence needs three silent attempts at the site, and then as many more elsewhere: at the echo while
    # neutral names work, or at a hop limit three packets of three while a neighbour's come back. A slow attempt (one
    # that was overtaken) counts as silent here, which errs on the side of caution.
    rates = {name: max(entry["silent_upper_95"], 0.0) for name, entry in silence.items()}
    packet = 1.0 - (1.0 - options.loss) ** 2
    tcp, tls, http = rates.get("tcp", 1.0), rates.get("tls", 1.0), rates.get("http", 1.0)
    dns = max((rate for name, rate in rates.items() if name == "dns udp"), default=1.0)
    path = 3 * 3 * packet**3 * (1.0 - packet) ** 3
    independent = {"dns": dns**3, "address": tcp**3 * path, "tls": tls**6, "http": http**6}
    total = sum(independent.values())
    parts = ", ".join(f"{name} {chance:.1e}" for name, chance in independent.items())
    print(f"chance of a false block per site, independent attempts: {total:.1e} = {parts} (goal {GOAL_CHANCE:g})")
    chances = [{"model": "independent", "parts": independent, "upper": total}]
    for share, mean_s in MODEL_WEATHER:
        trials = 50_000 if options.quick else 200_000
        hits = chance_of_false_block(Weather(share=share, mean_s=mean_s), trials, options.seed)
        bounds = {name: upper_bound(count, trials) for name, count in hits.items()}
        worst = max(bounds.values())
        found = ", ".join(f"{name} {count} of {trials} (< {bounds[name]:.1e})" for name, count in hits.items())
        print(f"    bursts: {share:.0%} of the time nothing passes, {mean_s:g} s on average: {found}")
        chances.append({
            "model": "burst", "share": share, "mean_s": mean_s, "trials": trials, "hits": hits, "upper": worst,
        })  # fmt: skip
    return chances


if __name__ == "__main__":
    sys.exit(main())
