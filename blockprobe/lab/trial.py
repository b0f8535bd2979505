"""Measuring a scenario's targets in the laboratory and holding the verdicts against its truth.

For developers: `python -m blockprobe.lab.trial [NAME…]` prints a line a target and says at the end how many are wrong.
"""

import asyncio
import os
import sys
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from blockprobe.catalogue.config import load_settings
from blockprobe.catalogue.fingerprints import load_fingerprints
from blockprobe.lab.lab import Lab
from blockprobe.lab.scenario import Expect, Scenario
from blockprobe.model.codec import dump_record
from blockprobe.model.record import Record
from blockprobe.model.settings import Settings
from blockprobe.model.target import parse_target
from blockprobe.model.words import Mechanism
from blockprobe.run import Run, measure_all


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """One target's record beside what is true of it; `faults` are sentences, none when the verdict is right."""

    expect: Expect
    record: Record
    faults: tuple[str, ...]


def faults_of(expect: Expect, record: Record) -> tuple[str, ...]:
    """What is wrong with the verdict: state, mechanisms (a parent path covers its children), reasons, interference."""
    verdict, found = record.verdict, []
    if verdict.state is not expect.state:
        return () if verdict.state in expect.acceptable else (f"state {verdict.state}, true is {expect.state}",)
    for mechanism in expect.mechanisms:
        if not any(covers(ours, mechanism) for ours in verdict.mechanisms):
            found.append(f"{mechanism} is not among {[str(m) for m in verdict.mechanisms]}")
    allowed = (*expect.mechanisms, *expect.maybe)
    for ours in verdict.mechanisms if expect.mechanisms else ():
        if not any(covers(ours, mechanism) for mechanism in allowed):
            found.append(f"{ours} is not true")
    if expect.reasons and not set(expect.reasons) & set(verdict.reasons):
        found.append(f"reasons {[str(r) for r in verdict.reasons]}, true are {[str(r) for r in expect.reasons]}")
    for mechanism in expect.interference:
        if not any(covers(entry.mechanism, mechanism) for entry in verdict.interference):
            found.append(f"{mechanism} is not listed under interference")
    untrue = dict.fromkeys(entry.mechanism for entry in verdict.interference if entry.mechanism in expect.never)
    found += [f"{mechanism} is listed under interference, and is not true" for mechanism in untrue]
    return tuple(found)


def covers(ours: Mechanism, true: Mechanism) -> bool:
    """Whether both name the same thing as far as each goes: one equals, or is an ancestor of, the other."""
    return f"{ours}.".startswith(f"{true}.") or f"{true}.".startswith(f"{ours}.")


def settings_of(lab: Lab, scenario: Scenario) -> Settings:
    """The probe's settings for the scenario, read as an operator's file would be."""
    with tempfile.NamedTemporaryFile("w", suffix=".toml", dir=lab.directory) as file:
        file.write(lab.settings_toml(scenario))
        file.flush()
        return load_settings(Path(file.name), {}, {})


async def measure(
    settings: Settings, scenario: Scenario, *, on_record: Callable[[Record], None] = lambda record: None
) -> list[Record]:
    """Measure all the scenario's targets from where this process stands (the probe's namespace)."""
    records: list[Record] = []

    def keep(record: Record) -> None:
        records.append(record)
        on_record(record)

    run = await Run.open(settings, fingerprints=load_fingerprints(()))
    try:
        await measure_all(run, [parse_target(expect.target) for expect in scenario.targets], on_record=keep)
    finally:
        await run.aclose()
    return records


def outcomes(scenario: Scenario, records: Iterable[Record]) -> list[Outcome]:
    """The scenario's targets, in its order, with their records and faults; an unmeasured one raises KeyError."""
    by_input = {record.target.input: record for record in records}
    return [
        Outcome(expect=expect, record=(record := by_input[expect.target]), faults=faults_of(expect, record))
        for expect in scenario.targets
    ]


def try_scenario(lab: Lab, scenario: Scenario) -> list[Outcome]:
    """Load the scenario and measure it; the caller has entered the probe's namespace."""
    lab.load(scenario)
    return outcomes(scenario, asyncio.run(measure(settings_of(lab, scenario), scenario)))


def trust(lab: Lab) -> None:
    """Make the laboratory's throw-away root the one that this process trusts."""
    os.environ.update(lab.environment())
    os.environ.pop("SSL_CERT_DIR", None)


def _main(names: list[str]) -> int:
    from blockprobe.lab.demo_world import DEMO
    from blockprobe.lab.scenarios import FAMILIES, every, family

    wrong = 0
    wanted = {scenario.name for name in names if name in FAMILIES for scenario in family(name)} | set(names)
    chosen = [scenario for scenario in (DEMO, *every()) if not names or scenario.name in wanted]
    keep = Path(os.environ["BLOCKPROBE_TRIAL_RECORDS"]) if "BLOCKPROBE_TRIAL_RECORDS" in os.environ else None
    with Lab() as lab:
        lab.load(chosen[0])
        lab.start_helper()
        trust(lab)
        lab.enter_probe()
        for scenario in chosen:
            found = try_scenario(lab, scenario)
            wrong += sum(bool(outcome.faults) for outcome in found)
            for outcome in found:
                _show(scenario, outcome)
            if keep is not None:
                lines = b"".join(dump_record(outcome.record) + b"\n" for outcome in found)
                (keep / f"{scenario.name}.jsonl").write_bytes(lines)
    sys.stdout.write(f"{wrong} wrong\n")
    return 1 if wrong else 0


def _show(scenario: Scenario, outcome: Outcome) -> None:
    verdict = outcome.record.verdict
    listed = [f"{entry.mechanism}:{entry.k}/{entry.n}" for entry in verdict.interference]
    sys.stdout.write(
        f"{'WRONG' if outcome.faults else 'right'} {outcome.record.runtime_s:5.1f}s {scenario.name}: "
        f"{outcome.expect.target} {verdict.state} {' '.join(verdict.mechanisms)} [{verdict.rule}] "
        f"{','.join(verdict.reasons)} {listed} {'; '.join(outcome.faults)}\n"
    )
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(_main(sys.argv[1:]))
