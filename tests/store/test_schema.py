"""The shipped schema and docs/store.md say what is written."""

import json
import os
from dataclasses import replace
from pathlib import Path

import pytest

from blockprobe.model.codec import dump_record, load_record
from blockprobe.model.record import Record
from blockprobe.store.lines import EVIDENCE
from blockprobe.store.members import compress, read_members
from blockprobe.store.reader import read_lines
from blockprobe.store.schema import store_schema
from blockprobe.store.slim import dump_slim, load_slim, slim_of
from blockprobe.store.unpack import Parts
from blockprobe.verdict.rules import RULES_VERSION

from .build import golden, goldens, opened, record, segments

DOCS = Path(__file__).parents[2] / "docs"
KEPT = Path(__file__).parent / "format-1.jsonl"


def test_the_shipped_schema_is_current() -> None:
    """Regenerate with: BLOCKPROBE_WRITE_SCHEMA=1 pytest tests/store/test_schema.py."""
    path = DOCS / "store.schema.json"
    current = json.dumps(store_schema(), indent=1, sort_keys=True) + "\n"
    if os.environ.get("BLOCKPROBE_WRITE_SCHEMA"):
        path.write_text(current)

    assert path.read_text() == current


@pytest.mark.parametrize("kind", ["slim", "manifest", "part", "evidence"])
def test_every_key_is_documented(kind: str) -> None:
    page = (DOCS / "store.md").read_text()

    keys = store_schema()[kind]["properties"]
    assert [key for key in keys if f"`{key}`" not in page] == []


def test_lines_have_the_keys_of_their_schema(tmp_path: Path) -> None:
    with opened(tmp_path) as archive:
        archive.append(golden("demo-forged.example"), full=True, last_full=None)
        archive.append(record(1), full=False, last_full="x")
    with segments(tmp_path)[0].open("rb") as stream:
        lines = [json.loads(line) for _, content in read_members(stream) for line in content.splitlines()]

    schemas = store_schema()
    for line in lines:
        kind = line["schema"].removeprefix("blockprobe.").removesuffix("/1")
        assert set(schemas[kind]["required"]) <= set(line)
        assert kind == "evidence" or set(line) <= set(schemas[kind]["properties"])
    assert {line["schema"].split(".")[1] for line in lines} == {"certificate/1", "part/1", "evidence/1", "slim/1"}


def test_a_segment_of_this_format_is_read_for_ever() -> None:
    """The file was written when the format was made. If this fails, what is left out of a line has changed: give the
    line's schema the next number and read both."""
    text = KEPT.read_bytes()

    found = list(read_lines(text, Parts(), "kept"))

    assert text.count(EVIDENCE.encode()) == len(found) == 3
    records = [one for one in found if isinstance(one, Record)]
    names = ("demo-news.example", "demo-forged.example", "demo-injected.example")
    # the goldens bear the number of the rules that judged them last
    dated = [replace(one, versions=replace(one.versions, rules=RULES_VERSION)) for one in records]
    assert [dump_record(one) for one in dated] == [dump_record(golden(name)) for name in names]


def test_slim_records_come_back() -> None:
    for one in goldens():
        slim = slim_of(one, "R1")
        assert load_slim(dump_slim(slim)) == slim
        assert slim.verdict.state is one.verdict.state


def test_a_member_of_a_segment_is_gzip_for_everybody() -> None:
    import gzip

    assert gzip.decompress(compress(b"x\n") + compress(b"y\n")) == b"x\ny\n"
    assert load_record(dump_record(golden())) == golden()
