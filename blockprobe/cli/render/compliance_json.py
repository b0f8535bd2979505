"""Compliance as JSON, and the schema of it that is shipped in `docs/compliance.schema.json`."""

from functools import cache
from typing import Any

from pydantic import TypeAdapter

from blockprobe.verdict.compliance import Compliance


@cache
def _adapter() -> TypeAdapter[Compliance]:
    return TypeAdapter(Compliance)


def document(one: Compliance) -> bytes:
    """One line of JSON without the newline; times in UTC, spans in seconds."""
    return _adapter().dump_json(one)


def compliance_schema() -> dict[str, Any]:
    """The JSON Schema of a document."""
    return _adapter().json_schema(mode="serialization")
