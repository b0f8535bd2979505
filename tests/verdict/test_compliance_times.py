"""Time to block, deadlines and unblock lag: intervals that hold the truth."""

from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from blockprobe.model.history import History, Seen
from blockprobe.model.order import OrderKind, OrderTarget, Respondent, TimeSource
from blockprobe.model.plan import Window
from blockprobe.model.words import State
from blockprobe.verdict.compliance import Met, Stale, compliance
from blockprobe.verdict.compliance_times import phases_of
from blockprobe.verdict.counting import Span
from blockprobe.verdict.history import advance

from .orders import DNS, HOME, LINE, NX, SNI, STATES, H, at, figures, order, scaled, told

TIMES = [
    # looks, notice, deadline -> seconds, first seen, met
    ("oobb", 0, 3, (1, 2), (1, 2), Met.YES),
    ("oobb", 0, 2, (1, 2), (1, 2), Met.YES),
    ("ooob", 0, 2, (2, 3), (2, 3), Met.NO),
    ("o  b", 0, 2, (0, 3), (0, 3), Met.UNKNOWN),
    ("oooo", 0, 2, (3, None), None, Met.NO),
    ("oooo", 0, 5, (3, None), None, Met.UNKNOWN),
    ("???b", 0, 2, (0, 3), (None, 3), Met.UNKNOWN),
    ("b", 0, 2, (0, 0), (None, 0), Met.YES),
    ("bbbb", 2, 3, (0, 0), (None, 0), Met.YES),
    ("boob", 1, 2, (1, 2), (2, 3), Met.NO),
    ("obbo", 0, 2, (0, 1), (0, 1), Met.YES),
    ("oddb", 0, 2, (0, 3), (0, 3), Met.UNKNOWN),
    ("od??", 0, 2, (0, None), None, Met.UNKNOWN),
    ("dddd", 0, 2, None, None, Met.UNKNOWN),
    ("", 0, 2, None, None, Met.UNKNOWN),
]


@pytest.mark.parametrize(("looks", "notice", "deadline", "seconds", "seen", "met"), TIMES, ids=[r[0] for r in TIMES])
def test_time_to_block_is_an_interval_and_a_deadline_is_judged_only_where_it_can_be(
    looks, notice, deadline, seconds, seen, met
):
    respondent = Respondent(network=HOME, notice_at=at(notice), deadline=at(deadline), time_source=TimeSource.COURT)
    found = figures({"a.example": looks}, respondent=respondent)
    (one,) = found.time_to_block

    assert (one.seconds and (one.seconds.lower, one.seconds.upper)) == scaled(seconds, lambda x: x * H)
    assert (one.first_seen and (one.first_seen.after, one.first_seen.until)) == scaled(seen, at)
    assert one.deadline_met is met
    assert found.late == (("a.example",) if met is Met.NO else ())


@pytest.mark.parametrize("source", [None, TimeSource.OBSERVED])
def test_without_a_public_notice_there_is_no_time_only_when_it_was_first_seen(source):
    respondent = Respondent(network=HOME, notice_at=at(0), time_source=source)
    found = figures({"a.example": "ob"}, respondent=respondent)

    assert (found.time_to_block[0].seconds, found.median_time_to_block) == (None, None)
    assert found.time_to_block[0].first_seen is not None


def test_an_entry_that_came_later_has_its_own_notice_and_not_the_orders_deadline():
    whole = Respondent(network=HOME, served_at=at(0), deadline=at(1), time_source=TimeSource.LIST)
    later = OrderTarget(value="a.example", from_at=at(2))
    own = OrderTarget(value="b.example", notice_at=at(2), deadline=at(4))
    first, second = figures(
        {"a.example": "oooob", "b.example": "oooob"}, respondent=whole, court=order(later, own)
    ).time_to_block

    assert (first.notice_at, first.deadline, first.seconds) == (at(2), None, Span(lower=H, upper=2 * H))
    assert (second.notice_at, second.deadline, second.deadline_met) == (at(2), at(4), Met.YES)


def test_a_technique_that_the_order_does_not_allow_meets_no_deadline():
    respondent = Respondent(network=HOME, notice_at=at(0), deadline=at(1), time_source=TimeSource.COURT)
    found = figures({"a.example": "obb"}, respondent=respondent, court=order("a.example", techniques=DNS),
                    implemented_by=(SNI,))  # fmt: skip

    assert found.late == ("a.example",)


def test_the_median_is_over_targets_and_open_ones_count_as_not_ended():
    respondent = Respondent(network=HOME, notice_at=at(0), time_source=TimeSource.COURT)
    found = figures({"a.example": "obbb", "b.example": "oobb", "c.example": "oooo"}, respondent=respondent)

    assert found.median_time_to_block == Span(lower=1 * H, upper=2 * H)
    worse = figures({"a.example": "obbb", "c.example": "oooo", "d.example": "oooo"}, respondent=respondent)
    assert worse.median_time_to_block == Span(lower=3 * H)


LAGS = [
    ("bbbo", 1, (1, 2)),
    ("bb o", 1, (0, 2)),
    ("bbbb", 1, (2, None)),
    ("bboo", 3, None),
    ("bboo", 2, None),
    ("boob", 3, (0, None)),
    ("oooo", 1, None),
    ("bb??", 2, None),
    ("bddo", 1, (0, 2)),
    ("b?bo", 0, (2, 3)),
]


@pytest.mark.parametrize(("looks", "end", "lag"), LAGS, ids=[row[0] for row in LAGS])
def test_what_ended_stays_blocked_for_an_interval(looks, end, lag):
    entry = OrderTarget(value="a.example", until_at=at(end))
    found = figures({"a.example": looks}, court=order(entry))

    lags = [(one.seconds.lower, one.seconds.upper) for one in found.unblock_lag]
    assert lags == ([] if lag is None else [scaled(lag, lambda x: x * H)])
    assert [(one.ended, one.ended_at) for one in found.unblock_lag] == ([] if lag is None else [("target", at(end))])


def test_an_order_that_ends_ends_its_entries():
    found = figures({"a.example": "bbo"}, court=order("a.example", in_force_until=at(1)))

    assert [(one.ended, one.ended_at) for one in found.unblock_lag] == [("order", at(1))]
    assert found.median_unblock_lag == Span(lower=0, upper=H)


@pytest.mark.parametrize(("looks", "stale"), [("bbb", True), ("bbo", False), ("bb?", False), ("bbd", False)])
def test_what_is_blocked_after_its_end_is_a_stale_entry(looks, stale):
    found = figures({"a.example": looks}, court=order(OrderTarget(value="a.example", until_at=at(1))))

    assert [one.why for one in found.stale] == ([Stale.BLOCKED_AFTER_END] if stale else [])


def test_entries_that_are_down_are_shown_to_a_person():
    found = figures({"a.example": "d", "b.example": "b"})

    assert [(one.target, one.why) for one in found.stale] == [("a.example", Stale.DOWN)]


def window(start: float, end: float, *orders: str) -> Window:
    """A match."""
    return Window(id=f"m{start}", start=at(start), end=at(end), orders=orders)


WINDOWS = [
    # looks, windows -> total in force at the last look, lag
    ("obbo", [window(1, 2)], 0, (0, 1)),
    ("obbbo", [window(1, 2)], 0, (1, 2)),
    ("obbb", [window(1, 2)], 0, (1, None)),
    ("obb", [window(1, 3)], 1, None),
    ("obbboob", [window(1, 2), window(6, 8)], 1, (1, 2)),
    ("obbbbbb", [window(1, 2), window(4, 8)], 1, (0, None)),
    ("obbbbo", [window(1, 3), window(2, 4)], 0, (0, 1)),
    ("obbo", [window(1, 2, "dk/else")], 1, None),
]


@pytest.mark.parametrize(("looks", "windows", "total", "lag"), WINDOWS, ids=lambda value: str(value)[:12])
def test_a_live_order_is_in_force_in_its_windows_and_to_be_lifted_after_each(looks, windows, total, lag):
    court = order("a.example", kind=OrderKind.LIVE)
    found = figures({"a.example": looks}, court=court, line=replace(LINE, windows=tuple(windows)))

    assert found.reach.total == total
    lags = [(one.seconds.lower, one.seconds.upper) for one in found.unblock_lag]
    assert lags == ([] if lag is None else [scaled(lag, lambda x: x * H)])
    assert all(one.ended == "window" for one in found.unblock_lag)


@given(
    st.lists(st.integers(0, 3000), min_size=1, max_size=40, unique=True).map(sorted),
    st.integers(0, 3000), st.integers(0, 3000), st.integers(0, 3000), st.data(),
)  # fmt: skip
def test_times_hold_the_truth_of_a_block_switched_on_and_off_once(looks, on, length, served, data):
    off, history = on + length, History(target="a.example")
    for minute in looks:
        true = "b" if on <= minute < off else "o"
        letter = data.draw(st.sampled_from([true, true, true, "?", "d"]))
        by = (NX,) if letter == "b" else ()
        seen = Seen(record=str(minute), at=at(minute / 60), state=STATES[letter], mechanisms=by, implemented_by=by)
        history, _ = advance(history, seen, network=HOME)
    respondent = Respondent(network=HOME, notice_at=at(served / 60), deadline=at((served + 500) / 60),
                            time_source=TimeSource.COURT)  # fmt: skip
    entry = OrderTarget(value="a.example", until_at=at(off / 60))
    live = replace(LINE, stale_after_s=1e9)
    before = compliance(order("a.example"), respondent, {"a.example": history}, live, at(looks[-1] / 60))
    after = compliance(order(entry), respondent, {"a.example": history}, live, at(5000))

    (time,) = before.time_to_block
    was_seen = history.last_blocked_at is not None and history.last_blocked_at >= at(served / 60)
    true_s = max(0, (on - served) * 60) if off > served and (was_seen or off > looks[-1]) else None
    if true_s is not None and time.seconds is not None:
        assert time.seconds.lower <= true_s + 1e-6
        assert time.seconds.upper is None or true_s <= time.seconds.upper + 1e-6
        assert time.deadline_met is not Met.YES or true_s <= 500 * 60 + 1e-6
        assert time.deadline_met is not Met.NO or true_s > 500 * 60 - 1e-6
    for lag in after.unblock_lag:  # it was lifted when it ended, so the true lag is nothing
        assert lag.seconds.lower == 0
        assert lag.seconds.upper is not None


@given(st.lists(st.sampled_from("obdr?"), max_size=30))
def test_phases_alternate_and_do_not_overlap(looks):
    history = told("a.example", "".join(looks))
    phases = phases_of(history.spells, lambda spell: {State.BLOCKED: True, State.ACCESSIBLE: False}.get(spell.state))

    for before, after in pairwise(phases):
        assert before.holds is not after.holds
        assert before.last_at == after.after
        assert before.last_at < after.first_at
    assert not phases or phases[0].after is None
