"""A mirror's life: what each look changes, and what it leaves alone."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from blockprobe.mirrors.lives import advance, is_due, standing, wait_of
from blockprobe.model.history import Interval
from blockprobe.model.mirror import MirrorClass, Source
from blockprobe.model.mirror_life import Life, LifeState, MirrorLook
from blockprobe.model.words import State

NOON = datetime(2026, 11, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
LIFE = Life(name="site.lol.example", site="site.example", source=Source.GENERATOR, known_at=NOON)
OPEN, BLOCKED, UNSURE, DOWN = State.ACCESSIBLE, State.BLOCKED, State.INCONCLUSIVE, State.DOWN


def at(hours: float) -> datetime:
    return NOON + HOUR * hours


def lived(*looks: tuple[bool | None, State | None]) -> Life:
    """One look an hour, each of a minute."""
    life = LIFE
    for number, (alive, line) in enumerate(looks):
        life = advance(life, MirrorLook(at=at(number), took_s=60, alive=alive, line=line))
    return life


@pytest.mark.parametrize(
    ("looks", "state"),
    [
        ([], LifeState.NEVER),
        ([(None, None)], LifeState.NEVER),
        ([(False, DOWN), (False, DOWN), (False, DOWN)], LifeState.NEVER),
        ([(False, BLOCKED)], LifeState.NEVER),
        ([(True, OPEN)], LifeState.OPEN),
        ([(True, None)], LifeState.UNKNOWN),
        ([(True, UNSURE)], LifeState.UNKNOWN),
        ([(True, OPEN), (True, UNSURE)], LifeState.OPEN),
        ([(True, State.REFUSED)], LifeState.UNKNOWN),
        ([(True, OPEN), (True, BLOCKED)], LifeState.BLOCKED),
        ([(True, OPEN), (True, BLOCKED), (True, UNSURE)], LifeState.BLOCKED),
        ([(True, OPEN), (True, BLOCKED), (True, DOWN)], LifeState.BLOCKED),
        ([(True, OPEN), (True, BLOCKED), (True, OPEN)], LifeState.OPEN),
        ([(True, OPEN), (False, DOWN)], LifeState.OPEN),
        ([(True, OPEN), (False, DOWN), (True, OPEN), (False, DOWN)], LifeState.OPEN),
        ([(True, OPEN), (False, DOWN), (False, DOWN)], LifeState.DEAD),
        ([(True, OPEN), (False, DOWN), (None, None), (False, DOWN)], LifeState.DEAD),
        ([(True, OPEN), (False, DOWN), (False, DOWN), (True, OPEN)], LifeState.OPEN),
        ([(True, BLOCKED), (False, BLOCKED), (False, BLOCKED)], LifeState.DEAD),
    ],
)
def test_a_life_stands_where_its_looks_put_it(looks, state):
    assert lived(*looks).state is state


def test_being_alive_begins_between_the_last_look_without_and_the_first_with_it():
    assert lived((True, None)).first_alive == Interval(after=None, until=at(0) + timedelta(minutes=1))
    assert lived((False, None), (True, None)).first_alive == Interval(after=at(0), until=at(1) + timedelta(minutes=1))


def test_a_block_begins_after_the_last_look_that_opened_it_whatever_was_unclear_between():
    life = lived((True, OPEN), (True, UNSURE), (True, BLOCKED), (True, BLOCKED))

    assert life.blocked == Interval(after=at(0), until=at(2) + timedelta(minutes=1))


def test_death_is_dated_from_the_first_look_of_the_row_that_found_it():
    life = lived((True, OPEN), (False, DOWN), (False, DOWN))

    assert life.dead == Interval(after=at(0), until=at(1) + timedelta(minutes=1))


def test_blocked_and_dead_are_kept_apart():
    life = lived((True, OPEN), (True, BLOCKED), (False, BLOCKED), (False, BLOCKED))

    assert life.blocked == Interval(after=at(0), until=at(1) + timedelta(minutes=1))
    assert life.dead == Interval(after=at(1), until=at(2) + timedelta(minutes=1))


def test_what_is_taken_back_is_counted():
    life = lived((True, OPEN), (True, BLOCKED), (True, OPEN), (False, DOWN), (False, DOWN), (True, OPEN))

    assert (life.unblocks, life.revivals, life.blocked, life.dead) == (1, 1, None, None)


def test_a_look_from_before_the_last_one_changes_nothing():
    life = lived((True, OPEN), (True, BLOCKED))

    assert advance(life, MirrorLook(at=at(0.5), alive=True, line=OPEN)) == life


def test_a_look_that_did_not_classify_leaves_the_class():
    life = advance(LIFE, MirrorLook(at=NOON, alive=True, kind=MirrorClass.PROXY_LIVE))

    assert advance(life, MirrorLook(at=at(1), alive=True)).kind is MirrorClass.PROXY_LIVE


LOOKS = st.lists(
    st.tuples(st.sampled_from([True, False, None]), st.sampled_from([None, *State])), max_size=12
)  # fmt: skip


@given(LOOKS)
def test_whatever_is_seen_the_intervals_are_in_order_and_nothing_is_blocked_without_a_verdict(looks):
    life = lived(*looks)

    for interval in (life.first_alive, life.blocked, life.dead):
        assert interval is None or interval.after is None or interval.after < interval.until
    if State.BLOCKED not in [line for _, line in looks]:
        assert life.blocked is None
        assert life.state is not LifeState.BLOCKED
    if [alive for alive, _ in looks].count(False) < 2:
        assert life.dead is None


@given(LOOKS, st.integers(0, 11))
def test_a_look_that_says_nothing_changes_no_state(looks, place):
    silent = [*looks[:place], (None, None), *looks[place:]]

    assert lived(*silent).state is lived(*looks).state
    assert replace(LIFE, name="other").state is LifeState.NEVER


@pytest.mark.parametrize(
    ("looks", "hours", "state"),
    [
        ([(True, OPEN)], 0, LifeState.OPEN),
        ([(True, OPEN)], 0.5, LifeState.UNKNOWN),  # nobody has looked since
        ([(True, BLOCKED), (True, UNSURE)], 0, LifeState.UNKNOWN),  # the latest look told nothing of the line
        ([(True, BLOCKED), (None, BLOCKED)], 0.5, LifeState.UNKNOWN),  # nor whether it lives
        ([(True, OPEN), (False, DOWN), (False, DOWN)], 99, LifeState.DEAD),
    ],
)
def test_what_was_seen_too_long_ago_or_in_doubt_is_unknown_now(looks, hours, state):
    life = lived(*looks)

    assert standing(life, at(hours)) is state
    assert standing(life, None) is life.state


def test_what_may_live_is_always_due_and_the_dead_ever_more_rarely():
    dead = lived((True, OPEN), (False, DOWN), (False, DOWN))

    assert wait_of(lived((True, OPEN)), at(0)) == timedelta()
    assert [wait_of(dead, at(hours)) for hours in (2, 2.5)] == [HOUR, HOUR / 2]
    assert is_due(dead, at(3))
    assert wait_of(replace(dead, last_at=at(24 * 3)), at(24 * 3)) == timedelta(days=1)
