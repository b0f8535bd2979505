"""Bypass results survive being written and read; the shipped schema is the model's."""

import json
import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings

from blockprobe.model.bypass import Bypass, Outcome, ParityKind, Shown, TechniqueId
from blockprobe.model.bypass_codec import bypass_schema, dump_bypass, load_bypass
from blockprobe.model.codec import MAX_RECORD_BYTES
from blockprobe.model.errors import RecordError

from .strategies import any_of

DOCS = Path(__file__).parents[2] / "docs"


@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
@given(any_of(Bypass))
def test_a_result_read_back_is_the_same_result_and_the_same_bytes(bypass: Bypass) -> None:
    line = dump_bypass(bypass)

    assert load_bypass(line) == bypass
    assert dump_bypass(load_bypass(line)) == line
    assert b"\n" not in line


@pytest.mark.parametrize("line", [b"", b"{", b"[]", b"nonsense", b"\xff\xfe", "{}", b" " * (MAX_RECORD_BYTES + 1)])
def test_what_is_no_result_is_a_fault_and_nothing_else(line: bytes | str) -> None:
    with pytest.raises(RecordError):
        load_bypass(line)


def test_the_shipped_schema_is_current() -> None:
    """Regenerate with: BLOCKPROBE_WRITE_SCHEMA=1 pytest tests/model/test_bypass_codec.py."""
    path = DOCS / "bypass.schema.json"
    current = json.dumps(bypass_schema(), indent=1, sort_keys=True) + "\n"
    if os.environ.get("BLOCKPROBE_WRITE_SCHEMA"):
        path.write_text(current)

    assert path.read_text() == current


@pytest.mark.parametrize("vocabulary", [Outcome, TechniqueId, Shown, ParityKind])
def test_every_word_is_explained(vocabulary: type[Outcome]) -> None:
    page = (DOCS / "bypass.md").read_text()

    assert [word.value for word in vocabulary if f"`{word.value}`" not in page] == []
