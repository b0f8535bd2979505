"""How histories and schedules are written down, so that a day without news costs almost nothing to save.

A look that says the same as the one before moves only times, and all to the same one. So a history is kept as JSON in
which `@` stands there for the time of the last look, and that time apart. Many share a compressed row, for SQLite
writes every page twice, first into its journal, and an SD card wears.
"""

import json
import zlib
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import cache
from hashlib import blake2b
from typing import Any

from pydantic import TypeAdapter, ValidationError

from blockprobe.model.errors import StoreError
from blockprobe.model.history import History, Transition

#: Histories that share a row, and last looks that do.
HISTORIES, LOOKS = 64, 256

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_NOW = "@"
_MOVING = ("last_conclusive_at", "last_open_at", "last_blocked_at")
#: A row that unpacks to more is none of ours.
_MAX_ROW_BYTES = 64 * 1024 * 1024


@cache
def _histories() -> TypeAdapter[History]:
    return TypeAdapter(History)


@cache
def _transitions() -> TypeAdapter[Transition]:
    return TypeAdapter(Transition)


def history_row(history: History) -> str:
    """The history without its target and without the time of the last look."""
    document = _histories().dump_python(history, mode="json", exclude_defaults=True)
    del document["target"]
    last_at = document.pop("last_at", None)
    for place, key in _moving(document):
        if last_at is not None and place[key] == last_at:
            place[key] = _NOW
    return json.dumps(document, ensure_ascii=False, separators=(",", ":"))


def row_digest(row: str) -> int:
    """64 bits of a row: that a change goes unseen is less likely than that the card forgets it."""
    return int.from_bytes(blake2b(row.encode(), digest_size=8).digest())


def history_from(target: str, row: str, last_at: datetime | None) -> History:
    """Undo `history_row`; raises StoreError."""
    try:
        document = json.loads(row)
        for place, key in _moving(document):
            if place[key] == _NOW:
                place[key] = last_at
        return _histories().validate_python({**document, "target": target, "last_at": last_at})
    except (ValidationError, ValueError, TypeError, KeyError, IndexError) as error:
        raise StoreError(f"history of {target}: {str(error).splitlines()[0]}") from None


def _moving(document: dict[str, Any]) -> list[tuple[dict[str, Any], str]]:
    """Where times stand that move with every look."""
    found = [(document, key) for key in _MOVING if key in document]
    return found + [(spell, "last_at") for spell in document.get("spells", ())[-1:]]


def transition_row(transition: Transition) -> str:
    """JSON."""
    return _transitions().dump_json(transition).decode()


def transition_from(row: str) -> Transition:
    """Undo `transition_row`; raises StoreError."""
    try:
        return _transitions().validate_json(row)
    except ValidationError as error:
        raise StoreError(f"transition: {str(error).splitlines()[0]}") from None


def to_micros(at: datetime) -> int:
    """Microseconds since 1970."""
    return (at - _EPOCH) // _MICROSECOND


def from_micros(micros: int) -> datetime:
    """Undo `to_micros`."""
    return _EPOCH + timedelta(microseconds=micros)


def pack_rows(rows: Mapping[int, tuple[str, str]]) -> bytes:
    """Targets and their rows, by number."""
    return _pack(rows)


def unpack_rows(row: bytes) -> dict[int, tuple[str, str]]:
    """Undo `pack_rows`; raises StoreError."""
    try:
        return {int(number): (str(target), str(text)) for number, (target, text) in _unpack(row).items()}
    except (ValueError, TypeError, AttributeError) as error:
        raise StoreError(f"a row that cannot be read: {error}") from None


def pack_numbers(numbers: Mapping[int, int], *, first: int = 0) -> bytes:
    """A mapping from places, `first` and above, to numbers that are near one another."""
    base = min(numbers.values(), default=0)
    row = [numbers.get(place) for place in range(first, max(numbers, default=first - 1) + 1)]
    return _pack([base, first, [None if one is None else one - base for one in row]])


def unpack_numbers(row: bytes) -> dict[int, int]:
    """Undo `pack_numbers`; raises StoreError."""
    try:
        base, first, numbers = _unpack(row)
        return {place: int(one) + int(base) for place, one in enumerate(numbers, int(first)) if one is not None}
    except (ValueError, TypeError) as error:
        raise StoreError(f"a row that cannot be read: {error}") from None


def pack_named(numbers: Mapping[str, int]) -> bytes:
    """A mapping from names to numbers."""
    return _pack(numbers)


def unpack_named(row: bytes) -> dict[str, int]:
    """Undo `pack_named`; raises StoreError."""
    try:
        return {str(name): int(one) for name, one in _unpack(row).items()}
    except (ValueError, TypeError, AttributeError) as error:
        raise StoreError(f"a row that cannot be read: {error}") from None


def _pack(value: Any) -> bytes:
    return zlib.compress(json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode(), 9)


def _unpack(row: bytes) -> Any:
    try:
        return json.loads(zlib.decompressobj().decompress(row, _MAX_ROW_BYTES))
    except (zlib.error, RecursionError) as error:
        raise StoreError(f"a row that cannot be read: {error}") from None
