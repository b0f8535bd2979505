"""Which names of a flood belong to a brand: blocks are searched for every word, then the few lines found are read.

A block of a million bytes is searched for each word as one text, without its hyphens, which takes a fraction of what a
regular expression a line takes. Only lines with a hit are read as names.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import BinaryIO

from blockprobe.mirrors.brand import Brand
from blockprobe.mirrors.generate import Tables
from blockprobe.mirrors.name_lines import MAX_LINE_BYTES, Tally, line_blocks, names_in
from blockprobe.mirrors.suffixes import registrable


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """A name that has a brand's word in it. `name` is the registered domain, or the whole host where only a label
    further left has the word."""

    name: str
    brand: Brand


class NameFilter:
    """Finds the names of some brands; `tables` tell which affixes a short word may have."""

    def __init__(self, brands: Iterable[Brand], tables: Tables) -> None:
        self._brands = tuple(brands)
        self._stems = tuple({brand.stem.encode() for brand in self._brands})
        self._shapes = frozenset(tables.shapes)

    def matches_in(self, stream: BinaryIO, tally: Tally, column: int | None = None) -> Iterator[Match]:
        """Every match of a stream as `unpacked` gives it, in its order; the same name may come again."""
        for block in line_blocks(stream, tally):
            for line in self.lines_with_hits(block):
                if len(line) > MAX_LINE_BYTES:
                    tally.long_lines += 1
                    continue
                for host in names_in(line, column):
                    yield from self.matches(host)

    def lines_with_hits(self, block: bytes) -> Iterator[bytes]:
        """The lines of a block that have a brand's word somewhere, hyphens aside."""
        text = block.lower().translate(None, b"-")
        places = sorted(place for stem in self._stems for place in _places(text, stem))
        if not places:
            return
        lines, row, counted, last = block.split(b"\n"), 0, 0, -1
        for place in places:
            row += text.count(b"\n", counted, place)
            counted = place
            if row != last:
                yield lines[row]
                last = row

    def matches(self, host: str) -> Iterator[Match]:
        """The brands whose word is in a host's labels left of the public suffix; a brand's own site is none."""
        domain = registrable(host)
        if domain is None:
            return
        label = domain.partition(".")[0]
        left = host.removesuffix(domain).rstrip(".")
        for brand in self._brands:
            if domain == brand.site:
                continue
            if self.has_word(label, brand):
                yield Match(name=domain, brand=brand)
            elif left and any(self.has_word(one, brand) for one in left.split(".")):
                yield Match(name=host, brand=brand)

    def has_word(self, label: str, brand: Brand) -> bool:
        """Whether a label has the brand's word. A short one must stand alone, or in a shape that mirrors have."""
        plain = label.replace("-", "")
        if brand.stem not in plain:
            return False
        if not brand.short:
            return True
        spelled = re.search(f"(?<![a-z]){'-?'.join(brand.stem)}(?![a-z])", label)
        return spelled is not None or self._shape(plain, brand.stem) in self._shapes

    def _shape(self, label: str, stem: str) -> str:
        before, _, behind = label.partition(stem)
        return f"{_holes(before)}{{brand}}{_holes(behind)}"


def _holes(affix: str) -> str:
    return re.sub(r"[0-9]+", lambda digits: {1: "{digit}", 2: "{number}"}.get(len(digits[0]), digits[0]), affix)


def _places(text: bytes, stem: bytes) -> Iterator[int]:
    """Where the stem is, at most once a line."""
    at = text.find(stem)
    while at >= 0:
        yield at
        end = text.find(b"\n", at)
        at = text.find(stem, end) if end >= 0 else -1
