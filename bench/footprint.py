"""What does the agent cost while it runs for months? Memory before, in and after a cycle, CPU, bytes written, growth.

The agent itself, with its store and its metrics, runs in the built-in laboratory over healthy sites. It is told to find
everything due by a signal that only this benchmark has. A simulated day is one cycle after another, at its usual number
of cycles but without the hours between. Run: `python bench/footprint.py [--quick] [--targets N] [--day N] [--seed S]
[--save]`; bench/README.md explains. The exit status is 1 when a goal is missed.
"""

import argparse
import asyncio
import json
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from common import HERE, TICKS, laboratory, save, shuffled

from blockprobe.lab.lab import Lab
from blockprobe.lab.scenario import Scenario
from blockprobe.lab.sites import site

#: MB of resident memory before the first cycle, in one, and a minute after; bytes written for 5,000 records.
GOAL_BEFORE, GOAL_IN, GOAL_AFTER = 60.0, 120.0, 75.0
GOAL_NEW, GOAL_SAME = 6_000_000, 1_000_000
#: What a day may add (MB), measured from its third cycle on: by then every cache is full.
GOAL_GROWTH = 2.0
CYCLES_A_DAY, PER_RECORDS = 24, 5000
PLAN = '[[plan]]\nid = "footprint"\ntargets = {targets}\ninterval_s = 31536000.0\nper_host_s = 0.0\n'


def main() -> int:
    """Measure, print, save, and say whether the goals are met."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="300 targets, a day of 4 cycles over 50; nothing is saved")
    parser.add_argument("--targets", type=int, default=None, help="(5000)")
    parser.add_argument("--day", type=int, default=None, help="targets of the simulated day (500)")
    parser.add_argument("--concurrency", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--save", action="store_true", help="write results although --quick")
    parser.add_argument("--agent", default=None, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.agent:
        serve(Path(options.agent))
        return 0
    count = options.targets or (300 if options.quick else 5000)
    a_day = options.day or (50 if options.quick else 500)
    rest_s = 10.0 if options.quick else 60.0
    cycles = 4 if options.quick else CYCLES_A_DAY
    figures = {
        "whole": whole(shuffled(names(count), options.seed), options.concurrency, rest_s),
        "day": day(shuffled(names(a_day), options.seed), options.concurrency, cycles),
    }
    missed = show(figures, count)
    if options.save or not options.quick:
        print("written:", save("footprint", options.seed, figures))
    return 1 if missed else 0


def names(count: int) -> list[str]:
    """Healthy sites."""
    return [f"healthy{number}.example" for number in range(count)]


# -- the agent, in a process of its own --------------------------------------------------------------------------


def serve(config: Path) -> None:
    """`blockprobe agent`, but nothing is due before SIGUSR1 makes everything so."""
    from blockprobe.agent.agent import Agent
    from blockprobe.agent.daemon import run_agent
    from blockprobe.catalogue.config import load_config

    def ready(agent: Agent) -> None:
        schedule = agent.figures.schedule
        schedule.all_due(datetime.now(UTC) + timedelta(days=300))
        asyncio.get_running_loop().add_signal_handler(signal.SIGUSR1, lambda: schedule.all_due(datetime.now(UTC)))

    asyncio.run(run_agent(lambda: load_config(config, {}, {}).settings, ready=ready))


class Probe:
    """The agent's process and what the kernel says of it."""

    def __init__(self, lab: Lab, world: Scenario, folder: Path, concurrency: int) -> None:
        """Starts it over the world's sites and waits until it is ready."""
        (folder / "plans").mkdir()
        listed = [name for each in world.sites for name in each.names]
        (folder / "plans" / "footprint.toml").write_text(PLAN.format(targets=json.dumps(listed)))
        config = folder / "probe.toml"
        config.write_text(
            lab.settings_toml(world) + f'\n[limits]\nconcurrency = {concurrency}\n[catalogue]\npaths = ["{folder}"]\n'
            f'[agent]\nplans = ["footprint"]\ncycle_s = 1.0\n[store]\ndir = "{folder / "store"}"\n'
        )
        self.store = folder / "store"
        argv = [sys.executable, str(HERE / "footprint.py"), "--agent", str(config)]
        self.process = lab.start_in("probe", argv, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        self._wait(lambda: (self.store / "status.json").exists())
        self._proc = Path(f"/proc/{self.process.pid}")
        self._targets = len(listed)

    def cycle(self) -> dict[str, float]:
        """Everything due, until all of it is measured: seconds, CPU seconds, the highest RSS (MB), bytes written."""
        before, cpu_s, written, began = self.status()["measured"], self.cpu_s(), self.written(), time.monotonic()
        peak = 0.0
        self.process.send_signal(signal.SIGUSR1)

        def over() -> bool:
            nonlocal peak
            peak = max(peak, self.rss_mb())
            return bool(self.status()["measured"] >= before + self._targets)

        self._wait(over, within_s=3600.0)
        return {
            "took_s": time.monotonic() - began,
            "cpu_s": self.cpu_s() - cpu_s,
            "peak_rss_mb": peak,
            "written_bytes": self.written() - written,
        }

    def status(self) -> dict[str, Any]:
        """The agent's status file."""
        found: dict[str, Any] = json.loads((self.store / "status.json").read_text())
        return found

    def rss_mb(self) -> float:
        """Resident memory now."""
        for line in (self._proc / "status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) / 1024
        raise RuntimeError("the agent has ended")

    def cpu_s(self) -> float:
        """User and system time so far."""
        fields = (self._proc / "stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICKS

    def written(self) -> int:
        """Bytes that the kernel was given for the disk."""
        for line in (self._proc / "io").read_text().splitlines():
            if line.startswith("write_bytes:"):
                return int(line.split()[1])
        return 0

    def stop(self) -> None:
        """End it; raises RuntimeError with what it said when it failed."""
        self.process.terminate()
        _, said = self.process.communicate(timeout=60)
        if self.process.returncode:
            raise RuntimeError(said[-3000:])

    def _wait(self, holds: Any, *, within_s: float = 60.0) -> None:
        end = time.monotonic() + within_s
        while not holds():
            if self.process.poll() is not None or time.monotonic() > end:
                self.process.kill()
                raise RuntimeError((self.process.communicate()[1] or "the agent was too slow")[-3000:])
            time.sleep(0.1)


# -- the two parts -----------------------------------------------------------------------------------------------


def whole(targets: list[str], concurrency: int, rest_s: float) -> dict[str, Any]:
    """One cycle in which every state is new, a rest, one in which none changed, a rest."""
    with _probe(targets, concurrency) as (probe, _):
        time.sleep(2.0)
        before = probe.rss_mb()
        new = probe.cycle()
        time.sleep(rest_s)
        after = probe.rss_mb()
        archived = probe.status()["store_bytes"]
        same = probe.cycle()
        time.sleep(rest_s)
        grown = probe.status()["store_bytes"] - archived
        return {
            "targets": len(targets), "rest_s": rest_s, "before_mb": before, "new": new, "after_mb": after, "same": same,
            "after_same_mb": probe.rss_mb(), "archive_new_bytes": archived, "archive_same_bytes": grown,
        }  # fmt: skip


def day(targets: list[str], concurrency: int, cycles: int) -> dict[str, Any]:
    """As many cycles as a day has; memory after each, and how it grows."""
    with _probe(targets, concurrency) as (probe, _):
        rests, cpu = [], []
        for _ in range(cycles):
            cpu.append(probe.cycle()["cpu_s"])
            time.sleep(1.5)
            rests.append(probe.rss_mb())
    settled = rests[min(2, len(rests) - 2) :]
    slope = statistics.linear_regression(range(len(settled)), settled).slope
    return {
        "targets": len(targets), "cycles": cycles, "rss_mb": rests, "growth_mb": slope * (len(settled) - 1),
        "cpu_s": cpu,
    }  # fmt: skip


class _probe:
    """The laboratory and the agent in it, for the length of a `with`."""

    def __init__(self, targets: list[str], concurrency: int) -> None:
        sites = tuple(site(name, 10 + number) for number, name in enumerate(targets))
        self._world = Scenario(name="footprint", story="healthy sites only", sites=sites)
        self._concurrency = concurrency

    def __enter__(self) -> tuple[Probe, Lab]:
        self._folder = tempfile.TemporaryDirectory(prefix="blockprobe-footprint-")
        self._lab = laboratory(self._world)
        lab = self._lab.__enter__()
        self.probe = Probe(lab, self._world, Path(self._folder.name), self._concurrency)
        return self.probe, lab

    def __exit__(self, *raised: Any) -> None:
        try:
            if raised[0] is None:
                self.probe.stop()
        finally:
            self._lab.__exit__(*raised)
            self._folder.cleanup()


def show(figures: dict[str, Any], count: int) -> list[str]:
    """Print every figure beside its goal; what was missed."""
    whole, day = figures["whole"], figures["day"]
    share = PER_RECORDS / count
    rows = [
        ("RSS before the first cycle, MB", whole["before_mb"], GOAL_BEFORE),
        ("highest RSS in a cycle, MB", max(whole["new"]["peak_rss_mb"], whole["same"]["peak_rss_mb"]), GOAL_IN),
        (f"RSS {whole['rest_s']:.0f} s after a cycle, MB", max(whole["after_mb"], whole["after_same_mb"]), GOAL_AFTER),
        ("archive bytes per 5,000 records, all new", whole["archive_new_bytes"] * share, GOAL_NEW),
        ("archive bytes per 5,000 records, none changed", whole["archive_same_bytes"] * share, GOAL_SAME),
        ("bytes to the disk per 5,000 records, all new", whole["new"]["written_bytes"] * share, GOAL_NEW),
        ("bytes to the disk per 5,000 records, none changed", whole["same"]["written_bytes"] * share, GOAL_SAME),
        (f"growth over a day of {day['cycles']} cycles, MB", day["growth_mb"], GOAL_GROWTH),
        ("CPU per 5,000 targets, s", whole["same"]["cpu_s"] * share, None),
    ]
    for what, value, goal in rows:
        verdict = "" if goal is None else f"goal {goal:>11,.1f}  {'met' if value <= goal else 'MISSED'}"
        print(f"{what:<50} {value:>13,.1f}  {verdict}")
    return [what for what, value, goal in rows if goal is not None and value > goal]


if __name__ == "__main__":
    sys.exit(main())
