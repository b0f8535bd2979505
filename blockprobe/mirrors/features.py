"""What a page is compared by: sets of 32-bit marks in seven kinds, and the few facts that decide the other classes.

Two marks of different features are equal once in four thousand million pairs; that makes one feature ordinary, no more.
"""

from dataclasses import dataclass, field
from enum import StrEnum

Marks = frozenset[int]
NONE: Marks = frozenset()


class Kind(StrEnum):
    """What a mark was taken from."""

    TEXT = "text"
    """Three words of visible text in a row, digits masked."""
    LINK = "link"
    """The path and query of a link, without scheme and host, freed of what a web proxy wraps around it."""
    ASSET = "asset"
    """The file name of a script, style, image or icon."""
    NAME = "name"
    """An id or a class."""
    WORD = "word"
    """A word of alt, title, placeholder, value or content."""
    CODE = "code"
    """An identifier in a script of the page itself."""
    BRAND = "brand"
    """A word of title, site name, first heading, logo or copyright line."""


KINDS = tuple(Kind)


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What the rules for pages without the site's content look at; counts, and words found, never text."""

    words: int = 0
    links: int = 0
    passwords: int = 0
    downloads: int = 0
    scripts: int = 0
    signs: frozenset[str] = frozenset()
    """Groups of telling phrases that occur: see signs.py."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Features:
    """One page."""

    marks: tuple[Marks, ...] = (NONE,) * len(KINDS)
    """One set for each of KINDS, in that order."""
    facts: Facts = field(default_factory=Facts)

    def of(self, kind: Kind) -> Marks:
        """The marks of one kind."""
        return self.marks[KINDS.index(kind)]
