"""Keeps the probe's own address out of what is published: block pages like to print, and links to carry, it.

Found in the clear, with dashes (as in host names), in hexadecimal, and in base64, alone or within more text.
"""

import base64
import dataclasses
import re
from collections.abc import Callable, Iterable, Iterator
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Any, TypeVar

from blockprobe.model.record import Record

SCRUBBED = "[scrubbed]"
_V4 = re.compile(r"(?<![\w.-])\d{1,3}(?:\.\d{1,3}){3}(?![\w-]|\.\d)")
_V6 = re.compile(r"(?<![\w:.])(?:[0-9a-fA-F]{0,4}:){2,7}(?:[0-9a-fA-F]{1,4}|(?:\d{1,3}\.){3}\d{1,3})?(?![\w:])")
_T = TypeVar("_T")


class Scrubber:
    """Replaces every form of the addresses `own` in a text; loopback addresses identify nobody and stay."""

    def __init__(self, own: Iterable[str]) -> None:
        """`own` that are no IP addresses are ignored."""
        patterns = [pattern for address in _parsed(own) if not address.is_loopback for pattern in _forms(address)]
        self._pattern = re.compile("|".join(patterns)) if patterns else None

    def __call__(self, text: str) -> str:
        """`text` without the addresses."""
        return text if self._pattern is None else self._pattern.sub(SCRUBBED, text)


def scrub_unknown(text: str, keep: frozenset[str]) -> str:
    """`text` without any IP address but those in `keep` (what was measured): the probe may not know its own one.

    Version numbers of four parts go as well; a page is evidence by its words.
    """
    return _V6.sub(lambda found: _kept(found, keep), _V4.sub(lambda found: _kept(found, keep), text))


def scrub_record(record: Record, own: Iterable[str]) -> Record:
    """The record without the addresses `own` and those that an echo saw us come from, wherever they stand.

    Hashes and lengths still describe what was received.
    """
    return map_strings(record, Scrubber((*own, *seen_addresses(record))))


def seen_addresses(record: Record) -> frozenset[str]:
    """The addresses under which echoes saw the probe."""
    found = (getattr(one, "seen_address", None) for one in record.observations)
    return frozenset(address for address in found if address)


def map_strings(value: _T, change: Callable[[str], str]) -> _T:
    """`value` with every text in it changed; words of a vocabulary are no texts."""
    mapped: Any = value
    if isinstance(value, str):
        mapped = change(value) if type(value) is str else value
    elif isinstance(value, tuple):
        mapped = tuple(map_strings(one, change) for one in value)
    elif isinstance(value, list):
        mapped = [map_strings(one, change) for one in value]
    elif isinstance(value, dict):
        mapped = {key: map_strings(one, change) for key, one in value.items()}
    elif dataclasses.is_dataclass(value) and not isinstance(value, type):
        changed = {one.name: map_strings(getattr(value, one.name), change) for one in dataclasses.fields(value)}
        mapped = dataclasses.replace(value, **changed)
    return mapped  # type: ignore[no-any-return]  # the same shape as it came in


def _kept(found: re.Match[str], keep: frozenset[str]) -> str:
    try:
        address = str(ip_address(found.group()))
    except ValueError:
        return found.group()
    return found.group() if address in keep else SCRUBBED


def _parsed(addresses: Iterable[str]) -> Iterator[IPv4Address | IPv6Address]:
    for text in sorted(set(addresses)):
        try:
            yield ip_address(text.partition("%")[0])
        except ValueError:
            continue


def _forms(address: IPv4Address | IPv6Address) -> Iterator[str]:
    """Regular expressions for the ways in which an address is written down."""
    texts = {str(address)} if address.version == 4 else {address.compressed, address.exploded}
    for text in texts:
        edge = r"[\d.]" if address.version == 4 else r"[0-9a-fA-F:]"
        tail = r"(?!\d|\.\d)" if address.version == 4 else rf"(?!{edge})"
        yield rf"(?<!{edge})(?i:{re.escape(text)}){tail}"
        yield rf"(?i:{text.encode().hex()})"
        yield from (re.escape(form) for form in _base64_forms(text.encode()))
    if address.version == 4:
        yield rf"(?<!\d){re.escape(str(address).replace('.', '-'))}(?!\d)"
    yield rf"(?<![0-9a-fA-F])(?i:{address.packed.hex()})(?![0-9a-fA-F])"
    packed = re.escape(base64.b64encode(address.packed).decode().rstrip("="))
    yield rf"(?<![A-Za-z0-9+/]){packed}(?![A-Za-z0-9+/])"


def _base64_forms(text: bytes) -> set[str]:
    """What `text` looks like inside base64, at each of its three alignments, without the characters it shares."""
    forms = set()
    for shift in range(3):
        encoded = base64.b64encode(b"\0" * shift + text)
        start = -(-shift * 8 // 6)
        whole = (shift + len(text)) * 8 // 6
        inner = encoded[start:whole].decode()
        forms |= {inner, inner.replace("+", "-").replace("/", "_")}
    return forms
