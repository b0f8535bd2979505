"""How many of a brand's real names the generator finds when it has never seen that brand.

    python bench/mirrors_recall.py [--lists DIR] [--entities N] [--show] [--save]

For each brand the tables are learned again from everything but that brand; the generator gets one site of the brand
and the word, and is asked for its other names. The site is the name that the lists mention most often. See
bench/README.md for what the figure can and cannot say.
"""

import argparse
import random
import sys
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from common import save
from mirrors_events import Corpus, corpus_at
from mirrors_learn import learn

from blockprobe.mirrors.brand import brand_of
from blockprobe.mirrors.generate import guesses
from blockprobe.mirrors.suffixes import top_level_suffixes

STEPS = (100, 1_000, 3_000, 10_000)
GOALS = (0.28, 0.44, 0.61, 0.71)


@dataclass(slots=True)
class Recall:
    """Names found within each step."""

    names: int = 0
    found: Counter[int] = field(default_factory=Counter)
    guessed: int = 0
    brands: int = 0
    missed: list[str] = field(default_factory=list)

    def add(self, ranked: Iterable[str], wanted: set[str]) -> None:
        """One brand: what was guessed, best first, and its real names."""
        places = {name: place for place, name in enumerate(ranked)}
        self.brands += 1
        self.guessed += len(places)
        self.names += len(wanted)
        for name in wanted:
            for step in STEPS:
                self.found[step] += places.get(name, STEPS[-1]) < step
        self.missed += sorted(name for name in wanted if name not in places)

    def at(self, step: int) -> float:
        """The share found within `step` names."""
        return self.found[step] / max(1, self.names)


def measure(corpus: Corpus, group: dict[str, tuple[str, ...]], guess: Callable[[str, str], Iterable[str]]) -> Recall:
    """The recall of `guess(site, stem)` over the brands of the group that have two names or more."""
    recall = Recall()
    for stem, names in group.items():
        if len(names) > 1:
            site = site_of(names, corpus)
            recall.add(guess(site, stem), set(names) - {site})
    return recall


def site_of(names: Iterable[str], corpus: Corpus) -> str:
    """The name that an operator would give."""
    return max(names, key=lambda name: (corpus.names.mentions[name], -len(name), name))


def main() -> int:
    """Print the figures; 1 where a goal is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lists", type=Path, help="the unpacked package; otherwise the installed one, or fetched")
    parser.add_argument("--entities", type=int, default=100, help="how many brands of the second group")
    parser.add_argument("--save", action="store_true", help="write bench/results/mirrors_recall.json")
    parser.add_argument("--show", action="store_true", help="also name what was missed")
    options = parser.parse_args()
    corpus = corpus_at(options.lists)

    def ours(site: str, stem: str) -> list[str]:
        return [one.name for one in guesses(brand_of(site, stem), learn(corpus, stem), STEPS[-1])]

    figures: dict[str, Any] = {}
    recall = measure(corpus, corpus.brands, ours)
    print(f"{recall.brands} brands with {recall.names} other names; recall within 100 / 1,000 / 3,000 / 10,000 names")
    _show("generator, brand left out", recall, figures)
    _show("every top-level domain", measure(corpus, corpus.brands, _every_tld), figures)
    _show_dnstwist(corpus, figures)
    chosen = sorted(set(corpus.entities) - set(corpus.brands))
    random.Random(1).shuffle(chosen)
    others = {stem: corpus.entities[stem] for stem in chosen if not _related(stem, corpus.brands)}
    some = dict(list((stem, names) for stem, names in others.items() if len(names) > 1)[: options.entities])
    second = measure(corpus, some, ours)
    _show(f"{second.brands} brands that the lists name by rule ({second.names} names)", second, figures)
    if options.save:
        print(save("mirrors_recall", 1, figures))
    if options.show:
        print("missed:", " ".join(recall.missed))
    missed = [step for step, goal in zip(STEPS, GOALS, strict=True) if recall.at(step) < goal]
    print("goals .28 / .44 / .61 / .71: " + (f"MISSED at {missed}" if missed else "met"))
    return 1 if missed else 0


def _related(stem: str, brands: Iterable[str]) -> bool:
    return any(stem in brand or brand in stem for brand in brands)


def _every_tld(site: str, stem: str) -> list[str]:
    return [f"{stem}.{suffix}" for suffix in top_level_suffixes()]


def _show_dnstwist(corpus: Corpus, figures: dict[str, Any]) -> None:
    try:
        import dnstwist
    except ImportError:
        print("  dnstwist: not installed, no comparison")
        return

    def twisted(site: str, stem: str) -> list[str]:
        fuzzer = dnstwist.Fuzzer(site)
        fuzzer.generate()
        return [str(one["domain"]) for one in fuzzer.domains]

    _show("dnstwist, its default fuzzers", measure(corpus, corpus.brands, twisted), figures)


def _show(what: str, recall: Recall, figures: dict[str, Any]) -> None:
    if not recall.names:
        return
    figures[what] = {"names": recall.names, "brands": recall.brands, **{str(step): recall.at(step) for step in STEPS}}
    shares = " / ".join(f"{recall.at(step):.3f}".lstrip("0") for step in STEPS)
    print(f"  {what}: {shares}  ({recall.guessed / max(1, recall.brands):,.0f} names a brand)")


if __name__ == "__main__":
    sys.exit(main())
