"""Histories: changes in intervals, what moves them and what does not."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from blockprobe.model.history import History, Interval, Seen, Transition
from blockprobe.model.words import Mechanism, State
from blockprobe.verdict.history import FLAPPING, LATE, MAX_CHANGES, advance, changes_within
from blockprobe.verdict.spells import MAX_SPELLS

T0 = datetime(2026, 11, 21, 12, tzinfo=UTC)
STATES = {"o": State.ACCESSIBLE, "b": State.BLOCKED, "d": State.DOWN, "r": State.REFUSED, "?": State.INCONCLUSIVE}
HOME = "dk/example"


def at(hours: float) -> datetime:
    """A time of the story, in hours."""
    return T0 + timedelta(hours=hours)


def look(letter: str, hours: float, **fields) -> Seen:
    """One record: o open, b blocked, d down, r refused, ? inconclusive."""
    by = (Mechanism.DNS_NXDOMAIN,) if letter == "b" else ()
    fields = {"mechanisms": by, "implemented_by": by} | fields
    return Seen(record=f"{letter}{hours}", at=at(hours), state=STATES[letter], **fields)


def told(looks: list[Seen], network: str | None = HOME, start: History | None = None):
    """The history that looks lead to, and the changes on the way."""
    history, changes = start or History(target="a.example"), []
    for seen in looks:
        history, change = advance(history, seen, network=network)
        changes += [change] if change else []
    return history, changes


def story(text: str, network: str | None = HOME):
    """A look an hour, one letter each."""
    return told([look(letter, hour) for hour, letter in enumerate(text)], network)


def hours(interval: Interval | None) -> tuple[float | None, float] | None:
    """An interval in hours of the story."""
    if interval is None:
        return None
    after = None if interval.after is None else (interval.after - T0) / timedelta(hours=1)
    return after, (interval.until - T0) / timedelta(hours=1)


SINCE = [
    ("", None, None),
    ("?", None, None),
    ("o", "o", (None, 0)),
    ("oob", "b", (1, 2)),
    ("bbo", "o", (1, 2)),
    ("o??b", "b", (0, 3)),
    ("ob??", "b", (0, 1)),
    ("odb", "b", (0, 2)),
    ("odo", "o", (None, 0)),
    ("obdb", "b", (0, 1)),
    ("obrb", "b", (0, 1)),
    ("bdo", "o", (0, 2)),
    ("db", "b", (None, 1)),
    ("od", "d", (0, 1)),
    ("dr", "r", (0, 1)),
    ("obob", "b", (2, 3)),
    ("ob?o", "o", (1, 3)),
]


@pytest.mark.parametrize(("looks", "state", "since"), SINCE, ids=[row[0] or "nothing" for row in SINCE])
def test_a_state_began_after_the_last_look_at_its_opposite_and_not_later_than_its_first(looks, state, since):
    history, _ = story(looks)

    assert history.state is (None if state is None else STATES[state])
    assert hours(history.since) == since


def test_a_change_names_both_states_the_interval_the_record_and_the_network():
    _, changes = story("oob")

    assert changes == [
        Transition(target="a.example", when=Interval(after=None, until=at(0)), before=None, now=State.ACCESSIBLE,
                   record="o0", network=HOME),
        Transition(target="a.example", when=Interval(after=at(1), until=at(2)), before=State.ACCESSIBLE,
                   now=State.BLOCKED, mechanisms=(Mechanism.DNS_NXDOMAIN,), record="b2", network=HOME),
    ]  # fmt: skip


def test_a_block_that_a_dead_site_hid_for_a_while_comes_back_after_the_last_look_at_the_dead_site():
    _, changes = story("obdb")

    assert hours(changes[-1].when) == (2, 3)


def test_inconclusive_looks_change_the_latest_state_and_time_alone():
    before, _ = story("ob")
    after, changes = told([look("?", 2)], start=before)

    assert changes == []
    assert after == replace(before, last=State.INCONCLUSIVE, last_at=at(2))


def test_down_and_refused_are_conclusive_and_neither_open_nor_blocked():
    history, _ = story("obdr")

    assert history.last_conclusive_at == at(3)
    assert (history.last_open_at, history.last_blocked_at) == (at(0), at(1))


def test_the_first_block_is_kept_for_good():
    history, _ = story("obob")

    assert hours(history.first_blocked) == (0, 1)


def test_another_network_begins_a_new_history_and_is_no_change():
    before, _ = story("ob")
    after, change = advance(before, look("o", 2), network="dk/other")

    assert change is None
    assert (after.network, hours(after.since), after.first_blocked, after.changes) == ("dk/other", (None, 2), None, ())


def test_a_network_that_is_not_known_for_a_while_proves_nothing_about_the_one_that_was():
    before, _ = story("oo")
    unknown, change = advance(before, look("b", 2), network=None)
    back, changes = told([look("o", 3)], start=unknown)

    assert change is None
    assert (unknown.network, unknown.state, unknown.last) == (HOME, State.ACCESSIBLE, State.BLOCKED)
    assert (hours(back.since), changes) == ((None, 0), [])


def test_looks_from_before_the_network_was_known_are_not_claimed_for_it():
    before, _ = story("bb", network=None)
    after, change = advance(before, look("b", 2), network=HOME)

    assert change is None
    assert (after.network, hours(after.first_blocked)) == (HOME, (None, 2))


def test_a_record_that_comes_late_tells_nothing_new():
    before, _ = story("ob")
    late = look("o", 1 - 0.5 * LATE / timedelta(hours=1))

    assert advance(before, late, network=HOME) == (before, None)


def test_two_records_of_one_moment_both_count():
    history, changes = told([look("o", 1), look("b", 1)])

    assert hours(changes[-1].when) == (1, 1)
    assert history.state is State.BLOCKED


def test_a_clock_that_was_a_day_ahead_leaves_no_interval_that_runs_backwards():
    looks = [look("o", 0), look("o", 24.1), look("b", 0.2), look("b", 1), look("o", 2)]
    history, changes = told(looks)

    assert [hours(change.when) for change in changes] == [(None, 0), (0, 0.2), (1, 2)]
    assert history.last_at == at(2)


def test_a_clock_that_was_ahead_while_things_changed_forgets_what_it_said():
    looks = [look("o", 0), look("b", 24), look("b", 1), look("o", 2)]
    history, changes = told(looks)

    assert hours(history.since) == (1, 2)
    assert hours(history.first_blocked) == (0, 1)
    assert all(change.when.after is None or change.when.after <= change.when.until for change in changes)


def test_changes_of_the_last_seven_days_are_counted_and_bounded():
    history, _ = told([look("ob"[hour % 2], hour / 10) for hour in range(MAX_CHANGES * 2)])

    assert len(history.changes) == MAX_CHANGES
    assert changes_within(history, history.last_at) == MAX_CHANGES
    later, _ = told([look("o", 24 * 8)], start=history)
    assert changes_within(history, later.last_at) == 0
    assert later.changes in ((), (later.last_at,))


def test_what_is_kept_of_a_flapping_target_is_bounded():
    history, _ = story("ob" * 50)

    assert len(history.spells) == MAX_SPELLS


def test_equal_looks_are_one_spell_whatever_the_mechanism_of_that_layer():
    history, _ = told([look("b", 0), look("b", 1, implemented_by=(Mechanism.DNS_BOGON,)), look("?", 2), look("b", 3)])

    assert [(spell.first_at, spell.last_at) for spell in history.spells] == [(at(0), at(3))]


times = st.lists(st.integers(0, 2000), min_size=1, max_size=40, unique=True).map(sorted)


@given(times, st.lists(st.integers(0, 2000), max_size=8, unique=True).map(sorted), st.data())
def test_intervals_hold_the_true_times_of_whatever_happened(looks, switches, data):
    """The truth is a block switched on and off; the probe looks now and then, and does not always learn anything."""

    def truth(minute: int) -> str:
        return "ob"[sum(switch <= minute for switch in switches) % 2]

    letters = [data.draw(st.sampled_from([truth(minute)] * 3 + ["?", "d", "r"])) for minute in looks]
    history, changes = told([look(letter, minute / 60) for minute, letter in zip(looks, letters, strict=True)])

    for change in changes:
        if change.now not in (State.ACCESSIBLE, State.BLOCKED) or change.when.after is None:
            continue
        if change.before in (State.DOWN, State.REFUSED) and changes:
            continue  # what began then is the site, not the block
        low, high = ((moment - T0) / timedelta(minutes=1) for moment in (change.when.after, change.when.until))
        assert any(low < switch <= high + 1e-6 for switch in switches)
    if history.state in (State.ACCESSIBLE, State.BLOCKED) and history.since and history.since.after:
        low, high = ((moment - T0) / timedelta(minutes=1) for moment in (history.since.after, history.since.until))
        assert any(low - 1e-6 < switch <= high + 1e-6 for switch in switches)


letter_looks = st.lists(st.tuples(st.sampled_from("obdr?"), st.integers(-3000, 3000)), max_size=30)


@given(letter_looks, st.lists(st.sampled_from([HOME, "dk/other", None]), min_size=30, max_size=30), st.integers(0, 30))
@example([("o", 0), ("b", 3000), ("o", 60)], [HOME] * 30, 1)
def test_no_order_of_records_makes_time_run_backwards_and_pieces_lead_where_the_whole_does(looks, networks, cut):
    seen = [look(letter, minute / 60) for letter, minute in looks]
    history, halfway, changes = History(target="a.example"), None, []
    for number, (one, network) in enumerate(zip(seen, networks, strict=False)):
        if number == cut:
            halfway = history
        history, change = advance(history, one, network=network)
        changes += [change] if change else []
        for interval in (history.since, history.first_blocked, *(c.when for c in changes)):
            assert interval is None or interval.after is None or interval.after <= interval.until
        moments = [moment for spell in history.spells for moment in (spell.first_at, spell.last_at)]
        assert moments == sorted(moments)
    if halfway is not None:
        again = halfway
        for one, network in list(zip(seen, networks, strict=False))[cut:]:
            again, _ = advance(again, one, network=network)
        assert again == history


def test_a_rule_that_is_switched_on_during_a_look_lies_within_the_interval():
    _, changes = told([look("o", 0, took_s=60), look("b", 1, took_s=120), look("b", 1.1, took_s=120)])

    assert hours(changes[1].when) == (0, 1 + 120 / 3600)


slow_looks = st.lists(st.tuples(st.integers(1, 50), st.integers(0, 300), st.floats(0, 1)), min_size=1, max_size=30)


@given(slow_looks, st.lists(st.integers(0, 6000), max_size=8, unique=True).map(sorted))
def test_intervals_hold_the_true_times_whenever_a_slow_look_met_the_block(looks, switches):
    """Each look comes after a pause, takes its time, and meets the truth at some moment of it (all in seconds)."""
    history, changes, clock = History(target="a.example"), [], 0
    for pause, took, share in looks:
        clock += pause
        letter = "ob"[sum(switch <= clock + share * took for switch in switches) % 2]
        history, change = advance(history, look(letter, clock / 3600, took_s=took), network=HOME)
        changes += [change] if change else []
        clock += took

    for change in changes[1:]:
        low, high = ((moment - T0) / timedelta(seconds=1) for moment in (change.when.after, change.when.until))
        assert any(low - 1e-3 <= switch <= high + 1e-3 for switch in switches)


def test_old_changes_leave_when_new_looks_come():
    history, _ = told([look("o", 0), look("b", 1), look("b", 2 + FLAPPING / timedelta(hours=1))])

    assert history.changes == ()
