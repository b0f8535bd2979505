"""When all the evidence of a record is kept."""

from dataclasses import replace
from datetime import timedelta

import pytest

from blockprobe.model.history import History
from blockprobe.model.words import AttributionCause, Mechanism, State
from blockprobe.store.policy import FULL_EVERY, wants_full

from .build import NOON, record

KNOWN = History(
    target="site1.example",
    state=State.ACCESSIBLE,
    last=State.ACCESSIBLE,
    last_at=NOON,
    last_full="R0",
    last_full_at=NOON,
)
OPEN = record(1)
LATER = NOON + timedelta(hours=1)


def test_a_site_that_is_open_as_before_is_kept_slim() -> None:
    assert not wants_full(KNOWN, OPEN, LATER)


@pytest.mark.parametrize("state", [state for state in State if state is not State.ACCESSIBLE])
def test_whatever_is_not_open_is_kept_in_full(state: State) -> None:
    assert wants_full(replace(KNOWN, state=state, last=state), record(1, state=state), LATER)
    assert wants_full(KNOWN, record(1, state=state), LATER)


@pytest.mark.parametrize(
    "history",
    [
        History(target="site1.example"),
        replace(KNOWN, last=State.INCONCLUSIVE),
        replace(KNOWN, last_full=None),
        replace(KNOWN, last_full_at=LATER - FULL_EVERY),
        replace(KNOWN, last_full_at=LATER + timedelta(seconds=1)),  # the clock was set back
        replace(KNOWN, parity_gap=True),
        replace(KNOWN, partial=True),
        replace(KNOWN, mechanisms=(Mechanism.DNS_NXDOMAIN,)),
        replace(KNOWN, cause=AttributionCause.COURT),
    ],
)
def test_a_change_and_a_day_without_evidence_are_kept_in_full(history: History) -> None:
    assert wants_full(history, OPEN, LATER)
