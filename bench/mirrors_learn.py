"""Learn the generator's tables (blockprobe/mirrors/shapes.py) from real names: python bench/mirrors_learn.py --write.

The constants below were chosen with the recall of all brands in view (mirrors_recall.py), which makes that figure a
little too good; the tables themselves are learned without the brand that is asked for.
"""

import argparse
import re
import sys
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

from mirrors_events import Corpus, Event, corpus_at

from blockprobe.mirrors.generate import Tables
from blockprobe.mirrors.suffixes import top_level_suffixes

SHAPES_KEPT = 500
SUFFIXES_KEPT = 500
HYPHEN_SHARE, JOINED_SHARE = 0.3, 0.1  # what an affix lends to itself with a hyphen, and without
LETTER_SHARE = 0.5  # what single letters in front lend to the other letters
JOINT = 0.6  # how far a pair of prefix and ending counts as a pair, the rest being independent
RARE = 1.0  # an affix with less is used only where it was seen
DIGIT_PRIOR, NUMBER_PRIOR = 0.5, 0.05  # events that every digit, and every number of two digits, has for nothing
SITES_SHARE = 0.3  # suffixes of all sites of uBlock's own list, beside those of brands
ALL_SHARE = 0.1  # suffixes of all names of all lists
FLOOR = 0.05  # events that every top-level domain has for nothing
SITE_SUFFIX = 0.004  # "{brand}{tld}": fmoviesto.cc after fmovies.to


def learn(corpus: Corpus, without: str = "") -> Tables:
    """The tables from every event that has nothing to do with the brand `without`."""
    events = [event for event in corpus.events if not without or _unrelated(event, without)]
    prefixes, endings, joint, suffixes = Counter[str](), Counter[str](), Counter[tuple[str, str]](), Counter[str]()
    digits = Counter[str]()
    for event in events:
        prefixes[event.prefix] += event.weight
        endings[event.ending] += event.weight
        joint[event.prefix, event.ending] += event.weight
        suffixes[event.suffix] += event.weight
        for digit in event.digits:
            digits[digit] += event.weight
    brands = [names for stem, names in corpus.brands.items() if stem != without and len(names) > 1]
    return Tables(
        shapes=_shapes(prefixes, endings, joint),
        digits=_shares(digits, [str(n) for n in range(10)], DIGIT_PRIOR),
        numbers=_shares(digits, [f"{n:02}" for n in range(100)], NUMBER_PRIOR),
        **_suffix_shares(suffixes, corpus),
        names_per_brand=sum(len(names) - 1 for names in brands) / max(1, len(brands)),
    )


def _unrelated(event: Event, brand: str) -> bool:
    """Neither the name nor its stem has the brand in it, nor the brand that stem."""
    return brand not in event.label and brand not in event.stem and event.stem not in brand


def _shapes(prefixes: Counter[str], endings: Counter[str], joint: Counter[tuple[str, str]]) -> dict[str, float]:
    total = sum(joint.values())
    _lend(prefixes, before=True)
    _lend(endings, before=False)
    before, behind = sum(prefixes.values()), sum(endings.values())
    shares: Counter[str] = Counter()
    for prefix, more in prefixes.items():
        for ending, most in endings.items():
            if (not prefix or more >= RARE) and (not ending or most >= RARE):
                shares[f"{prefix}{{brand}}{ending}"] += (1 - JOINT) * more / before * most / behind
    for (prefix, ending), weight in joint.items():
        shares[f"{prefix}{{brand}}{ending}"] += JOINT * weight / total
    shares["{brand}{tld}"] = max(shares["{brand}{tld}"], SITE_SUFFIX)
    one_hole = {shape: share for shape, share in shares.items() if shape.count("{") <= 2}
    return dict(Counter(one_hole).most_common(SHAPES_KEPT))


def _lend(affixes: Counter[str], *, before: bool) -> None:
    """An affix seen with a hyphen is likely without one, and the other way round; so are other single letters."""
    words: Counter[str] = Counter()
    for affix, weight in affixes.items():
        words[affix.strip("-")] += weight
    letters = sum(weight for affix, weight in affixes.items() if re.fullmatch("[a-z]", affix))
    for word, weight in words.items():
        if word:
            affixes[f"{word}-" if before else f"-{word}"] += HYPHEN_SHARE * weight
            affixes[word] += JOINED_SHARE * weight
    for letter in "abcdefghijklmnopqrstuvwxyz" if before else "":
        affixes[letter] += LETTER_SHARE * letters / 26


def _shares(counts: Counter[str], values: list[str], prior: float) -> dict[str, float]:
    total = sum(counts[value] + prior for value in values)
    return {value: (counts[value] + prior) / total for value in values}


def _suffix_shares(seen: Counter[str], corpus: Corpus) -> dict[str, Any]:
    """Brands' suffixes, smoothed by those of all sites and of all names; every other one has the floor."""
    total = sum(seen.values())
    parts = ((SITES_SHARE * total, corpus.site_suffixes), (ALL_SHARE * total, corpus.all_suffixes))
    weights = Counter(seen)
    for share, counts in parts:
        sum_of_counts = sum(counts.values())
        for suffix, count in counts.items():
            weights[suffix] += share * count / sum_of_counts
    all_of_them = sum(weights.values()) + FLOOR * len(top_level_suffixes())
    shares = {suffix: (weight + FLOOR) / all_of_them for suffix, weight in weights.most_common(SUFFIXES_KEPT)}
    return {"suffixes": shares, "floor": FLOOR / all_of_them}


def rounded(tables: Tables) -> Tables:
    """The tables as they are written: shares per million, whole numbers."""

    def shares(table: dict[str, float]) -> dict[str, float]:
        return {key: round(value * 1e6) / 1e6 for key, value in table.items()}

    return replace(
        tables,
        shapes=shares(tables.shapes),
        digits=shares(tables.digits),
        numbers=shares(tables.numbers),
        suffixes=shares(tables.suffixes),
        floor=round(tables.floor * 1e6, 3) / 1e6,
        names_per_brand=round(tables.names_per_brand, 1),
    )


def main() -> int:
    """Print what would be written, or write it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lists", type=Path, help="the unpacked package; otherwise the installed one, or fetched")
    parser.add_argument("--write", action="store_true", help="write blockprobe/mirrors/shapes.py")
    options = parser.parse_args()
    corpus = corpus_at(options.lists)
    text = module_text(rounded(learn(corpus)), corpus)
    if options.write:
        Path("blockprobe/mirrors/shapes.py").write_text(text)
    else:
        print(text)
    return 0


def module_text(tables: Tables, corpus: Corpus) -> str:
    """The source of shapes.py."""
    brands = sum(len(names) for names in corpus.brands.values())
    return TEMPLATE.format(
        counts=f"{len(corpus.brands)} brands ({brands} names), {len(corpus.entities)} entities, "
        f"{len(corpus.events)} names and pairs",
        shapes=_wrapped(tables.shapes),
        digits=_wrapped(tables.digits),
        numbers=_wrapped(tables.numbers),
        suffixes=_wrapped(tables.suffixes),
        floor=f"{tables.floor * 1e6:g}",
        names=f"{tables.names_per_brand:g}",
    )


def _wrapped(table: dict[str, float]) -> str:
    lines, line = [], ""
    for key, share in table.items():
        entry = f"{key} {share * 1e6:.0f}"
        if len(line) + len(entry) > 112:
            lines.append(line)
            line = ""
        line += f", {entry}" if line else entry
    return "\n".join([*lines, line])


TEMPLATE = '''"""Shapes of mirrors' names and the suffixes they are under, likeliest first, as shares per million.

Written by bench/mirrors_learn.py from the filter lists of Debian's package webext-ublock-origin-firefox:
{counts}. Only shapes and suffixes are kept, no name.
{{brand}} is the brand's word, {{digit}} one digit, {{number}} two, {{tld}} the suffix that the site itself has.
"""

from functools import cache

from blockprobe.mirrors.generate import Tables

SHAPES = """
{shapes}
"""

DIGITS = """
{digits}
"""

NUMBERS = """
{numbers}
"""

SUFFIXES = """
{suffixes}
"""

#: Of every top-level domain that the table does not have.
FLOOR = {floor}
#: Other names that a brand of these lists has, on average.
NAMES_PER_BRAND = {names}


@cache
def shipped_tables() -> Tables:
    """The tables above, as shares of 1."""
    return Tables(
        shapes=_table(SHAPES),
        digits=_table(DIGITS),
        numbers=_table(NUMBERS),
        suffixes=_table(SUFFIXES),
        floor=FLOOR / 1e6,
        names_per_brand=NAMES_PER_BRAND,
    )


def _table(text: str) -> dict[str, float]:
    entries = (entry.split() for line in text.strip().splitlines() for entry in line.split(","))
    return {{key: int(millionths) / 1e6 for key, millionths in entries}}
'''

if __name__ == "__main__":
    sys.exit(main())
