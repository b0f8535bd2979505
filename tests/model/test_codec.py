"""Records survive being written and read, byte for byte."""

import json
import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings

from blockprobe.model.codec import MAX_RECORD_BYTES, dump_record, load_record, record_schema
from blockprobe.model.errors import RecordError
from blockprobe.model.record import Record

from .strategies import any_of

DOCS = Path(__file__).parents[2] / "docs"


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(any_of(Record))
def test_a_record_read_back_is_the_same_record_and_the_same_bytes(record: Record) -> None:
    line = dump_record(record)

    assert load_record(line) == record
    assert dump_record(load_record(line)) == line
    assert b"\n" not in line


def test_a_fault_is_named_with_its_place() -> None:
    with pytest.raises(RecordError, match=r"^target\.url: Field required$"):
        load_record(_changed("target", {"input": "a.example", "host": "a.example"}))


def test_a_word_outside_the_vocabulary_is_a_fault() -> None:
    with pytest.raises(RecordError, match=r"^verdict\.state: "):
        load_record(_changed("verdict", {**_example()["verdict"], "state": "censored"}))


def test_a_record_of_another_schema_is_a_fault() -> None:
    with pytest.raises(RecordError, match=r"^schema: "):
        load_record(_changed("schema", "blockprobe.record/99"))


@pytest.mark.parametrize("line", [b"", b"{", b"[]", b"nonsense", b"\xff\xfe", "{}"])
def test_what_is_no_record_is_a_fault_and_nothing_else(line: bytes | str) -> None:
    with pytest.raises(RecordError):
        load_record(line)


def test_a_record_beyond_the_limit_is_refused_unread() -> None:
    with pytest.raises(RecordError, match=f"more than {MAX_RECORD_BYTES}"):
        load_record(b" " * (MAX_RECORD_BYTES + 1))


def test_the_shipped_schema_is_current() -> None:
    """Regenerate with: BLOCKPROBE_WRITE_SCHEMA=1 pytest tests/model/test_codec.py."""
    path = DOCS / "record.schema.json"
    current = json.dumps(record_schema(), indent=1, sort_keys=True) + "\n"
    if os.environ.get("BLOCKPROBE_WRITE_SCHEMA"):
        path.write_text(current)

    assert path.read_text() == current


def test_every_key_of_a_record_is_documented() -> None:
    """docs/record.md names each key of each object in the schema."""
    page = (DOCS / "record.md").read_text()
    schema = record_schema()
    objects = [schema, *schema["$defs"].values()]
    keys = {key for one in objects for key in one.get("properties", {})}

    assert not [key for key in sorted(keys) if f"`{key}`" not in page]


def test_every_word_of_a_record_is_documented() -> None:
    """docs/record.md explains each value of each closed vocabulary, failures and mechanisms excepted."""
    page = (DOCS / "record.md").read_text()
    defs = record_schema()["$defs"]
    words = {word for name, one in defs.items() if name not in ("Failure", "Mechanism") for word in one.get("enum", [])}

    assert not [word for word in sorted(words) if f"`{word}`" not in page]


def _example() -> dict[str, object]:
    path = Path(__file__).parents[1] / "export" / "example_record.json"
    document: dict[str, object] = json.loads(path.read_text())
    return document


def _changed(key: str, value: object) -> str:
    return json.dumps({**_example(), key: value})
