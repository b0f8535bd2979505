"""A published copy names its originals, can be verified by itself, and leaves them alone."""

import json
from pathlib import Path

import pytest

from blockprobe.model.codec import dump_record
from blockprobe.model.errors import StoreError
from blockprobe.model.record import Record
from blockprobe.store.layout import MANIFEST, beside
from blockprobe.store.manifest import digest, read_manifest
from blockprobe.store.publish import publish
from blockprobe.store.reader import Stored, read_archive
from blockprobe.store.slim import dump_slim
from blockprobe.store.verify import verify_store

from .build import SetClock, opened, record, segments


def plain(stored: Stored) -> bytes:
    """The record as it is."""
    return dump_record(stored) if isinstance(stored, Record) else dump_slim(stored)


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """Two sealed segments."""
    with opened(tmp_path / "store") as archive:
        for number in range(4):
            archive.append(record(number), full=number != 2, last_full="x")
            archive.flush()
            if number == 1:
                archive.seal()
    return tmp_path / "store"


def test_the_copy_holds_the_records_and_names_the_originals(store: Path, tmp_path: Path) -> None:
    before = {path: path.read_bytes() for path in store.rglob("*") if path.is_file()}

    done = publish(store, tmp_path / "out", plain, SetClock())

    assert (done.segments, done.records, done.open) == (2, 4, 0)
    assert list(read_archive(tmp_path / "out")) == list(read_archive(store))
    assert verify_store(tmp_path / "out").faults == ()
    assert {path: path.read_bytes() for path in store.rglob("*") if path.is_file()} == before
    for original, copy in zip(segments(store), segments(tmp_path / "out"), strict=True):
        manifest, _ = read_manifest(beside(copy, MANIFEST))
        assert manifest.copy_of is not None
        assert manifest.copy_of.sha256 == digest(original.read_bytes())
        assert manifest.copy_of.manifest_sha256 == digest(beside(original, MANIFEST).read_bytes())


def test_records_that_are_not_wanted_are_left_out(store: Path, tmp_path: Path) -> None:
    done = publish(store, tmp_path / "out", lambda one: plain(one) if isinstance(one, Record) else None, SetClock())

    assert done.records == 3
    assert verify_store(tmp_path / "out").faults == ()


def test_a_segment_that_was_changed_is_not_published(store: Path, tmp_path: Path) -> None:
    segments(store)[0].write_bytes(segments(store)[1].read_bytes())

    with pytest.raises(StoreError, match="nothing of it is published"):
        publish(store, tmp_path / "out", plain, SetClock())


def test_a_copy_goes_into_a_new_folder_only(store: Path, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "precious").write_text(json.dumps({}))

    with pytest.raises(StoreError, match="is not empty"):
        publish(store, tmp_path / "out", plain, SetClock())
    with pytest.raises(StoreError, match="no sealed segment"):
        publish(tmp_path / "out", tmp_path / "new", plain, SetClock())
