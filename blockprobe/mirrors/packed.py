"""Features as bytes, for the pipe from the reading child and for references that are kept. Pure.

Seven counts, the marks as 32-bit numbers, five counts of the facts, and a bit for each sign; all little-endian. The
bytes may come from a process that a hostile page has taken over: whatever they are, they become Features or ValueError.
"""

import struct
import sys
from array import array
from collections.abc import Collection, Sequence
from itertools import chain

from blockprobe.mirrors.features import KINDS, Facts, Features
from blockprobe.mirrors.signs import SIGNS

_HEAD = struct.Struct(f"<{len(KINDS)}I6I")
_SIGNS = tuple(SIGNS)
MAX_PACKED_BYTES = 1 << 20
"""A page of 64 KiB has far fewer marks than this holds."""


def pack_features(features: Features) -> bytes:
    """The bytes of one page's features."""
    return pack_marks(features.marks, features.facts)


def pack_marks(kinds: Sequence[Collection[int]], facts: Facts) -> bytes:
    """The bytes of marks, one collection for each of KINDS, and facts; marks that are there twice are unpacked once."""
    signs = sum(1 << place for place, name in enumerate(_SIGNS) if name in facts.signs) if facts.signs else 0
    counts = (facts.words, facts.links, facts.passwords, facts.downloads, facts.scripts, signs)
    marks = list(chain.from_iterable(kinds))
    return struct.pack(f"{_HEAD.format}{len(marks)}I", *map(len, kinds), *counts, *marks)


def unpack_features(data: bytes) -> Features:
    """The features in the bytes. Raises ValueError when they are cut, too long or not what `pack_features` writes."""
    if not _HEAD.size <= len(data) <= MAX_PACKED_BYTES:
        raise ValueError(f"features of {len(data)} bytes: cut or too long")
    *counts, words, links, passwords, downloads, scripts, signs = _HEAD.unpack_from(data)
    if len(data) != _HEAD.size + 4 * sum(counts):
        raise ValueError("features whose counts do not fit their length")
    marks = array("I", data[_HEAD.size :])
    if sys.byteorder == "big":
        marks.byteswap()
    kinds, place = [], 0
    for count in counts:
        kinds.append(frozenset(marks[place : place + count]))
        place += count
    found = frozenset(name for bit, name in enumerate(_SIGNS) if signs >> bit & 1)
    facts = Facts(words=words, links=links, passwords=passwords, downloads=downloads, scripts=scripts, signs=found)
    return Features(marks=tuple(kinds), facts=facts)
