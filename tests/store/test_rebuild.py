"""The state can be won from the archive: all of it, or what was not saved before a crash."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from blockprobe.model.history import History, Transition
from blockprobe.model.record import Record
from blockprobe.model.words import State
from blockprobe.store.archive import Archive
from blockprobe.store.policy import wants_full
from blockprobe.store.rebuild import rebuild
from blockprobe.store.state import FILE, StateDb
from blockprobe.verdict.history import advance, seen_of

from .build import NOON, opened, record, segments

DOWN = State.DOWN
Open = Callable[[], StateDb]


def looks(states: str) -> list[Record]:
    """An hourly look at one site: `o` open, `d` down, `?` inconclusive."""
    words = {"o": State.ACCESSIBLE, "d": DOWN, "?": State.INCONCLUSIVE}
    made = [record(1, at=NOON + timedelta(hours=hour), state=words[one]) for hour, one in enumerate(states)]
    return [replace(one, id=f"L{hour:025d}") for hour, one in enumerate(made)]


def live(archive: Archive, records: list[Record]) -> tuple[History, list[Transition]]:
    """What the agent does with them."""
    history, transitions = History(target="site1.example"), []
    for one in records:
        full = wants_full(history, one, one.measured_at)
        archive.append(one, full=full, last_full=history.last_full)
        history, transition = advance(history, seen_of(one), network=one.vantage.isp)
        if full:
            history = replace(history, last_full=one.id, last_full_at=one.measured_at)
        transitions += [transition] if transition and transition.before else []
    archive.flush()
    return history, transitions


def test_a_damaged_state_is_rebuilt_from_the_archive(tmp_path: Path, state: Open) -> None:
    with opened(tmp_path) as archive:
        history, transitions = live(archive, looks("ooo?oddd?oo"))
    (tmp_path / FILE).write_bytes(b"no database" * 1000)

    db = state()
    assert db.damaged is not None
    assert rebuild(db, tmp_path) == 11

    assert db.histories() == {"site1.example": history}
    assert list(db.transitions()) == transitions
    assert [one.now for one in transitions] == [DOWN, State.ACCESSIBLE]


def test_only_what_the_state_did_not_know_is_read_again(tmp_path: Path, state: Open) -> None:
    records = looks("oooddd")
    db = state()
    with opened(tmp_path) as archive:
        history, _ = live(archive, records[:4])
        db.save([history])
        for one in records[4:]:
            archive.append(one, full=True, last_full=None)

    assert rebuild(db, tmp_path) == 2
    assert db.histories()["site1.example"].last_at == records[-1].measured_at
    assert rebuild(db, tmp_path) == 0


def test_a_change_that_no_second_look_confirmed_is_not_believed(tmp_path: Path, state: Open) -> None:
    with opened(tmp_path) as archive:
        live(archive, looks("oodood"))
    db = state()

    rebuild(db, tmp_path)

    assert db.transitions() == ()
    assert db.histories()["site1.example"].state is State.ACCESSIBLE
    assert db.histories()["site1.example"].last is State.INCONCLUSIVE


def test_only_wanted_targets_get_a_history(tmp_path: Path, state: Open) -> None:
    with opened(tmp_path) as archive:
        for number in range(3):
            archive.append(record(number), full=True, last_full=None)
    db = state()

    assert rebuild(db, tmp_path, targets={"site1.example"}) == 1
    assert list(db.histories()) == ["site1.example"]


def test_segments_from_before_the_last_save_are_not_read_again(tmp_path: Path, state: Open) -> None:
    records = looks("oooooooo")
    db = state()
    for part in (records[:3], records[3:6], records[6:]):
        with opened(tmp_path) as archive:
            history, _ = live(archive, part)
            assert not archive.recovered
    db.save([replace(history, last_at=records[5].measured_at)])
    oldest = segments(tmp_path)[0]
    oldest.write_bytes(b"damaged since")

    assert rebuild(db, tmp_path) == 2


def test_an_archive_says_when_the_last_agent_did_not_end_in_order(tmp_path: Path) -> None:
    with opened(tmp_path) as archive:
        live(archive, looks("oo"))
    path = segments(tmp_path)[0]
    path.with_name(path.name + ".manifest.json").unlink()

    with opened(tmp_path) as archive:
        assert archive.recovered
