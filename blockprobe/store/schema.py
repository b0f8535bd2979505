"""The JSON Schema of what a store holds, as shipped in `docs/store.schema.json`; full records have their own."""

from typing import Any

from pydantic import TypeAdapter

from blockprobe.model.observation import Certificate
from blockprobe.store.lines import CERTIFICATE, EVIDENCE, PART, PartKind
from blockprobe.store.manifest import manifest_schema
from blockprobe.store.slim import slim_schema

Schema = dict[str, Any]

_PLACE = {"type": "integer", "minimum": 0, "description": "its place among the records of its gzip member"}


def store_schema() -> Schema:
    """One schema a kind of line, and that of a manifest, by name."""
    return {
        "slim": _slim(),
        "manifest": manifest_schema(),
        "certificate": _certificate(),
        "part": _part(),
        "evidence": _evidence(),
    }


def _slim() -> Schema:
    schema = slim_schema()
    return {**schema, "properties": {**schema["properties"], "i": _PLACE}}


def _certificate() -> Schema:
    schema = TypeAdapter(Certificate).json_schema()
    properties = {"schema": {"const": CERTIFICATE}, "n": _number("its number in the segment"), **schema["properties"]}
    return {**schema, "properties": properties, "required": ["schema", "n", *schema["required"]]}


def _part() -> Schema:
    kinds = [kind.value for kind in PartKind if kind is not PartKind.CERTIFICATE]
    return {
        "description": "What several records share: exactly one page, line, vantage or versions.",
        "type": "object",
        "properties": {
            "schema": {"const": PART},
            "n": _number("its number in the segment"),
            **{kind: {"type": "object"} for kind in kinds},
        },
        "required": ["schema", "n"],
        "oneOf": [{"required": [kind]} for kind in kinds],
    }


def _evidence() -> Schema:
    integers = {"type": "array", "items": {"type": "integer"}}
    return {
        "description": "A record without what stands in its parts; docs/store.md says how to put it back.",
        "type": "object",
        "properties": {
            "schema": {"const": EVIDENCE},
            "i": _PLACE,
            "with": {**integers, "description": "numbers of its parts"},
            "id": {"type": "string"},
            "measured_at": {"type": "string", "format": "date-time"},
            "names": {"type": "array", "items": {"type": "string"}, "maxItems": 10},
            "times_us": {**integers, "description": "start and duration of each operation, in microseconds"},
        },
        "required": ["schema", "with", "id", "measured_at"],
    }


def _number(description: str) -> Schema:
    return {"type": "integer", "minimum": 0, "description": description}
