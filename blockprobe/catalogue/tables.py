"""A table of TOML as a frozen value of the model: keys, types and words are checked, and every fault is kept.

The keys of a file are the fields of the model's dataclass; where a field holds several tables the key is its singular,
as TOML writes it: `[[order.target]]` fills `targets`.
"""

import math
import types
from collections.abc import Mapping
from dataclasses import MISSING, Field, dataclass, fields, is_dataclass
from datetime import UTC, date, datetime
from enum import StrEnum
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

from blockprobe.catalogue.faults import nearest
from blockprobe.model.target import shown

T = TypeVar("T")

#: A text longer than this is refused (characters).
MAX_TEXT = 2000
_NAMED_BY = ("id", "network", "value", "name", "path")
_EXAMPLES = {
    str: 'a text in quotes, as in "…"',
    bool: "true or false, without quotes",
    int: "a whole number, without quotes",
    float: "a number, without quotes",
    datetime: "an absolute time, as in 2026-11-21T12:00:00Z, without quotes",
    date: "a day, as in 2026-11-21, without quotes",
}


_known_keys: dict[type[Any], Mapping[str, "Key"]] = {}


class _Unfit(Exception):
    """A value that its key does not take; the text says what is wrong and what to write."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """A key of a table: the field that it fills, what it holds, and whether it must be there."""

    field: str
    hint: Any
    required: bool


def keys_of(cls: type[Any]) -> Mapping[str, Key]:
    """The keys of a table that becomes a `cls`, in the order of its fields."""
    if cls not in _known_keys:
        hints = get_type_hints(cls)
        _known_keys[cls] = {_key_of(one.name, hints[one.name]): _described(one, hints) for one in fields(cls)}
    return _known_keys[cls]


def _key_of(field: str, hint: Any) -> str:
    return field if element_of(hint) is None else field.removesuffix("s")


def _described(one: Field[Any], hints: Mapping[str, Any]) -> Key:
    required = one.default is MISSING and one.default_factory is MISSING
    return Key(field=one.name, hint=hints[one.name], required=required)


def element_of(hint: Any) -> type[Any] | None:
    """The dataclass whose values a tuple holds, or None where `hint` is something else."""
    inner = get_args(hint)[0] if get_origin(hint) is tuple else None
    return inner if isinstance(inner, type) and is_dataclass(inner) else None


def without_none(hint: Any) -> Any:
    """`X` of `X | None`, or `hint` itself."""
    if get_origin(hint) in (Union, types.UnionType):
        return next(one for one in get_args(hint) if one is not types.NoneType)
    return hint


def read_table(cls: type[T], table: Mapping[str, Any], place: str, faults: list[str]) -> T | None:
    """The value of a table, or None when something is wrong with it; `place` begins each line added to `faults`."""
    known, before = keys_of(cls), len(faults)
    values = {}
    for key, value in table.items():
        if key in known:
            values[known[key].field] = _read(value, known[key].hint, f"{place}: {key}", faults)
        else:
            remedy = nearest(key, list(known), f"the keys here are {', '.join(known)}")
            faults.append(f"{place}: {shown(key, quotes=False)}: unknown key; {remedy}")
    for key, one in known.items():
        if one.required and key not in table:
            kind = "table" if element_of(one.hint) else "key"
            faults.append(f"{place}: {key}: missing; add this {kind}")
    return cls(**values) if len(faults) == before else None


def named(table: object) -> str:
    """How a fault names one of several tables beside its number: its id, value or name in brackets."""
    if isinstance(table, dict):
        for key in _NAMED_BY:
            if isinstance(table.get(key), str):
                return f" ({shown(table[key], quotes=False)})"
    return ""


def _read(value: Any, hint: Any, place: str, faults: list[str]) -> Any:
    """The value of one key; None when it is faulty, which `faults` then say."""
    hint = without_none(hint)
    try:
        if element := element_of(hint):
            return _tables(element, value, place, faults)
        if isinstance(hint, type) and is_dataclass(hint):
            return _table(hint, value, place, faults)
        if get_origin(hint) is tuple:
            return _list(value, get_args(hint)[0])
        return _scalar(value, hint)
    except _Unfit as error:
        faults.append(f"{place}: {error}")
        return None


def _table(cls: type[Any], value: Any, place: str, faults: list[str]) -> Any:
    if not isinstance(value, dict):
        raise _Unfit(f"must be a table; write {{ {next(iter(keys_of(cls)))} = … }}")
    return read_table(cls, value, place, faults)


def _tables(cls: type[Any], value: Any, place: str, faults: list[str]) -> tuple[Any, ...]:
    if not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
        raise _Unfit("must be tables; begin each with its name in double brackets, as in [[order.target]]")
    return tuple(
        read_table(cls, one, f"{place} {number}{named(one)}", faults) for number, one in enumerate(value, start=1)
    )


def _list(value: Any, hint: Any) -> tuple[Any, ...]:
    if not isinstance(value, list):
        raise _Unfit(f'must be a list of values, not {_kind(value)}; write it as in ["…", "…"]')
    return tuple(_scalar(one, hint) for one in value)


def _scalar(value: Any, hint: Any) -> Any:
    if isinstance(hint, type) and issubclass(hint, StrEnum):
        return _word(value, hint)
    if hint is float and type(value) in (int, float) and math.isfinite(value):
        return float(value)
    if hint is datetime and type(value) is datetime:
        return _absolute(value)
    if hint is str and isinstance(value, str):
        return _text(value)
    if type(value) is not hint or hint is float:
        raise _Unfit(f"must be {_EXAMPLES[hint]}, not {_kind(value)}")
    return value


def _text(value: str) -> str:
    if not value.strip():
        raise _Unfit("is empty; write something or take the key out")
    if len(value) > MAX_TEXT:
        raise _Unfit(f"has {len(value)} characters; give at most {MAX_TEXT}")
    if not all(c.isprintable() or c in "\n\t" for c in value):
        raise _Unfit("contains control characters; remove them")
    return value


def _word(value: Any, words: type[StrEnum]) -> StrEnum:
    known = [str(word) for word in words]
    if not isinstance(value, str):
        raise _Unfit(f"must be one of {', '.join(known)}, not {_kind(value)}")
    if value not in known:
        raise _Unfit(f"{shown(value)} is unknown; {nearest(value, known, 'use one of ' + ', '.join(known))}")
    return words(value)


def _absolute(value: datetime) -> datetime:
    if value.tzinfo is None:
        raise _Unfit(
            f"{value.isoformat()} has no offset from UTC, so it is no absolute time; write Z behind it, or +01:00"
        )
    try:
        return value.astimezone(UTC)
    except OverflowError:
        raise _Unfit(f"{value.isoformat()} lies beyond what can be computed; correct the year") from None


def _kind(value: Any) -> str:
    words = {
        str: "a text",
        bool: "true or false",
        int: "a whole number",
        float: "a number",
        list: "a list",
        dict: "a table",
        datetime: "a time",
        date: "a day",
    }
    return words.get(type(value), "a time of day")
