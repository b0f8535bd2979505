"""Verification names every change that was made to sealed evidence, and finds none where none was made."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from blockprobe.store.layout import MANIFEST, PRUNED, beside
from blockprobe.store.members import compress, read_members
from blockprobe.store.verify import verify_store

from .build import SetClock, opened, record, segments


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """Four sealed segments of two records each."""
    clock = SetClock()
    with opened(tmp_path, clock) as archive:
        for number in range(8):
            archive.append(record(number), full=number % 2 == 0, last_full=record(number - 1).id)
            if number % 2:
                archive.flush()
                archive.seal()
    return tmp_path


def test_what_was_written_is_found(store: Path) -> None:
    found = verify_store(store)

    assert found.faults == ()
    assert (found.segments, found.records, found.pruned, found.open, found.begins_at) == (4, 8, 0, 0, 1)


def _edit_record(path: Path) -> None:
    """A forger changes a verdict and packs the segment again."""
    with path.open("rb") as stream:
        text = b"".join(content for _, content in read_members(stream))
    path.write_bytes(compress(text.replace(b'"state":"accessible"', b'"state":"blocked"')))


def _edit_both(path: Path) -> None:
    """He changes the manifest, too."""
    import hashlib

    _edit_record(path)
    manifest = json.loads(beside(path, MANIFEST).read_text())
    manifest |= {"sha256": hashlib.sha256(path.read_bytes()).hexdigest(), "bytes": path.stat().st_size}
    beside(path, MANIFEST).write_text(json.dumps(manifest))


def _count(path: Path) -> None:
    manifest = beside(path, MANIFEST)
    manifest.write_text(manifest.read_text().replace('"records": 2', '"records": 3'))


def _remove(path: Path) -> None:
    beside(path, MANIFEST).unlink()
    path.unlink()


def _swap(path: Path) -> None:
    other = segments(path.parents[4])[2]
    kept = path.read_bytes()
    path.write_bytes(other.read_bytes())
    other.write_bytes(kept)


CHANGES: list[tuple[Callable[[Path], object], str]] = [
    (lambda path: path.write_bytes(path.read_bytes()[:-1]), "bytes, and its manifest says"),
    (lambda path: path.write_bytes(path.read_bytes()[:-9] + b"?" + path.read_bytes()[-8:]), "SHA-256"),
    (_edit_record, "was changed after it was sealed"),
    (_edit_both, "does not name the manifest before it"),
    (_count, "2 records, and its manifest says 3"),
    (_remove, "does not name the manifest before it"),
    (_swap, "SHA-256"),
    (lambda path: path.unlink(), "is missing"),
    (lambda path: beside(path, MANIFEST).unlink(), "follows a segment that has none"),
    (lambda path: beside(path, MANIFEST).write_text("{}"), "Field required"),
    (lambda path: beside(path, MANIFEST).write_bytes(b"x" * 100_000), "not read"),
    (lambda path: beside(path, MANIFEST).rename(beside(path, PRUNED)), "dropped although older"),
    (lambda path: shutil.copy(path, path.with_name(path.name.replace("-00000002", "-00000009"))), "that"),
]


@pytest.mark.parametrize(("change", "said"), CHANGES, ids=[said for _, said in CHANGES])
def test_a_change_is_named(store: Path, change: Callable[[Path], object], said: str) -> None:
    change(segments(store)[1])

    faults = verify_store(store).faults

    if said == "that":  # a second copy without a manifest is an open segment, which says itself that it is one
        assert verify_store(store).open == 1
        return
    assert any(said in fault for fault in faults), faults
    assert all("\n" not in fault for fault in faults)


def test_a_folder_without_segments_is_no_store(tmp_path: Path) -> None:
    assert "no segments" in verify_store(tmp_path).faults[0]
