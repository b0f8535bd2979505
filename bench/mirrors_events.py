"""What the generator learns from: real names, and what stands in each before and behind a brand's word.

Three groups: the brands of mirrors_brands.txt; words that the lists' own rules hold under any suffix; and pairs of
sites of which one's label is the other's with something before or behind it.
"""

import re
import tempfile
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from mirrors_names import Names, installed_lists, read_names, unpacked_lists

BRANDS = Path(__file__).with_name("mirrors_brands.txt")
PAIR_WEIGHT = 0.3  # of an event of a mere pair of names, beside 1 for a brand's
CROWD = 0.3  # a brand with n names gives each n**-CROWD: large ones do not decide alone
_MAX_AFFIX = 14
_MAX_NAMES = 25  # a word in more names than that is no brand


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """A name seen: of which stem, what stood before and behind it (digits as {digit}, {number}), and its suffix."""

    stem: str
    label: str
    prefix: str
    ending: str
    suffix: str
    weight: float
    digits: tuple[str, ...]


@dataclass(frozen=True)
class Corpus:
    """Everything there is to learn from."""

    names: Names
    brands: dict[str, tuple[str, ...]]

    @cached_property
    def entities(self) -> dict[str, tuple[str, ...]]:
        """Stems of the lists' own `brand.*` rules of six letters and more, with the names that have them."""
        stems = {re.sub(r"\d+$", "", entity.replace("-", "")).removeprefix("the") for entity in self.names.entities}
        found = names_with(self.names, {stem for stem in stems if len(stem) >= 6})
        return {stem: names for stem, names in found.items() if len(names) <= _MAX_NAMES}

    @cached_property
    def events(self) -> tuple[Event, ...]:
        """All events, of brands and entities in full, of pairs by their weight."""
        groups = ((self.brands, 1.0), (self.entities, 1.0), (_pairs(self.names), PAIR_WEIGHT))
        return tuple(event for group, weight in groups for event in _events(group, weight))

    @cached_property
    def site_suffixes(self) -> Counter[str]:
        """The suffixes of all sites of uBlock's own list."""
        return Counter(name.partition(".")[2] for name in self.names.sites)

    @cached_property
    def all_suffixes(self) -> Counter[str]:
        """The suffixes of all names of all lists."""
        return Counter(name.partition(".")[2] for name in self.names.mentions)


def corpus_at(root: Path | None = None) -> Corpus:
    """The corpus of lists below `root`, of the installed package, or of one that is fetched now."""
    root = root or installed_lists()
    if root is not None:
        return corpus_of(read_names(root))
    with tempfile.TemporaryDirectory() as folder:
        return corpus_of(read_names(unpacked_lists(Path(folder))))


def corpus_of(names: Names) -> Corpus:
    """The corpus of names that were read."""
    stems = {line for line in BRANDS.read_text().split("\n") if line and not line.startswith("#")}
    return Corpus(names, names_with(names, stems))


def names_with(names: Names, stems: set[str]) -> dict[str, tuple[str, ...]]:
    """The registrable domains whose label, without hyphens, has the stem in it."""
    found: dict[str, list[str]] = {stem: [] for stem in sorted(stems)}
    labels = [(name, name.partition(".")[0].replace("-", "")) for name in sorted(names.mentions)]
    everything = "\n".join(label for _, label in labels)
    ends = [0]
    for _, label in labels:
        ends.append(ends[-1] + len(label) + 1)
    for stem, held in found.items():
        at = everything.find(stem)
        while at >= 0:
            row = bisect_right(ends, at) - 1
            held.append(labels[row][0])
            at = everything.find(stem, ends[row + 1])
    return {stem: tuple(held) for stem, held in found.items() if held}


def _events(group: dict[str, tuple[str, ...]], weight: float) -> Iterator[Event]:
    for stem, names in group.items():
        spelled = re.compile("-?".join(map(re.escape, stem)))
        for name in names:
            label, _, suffix = name.partition(".")
            if (found := spelled.search(label)) is None:
                continue
            prefix, ending = label[: found.start()], label[found.end() :]
            digits = re.findall(r"\d+", f"{prefix}|{ending}")
            if len(prefix) + len(ending) <= _MAX_AFFIX and all(len(one) <= 2 for one in digits):
                yield Event(
                    stem=stem.replace("-", ""),
                    label=label.replace("-", ""),
                    prefix=_holes(prefix),
                    ending=_holes(ending),
                    suffix=suffix,
                    weight=weight * len(names) ** -CROWD,
                    digits=tuple(digits),
                )


def _holes(affix: str) -> str:
    return re.sub(r"\d+", lambda digits: "{digit}" if len(digits[0]) == 1 else "{number}", affix)


def _pairs(names: Names) -> dict[str, tuple[str, ...]]:
    """Sites whose label, of six letters or more, begins or ends the label of others."""
    by_label: dict[str, list[str]] = {}
    for name in sorted(names.sites):
        by_label.setdefault(name.partition(".")[0], []).append(name)
    found: dict[str, list[str]] = {}
    for label, held in by_label.items():
        for at in range(6, len(label)):
            for part in (label[:at], label[-at:]):
                if part in by_label:
                    found.setdefault(part, []).extend(held)
    return {stem: tuple(held) for stem, held in found.items() if len(held) <= _MAX_NAMES}
