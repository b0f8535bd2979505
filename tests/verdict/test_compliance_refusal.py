"""Figures that would mislead are refused, with the reason in words, and the counts are shown."""

from dataclasses import replace

import pytest

from blockprobe.verdict.compliance import Refused

from .orders import DNS, LINE, at, counts, figures, order, six

REFUSALS = [
    (Refused.NETWORK_UNKNOWN, {"network": None}, {}),
    (Refused.OTHER_NETWORK, {"network": "dk/other"}, {}),
    (Refused.CONTROL_VANTAGE, {"access": "control"}, {}),
    (Refused.NO_SUBSCRIBER_LINE, {"access": "vps"}, {}),
    (Refused.NO_SUBSCRIBER_LINE, {"access": "vpn"}, {}),
    (Refused.THIRD_PARTY_RESOLVER, {"own_resolver": False}, {}),
    (Refused.RESOLVER_UNKNOWN, {"own_resolver": None}, {"own_resolver_only": True}),
    (Refused.RESOLVER_UNKNOWN, {"own_resolver": None}, {"techniques": DNS}),
    (Refused.FILTERS_ON, {"filters": "on"}, {}),
    (Refused.LINE_PROBLEM, {"problem": "the must-open site does not open"}, {}),
    (Refused.NOTHING_IN_FORCE, {}, {"in_force_until": at(0)}),
    (Refused.NOTHING_IN_FORCE, {}, {"in_force_from": at(1)}),
    (None, {"own_resolver": None}, {}),
    (None, {"access": "mobile"}, {"own_resolver_only": True}),
    (None, {"filters": "unknown"}, {}),
]


@pytest.mark.parametrize(("reason", "line", "court"), REFUSALS, ids=lambda value: str(value)[:40])
def test_a_figure_that_would_mislead_is_refused_with_a_sentence_and_its_counts_shown(reason, line, court):
    found = figures(six(), line=replace(LINE, **line), court=order(*six(), **court))

    assert found.refused is reason
    assert (found.refused_because is None) is (reason is None)
    assert "{" not in (found.refused_because or "")
    for count in (found.implemented, found.reach):
        given = [value is not None for value in (count.lower, count.upper, count.ratio)]
        assert given == [reason is None] * 3
    if reason is not Refused.NOTHING_IN_FORCE:
        assert found.reach.blocked == 6


@pytest.mark.parametrize(("hours", "refused"), [(2, None), (2.1, Refused.STALE)])
def test_figures_older_than_two_intervals_are_refused(hours, refused):
    assert figures(six(), now=hours).refused is refused


def test_one_fresh_look_is_enough_to_speak_and_the_stale_ones_abstain():
    found = figures({**six("b   "), "f.example": "bbbb"})

    assert found.refused is None
    assert counts(found.reach) == (1, 0, 6, 0, 7)


def test_nothing_looked_at_yet_is_no_figure():
    assert figures(six("")).refused is Refused.STALE


def test_every_refusal_can_happen():
    assert {row[0] for row in REFUSALS} - {None} | {Refused.STALE} == set(Refused)
