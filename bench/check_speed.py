"""How much CPU does `blockprobe check` need for a healthy target, and how long do 1,000 mixed targets take?

(a) CPU seconds of the client per healthy https target (bare domain: https and http, both families, control included,
line checks shared by all) against a fixed baseline in the same run. (b) Wall time, memory and right verdicts for mixed
targets at 40 ms of round trip. The exit status is 1 when a goal is missed, 3 when the machine is unfit to tell.
Run: `python bench/check_speed.py [--quick] [--targets N] [--seed S] [--part a|b] [--save]`; bench/README.md explains.
"""

import argparse
import statistics
import sys
from typing import Any

from common import cpu_of_children, laboratory, machine, run_client, save, shuffled

from blockprobe.lab import addresses as at
from blockprobe.lab.censor import Action, Dnat, Match, Sni
from blockprobe.lab.lies import Lie, Say
from blockprobe.lab.scenario import Scenario
from blockprobe.lab.sites import site
from blockprobe.lab.topology import Unroute

GOAL_RATIO = 5.0
FIT_MS = (1.2, 2.5)
GOAL_WALL_S, GOAL_WALL_RATIO, GOAL_RSS_MB = 35.0, 1.3, 150.0
CONCURRENCY = 64
RTT_MS = 40.0
#: What each kind of the mixed targets must come out as.
MECHANISMS = {
    "nxdomain": "dns.nxdomain",
    "blackhole": "ip.timeout",
    "sni-reset": "tls.reset.sni",
    "sni-silence": "tls.timeout.sni",
    "mitm": "tls.mitm",
}


def main() -> int:
    """Measure, print, save, and say whether the goals are met."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="200 mixed targets and 3 repeats; results are not saved")
    parser.add_argument("--targets", type=int, default=300, help="healthy targets of part a")
    parser.add_argument("--mixed", type=int, default=None, help="targets of part b (1000)")
    parser.add_argument("--repeats", type=int, default=None, help="of part a (5; quick: 3)")
    parser.add_argument("--part", choices=("a", "b"), default=None, help="only this part")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", default=None, help="a folder for records that came out otherwise than expected")
    parser.add_argument("--save", action="store_true", help="write results although --quick")
    options = parser.parse_args()
    figures: dict[str, Any] = {}
    status = 0
    if options.part != "b":
        figures["healthy"] = healthy(options)
        status = max(status, figures["healthy"]["status"])
    if options.part != "a":
        figures["mixed"] = mixed(options)
        status = max(status, figures["mixed"]["status"])
    if options.save or not (options.quick or options.part):
        print("written:", save("check_speed", options.seed, figures))
    return status


# -- a: CPU per healthy target -----------------------------------------------------------------------------------


def healthy(options: argparse.Namespace) -> dict[str, Any]:
    """Interleaved repeats of baseline and check, each in a fresh process; medians are compared."""
    count = options.targets
    repeats = options.repeats or (3 if options.quick else 5)
    names = [f"healthy{number}.example" for number in range(count)]
    world = Scenario(
        name="speed",
        story="healthy sites only",
        sites=tuple(site(name, 10 + number) for number, name in enumerate(names)),
    )
    order = shuffled(names, options.seed)
    base = {"mode": "baseline", "targets": order, "resolver": at.RESOLVERS[0], "concurrency": CONCURRENCY}
    ours = {"mode": "check", "targets": order, "concurrency": CONCURRENCY, "keep": options.keep}
    samples: dict[str, list[float]] = {"baseline_ms": [], "check_ms": [], "ratio": []}
    details: list[dict[str, Any]] = []
    wrong = 0
    with laboratory(world) as lab:
        run_client(lab, world, base)  # the servers make their certificates on demand
        for _ in range(repeats):
            reference = run_client(lab, world, base)
            if reference["good"] != count:
                raise RuntimeError(f"baseline: {count - reference['good']} of {count} failed: {reference['stderr']}")
            checked = run_client(lab, world, ours)
            wrong += sum(result["state"] != "accessible" for result in checked["results"])
            samples["baseline_ms"].append(reference["cpu_s"] / count * 1000)
            samples["check_ms"].append(checked["cpu_s"] / count * 1000)
            samples["ratio"].append(samples["check_ms"][-1] / samples["baseline_ms"][-1])
            details.append({key: checked[key] for key in ("startup_cpu_s", "wall_s", "peak_rss_mb", "record_bytes")})
            print("  " + ", ".join(f"{key} {values[-1]:.2f}" for key, values in samples.items()), flush=True)
    return _judge_healthy(count, samples, details, wrong)


def _judge_healthy(
    count: int, samples: dict[str, list[float]], details: list[dict[str, Any]], wrong: int
) -> dict[str, Any]:
    baseline, check = statistics.median(samples["baseline_ms"]), statistics.median(samples["check_ms"])
    ratio = check / baseline
    fit = FIT_MS[0] <= baseline <= FIT_MS[1]
    startup = statistics.median(detail["startup_cpu_s"] for detail in details)
    record = statistics.median(detail["record_bytes"] for detail in details) / count
    print(f"{count} healthy targets, {len(samples['ratio'])} repeats: baseline {baseline:.2f} ms of CPU per target, "
          f"check {check:.2f} ms, ratio {ratio:.2f} (goal {GOAL_RATIO}); start-up {startup:.2f} s once, "
          f"{record:.0f} bytes a record, {wrong} wrong verdicts")  # fmt: skip
    if not fit:
        print(f"UNFIT MACHINE: the baseline is outside {FIT_MS[0]}–{FIT_MS[1]} ms, so the ratio means nothing here")
    status = 3 if not fit else int(ratio > GOAL_RATIO or wrong > 0)
    return {
        "targets": count, "baseline_ms": baseline, "check_ms": check, "ratio": ratio, "goal": GOAL_RATIO,
        "fit_machine": fit, "wrong": wrong, "samples": samples, "details": details, "status": status,
    }  # fmt: skip


# -- b: mixed targets --------------------------------------------------------------------------------------------


def mixed(options: argparse.Namespace) -> dict[str, Any]:
    """One run over a shuffled list, 90 % healthy."""
    count = options.mixed or (200 if options.quick else 1000)
    world, expected = mixed_world(count)
    order = shuffled(list(expected), options.seed)
    job = {
        "mode": "check", "targets": order, "concurrency": CONCURRENCY, "keep": options.keep,
        "slow_s": 15.0,
        "expected": {name: "blocked" if mechanism else "accessible" for name, mechanism in expected.items()},
    }  # fmt: skip
    with laboratory(world) as lab:
        warm = {"mode": "baseline", "targets": [n for n in order if not expected[n]], "resolver": at.PUBLIC_RESOLVER}
        run_client(lab, world, warm | {"concurrency": 16}, namespace="ctl")  # certificates are made on demand
        before = cpu_of_children()
        done = run_client(lab, world, job)
        around = cpu_of_children() - before
    return _judge_mixed(done, expected, around)


def mixed_world(count: int) -> tuple[Scenario, dict[str, str | None]]:
    """A tenth of the sites blocked by five mechanisms in turn; each name with the mechanism that is true of it."""
    kinds = list(MECHANISMS)
    expected: dict[str, str | None] = {}
    by_kind: dict[str, list[str]] = {kind: [] for kind in kinds}
    sites = []
    for number in range(count):
        kind = kinds[number // 10 % len(kinds)] if number % 10 == 0 else None
        name = f"{kind or 'healthy'}{number}.example"
        expected[name] = MECHANISMS[kind] if kind else None
        made = site(name, 10 + number)
        sites.append(made)
        if kind:
            by_kind[kind].append(name)
    where = {each.names[0]: each.addresses for each in sites}
    holes = tuple(Unroute(prefix=address) for name in by_kind["blackhole"] for address in where[name])
    forged = tuple(address for name in by_kind["mitm"] for address in where[name])
    world = Scenario(
        name="mixed",
        story="a list as an operator has it",
        censor="five mechanisms",
        sites=tuple(sites),
        lies=(Lie(names=tuple(by_kind["nxdomain"]), say=Say.NXDOMAIN),),
        unroutes=holes,
        rules=(
            Sni(names=tuple(by_kind["sni-reset"])),
            Sni(names=tuple(by_kind["sni-silence"]), action=Action.DROP),
            Dnat(to_v4=at.MITM, to_v6=at.MITM_V6, match=Match(addresses=forged, ports=(443,), protocol="tcp")),
        ),
        delay_ms=RTT_MS / 2,
    )
    return world, expected


def _judge_mixed(done: dict[str, Any], expected: dict[str, str | None], around: float) -> dict[str, Any]:
    results = done["results"]
    wrong = [result for result in results if not _is_right(result, expected[result["target"]])]
    slowest = max(results, key=lambda result: float(result["runtime_s"]))
    cpu_bound = (done["total_cpu_s"] + around) / 2
    floor = max(cpu_bound, slowest["runtime_s"])
    wall, rss = done["wall_s"], done["peak_rss_mb"]
    print(f"{len(results)} mixed targets, RTT {RTT_MS:.0f} ms: wall {wall:.1f} s (goal {GOAL_WALL_S:.0f}); CPU-bound "
          f"time {cpu_bound:.1f} s = (client {done['total_cpu_s']:.1f} + servers, wires, helper {around:.1f}) / 2; "
          f"slowest target {slowest['runtime_s']:.1f} s ({slowest['target']}); wall / larger {wall / floor:.2f} "
          f"(goal {GOAL_WALL_RATIO}); peak RSS of the client {rss:.0f} MB (goal {GOAL_RSS_MB:.0f}); "
          f"{len(results) - len(wrong)} of {len(expected)} verdicts right")  # fmt: skip
    for result in wrong[:20]:
        print("  wrong:", {key: result[key] for key in ("target", "state", "mechanisms", "rule", "reasons")})
    missed = wall > GOAL_WALL_S or wall > GOAL_WALL_RATIO * floor or rss > GOAL_RSS_MB
    times = [{"target": r["target"], "state": r["state"], "runtime_s": r["runtime_s"]} for r in results]
    return {
        "targets": len(expected), "wall_s": wall, "cpu_bound_s": cpu_bound, "client_cpu_s": done["total_cpu_s"],
        "around_cpu_s": around, "slowest_s": slowest["runtime_s"], "wall_ratio": wall / floor, "peak_rss_mb": rss,
        "right": len(results) - len(wrong), "wrong": wrong, "samples": times, "machine": machine(),
        "status": int(missed or bool(wrong) or len(results) != len(expected)),
    }  # fmt: skip


def _is_right(result: dict[str, Any], mechanism: str | None) -> bool:
    if mechanism is None:
        return bool(result["state"] == "accessible" and not result["interference"])
    return bool(result["state"] == "blocked" and result["mechanisms"] == [mechanism])


if __name__ == "__main__":
    sys.exit(main())
