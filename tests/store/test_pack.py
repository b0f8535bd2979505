"""A record comes back from a segment byte for byte, whatever was left out of it there."""

import json
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from blockprobe.model.codec import dump_record
from blockprobe.model.errors import StoreError
from blockprobe.model.record import Record
from blockprobe.store.lines import Packed, PartKind
from blockprobe.store.marks import choose_names, put_marks, take_marks
from blockprobe.store.micros import from_steps, put_times, take_times, to_steps, to_us
from blockprobe.store.pack import pack
from blockprobe.store.unpack import Parts, unpack
from tests.model.strategies import any_of

from .build import golden, goldens

GOLDENS = goldens()


def unpacked(packed: Packed) -> Record:
    """The record, from the lines that would be in a segment."""
    parts = Parts()
    for number, part in enumerate(packed.parts):
        parts.take(json.loads(part.line(number)), len(part.content))
    return unpack(packed.line(tuple(range(len(packed.parts)))), parts)


@pytest.mark.parametrize("record", GOLDENS, ids=[one.target.host for one in GOLDENS])
def test_a_golden_record_comes_back_byte_for_byte(record: Record) -> None:
    assert dump_record(unpacked(pack(record))) == dump_record(record)


@hypothesis_settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(any_of(Record))
def test_any_record_comes_back_byte_for_byte(record: Record) -> None:
    assert dump_record(unpacked(pack(record))) == dump_record(record)


@pytest.mark.parametrize("host", ["true", "false", "alse", "null", "8443", "0.25", "1e-5", "2001"])
def test_a_host_that_reads_like_a_json_value_comes_back(host: str) -> None:
    record = golden()
    asked = replace(record.target, host=host, input=host, url=host, port=8443)
    odd = replace(record, target=asked, runtime_s=0.25, verdict=replace(record.verdict, parity_gap=True, partial=True))

    assert unpacked(pack(odd)) == odd


def test_a_line_of_evidence_is_a_quarter_of_the_record_and_says_nothing_twice() -> None:
    record = golden()
    packed = pack(record)

    line = packed.line(tuple(range(len(packed.parts))))

    assert len(line) < len(dump_record(record)) / 4
    assert line.count(record.target.host.encode()) == 1
    assert {part.kind for part in packed.parts} == set(PartKind)


def test_the_same_certificate_line_and_vantage_have_the_same_key_in_every_record() -> None:
    record = golden()
    one, other = pack(record), pack(replace(record, id="another", runtime_s=9.5))

    assert [part.key for part in one.parts] == [part.key for part in other.parts]


def test_two_pages_that_claim_the_same_hash_both_come_back() -> None:
    record = golden()
    pages = [one for one in record.observations if one.kind == "http"]
    forged = replace(pages[0], body="another text", title="another")
    both = replace(record, observations=(*record.observations, forged))

    assert unpacked(pack(both)) == both


@given(
    st.text(alphabet="abc$.019", max_size=40), st.lists(st.text(alphabet="abc.019", min_size=1, max_size=4), max_size=9)
)
def test_marks_are_undone_exactly(text: str, names: list[str]) -> None:
    marks = {name: "0123456789"[place] for place, name in enumerate(dict.fromkeys(names))}

    assert take_marks(put_marks(text, marks), {mark: name for name, mark in marks.items()}) == text


def test_names_are_plain_words_that_come_three_times() -> None:
    text = "a.example a.example a.example b.example b.example $x$x$x$x"

    assert choose_names(["a.example", "b.example", "$x$x", "a.example"], text) == ("a.example",)


@pytest.mark.parametrize("text", ["$", "$_", "$5", "$z"])
def test_a_mark_that_stands_for_nothing_is_a_fault(text: str) -> None:
    with pytest.raises(StoreError, match="stands for nothing"):
        take_marks(text, {"0": "a.example"})


def test_marks_that_would_fill_the_memory_are_refused_before_they_do() -> None:
    with pytest.raises(StoreError, match="more than"):
        take_marks("$0" * 100_000, {"0": "x" * 1_000_000})


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), max_size=6))
def test_times_come_back_exactly_or_stay_as_they_are(times: list[float]) -> None:
    ones = [{"t0_s": time, "t_s": time} for time in times]
    steps, taken = to_steps(times), take_times(ones)

    assert steps is None or list(map(repr, from_steps(steps))) == list(map(repr, times))
    if taken is not None:
        put_times(ones, taken)
    assert [repr(one["t0_s"]) for one in ones] == list(map(repr, times))


def test_minus_zero_is_no_whole_number_of_microseconds() -> None:
    assert to_us(-0.0) is None
    assert to_us(0.1) == 100_000
