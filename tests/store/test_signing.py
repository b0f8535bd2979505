"""Manifests signed with an SSH key, and what verification says of those that are not."""

import shutil
import subprocess
from pathlib import Path

import pytest

from blockprobe.store.layout import MANIFEST, PRUNED, SIGNATURE, beside
from blockprobe.store.verify import verify_store

from .build import SetClock, opened, record, segments

pytestmark = pytest.mark.skipif(shutil.which("ssh-keygen") is None, reason="needs openssh-client")


@pytest.fixture
def key(tmp_path: Path) -> Path:
    """A key, and a file that allows it."""
    path = tmp_path / "key"
    _make_key(path)
    public = path.with_name("key.pub").read_text().split()
    (tmp_path / "allowed").write_text(f"leeds-3@example.org {public[0]} {public[1]}\n")
    return path


def _make_key(path: Path) -> None:
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(path)], check=True)


def _store(folder: Path, key: Path | None, first: int) -> None:
    clock = SetClock()
    with opened(folder, clock, key=str(key) if key else None) as archive:  # type: ignore[arg-type]
        for number in range(first, first + 2):
            archive.append(record(number), full=True, last_full=None)
            archive.flush()
            archive.seal()
        assert archive.signature_fault is None


def test_signed_manifests_verify(tmp_path: Path, key: Path) -> None:
    _store(tmp_path / "store", key, 0)

    found = verify_store(tmp_path / "store", allowed_signers=tmp_path / "allowed")

    assert found.faults == ()
    assert found.signed == 2


def test_a_missing_a_foreign_and_a_changed_signature_are_named(tmp_path: Path, key: Path) -> None:
    store = tmp_path / "store"
    _store(store, key, 0)
    _make_key(tmp_path / "other")
    _store(store, tmp_path / "other", 2)
    first, second, third, _ = (beside(path, MANIFEST) for path in segments(store))
    beside(first, SIGNATURE).unlink()
    shutil.copy(beside(third, SIGNATURE), tmp_path / "kept")
    beside(second, SIGNATURE).write_text("nonsense")

    faults = verify_store(store, allowed_signers=tmp_path / "allowed").faults

    assert f"{first}: is not signed" in faults
    assert f"{second}: is signed by nobody in the list of allowed signers" in faults
    assert f"{third}: is signed by nobody in the list of allowed signers" in faults
    assert len(faults) == 4


def test_a_signature_of_another_manifest_does_not_fit(tmp_path: Path, key: Path) -> None:
    store = tmp_path / "store"
    _store(store, key, 0)
    first, second = (beside(path, MANIFEST) for path in segments(store))
    shutil.copy(beside(first, SIGNATURE), beside(second, SIGNATURE))

    [fault] = verify_store(store, allowed_signers=tmp_path / "allowed").faults

    assert fault.startswith(f"{second}: has a signature that does not fit: ")


def test_a_key_that_cannot_be_used_stops_nothing_and_is_told(tmp_path: Path, key: Path) -> None:
    store = tmp_path / "store"
    with opened(store, key=str(tmp_path / "none")) as archive:  # type: ignore[arg-type]
        archive.append(record(0), full=True, last_full=None)
        archive.flush()
        archive.seal()
        assert archive.signature_fault is not None
        assert "not signed" in archive.signature_fault
    assert verify_store(store).faults == ()

    _store(store, key, 1)  # with a key that works, those before are signed, too
    assert verify_store(store, allowed_signers=tmp_path / "allowed").signed == 3


def test_the_manifest_of_a_dropped_segment_keeps_its_signature(tmp_path: Path, key: Path) -> None:
    store = tmp_path / "store"
    clock = SetClock()
    with opened(store, clock, max_bytes=14_000, key=str(key)) as archive:  # type: ignore[arg-type]
        for number in range(8):
            archive.append(record(number), full=True, last_full=None)
            archive.flush()
            archive.seal()
        assert archive.drops["cap"] > 0

    found = verify_store(store, allowed_signers=tmp_path / "allowed")
    assert found.faults == ()
    assert found.pruned > 0
    assert found.signed == found.pruned + found.segments


def test_a_crash_while_a_segment_was_dropped_does_not_part_its_manifest_from_the_signature(
    tmp_path: Path, key: Path
) -> None:
    store = tmp_path / "store"
    _store(store, key, 0)
    oldest = segments(store)[0]
    beside(oldest, MANIFEST).rename(beside(oldest, PRUNED))  # and there the agent was killed
    with opened(store, key=str(key)):  # type: ignore[arg-type]
        pass

    found = verify_store(store, allowed_signers=tmp_path / "allowed")
    assert found.faults == ()
    assert (found.pruned, found.segments, found.signed) == (1, 1, 2)
    assert not oldest.exists()
