"""Coverage, half-life and substitution of mirrors whose lives are known."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from blockprobe.mirrors.figures import coverage, figures, span_of
from blockprobe.mirrors.survival import Cause
from blockprobe.model.history import Interval
from blockprobe.model.mirror import MirrorClass, Source
from blockprobe.model.mirror_life import Life
from blockprobe.model.words import State

DAY = timedelta(days=1)
NOON = datetime(2026, 11, 1, 12, tzinfo=UTC)
DAY_S = 86400.0


def day(number: float) -> datetime:
    return NOON + DAY * number


def between(after: float | None, until: float) -> Interval:
    return Interval(after=None if after is None else day(after), until=day(until))


OPEN = Life(
    name="a.example", site="site.example", source=Source.LINK, kind=MirrorClass.COPY_LIVE_UNKNOWN, known_at=NOON,
    first_alive=between(None, 0), last_alive_at=day(10), last_at=day(10), line=State.ACCESSIBLE, last_open_at=day(10),
)  # fmt: skip
BLOCKED = replace(OPEN, line=State.BLOCKED, blocked=between(4, 5))
DEAD = replace(OPEN, dead=between(6, 7), last_alive_at=day(6))
UNSURE = replace(OPEN, line=None)
SITE_LOST = replace(OPEN, name="site.example", line=State.BLOCKED, blocked=between(2, 3))
LURE = replace(OPEN, kind=MirrorClass.PHISH_LURE)


@pytest.mark.parametrize(
    ("lives", "bounds", "ratio"),
    [
        ([], (None, None), None),
        ([DEAD, LURE], (None, None), None),
        ([OPEN, BLOCKED], (0.5, 0.5), 0.5),
        ([OPEN, BLOCKED, UNSURE, UNSURE], (0.25, 0.75), None),
        ([BLOCKED, DEAD], (1.0, 1.0), 1.0),
    ],
)
def test_coverage_counts_live_copies_and_no_ratio_hides_what_is_unknown(lives, bounds, ratio):
    found = coverage(lives)

    assert ((found.lower, found.upper), found.ratio) == (bounds, ratio)


def test_a_life_ends_by_what_came_first():
    both = replace(BLOCKED, dead=between(8, 9))

    assert (span_of(both).low_s, span_of(both).high_s, span_of(both).cause) == (4 * DAY_S, 5 * DAY_S, Cause.BLOCKED)
    assert (span_of(DEAD).low_s, span_of(DEAD).cause) == (6 * DAY_S, Cause.DEAD)
    assert (span_of(OPEN).low_s, span_of(OPEN).cause) == (10 * DAY_S, None)


def test_a_mirror_first_seen_when_it_was_blocked_already_lived_for_no_time_that_we_know():
    late = replace(BLOCKED, blocked=between(None, 0))

    assert (span_of(late).low_s, span_of(late).high_s) == (0.0, 0.0)


def test_half_lives_are_given_for_either_and_for_each_cause():
    found = figures([BLOCKED, BLOCKED, DEAD, OPEN], day(10)).half_lives

    assert [one.cause for one in found] == [None, Cause.BLOCKED, Cause.DEAD]
    assert [one.ended for one in found] == [3, 2, 1]
    assert (found[0].earliest_s, found[0].latest_s) == (4 * DAY_S, 5 * DAY_S)


def test_a_loss_is_made_good_by_the_next_mirror_that_lasts():
    following = replace(OPEN, name="b.example", first_alive=between(6, 7))
    too_late = replace(OPEN, name="c.example", first_alive=between(8, 9))
    found = figures([BLOCKED, following, too_late], day(10))

    assert (found.losses, found.at_once) == (1, 0)
    assert (found.substitution.earliest_s, found.substitution.latest_s) == (1 * DAY_S, 3 * DAY_S)


def test_a_mirror_that_was_there_before_the_loss_makes_it_good_at_once_and_one_lost_with_it_does_not():
    found = figures([OPEN, SITE_LOST], day(10))
    assert (found.losses, found.at_once, found.substitution.latest_s) == (1, 1, 0.0)

    lost_too = figures([replace(OPEN, blocked=between(1, 3)), SITE_LOST], day(10))
    assert (lost_too.losses, lost_too.at_once) == (2, 0)


def test_a_loss_that_nothing_made_good_is_watched_for_as_long_as_we_watch():
    found = figures(
        [SITE_LOST, replace(SITE_LOST, name="o.example", site="o.example", blocked=between(None, 3))], day(10)
    )

    assert (found.losses, found.substitution.ended, found.substitution.latest_s) == (1, 0, None)
