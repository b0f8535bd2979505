"""The archive: what flush reports is durable, what does not fit is counted, and words say why."""

import errno
import json
import os
import resource
import zlib
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from blockprobe.model.codec import dump_record
from blockprobe.model.errors import StoreError
from blockprobe.store import archive as module
from blockprobe.store.archive import Archive
from blockprobe.store.reader import read_archive
from blockprobe.store.slim import SlimRecord
from blockprobe.store.verify import verify_store

from .build import NOON, SetClock, golden, goldens, ids, opened, record, segments, settings


def test_records_come_back_as_they_were_and_in_order(tmp_path: Path) -> None:
    records = goldens()
    with opened(tmp_path) as archive:
        for one in records:
            archive.append(one, full=True, last_full=None)
        assert archive.waiting == len(records)
        assert archive.flush() == tuple(one.id for one in records)
        assert archive.waiting == 0
        assert archive.last_durable_at == NOON

    assert [dump_record(one) for one in read_archive(tmp_path)] == [dump_record(one) for one in records]  # type: ignore[arg-type]


def test_a_slim_record_says_what_was_seen_and_where_the_evidence_is(tmp_path: Path) -> None:
    with opened(tmp_path) as archive:
        archive.append(record(1), full=True, last_full=None)
        archive.append(record(2), full=False, last_full=record(1).id)

    _, slim = read_archive(tmp_path)
    assert isinstance(slim, SlimRecord)
    assert (slim.id, slim.last_full, slim.verdict.state) == (record(2).id, record(1).id, record(2).verdict.state)


def test_alike_records_stand_together_and_are_read_in_the_order_in_which_they_came(tmp_path: Path) -> None:
    mixed = [golden(name) for name in ("demo-news.example", "demo-forged.example") * 3]
    records = [replace(one, id=f"R{number}") for number, one in enumerate(mixed)]
    with opened(tmp_path) as archive:
        for one in records:
            archive.append(one, full=True, last_full=None)
            archive.append(one, full=False, last_full="x")

    stored = [line["id"] for line in map(json.loads, _lines(segments(tmp_path)[0])) if "id" in line]
    assert stored == [f"R{number}" for number in (0, 1, 2, 3, 4, 5, 0, 2, 4, 1, 3, 5)]
    assert ids(tmp_path) == [one.id for one in records for _ in range(2)]


def test_a_certificate_is_written_once_in_a_segment_and_again_in_the_next(tmp_path: Path) -> None:
    with opened(tmp_path) as archive:
        for number in range(3):
            archive.append(record(number), full=True, last_full=None)
            archive.flush()
        archive.seal()
        archive.append(record(4), full=True, last_full=None)

    first, second = ([json.loads(line) for line in _lines(path)] for path in segments(tmp_path))
    for lines in (first, second):
        certificates = [line["sha256"] for line in lines if line["schema"] == "blockprobe.certificate/1"]
        assert len(certificates) == len(set(certificates)) == 2
    assert [line["schema"] for line in first].count("blockprobe.evidence/1") == 3


def test_names_of_segments_say_who_when_and_which(tmp_path: Path) -> None:
    with opened(tmp_path) as archive:
        archive.append(record(1), full=True, last_full=None)

    [segment] = segments(tmp_path)
    assert segment.relative_to(tmp_path).as_posix() == "segments/2026/11/21/leeds-3-20261121T120000Z-00000001.jsonl.gz"


def test_segments_are_sealed_by_age_and_by_size(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SEGMENT_BYTES", 10_000)
    clock = SetClock()
    with opened(tmp_path, clock) as archive:
        for number in range(3):
            archive.append(record(number), full=True, last_full=None)
            archive.flush()
            clock.forward(module.SEAL_AFTER_S)
        for number in range(3, 40):
            archive.append(record(number), full=True, last_full=None)
            archive.flush()

    assert len(segments(tmp_path)) > 4
    assert verify_store(tmp_path).faults == ()
    assert len(ids(tmp_path)) == 40


def test_a_member_holds_at_most_two_hundred_records(tmp_path: Path) -> None:
    with opened(tmp_path) as archive:
        for number in range(401):
            archive.append(record(number, small=True), full=True, last_full=None)
        assert archive.due
        assert len(archive.flush()) == 401

    assert len(_members(segments(tmp_path)[0])) == 3


def test_the_cap_drops_the_oldest_segments_and_counts_their_records(tmp_path: Path) -> None:
    with opened(tmp_path, max_bytes=40_000) as archive:
        for number in range(120):
            archive.append(record(number), full=True, last_full=None)
            archive.flush()
            assert archive.bytes_used <= 40_000
        dropped = archive.drops["cap"]

    kept = ids(tmp_path)
    assert kept == [record(number).id for number in range(120)][-len(kept) :]
    assert dropped == 120 - len(kept) > 0
    found = verify_store(tmp_path)
    assert found.faults == ()
    assert found.pruned > 0


def test_old_segments_go_and_a_clock_that_jumps_ahead_does_not_empty_the_archive(tmp_path: Path) -> None:
    clock = SetClock()
    with opened(tmp_path, clock, days=10) as archive:
        for day in range(16):
            archive.append(record(day, at=clock.now(), small=True), full=True, last_full=None)
            archive.flush()
            clock.forward(86_400.0)
        assert archive.drops["age"] == 5
        clock.at += timedelta(days=4_000)
        archive.append(record(99, at=clock.now(), small=True), full=True, last_full=None)
        archive.flush()
        assert archive.drops["age"] <= 12

    assert record(99).id in ids(tmp_path)
    assert len(ids(tmp_path)) > 4


@pytest.mark.parametrize("days", [1, -1])
def test_a_clock_that_jumps_a_day_neither_overwrites_nor_misorders(tmp_path: Path, days: int) -> None:
    clock = SetClock()
    for number in range(6):
        with opened(tmp_path, clock) as archive:
            archive.append(record(number, at=clock.now(), small=True), full=True, last_full=None)
        clock.at += timedelta(days=days if number == 2 else 0)

    assert ids(tmp_path) == [record(number).id for number in range(6)]
    assert verify_store(tmp_path).faults == ()


def test_one_process_at_a_time(tmp_path: Path) -> None:
    with opened(tmp_path), pytest.raises(StoreError, match="another process writes into this store"):
        Archive.open(settings(tmp_path), name="x", clock=SetClock())


def test_a_full_disk_is_told_in_one_line_and_what_waits_is_written_when_there_is_room(tmp_path: Path) -> None:
    """A limit on the size of files is a disk that is full, for this process."""
    with opened(tmp_path) as archive:
        for number in range(4):
            archive.append(record(number), full=True, last_full=None)
        stored = archive.flush()
        for number in range(4, 40):
            archive.append(record(number), full=True, last_full=None)
        with (
            _room_for(archive.bytes_used + 1_000),
            pytest.raises(StoreError, match=r"^\S+: cannot be written: .+; .+$"),
        ):
            archive.flush()
        assert archive.waiting == 36
        assert ids(tmp_path) == list(stored)
        assert len(archive.flush()) == 36

    assert ids(tmp_path) == [record(number).id for number in range(40)]
    assert verify_store(tmp_path).faults == ()


def test_a_folder_that_cannot_be_written_is_told_with_the_remedy(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(StoreError, match=r"file.*; set \[store\] dir to a folder$"):
        Archive.open(settings(tmp_path / "file" / "store"), name="x", clock=SetClock())


def test_what_waits_too_long_goes_oldest_first_and_is_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_WAITING", 10)
    with opened(tmp_path) as archive:
        for number in range(13):
            archive.append(record(number, small=True), full=True, last_full=None)
        assert archive.drops == {"cap": 0, "age": 0, "waiting": 3}

    assert ids(tmp_path) == [record(number).id for number in range(3, 13)]


@contextmanager
def _room_for(size: int):
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    import signal

    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, handler)


def _members(path: Path) -> list[bytes]:
    from blockprobe.store.members import read_members

    with path.open("rb") as stream:
        return [content for _, content in read_members(stream)]


def _lines(path: Path) -> list[bytes]:
    return b"".join(_members(path)).splitlines()


def test_every_fault_of_the_disk_has_its_remedy() -> None:
    from blockprobe.store.files import told

    for number in (errno.ENOSPC, errno.EROFS, errno.EACCES, errno.EIO):
        with pytest.raises(StoreError, match=os.strerror(number) + "; "), told(Path("segment")):
            raise OSError(number, os.strerror(number))


def test_the_same_records_give_the_same_bytes(tmp_path: Path) -> None:
    for name in ("a", "b"):
        with opened(tmp_path / name) as archive:
            for number in range(5):
                archive.append(record(number), full=True, last_full=None)

    one, other = segments(tmp_path / "a")[0].read_bytes(), segments(tmp_path / "b")[0].read_bytes()
    assert one == other
    assert zlib.decompress(one, 31)
