"""The state: what the agent finds again after a restart, and what becomes of a file that is not its own."""

import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings

from blockprobe.model.errors import StoreError
from blockprobe.model.history import History, Interval, Spell, Transition
from blockprobe.model.words import State
from blockprobe.store.state import FILE, LineChange, StateDb
from blockprobe.store.state_file import Before
from blockprobe.store.state_rows import history_from, history_row, unpack_named, unpack_numbers, unpack_rows
from blockprobe.store.state_schema import MIGRATIONS
from tests.model.strategies import any_of

from .build import NOON

HOUR = timedelta(hours=1)
Open = Callable[[], StateDb]


def history(number: int, at: timedelta = HOUR * 0) -> History:
    """An open site, seen first at noon and last at `at`."""
    last = NOON + at + timedelta(seconds=number)
    return History(
        target=f"site{number}.example",
        network="gb/example",
        state=State.ACCESSIBLE,
        since=Interval(after=None, until=NOON),
        last=State.ACCESSIBLE,
        last_at=last,
        last_conclusive_at=last,
        last_open_at=last,
        spells=(Spell(state=State.ACCESSIBLE, first_at=NOON, last_at=last),),
        last_full="R1",
        last_full_at=NOON,
    )


def change(number: int) -> Transition:
    """A site that was blocked."""
    return Transition(
        target=f"site{number}.example",
        when=Interval(after=NOON, until=NOON + HOUR),
        before=State.ACCESSIBLE,
        now=State.BLOCKED,
        record=f"R{number}",
    )


def test_histories_come_back_as_they_were(state: Open) -> None:
    saved = [history(number) for number in range(300)]
    db = state()
    db.save(saved)
    db.save([replace(saved[7], state=State.BLOCKED, last=State.BLOCKED), history(299, HOUR)])
    db.close()

    found = state().histories()
    assert len(found) == 300
    assert found["site7.example"].state is State.BLOCKED
    assert found["site299.example"] == history(299, HOUR)
    assert found["site8.example"] == saved[8]


@hypothesis_settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
@given(any_of(History))
def test_any_history_comes_back_from_its_row(one: History) -> None:
    assert history_from(one.target, history_row(one), one.last_at) == one


def test_a_look_that_says_the_same_changes_no_row() -> None:
    assert history_row(history(1)) == history_row(history(1, HOUR * 5))
    assert history_row(history(1)) != history_row(replace(history(1), parity_gap=True))


def test_five_thousand_unchanged_histories_cost_little_to_save(tmp_path: Path, state: Open) -> None:
    db = state()
    db.save([history(number) for number in range(5_000)])
    before = _journal(tmp_path)
    began = time.process_time()

    db.save([history(number, HOUR) for number in range(5_000)])

    assert time.process_time() - began < 2
    assert _journal(tmp_path) - before < 100_000


def test_targets_that_left_are_forgotten_and_their_numbers_hold_no_secret(state: Open) -> None:
    db = state()
    db.save([history(number) for number in range(70)], [change(3)])
    db.forget(["site3.example", "site69.example", "never.example"])
    db.save([history(80)])
    db.close()

    db = state()
    assert len(db.histories()) == 69
    assert "site80.example" in db.histories()
    assert db.transitions("site3.example") == (change(3),)


def test_transitions_are_kept_in_order_and_a_first_look_is_none(state: Open) -> None:
    db = state()
    db.save([history(1), history(2)], [replace(change(1), before=None), change(1), change(2)])

    assert db.transitions() == (change(1), change(2))
    assert db.transitions("site2.example") == (change(2),)
    assert db.transitions("site9.example") == ()


def test_the_schedule_comes_back_for_targets_that_were_seen_and_others(state: Open) -> None:
    due = {("website", f"site{number}.example"): NOON + HOUR * number for number in range(5)}
    due |= {("live", "site1.example"): NOON, ("live", "new.example"): NOON + HOUR}
    db = state()
    db.save([history(number) for number in range(5)])
    db.save_schedule(due)
    db.close()

    db = state()
    assert db.due() == due
    db.save_schedule({})
    assert db.due() == {}


def test_line_changes_and_lists_come_back(state: Open) -> None:
    moved = LineChange(at=NOON, before="gb/example", after=None, signs=("gateway4",))
    db = state()
    db.add_line_change(moved)
    db.save_list("dk", 250)
    db.save_list("dk", 251)
    db.close()

    db = state()
    assert db.line_changes() == (moved,)
    assert db.lists() == {"dk": 251}


def test_a_save_that_fails_changes_nothing(state: Open) -> None:
    db = state()
    db.save([history(1)])
    db._connection.execute("PRAGMA query_only = ON")
    with pytest.raises(StoreError, match=r"cannot be read or written: .*readonly"):
        db.save([history(1, HOUR), history(2)], [change(1)])
    db._connection.execute("PRAGMA query_only = OFF")

    assert db.histories() == {"site1.example": history(1)}
    db.save([history(2)])
    assert len(db.histories()) == 2


def test_a_file_of_a_newer_version_is_left_alone_and_said(tmp_path: Path) -> None:
    StateDb.open(tmp_path).close()
    with closing(sqlite3.connect(tmp_path / FILE)) as connection:
        connection.execute("PRAGMA user_version = 99")
    before = (tmp_path / FILE).read_bytes()

    with pytest.raises(StoreError, match=r"written by a newer blockprobe \(version 99, this one knows \d\); upgrade"):
        StateDb.open(tmp_path)
    assert (tmp_path / FILE).read_bytes() == before


@pytest.mark.parametrize("damage", [b"no database at all" * 400, b"", b"SQLite format 3\0" + b"\xff" * 9000])
def test_a_damaged_file_is_moved_aside_never_deleted(tmp_path: Path, state: Open, damage: bytes) -> None:
    StateDb.open(tmp_path).close()
    (tmp_path / FILE).write_bytes(damage)

    db = state()

    assert db.histories() == {}
    db.save([history(1)])
    if damage:
        assert db.damaged is not None
        assert db.damaged.read_bytes() == damage
    db.close()
    assert state().damaged is None


def test_only_an_agent_that_said_so_has_ended_in_order(state: Open) -> None:
    db = state()
    assert db.begin() is Before.NOBODY
    assert state().begin() is Before.CUT_SHORT
    db.end()
    assert state().begin() is Before.IN_ORDER
    assert db.begin() is Before.CUT_SHORT


def test_a_state_of_the_first_version_counts_as_cut_short(tmp_path: Path, state: Open) -> None:
    db = state()
    db.save([history(1)])
    db._connection.execute("DROP TABLE life")
    db._connection.execute("PRAGMA user_version = 1")
    db.close()

    later = state()
    assert later.histories() == {"site1.example": history(1)}
    assert later.begin() is Before.CUT_SHORT


def test_a_folder_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(StoreError, match="cannot be"):
        StateDb.open(tmp_path / "file")


@pytest.mark.parametrize("row", [b"", b"x", b"x\x9c\x03\x00\x00\x00\x00\x01"])
def test_rows_that_cannot_be_read_are_faults_and_nothing_else(row: bytes) -> None:
    for read in (unpack_rows, unpack_numbers, unpack_named):
        with pytest.raises(StoreError):
            read(row)


def test_migrations_lead_from_an_empty_file_to_this_version(state: Open) -> None:
    db = state()

    [(version,)] = db._connection.execute("PRAGMA user_version")
    assert version == len(MIGRATIONS)


def _journal(folder: Path) -> int:
    return (folder / f"{FILE}-wal").stat().st_size
