import gzip
import io
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from blockprobe.mirrors.name_lines import BLOCK_BYTES, MAX_LINE_BYTES, Tally, line_blocks, names_in, unpacked


def read(data: bytes) -> tuple[bytes, Tally]:
    tally = Tally()
    return b"\n".join(line_blocks(unpacked(io.BufferedReader(io.BytesIO(data))), tally)), tally


@pytest.mark.parametrize(
    ("line", "hosts"),
    [
        (b"a.example", ["a.example"]),
        (b"  WWW.A.Example.  ", ["www.a.example"]),
        (b"17,a.example", ["a.example"]),
        (b'"17";"a.example"', ["a.example"]),
        (b"a.example.\t3600\tin\tns\tns1.b.example.", ["a.example", "ns1.b.example"]),
        (b'{"dns_names":["*.a.example","b.example"],"not_before":"2026-01-01T00:00:00Z"}', ["a.example", "b.example"]),
        (b'{"rrname":"a.example.","rdata":"192.0.2.7"}', ["a.example"]),
        (b"https://a.example:8443/path/x.html?u=http://b.example/", ["a.example", "b.example"]),
        (b"me@a.example", ["a.example"]),
        (b"# no name here", []),
        (b"\xff\xfe\x00a.\x00e", []),
        ("b\N{LATIN SMALL LETTER U WITH DIAERESIS}cher.example".encode(), ["xn--bcher-kva.example"]),
        (b"", []),
    ],
)
def test_names_are_found_whatever_stands_around_them(line, hosts):
    assert list(names_in(line)) == hosts


@pytest.mark.parametrize(("column", "hosts"), [(1, ["a.example"]), (2, ["b.example"]), (3, [])])
def test_one_column_may_be_asked_for(column, hosts):
    assert list(names_in(b"a.example;b.example", column)) == hosts


def test_lines_that_do_not_end_within_a_block_are_counted_and_the_next_ones_read():
    endless = b"x" * (3 * BLOCK_BYTES)

    text, tally = read(b"a.example\n" + endless + b"\nb.example\n")

    assert text.startswith(b"a.example\n")
    assert b"b.example" in text
    assert len(text) < BLOCK_BYTES + MAX_LINE_BYTES
    assert tally.long_lines == 1


def test_gzip_is_unpacked_and_broken_gzip_says_so_and_keeps_what_came_before():
    packed = gzip.compress(b"".join(b"a%d.example\n" % n for n in range(300_000)), 1)

    whole, tally = read(packed)
    part, broken = read(packed[: len(packed) // 2])

    assert whole.count(b"\n") == 299_999
    assert tally == Tally()
    assert 0 < part.count(b"\n") < 300_000
    assert broken.broken.startswith("broken gzip")


def test_a_bomb_of_zeros_is_one_long_line_and_takes_no_memory():
    bomb = gzip.compress(bytes(64 << 20), 1)
    began = time.process_time()

    text, tally = read(bomb)

    assert (text, tally.long_lines) == (b"", 1)
    assert time.process_time() - began < 10


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=3000))
def test_any_bytes_are_read_without_a_fault(data):
    text, _ = read(data)

    for line in text.split(b"\n"):
        for host in names_in(line):
            assert host.isascii()
            assert "." in host


@settings(max_examples=100, deadline=None)
@given(st.lists(st.binary(max_size=200).filter(lambda line: b"\n" not in line), max_size=30))
def test_every_short_line_comes_through_once_and_in_order(lines):
    data = b"\n".join(lines)
    if data[:2] == b"\x1f\x8b":
        return
    text, tally = read(data)

    assert text.strip(b"\n") == data.strip(b"\n")
    assert tally == Tally()
