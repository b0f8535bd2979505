"""Bypass results as JSON lines, and back; the JSON Schema is generated from the same types."""

from functools import cache
from typing import Any

from pydantic import TypeAdapter, ValidationError

from blockprobe.model.bypass import Bypass
from blockprobe.model.codec import MAX_RECORD_BYTES, without_later
from blockprobe.model.errors import RecordError


@cache
def _adapter() -> TypeAdapter[Bypass]:
    return TypeAdapter(Bypass)


def dump_bypass(bypass: Bypass) -> bytes:
    """One line of JSON without the newline."""
    return without_later(_adapter().dump_json(bypass))


def load_bypass(line: bytes | str) -> Bypass:
    """The result in one line of JSON; raises RecordError naming the first fault and its place."""
    if len(line) > MAX_RECORD_BYTES:
        raise RecordError(f"bypass result of {len(line)} bytes: more than {MAX_RECORD_BYTES} are not read")
    try:
        return _adapter().validate_json(line)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(str(part) for part in first["loc"]) or "bypass"
        raise RecordError(f"{place}: {first['msg']}") from error


def bypass_schema() -> dict[str, Any]:
    """The JSON Schema of a result, as shipped in `docs/bypass.schema.json`; observations are those of a record's."""
    schema = _adapter().json_schema()
    schema["properties"]["observations"]["items"] = {"$ref": "record.schema.json#/properties/observations/items"}
    kept: dict[str, Any] = {}
    waiting = _named_in({key: value for key, value in schema.items() if key != "$defs"})
    while waiting:
        name = waiting.pop()
        if name not in kept:
            kept[name] = schema["$defs"][name]
            waiting |= _named_in(kept[name])
    schema["$defs"] = dict(sorted(kept.items()))
    return schema


def _named_in(part: Any) -> set[str]:
    """The definitions of its own that a part of a schema refers to."""
    if isinstance(part, dict):
        own = {part["$ref"].removeprefix("#/$defs/")} if str(part.get("$ref", "")).startswith("#/$defs/") else set()
        return own.union(*(_named_in(value) for value in part.values()))
    return set[str]().union(*(_named_in(value) for value in part)) if isinstance(part, list) else set()
