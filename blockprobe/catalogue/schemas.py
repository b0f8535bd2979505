"""JSON Schemas of the files that people write, made from the model; shipped in `probes/schemas/` for editors.

TOML's times and days are texts of the formats `date-time` and `date` there, as editors have it. A schema knows form
only; what loading checks beyond it is in docs/orders.md and docs/fingerprints.md.
"""

from collections.abc import Mapping
from dataclasses import is_dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any, get_args, get_origin

from blockprobe.catalogue.fingerprints import REQUIRED_KEYS
from blockprobe.catalogue.tables import MAX_TEXT, element_of, keys_of, without_none
from blockprobe.model.order import Network, Order
from blockprobe.model.plan import Plan, Window
from blockprobe.verdict.fingerprint import Fingerprint

_DRAFT = "https://json-schema.org/draft/2020-12/schema"
_TEXT = {"type": "string", "minLength": 1, "maxLength": MAX_TEXT}
_SAMPLES = {"type": "array", "items": {"type": "string"}, "minItems": 1}
_DAY = {"type": "string", "format": "date"}
_SLUG = "[a-z0-9]+(-[a-z0-9]+)*"
_SIMPLE: Mapping[Any, Mapping[str, Any]] = {
    str: _TEXT,
    bool: {"type": "boolean"},
    int: {"type": "integer"},
    float: {"type": "number"},
    datetime: {"type": "string", "format": "date-time"},
    date: _DAY,
}


def schemas() -> Mapping[str, Mapping[str, Any]]:
    """Every schema by its file's name."""
    return {
        "order.schema.json": _file("order", _entry(Order, national=True, given=("jurisdiction",))),
        "network.schema.json": _file("network", _entry(Network, national=True, given=("country",))),
        "plan.schema.json": _file("plan", _entry(Plan, national=False)),
        "calendar.schema.json": _file("window", _table(Window)),
        "fingerprint.schema.json": _file("fingerprint", _fingerprint()),
    }


def _file(name: str, entry: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "$schema": _DRAFT,
        "title": f"blockprobe: a file of [[{name}]]",
        "type": "object",
        "additionalProperties": False,
        "properties": {name: {"type": "array", "items": entry}},
    }


def _entry(cls: type[Any], *, national: bool, given: tuple[str, ...] = ()) -> dict[str, Any]:
    """A top entry: its id has a form, `given` keys follow from the folder, and it may only retire an earlier one."""
    full = _table(cls)
    full["required"] = [key for key in full["required"] if key not in given]
    full["properties"]["id"] = {"type": "string", "pattern": f"^{'[a-z]{2}/' if national else ''}{_SLUG}$"}
    return _or_retired(full)


def _or_retired(full: dict[str, Any]) -> dict[str, Any]:
    full["properties"]["retired"] = {"const": False}
    gone = {"type": "object", "properties": {"id": _TEXT, "retired": {"const": True}}, "required": ["id", "retired"]}
    return {"anyOf": [full, gone]}


def _table(cls: type[Any]) -> dict[str, Any]:
    keys = keys_of(cls)
    return {
        "type": "object",
        "description": (cls.__doc__ or "").partition("\n")[0],
        "additionalProperties": False,
        "properties": {key: _value(one.hint) for key, one in keys.items()},
        "required": [key for key, one in keys.items() if one.required],
    }


def _value(hint: Any) -> dict[str, Any]:
    hint = without_none(hint)
    if element := element_of(hint):
        return {"type": "array", "items": _table(element)}
    if get_origin(hint) is tuple:
        return {"type": "array", "items": _value(get_args(hint)[0])}
    if isinstance(hint, type) and is_dataclass(hint):
        return _table(hint)
    if isinstance(hint, type) and issubclass(hint, StrEnum):
        return {"enum": [str(word) for word in hint]}
    return dict(_SIMPLE[hint])


def _fingerprint() -> dict[str, Any]:
    """A fingerprint: its reader has its own rules, so what differs from the model is written here."""
    table = _table(Fingerprint)
    lines = {"anyOf": [_TEXT, {"type": "array", "items": _TEXT, "minItems": 1}]}
    table["properties"] |= {
        "all_of": {"type": "array", "items": lines, "minItems": 1},
        "max_bytes": {"type": "integer", "minimum": 1, "maximum": 65536},
        "status": {"type": "integer", "minimum": 100, "maximum": 599},
        "first_seen": _DAY,
        "last_verified": _DAY,
        "matches": _SAMPLES,
        "not_matches": _SAMPLES,
    }
    table["required"] = ["id", *REQUIRED_KEYS]
    return _or_retired(table)
