"""Traces survive being written and read; the shipped schema is the model's; every word is explained."""

import json
import os
from enum import StrEnum
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings

from blockprobe.model.codec import MAX_RECORD_BYTES
from blockprobe.model.errors import RecordError
from blockprobe.model.trace import Carrier, Effect, Heard, Position, Subject, TraceDocument
from blockprobe.model.trace_codec import dump_trace, load_trace, trace_schema

from .strategies import any_of

DOCS = Path(__file__).parents[2] / "docs"


@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
@given(any_of(TraceDocument))
def test_a_trace_read_back_is_the_same_trace_and_the_same_bytes(trace: TraceDocument) -> None:
    line = dump_trace(trace)

    assert load_trace(line) == trace
    assert dump_trace(load_trace(line)) == line
    assert b"\n" not in line


@pytest.mark.parametrize("line", [b"", b"{", b"[]", b"nonsense", b"\xff\xfe", "{}", b" " * (MAX_RECORD_BYTES + 1)])
def test_what_is_no_trace_is_a_fault_and_nothing_else(line: bytes | str) -> None:
    with pytest.raises(RecordError):
        load_trace(line)


def test_the_shipped_schema_is_current() -> None:
    """Regenerate with: BLOCKPROBE_WRITE_SCHEMA=1 pytest tests/model/test_trace_codec.py."""
    path = DOCS / "trace.schema.json"
    current = json.dumps(trace_schema(), indent=1, sort_keys=True) + "\n"
    if os.environ.get("BLOCKPROBE_WRITE_SCHEMA"):
        path.write_text(current)

    assert path.read_text() == current


@pytest.mark.parametrize("vocabulary", [Carrier, Subject, Heard, Effect, Position])
def test_every_word_is_explained(vocabulary: type[StrEnum]) -> None:
    page = (DOCS / "trace.md").read_text()

    assert [word.value for word in vocabulary if f"`{word.value}`" not in page] == []
