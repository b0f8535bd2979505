"""What the lists of an OONI measurement share: places, tags, times, endpoints, bytes."""

import base64
import binascii
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from blockprobe.export.json_reading import items_at, number_at
from blockprobe.model.errors import RecordError
from blockprobe.model.failure import CERTIFICATE_FAILURES, Failure
from blockprobe.model.observation import Place, Test, Why
from blockprobe.model.record import Target


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """What every list is read with: the target, all of `test_keys`, and the line's resolver ("" if unknown)."""

    target: Target
    keys: Mapping[str, Any]
    resolver: str


def entries(keys: Mapping[str, Any], name: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Each object of a list in `test_keys`, with its place for messages."""
    for index, one in enumerate(items_at(keys.get(name), f"test_keys.{name}")):
        yield f"test_keys.{name}.{index}", one


def why(one: Mapping[str, Any], place: Place) -> Why:
    """Every operation is a look; the tag `depth=N` is the redirect hop, and absent before 0.5."""
    tags = one.get("tags")
    depths = [tag for tag in tags if isinstance(tag, str)] if isinstance(tags, list) else []
    hop = next((tag.removeprefix("depth=") for tag in depths if tag.startswith("depth=")), "0")
    return Why(test=Test.LOOK, place=place, hop=int(hop) if hop.isascii() and hop.isdigit() and len(hop) < 4 else 0)


def times(one: Mapping[str, Any], place: str) -> tuple[float, float]:
    """Start and end in seconds; before 0.5 only the end is known, and zeros are left out of the document."""
    t = number_at(one, "t", place) or 0.0
    t0 = number_at(one, "t0", place)
    return (t if t0 is None and "t0" not in one else t0 or 0.0), t


def endpoint_of(text: str, port: int) -> tuple[str, int]:
    """Address and port of "203.0.113.5:443" or "[2001:db8::5]:443"; without a port, `port`."""
    address, _, number = text.rpartition(":")
    if not (number.isascii() and number.isdigit() and len(number) <= 5):
        return text, port
    return address.removeprefix("[").removesuffix("]"), int(number)


def host_of(url: str) -> str:
    """The host of a URL, "" where it has none."""
    try:
        return (urlsplit(url).hostname or "").rstrip(".")
    except ValueError:
        return ""


def certified(failure: Failure | None, *, verified: bool) -> bool | None:
    """Whether the chain proves the name, from the handshake's failure; `verified`: the probe looked."""
    if failure is None:
        return True if verified else None
    return False if failure in CERTIFICATE_FAILURES else None


def decoded(text: str, place: str) -> bytes:
    """The bytes of a base64 text; raises RecordError."""
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise RecordError(f"{place}: no valid base64") from None
