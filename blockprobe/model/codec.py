"""Records as JSON lines, and back; the JSON Schema is generated from the same types.

Floats are rounded to microseconds when a measurement is finished (`run.py`), so that reading and writing a record
gives the same bytes.
"""

import re
from functools import cache
from typing import Any

from pydantic import TypeAdapter, ValidationError

from blockprobe.model.errors import RecordError
from blockprobe.model.record import Record

#: Keys that came after the first records: left out where they have their default, so that those records read and write
#: as the same bytes. No text can hold them, for a quote in a text is escaped.
LATER = (b',"quic":false', b',"quic":[]', b',"mirror_of":null', b',"served_by":null',
         b',"listed_silent":0', b',"listed_open":0')  # fmt: skip

_LATER = re.compile(b"|".join(map(re.escape, LATER)))

#: A record larger than this is refused unread (bytes).
MAX_RECORD_BYTES = 8 * 1024 * 1024


@cache
def _adapter() -> TypeAdapter[Record]:
    return TypeAdapter(Record)


def dump_record(record: Record) -> bytes:
    """One line of JSON without the newline."""
    return without_later(_adapter().dump_json(record))


def without_later(line: bytes) -> bytes:
    """A line of JSON without the `LATER` keys that have their default."""
    return _LATER.sub(b"", line)


def load_record(line: bytes | str) -> Record:
    """The record in one line of JSON; raises RecordError naming the first fault and its place."""
    if len(line) > MAX_RECORD_BYTES:
        raise RecordError(f"record of {len(line)} bytes: more than {MAX_RECORD_BYTES} are not read")
    try:
        return _adapter().validate_json(line)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(str(part) for part in first["loc"]) or "record"
        raise RecordError(f"{place}: {first['msg']}") from error


def record_document(record: Record) -> dict[str, Any]:
    """The record as JSON values, without those that are the defaults of the model; observations keep their `kind`."""
    document: dict[str, Any] = _adapter().dump_python(record, mode="json", exclude_defaults=True)
    for one, written in zip(record.observations, document["observations"], strict=True):
        written["kind"] = one.kind
    return document


def record_schema() -> dict[str, Any]:
    """The JSON Schema of a record, as shipped in `docs/record.schema.json`."""
    return _adapter().json_schema()
