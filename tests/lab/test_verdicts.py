"""`blockprobe check` in the probe's place against the table of verdict_rows.py: each row alone, then many at once."""

import json
from typing import Any

import pytest

from .real import RealLab
from .verdict_rows import ROWS, Row

Verdict = dict[str, Any]


def _records(lab: RealLab, *targets: str) -> dict[str, Verdict]:
    done = lab.check(*targets, timeout_s=180)
    assert done.returncode == 0, done.stderr[-3000:]
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    records = {line["target"]["input"]: line for line in lines}
    assert set(records) == set(targets)
    return records


def _differences(row: Row, record: dict[str, Any]) -> list[str]:
    """Where a record and the truth part; empty if they agree."""
    verdict = record["verdict"]
    wrong = []
    if verdict["state"] not in row.states:
        wrong.append(f"state {verdict['state']}, not {' or '.join(row.states)}")
    if verdict["state"] == "blocked" and not any(_covers(str(row.mechanism), each) for each in verdict["mechanisms"]):
        wrong.append(f"mechanisms {verdict['mechanisms']} without {row.mechanism}")
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


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_the_verdict_is_right(lab: RealLab, row: Row) -> None:
    with lab.rules(*row.rules):
        record = _records(lab, row.target)[row.target]
    assert "\n".join(_differences(row, record)) == ""


def test_the_same_verdicts_when_all_are_measured_at_once(lab: RealLab) -> None:
    """One run for every row whose rules touch its own site only, first row of a target or a site wins."""
    together: list[Row] = []
    for row in ROWS:
        sites = {each.site for each in row.rules}
        taken = {each.site for other in together for each in other.rules} | {other.target for other in together}
        if not row.alone and row.target not in taken and not sites & taken and not _names(together, row):
            together.append(row)
    with lab.rules(*(each for row in together for each in row.rules)):
        records = _records(lab, *(row.target for row in together))
    wrong = [line for row in together for line in _differences(row, records[row.target])]
    assert "\n".join(wrong) == "", f"of {len(together)} targets"


def _names(chosen: list[Row], row: Row) -> bool:
    """Whether a rule of one row is about a site that the other only visits."""
    mine = {str(each.site) for each in row.rules}
    theirs = {str(each.site) for other in chosen for each in other.rules}
    return any(site in other.target for site in mine for other in chosen) or any(s in row.target for s in theirs)


def test_every_scenario_is_built() -> None:
    """All cases of the peer's suite but one, whose error word exists on Android only and whose world is that of
    dnsBlockingNXDOMAIN."""
    built = [row.scenario for row in ROWS if row.scenario]
    assert len(built) == len(set(built)) == 31
