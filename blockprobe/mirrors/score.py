"""P(copy) of a page: four shares between 0 and 1, a weight each, and the prior of where the candidate came from. Pure.

- `content`: the share of the reference's distinctive text that the candidate shows. Where the reference has little
  text, the other kinds (files, names, words of attributes, script) fill up to thirty marks.
- `origin`: the share of the candidate's own text, the text that no other site has, that is the reference's.
- `links`: the share of the reference's distinctive links that the candidate has.
- `brand`: the share of the reference's brand words, weighed by how telling they are.

The first three are shrunk towards a tenth where there is little to count, and bent (`bent`), because the step from
nothing to a third says more than that from two thirds to everything. Text and links that nobody else has can hardly be
there by chance; a theme can, and so can a brand. That is why a theme has no weight, and a brand little.
"""

from dataclasses import dataclass
from math import exp, log

from blockprobe.mirrors.background import Reference
from blockprobe.mirrors.features import KINDS, Features, Kind
from blockprobe.mirrors.weights import ALONE, KNOWN, SHARE_OF_COPIES, Weights
from blockprobe.model.mirror import Band

ENOUGH = 30
"""So many marks of a kind say as much as any larger number."""
PRIOR_HITS, PRIOR_MARKS = 0.5, 5.0
BEND = 0.25
ENOUGH_SITES = 5
"""With fewer other sites as background, a shared theme is not known as such, and stricter weights are taken."""

_TEXT, _LINK, _BRAND = (KINDS.index(kind) for kind in (Kind.TEXT, Kind.LINK, Kind.BRAND))
_ALWAYS = (_TEXT, _LINK, _BRAND)
_FILLERS = tuple(KINDS.index(kind) for kind in (Kind.ASSET, Kind.NAME, Kind.WORD, Kind.CODE))


@dataclass(frozen=True, slots=True, kw_only=True)
class Shares:
    """What was counted: the four shares, and how much they rest on."""

    content: float
    origin: float
    links: float
    brand: float
    strength: int
    """How many distinctive marks of the kinds that count the reference has; fewer than five say nothing."""
    hits: int
    """How many of them the candidate has."""
    named: bool
    """Whether the candidate's title, heading or logo has a brand word that no other site has."""

    def weighed(self) -> tuple[float, float, float, float]:
        """The four that have a weight."""
        return self.content, self.origin, self.links, self.brand


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """P(copy), its band, and what it rests on."""

    p_copy: float
    band: Band
    shares: Shares

    def features(self) -> dict[str, float]:
        """The explainable inputs by name."""
        names = ("content", "origin", "links", "brand")
        rounded = {name: round(value, 4) for name, value in zip(names, self.shares.weighed(), strict=True)}
        return rounded | {"strength": self.shares.strength, "hits": self.shares.hits}


def score(reference: Reference, candidate: Features, *, prior: float = SHARE_OF_COPIES) -> Score:
    """Hold one page against the reference; `prior` is the chance of a copy before it was looked at (0 to 1, open)."""
    shares = shares_of(reference, candidate)
    weights = KNOWN if reference.sites >= ENOUGH_SITES else ALONE
    p = probability(weights, shares.weighed(), prior)
    return Score(p_copy=p, band=band_of(p), shares=shares)


def shares_of(reference: Reference, candidate: Features) -> Shares:
    """Count what the candidate has of the reference."""
    sizes = [len(mine) for mine in reference.distinctive]
    room = max(0, ENOUGH - sizes[_TEXT] - sizes[_LINK])
    counted = range(len(sizes)) if room else _ALWAYS
    hits = [len(mine & theirs) for mine, theirs in zip(reference.distinctive, candidate.marks, strict=True)]
    return Shares(
        content=bent(_content(hits, sizes, room)),
        origin=bent(_origin(reference, candidate)),
        links=bent(shrunk(hits[_LINK], sizes[_LINK])),
        brand=_brand(reference, candidate),
        strength=sum(sizes[place] for place in counted),
        hits=sum(hits[place] for place in counted),
        named=hits[_BRAND] > 0,
    )


def probability(weights: Weights, shares: tuple[float, float, float, float], prior: float) -> float:
    """The logistic of the weighted shares, moved from the training's share of copies to `prior`."""
    z = weights.bias + sum(weight * share for weight, share in zip(weights.shares, shares, strict=True))
    return 1.0 / (1.0 + exp(-(z - logit(SHARE_OF_COPIES) + logit(prior))))


def logit(p: float) -> float:
    """The logarithm of the odds."""
    return log(p / (1.0 - p))


def band_of(p: float) -> Band:
    """The band of a probability."""
    if p >= 0.9:
        return Band.COPY
    if p >= 0.5:
        return Band.PROBABLE
    return Band.WEAK if p >= 0.1 else Band.NOT_COPY


def shrunk(found: int, of: int, *, filled: float = 0.0, room: float = 0.0) -> float:
    """The share found of `of` marks, which count for at most ENOUGH, shrunk towards a tenth where they are few.

    `room` further marks, of which `filled` were found, come from other kinds.
    """
    worth = min(of, ENOUGH)
    hits = PRIOR_HITS + filled + (worth * found / of if of else 0.0)
    return hits / (PRIOR_MARKS + room + worth)


def bent(share: float) -> float:
    """0 and 1 stay, what lies between rises: a third becomes .71."""
    return share * (1 + BEND) / (share + BEND)


def _content(hits: list[int], sizes: list[int], room: int) -> float:
    found, of = sum(hits[place] for place in _FILLERS), sum(sizes[place] for place in _FILLERS)
    filled = min(room, of)
    return shrunk(hits[_TEXT], sizes[_TEXT], filled=filled * found / of if of else 0.0, room=filled)


def _origin(reference: Reference, candidate: Features) -> float:
    text = candidate.marks[_TEXT]
    ours = text & reference.own_text
    # What nobody knows and is not the reference's is counted, not collected: sets of what is found are smaller.
    unknown = len(text) - len(text & reference.known_text) - len(ours - reference.known_text)
    return shrunk(len(ours), len(ours) + unknown)


def _brand(reference: Reference, candidate: Features) -> float:
    total = sum(reference.brand.values())
    words = candidate.marks[_BRAND]
    return sum(weight for mark, weight in reference.brand.items() if mark in words) / total if total else 0.0
