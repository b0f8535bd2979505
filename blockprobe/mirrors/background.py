"""What other sites have too: a mark of the reference counts only if no page of the background has it. Pure.

The background is the reference pages of all other sites that are watched, further pages if there are any, and the marks
that are common on the web (common.py). The more of it there is, the less can a shared theme look like a copy.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import log

from blockprobe.mirrors.features import KINDS, NONE, Features, Kind, Marks

COMMON_SITES = 30
"""For the weight of a brand's words the common marks stand for so many sites; COMMON_SHARE of them have each."""
COMMON_SHARE = 0.2
_TEXT = KINDS.index(Kind.TEXT)


@dataclass(frozen=True, slots=True, kw_only=True)
class Background:
    """For each kind, in the order of KINDS, how many sites have a mark; `common` are the marks common on the web.

    `known_text`: every mark of text that a site of the background has or that is common; one look tells.
    """

    counts: tuple[Mapping[int, int], ...] = ({},) * len(KINDS)
    sites: int = 0
    common: tuple[Marks, ...] = (NONE,) * len(KINDS)
    known_text: Marks = NONE

    def weight(self, mark: int, kind: Kind, *, own: int = 0) -> float:
        """How telling a mark is: its inverse frequency, in nats; `own` sites of those counted are the asker's own."""
        place = KINDS.index(kind)
        seen = self.counts[place].get(mark, 0) - own
        if mark in self.common[place]:
            seen += round(COMMON_SITES * COMMON_SHARE)
        return log((self.sites - own + COMMON_SITES + 1) / (seen + 1)) + 0.1


def background_of(sites: Iterable[Sequence[Features]], *, common: tuple[Marks, ...] | None = None) -> Background:
    """The background that the pages of some sites make; each site counts once, however many pages it has."""
    counts: tuple[Counter[int], ...] = tuple(Counter() for _ in KINDS)
    number = 0
    for pages in sites:
        number += 1
        for place in range(len(KINDS)):
            counts[place].update(frozenset().union(*(page.marks[place] for page in pages)))
    common = common or (NONE,) * len(KINDS)
    return Background(
        counts=tuple(map(dict, counts)), sites=number, common=common, known_text=common[_TEXT].union(counts[_TEXT])
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """A site's front page as candidates are held against it; made once, used for all of them.

    `distinctive`: the marks of the first page that nothing else has, for each kind. `own_text`: those of all its pages.
    `brand`: the weight of each word of its brand. `known_text`: as Background says.
    """

    distinctive: tuple[Marks, ...]
    own_text: Marks
    brand: Mapping[int, float]
    known_text: Marks
    common_text: Marks
    sites: int
    passwords: int

    @property
    def strength(self) -> int:
        """How many distinctive marks there are."""
        return sum(map(len, self.distinctive))


def reference_of(pages: Sequence[Features], background: Background, *, inside: bool) -> Reference:
    """The reference that `pages` of one site make (the first counts, further ones show what changes by itself).

    `inside` says that these very pages are among those of the background, which then does not count them.
    """
    own = tuple(frozenset().union(*(page.marks[place] for page in pages)) for place in range(len(KINDS)))

    def rare(place: int, marks: Marks) -> Marks:
        counts, mine = background.counts[place], own[place] if inside else NONE
        found = (mark for mark in marks if counts.get(mark, 0) <= (mark in mine))
        return frozenset(found) - background.common[place]

    brand = KINDS.index(Kind.BRAND)
    return Reference(
        distinctive=tuple(rare(place, pages[0].marks[place]) for place in range(len(KINDS))),
        own_text=rare(_TEXT, own[_TEXT]),
        brand={mark: background.weight(mark, Kind.BRAND, own=int(inside)) for mark in pages[0].marks[brand]},
        known_text=background.known_text,
        common_text=background.common[_TEXT],
        sites=background.sites - int(inside),
        passwords=max(page.facts.passwords for page in pages),
    )
