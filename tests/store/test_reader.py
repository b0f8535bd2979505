"""Whatever the bytes are, reading them gives records or a StoreError, within bounds."""

import gzip
import json
import tracemalloc
import zlib
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from blockprobe.model.errors import StoreError
from blockprobe.store.lines import EVIDENCE
from blockprobe.store.members import MAX_MEMBER_BYTES, compress, read_members
from blockprobe.store.reader import read_archive, read_lines
from blockprobe.store.unpack import Parts

from .build import golden, opened, record, scratch, segments

LOOSE = hypothesis_settings(max_examples=120, deadline=None, suppress_health_check=list(HealthCheck))


@cache
def sealed() -> bytes:
    """A segment of three members with full and slim records."""
    with scratch() as folder:
        with opened(folder) as archive:
            for number in range(3):
                archive.append(record(number), full=True, last_full=None)
                archive.append(golden("demo-forged.example"), full=True, last_full=None)
                archive.append(record(number), full=False, last_full="x")
                archive.flush()
        return segments(folder)[0].read_bytes()


def read(data: bytes) -> int:
    """How many records are in a file of these bytes."""
    with scratch() as folder:
        path = folder / "damaged.jsonl.gz"
        path.write_bytes(data)
        return sum(1 for _ in read_archive(path))


def fault_of(work: Callable[[], object]) -> str | None:
    """What a StoreError says; None when there is none. Any other exception ends the test."""
    try:
        work()
    except StoreError as error:
        return str(error)
    return None


def test_a_segment_by_itself_is_read() -> None:
    assert read(sealed()) == 9


@LOOSE
@given(st.integers(0, 1 << 20), st.binary(min_size=1, max_size=8))
def test_changed_bytes_are_found_by_the_checksum(place: int, junk: bytes) -> None:
    place %= len(sealed())
    data = sealed()[:place] + junk + sealed()[place + len(junk) :]

    if data == sealed():
        return
    fault = fault_of(lambda: read(data))

    if fault is not None:
        assert "damaged.jsonl.gz: " in fault
        assert "\n" not in fault
    else:  # only bytes of a header mean nothing: time, flags of the compressor, operating system
        assert zlib.decompress(data, 31) == zlib.decompress(sealed(), 31)


@LOOSE
@given(st.integers(0, 1 << 20))
def test_a_cut_segment_is_a_fault_except_between_members(size: int) -> None:
    size %= len(sealed())
    data = sealed()[:size]
    fault = fault_of(lambda: read(data))

    assert "ends within a gzip member" in fault if fault else read(data) in (0, 3, 6)


LINES = zlib.decompress(sealed(), 31).splitlines()
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**30), 10**30) | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=4,
)


@LOOSE
@given(st.data())
def test_any_value_in_any_place_of_a_line_is_read_or_is_a_fault(data: st.DataObject) -> None:
    """Right checksums, wrong contents: what a forger would write."""
    lines = list(LINES)
    number = data.draw(st.integers(0, len(lines) - 1))
    document = json.loads(lines[number])
    place = document
    while isinstance(place, dict | list) and place:
        key = data.draw(st.sampled_from(sorted(place) if isinstance(place, dict) else range(len(place))))
        if not isinstance(place[key], dict | list) or not place[key] or data.draw(st.booleans()):
            place[key] = data.draw(VALUES)
            break
        place = place[key]
    lines[number] = json.dumps(document).encode()

    fault = fault_of(lambda: list(read_lines(b"\n".join(lines), Parts(), "x")))

    assert fault is None or fault.startswith("x: ")


@LOOSE
@given(st.binary(max_size=200))
def test_any_bytes_after_any_schema_are_a_fault(junk: bytes) -> None:
    for head in (b"", b'{"schema":"%s",' % EVIDENCE.encode(), b'{"schema":"blockprobe.slim/1",'):
        line = head + junk
        fault = fault_of(lambda line=line: list(read_lines(line, Parts(), "x")))

        assert fault is not None or not line.splitlines()


def test_a_line_of_a_schema_to_come_is_named() -> None:
    with pytest.raises(StoreError, match=r"x: a line of schema 'blockprobe.evidence/2', which this version does not"):
        list(read_lines(b'{"schema":"blockprobe.evidence/2"}', Parts(), "x"))


@pytest.mark.parametrize("content", [b"\0", b"[" * 100, b'{"schema":"blockprobe.record/1"}\n'])
def test_a_gzip_bomb_stays_within_bounds(tmp_path: Path, content: bytes) -> None:
    bomb = tmp_path / "bomb.jsonl.gz"
    bomb.write_bytes(gzip.compress(content * (300_000_000 // len(content)), 1))
    tracemalloc.start()
    with pytest.raises(StoreError, match=r"more than|no JSON"):
        list(read_archive(bomb))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert peak < 4 * MAX_MEMBER_BYTES


def test_a_bomb_of_marks_stays_within_bounds() -> None:
    lines = [line for line in LINES if b"evidence/1" in line][:1]
    parts = [line for line in LINES if b"evidence/1" not in line and b"slim/1" not in line][:12]
    bomb = lines[0].replace(b'"because":"', b'"because":"' + b"$0" * 2_000_000, 1)

    with pytest.raises(StoreError, match="more than"):
        list(read_lines(b"\n".join([*parts, bomb]), Parts(), "x"))


def test_pages_are_forgotten_with_their_member() -> None:
    parts = Parts()
    parts.take({"schema": "blockprobe.part/1", "n": 1, "page": {"sha256": "x", "body": ""}}, 10)
    parts.end_member()

    with pytest.raises(KeyError):
        parts.of([1])


def test_members_say_where_they_end(tmp_path: Path) -> None:
    one, other = compress(b"one\n"), compress(b"other\n")
    path = tmp_path / "x"
    path.write_bytes(one + other)

    with path.open("rb") as stream:
        assert list(read_members(stream)) == [(len(one), b"one\n"), (len(one + other), b"other\n")]
