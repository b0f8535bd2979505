"""Values out of somebody else's JSON: the right type, or RecordError naming the place; never half a text."""

import math
from collections.abc import Mapping
from typing import Any

from blockprobe.model.errors import RecordError


def table_at(value: object, place: str) -> Mapping[str, Any]:
    """A JSON object; null is an empty one."""
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise RecordError(f"{place}: expected an object")
    return value


def items_at(value: object, place: str) -> list[Mapping[str, Any]]:
    """A JSON array of objects; null is an empty one."""
    if value is None:
        return []
    if not isinstance(value, list):
        raise RecordError(f"{place}: expected an array")
    return [table_at(one, f"{place}.{index}") for index, one in enumerate(value)]


def text_at(table: Mapping[str, Any], key: str, place: str) -> str | None:
    """A text that can be written again (no lone surrogates), or None where there is none."""
    value = table.get(key)
    if value is None:
        return None
    if not isinstance(value, str):
        raise RecordError(f"{place}.{key}: expected a text")
    return value.encode("utf-8", "replace").decode()


def number_at(table: Mapping[str, Any], key: str, place: str) -> float | None:
    """A finite number, or None where there is none."""
    value = table.get(key)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise RecordError(f"{place}.{key}: expected a number")
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise RecordError(f"{place}.{key}: {value} is no usable number")
    return number


def whole_at(table: Mapping[str, Any], key: str, place: str) -> int | None:
    """A whole number that fits 63 bits, or None where there is none."""
    number = number_at(table, key, place)
    if number is None:
        return None
    if number != int(number) or abs(number) >= 2**63:
        raise RecordError(f"{place}.{key}: expected a whole number")
    return int(number)
