"""Runs of `blockprobe check` at the probe, and what of their records is not as it should be."""

import json
from collections.abc import Sequence
from typing import Any

from . import plan
from .real import RealLab
from .rules import Rule
from .verdict_rows import Row

Record = dict[str, Any]


def records(
    lab: RealLab, *targets: str, resolvers: tuple[str, ...] = (plan.RESOLVER,), under: Sequence[str] = ()
) -> dict[str, Record]:
    """One run: the record of each target, by the target as it was given."""
    done = lab.check(*targets, resolvers=resolvers, under=under, timeout_s=180)
    assert done.returncode == 0, done.stderr[-3000:]
    found = {record["target"]["input"]: record for record in map(json.loads, done.stdout.splitlines())}
    assert set(found) == set(targets)
    return found


def verdicts(lab: RealLab, *targets: str, **how: Any) -> dict[str, Record]:
    """As `records`, but of each only the verdict."""
    return {target: record["verdict"] for target, record in records(lab, *targets, **how).items()}


def differences(row: Row, record: Record) -> list[str]:
    """Where a record and the truth part; empty if they agree."""
    verdict = record["verdict"]
    wrong = []
    if verdict["state"] not in row.states:
        wrong.append(f"state {verdict['state']}, not {' or '.join(row.states)}")
    truth = [each for each in (row.mechanism, row.also) if each]
    missing = [each for each in truth if not any(_covers(each, said) for said in verdict["mechanisms"])]
    invented = [said for said in verdict["mechanisms"] if not any(_covers(each, said) for each in truth)]
    if verdict["state"] == "blocked" and (missing or invented):
        wrong.append(f"mechanisms {verdict['mechanisms']}, not {truth}")
    if verdict["state"] != "blocked" and verdict["mechanisms"]:
        wrong.append(f"mechanisms {verdict['mechanisms']} of a site that is not blocked")
    if row.grade and verdict["grade"] != row.grade:
        wrong.append(f"grade {verdict['grade']}, not {row.grade}")
    if row.found and not any(_covers(row.found, each["mechanism"]) for each in verdict["interference"]):
        wrong.append(f"interference {verdict['interference']} without {row.found}")
    if row.reason and row.reason not in verdict["reasons"]:
        wrong.append(f"reasons {verdict['reasons']} without {row.reason}")
    if row.refusal and verdict["refusal"] != row.refusal:
        wrong.append(f"refusal {verdict['refusal']}, not {row.refusal}")
    return [f"{row.name}: {each}; rule {verdict['rule']}: {verdict['because']}" for each in wrong]


def _covers(parent: str, mechanism: str) -> bool:
    return f"{mechanism}.".startswith(f"{parent}.")


def runs(rows: list[Row]) -> list[list[Row]]:
    """The rows, shared out among as few runs as their rules allow: in each, no row feels a rule that is not its own."""
    found: list[list[Row]] = []
    for row in rows:
        fitting = (run for run in found if all(_agree(row, other) for other in run))
        run = next(fitting, None)
        if run is None:
            found.append([row])
        else:
            run.append(row)
    return found


def _agree(one: Row, other: Row) -> bool:
    if one.target == other.target:
        return False
    if one.alone or other.alone:
        return False
    return not (_foreign(one, other) or _foreign(other, one))


def _foreign(one: Row, other: Row) -> list[Rule]:
    """Rules of one row that the other would feel, though they are not its own."""
    return [rule for rule in one.rules if str(rule.site) in other.target and rule not in other.rules]
