"""Make blockprobe/mirrors/common.marks: the marks that pages of many unrelated sites share, as numbers without text.

`--pages` names folders; each folder in them is one site with its pages (`*.html`), and each page directly in them is a
site of its own. A mark is common when enough sites have it: two, for text three. Pages of a corpus that accuracy is
measured on must not be among them.
Run: `python bench/mirrors_common.py --pages DIR [--pages DIR]`
"""

import argparse
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from blockprobe.mirrors.common import PATH, pack
from blockprobe.mirrors.features import KINDS, Kind, Marks
from blockprobe.mirrors.page import read_page

PAGES_A_SITE = 4
MOST = 12_000
"""Of each kind, so that the file stays below 200 kB: those that most sites have."""


def main() -> int:
    """Read, count, write, and print what came out."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pages", action="append", type=Path, required=True)
    sites = list(_sites(parser.parse_args().pages))
    kinds = []
    for place, kind in enumerate(KINDS):
        counts: Counter[int] = Counter()
        for site in sites:
            counts.update(site[place])
        least = 3 if kind is Kind.TEXT else 2
        kinds.append(frozenset(mark for mark, number in counts.most_common(MOST) if number >= least))
        print(f"{kind}: {len(kinds[-1])} of {len(counts)} marks")
    PATH.write_bytes(pack(tuple(kinds)))
    print(f"{len(sites)} sites, {PATH.stat().st_size} bytes")
    return 0


def _sites(folders: list[Path]) -> Iterator[tuple[Marks, ...]]:
    for folder in folders:
        for entry in sorted(folder.iterdir()):
            pages = sorted(entry.rglob("*.html"))[:PAGES_A_SITE] if entry.is_dir() else [entry]
            read = [read_page(page.read_bytes()) for page in pages]
            yield tuple(frozenset().union(*(page.marks[place] for page in read)) for place in range(len(KINDS)))


if __name__ == "__main__":
    sys.exit(main())
