"""`blockprobe check` in the probe's place against the table of verdict_rows.py.

Always: all but the slow rows, in as few runs as the rules allow (most rows share one; a rule that the whole line feels
has a run of its own). Every row in a run of its own takes seven minutes, so that is done only when asked for:

    BLOCKPROBE_ACCEPTANCE=1 .venv/bin/python -m pytest tests/lab/test_verdicts.py
"""

import pytest

from .needs import ACCEPTANCE
from .real import RealLab
from .runs import differences, records, runs
from .verdict_rows import ROWS, Row

QUICK = [row for row in ROWS if not row.slow]


def _name(run: list[Row]) -> str:
    return run[0].name if len(run) == 1 else f"{len(run)} at once"


@pytest.mark.parametrize("run", runs(QUICK), ids=_name)
def test_the_verdicts_are_right(lab: RealLab, run: list[Row]) -> None:
    rules = dict.fromkeys(each for row in run for each in row.rules)
    with lab.rules(*rules):
        found = records(lab, *(row.target for row in run))
    assert "\n".join(line for row in run for line in differences(row, found[row.target])) == ""


if ACCEPTANCE:  # left out rather than skipped: a skipped test is one that could not be run

    @pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
    def test_the_verdict_is_right_alone(lab: RealLab, row: Row) -> None:
        with lab.rules(*row.rules):
            found = records(lab, row.target)
        assert "\n".join(differences(row, found[row.target])) == ""


def test_every_quick_row_is_in_a_run() -> None:
    assert sorted(row.name for run in runs(QUICK) for row in run) == sorted(row.name for row in QUICK)


def test_every_scenario_is_built() -> None:
    """All cases of the peer's suite but one, whose error word exists on Android only and whose world is that of
    dnsBlockingNXDOMAIN."""
    built = [row.scenario for row in ROWS if row.scenario]
    assert len(built) == len(set(built)) == 31
