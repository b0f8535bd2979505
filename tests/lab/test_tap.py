"""The on-path censor's own reading: what a lossy line sends twice or late hides no name from it."""

import pytest

from .tap import Streams, join_records, sni_pattern

NAME = sni_pattern("s8.example")
RECORD = b"\x16\x03\x01" + (len(NAME) + 40).to_bytes(2, "big") + b"a" * 20 + NAME + b"b" * 20
CUT = 5 + 20 + len(NAME) - 4
FIRST, SECOND = (1000, RECORD[:CUT]), (1000 + CUT, RECORD[CUT:])


@pytest.mark.parametrize(
    "heard",
    [(FIRST, SECOND), (FIRST, FIRST, SECOND), (SECOND, FIRST), (FIRST, (1000, RECORD))],
    ids=["in order", "the first twice", "the first late", "again as one"],
)
def test_a_name_in_two_segments_is_found_however_they_come(heard: tuple[tuple[int, bytes], ...]) -> None:
    streams = Streams()
    for sequence, payload in heard:
        whole = streams.add(b"flow", sequence, payload)
    assert whole == RECORD
    assert NAME in join_records(whole)


def test_connections_are_read_apart_and_the_oldest_forgotten() -> None:
    streams = Streams()
    streams.add(b"one", *FIRST)
    assert streams.add(b"two", *SECOND) == SECOND[1]
    assert streams.add(b"one", *SECOND) == RECORD
    for number in range(512):
        streams.add(number.to_bytes(2, "big"), *FIRST)
    assert streams.add(b"one", *SECOND) == SECOND[1]


def test_a_long_connection_is_read_from_its_last_segments_only() -> None:
    streams = Streams()
    for number in range(40):
        whole = streams.add(b"flow", 10 * number, b"0123456789")
    assert whole == b"0123456789" * 16
