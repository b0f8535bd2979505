"""Traces as JSON, and back; the JSON Schema is generated from the same types."""

from functools import cache
from typing import Any

from pydantic import TypeAdapter, ValidationError

from blockprobe.model.codec import MAX_RECORD_BYTES
from blockprobe.model.errors import RecordError
from blockprobe.model.trace import TraceDocument


@cache
def _adapter() -> TypeAdapter[TraceDocument]:
    return TypeAdapter(TraceDocument)


def dump_trace(trace: TraceDocument) -> bytes:
    """One line of JSON without the newline."""
    return _adapter().dump_json(trace)


def load_trace(line: bytes | str) -> TraceDocument:
    """The trace in one line of JSON; raises RecordError naming the first fault and its place."""
    if len(line) > MAX_RECORD_BYTES:
        raise RecordError(f"trace of {len(line)} bytes: more than {MAX_RECORD_BYTES} are not read")
    try:
        return _adapter().validate_json(line)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(str(part) for part in first["loc"]) or "trace"
        raise RecordError(f"{place}: {first['msg']}") from error


def trace_schema() -> dict[str, Any]:
    """The JSON Schema of a trace, as shipped in `docs/trace.schema.json`."""
    return _adapter().json_schema()
