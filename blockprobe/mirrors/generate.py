"""Names that a site's mirrors are likely to have: shapes of real mirrors' names times the suffixes they are under.

A name's weight is that of its spelling of the brand, of the shape around it and of its suffix, multiplied. The tables
(shapes.py) were learned from names of other brands; the first N names by weight are what is tried.
"""

import heapq
from collections.abc import Iterator
from dataclasses import dataclass

from blockprobe.mirrors.brand import Brand
from blockprobe.mirrors.suffixes import top_level_suffixes

#: More names for one brand than this are refused: nobody asks a resolver a million questions by mistake.
MAX_TOP = 100_000
#: No guess is believed more than this, whatever its weight.
MOST_PRIOR = 0.5
_MAX_LABEL = 63
_HOLE = "{brand}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tables:
    """What was learned, all as shares of 1.

    `shapes` are templates with {brand} in them and possibly {digit}, {number} (two digits) or {tld} (the suffix of the
    site itself, without dots), `digits` and `numbers` say which ones; `suffixes` are public suffixes, and `floor` is
    the share of every other top-level domain. `names_per_brand`: how many names a brand had on average.
    """

    shapes: dict[str, float]
    digits: dict[str, float]
    numbers: dict[str, float]
    suffixes: dict[str, float]
    floor: float
    names_per_brand: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Guess:
    """A name, its weight, and the shape that made it."""

    name: str
    weight: float
    shape: str


def guesses(brand: Brand, tables: Tables, top: int) -> tuple[Guess, ...]:
    """The `top` likeliest names, best first; the site itself is not among them."""
    found: list[Guess] = []
    seen = {brand.site}
    for guess in _ranked(_labels(brand, tables), _suffixes(tables)):
        if len(found) >= top:
            break
        if guess.name not in seen:
            seen.add(guess.name)
            found.append(guess)
    return tuple(found)


def prior_of(guess: Guess, tables: Tables) -> float:
    """The chance that a guess is one of the brand's names: how many of them its weight stands for, at most one half."""
    return min(MOST_PRIOR, tables.names_per_brand * guess.weight)


def _ranked(labels: list[tuple[float, str, str]], suffixes: list[tuple[float, str]]) -> Iterator[Guess]:
    """Every label under every suffix by falling weight, made as they are asked for. Both lists are sorted."""
    heap = [(-labels[0][0] * suffixes[0][0], 0, 0)] if labels else []
    while heap:
        weight, row, column = heapq.heappop(heap)
        share, label, shape = labels[row]
        yield Guess(name=f"{label}.{suffixes[column][1]}", weight=-weight, shape=shape)
        if column + 1 < len(suffixes):
            heapq.heappush(heap, (-share * suffixes[column + 1][0], row, column + 1))
        if column == 0 and row + 1 < len(labels):
            heapq.heappush(heap, (-labels[row + 1][0] * suffixes[0][0], row + 1, 0))


def _suffixes(tables: Tables) -> list[tuple[float, str]]:
    known = {**dict.fromkeys(top_level_suffixes(), tables.floor), **tables.suffixes}
    return sorted(((share, suffix) for suffix, share in known.items()), key=lambda pair: (-pair[0], pair[1]))


def _labels(brand: Brand, tables: Tables) -> list[tuple[float, str, str]]:
    """Share, label and shape, best first."""
    best: dict[str, tuple[float, str]] = {}
    for shape, share in tables.shapes.items():
        for filled, part in _filled(shape, brand, tables):
            for form, weight in brand.forms:
                label = filled.replace(_HOLE, form)
                value = share * part * weight
                if len(label) <= _MAX_LABEL and value > best.get(label, (0.0, ""))[0]:
                    best[label] = (value, shape)
    return sorted(
        ((share, label, shape) for label, (share, shape) in best.items()), key=lambda entry: (-entry[0], entry[1])
    )


def _filled(shape: str, brand: Brand, tables: Tables) -> Iterator[tuple[str, float]]:
    """The shape with its digits and the site's suffix put in, and the share of each filling."""
    shape = shape.replace("{tld}", brand.suffix.replace(".", ""))
    for hole, values in (("{digit}", tables.digits), ("{number}", tables.numbers)):
        if hole in shape:
            for value, share in values.items():
                yield shape.replace(hole, value), share
            return
    yield shape, 1.0
