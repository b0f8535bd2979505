"""Killed at any moment, the archive loses nothing that it reported as stored, holds nothing twice, and can be read."""

import json
import random
import subprocess
import sys
from pathlib import Path

import pytest

from blockprobe.store.layout import TORN
from blockprobe.store.repair import cut_torn_end
from blockprobe.store.verify import verify_store

from .build import ids, opened, record, segments
from .writer import run_and_kill

ROOT = Path(__file__).parents[2]
KILLS = 8


def test_sigkill_at_random_moments_loses_nothing_that_was_reported(tmp_path: Path) -> None:
    dice = random.Random(7)
    reported: list[str] = []
    for kill in range(5 * KILLS):
        if kill >= KILLS and len(reported) > KILLS:
            break  # on a busy machine a fifth of a second may be too short to report anything
        reported += run_and_kill(tmp_path, kill * 100_000, dice.uniform(0.0, 0.2 * (1 + kill // KILLS)))
        if kill % 5 == 4:
            found = ids(tmp_path)
            assert len(found) == len(set(found)), f"twice after kill {kill}"
            assert set(reported) <= set(found), f"lost by kill {kill}"

    with opened(tmp_path):
        pass
    found = verify_store(tmp_path)
    assert found.faults == ()
    assert found.open == 0
    assert found.records == len(ids(tmp_path)) >= len(reported) > KILLS


def test_a_full_and_a_read_only_disk_lose_nothing_and_are_told_in_one_line(tmp_path: Path) -> None:
    unshare = ["unshare", "--user", "--map-root-user", "--mount"]
    if subprocess.run([*unshare, "mount", "-t", "tmpfs", "tmpfs", str(tmp_path)], check=False).returncode != 0:
        pytest.skip("needs user namespaces")

    done = subprocess.run(
        [*unshare, sys.executable, "-m", "tests.store.small_disk", str(tmp_path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    assert said["full"].endswith("No space left on device; free space on this file system, or lower [store] max_bytes")
    assert said["waiting"] == 50
    assert "Read-only file system; mount it for writing" in said["readonly"]
    assert "Read-only file system; mount it for writing" in said["opening"]
    assert said["stored"] == said["ids"] == [record(number).id for number in range(70)]
    assert said["faults"] == []


@pytest.mark.parametrize("keep", [0, 1, 12, -1])
def test_a_torn_end_is_cut_off_kept_aside_and_told(tmp_path: Path, keep: int) -> None:
    with opened(tmp_path) as archive:
        for number in range(3):
            archive.append(record(number), full=True, last_full=None)
            archive.flush()
        path = segments(tmp_path)[0]
        whole = path.read_bytes()
        second = len(whole)
        archive.append(record(3), full=True, last_full=None)
        archive.flush()
        torn = path.read_bytes()[second:][:keep]
    _unseal(path, whole + torn)

    with opened(tmp_path) as archive:
        repairs = archive.repairs

    assert ids(tmp_path) == [record(number).id for number in range(3)]
    assert verify_store(tmp_path).faults == ()
    if torn:
        [repair] = repairs
        assert (repair.cut_bytes, repair.segment) == (len(torn), path.name)
        assert f"a torn end of {len(torn)} bytes was cut off" in str(repair)
        assert (path.parent / repair.kept_in).read_bytes() == torn
    else:
        assert repairs == ()


def test_a_crash_while_the_torn_end_is_cut_is_no_second_loss(tmp_path: Path) -> None:
    with opened(tmp_path) as archive:
        archive.append(record(1), full=True, last_full=None)
    path = segments(tmp_path)[0]
    whole = path.read_bytes()
    _unseal(path, whole + b"\x1f\x8b\x08torn")
    aside = path.with_name(f"{path.name}{TORN}{len(whole)}")
    aside.write_bytes(b"\x1f\x8b")  # the first attempt came this far

    repair = cut_torn_end(path)

    assert repair is not None
    assert aside.read_bytes() == b"\x1f\x8b\x08torn"
    assert path.read_bytes() == whole


def test_a_segment_of_nothing_but_a_torn_member_is_removed_and_its_bytes_are_kept(tmp_path: Path) -> None:
    with opened(tmp_path) as archive:
        archive.append(record(1), full=True, last_full=None)
    path = segments(tmp_path)[0]
    _unseal(path, b"\x1f\x8b\x08torn")

    with opened(tmp_path) as archive:
        assert [one.cut_bytes for one in archive.repairs] == [7]
        archive.append(record(2), full=True, last_full=None)

    assert ids(tmp_path) == [record(2).id]
    assert next(path.parent.glob(f"*{TORN}*")).read_bytes() == b"\x1f\x8b\x08torn"
    assert segments(tmp_path)[0] != path


def test_a_crash_between_the_two_steps_of_dropping_a_segment_is_finished(tmp_path: Path) -> None:
    for number in range(2):
        with opened(tmp_path) as archive:
            archive.append(record(number), full=True, last_full=None)
    oldest = segments(tmp_path)[0]
    manifest = oldest.with_name(oldest.name + ".manifest.json")
    manifest.rename(oldest.with_name(oldest.name + ".pruned.json"))

    with opened(tmp_path):
        pass

    assert ids(tmp_path) == [record(1).id]
    assert verify_store(tmp_path).faults == ()


def _unseal(path: Path, data: bytes) -> None:
    """As a crash would leave it: no manifest yet."""
    path.with_name(path.name + ".manifest.json").unlink()
    path.write_bytes(data)
