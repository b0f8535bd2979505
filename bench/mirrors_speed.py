"""How fast are candidates handled? Each section measures one thing against a baseline in the same run.

`pages`: a saved page of about 21 kB is classified (read in the child, held against a reference) for at most 2.5 times
the time that lxml needs to parse it. Both are CPU seconds of this process and the child, in turn; the least of each is
compared, because what other work on the machine adds (cold caches, a shared core) is no part of either.
`names`: see mirrors_filter_speed.py.
Run: `python bench/mirrors_speed.py [--part NAME] [--repeats N] [--save]`; the status is 1 when a goal is missed.
"""

import argparse
import gzip
import os
import resource
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from mirrors_filter_speed import names

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))
CORPUS = ROOT.parent / "shared" / "mirror-corpus" / "pages"
PAGE_BYTES = range(15_000, 30_000)
GOAL_PAGES = 2.5
Figures = dict[str, Any]


def main() -> int:
    """Measure what was asked for, print, and say whether the goals are met."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--part", choices=sorted(SECTIONS), action="append")
    parser.add_argument("--repeats", type=int, default=15)
    parser.add_argument("--save", action="store_true")
    options = parser.parse_args()
    figures = {name: SECTIONS[name](options.repeats) for name in options.part or SECTIONS}
    missed = [name for name, found in figures.items() if not found["met"]]
    print(f"MISSED: {', '.join(missed)}" if missed else "all goals met")
    if options.save:
        from common import save

        print(save("mirrors_speed", 0, figures))
    return 1 if missed else 0


def pages(repeats: int) -> Figures:
    """Classify pages of about 21 kB, and parse them with lxml alone."""
    from lxml import html

    from blockprobe.mirrors.background import background_of, reference_of
    from blockprobe.mirrors.common import common_marks
    from blockprobe.mirrors.offline import judge_page
    from blockprobe.mirrors.page import read_page
    from blockprobe.mirrors.reader import PageReader

    saved = _pages()
    sites = [[read_page(page)] for page in saved]
    background = background_of(sites, common=common_marks())
    reference = reference_of(sites[0], background, inside=True)

    def parse() -> None:
        for page in saved:
            html.document_fromstring(page)

    def here() -> None:
        for page in saved:
            judge_page(reference, read_page(page, whole=False))

    with PageReader() as reader:
        reader.read(saved[0])
        child = reader._child.pid if reader._child else 0

        def in_child() -> None:
            for page in saved:
                judge_page(reference, reader.read(page, whole=False))

        rounds = [(_cpu(parse), _cpu(here), _cpu(in_child, child)) for _ in range(repeats)]
        began = time.perf_counter()
        in_child()
        wall = time.perf_counter() - began
    parsed, direct, whole = (min(column) / len(saved) for column in zip(*rounds, strict=True))
    ratio = whole / parsed
    size = statistics.mean(map(len, saved))
    print(
        f"pages: {len(saved)} of {size / 1000:.1f} kB on average; lxml parses one in {parsed * 1000:.2f} ms of CPU; "
        f"classified in the child {ratio:.2f} times that (goal {GOAL_PAGES}), without a child {direct / parsed:.2f} "
        f"times; {len(saved) / wall:.0f} pages a second by the clock"
    )
    return {
        "pages": len(saved),
        "bytes": round(size),
        "lxml_ms": round(parsed * 1000, 4),
        "ratio": round(ratio, 3),
        "ratio_without_child": round(direct / parsed, 3),
        "pages_per_s": round(len(saved) / wall, 1),
        "rounds": rounds,
        "met": ratio <= GOAL_PAGES,
    }


def _pages() -> list[bytes]:
    """Front pages of the labelled corpus of about that size, or made-up ones where there is no corpus."""
    found = [gzip.decompress(file.read_bytes()) for file in sorted(CORPUS.glob("*/ref*.html.gz"))]
    found = [page for page in found if len(page) in PAGE_BYTES]
    if found:
        return found
    from tests.mirrors.made_pages import FAMILIES, Site

    return [
        "".join(Site(family=family, seed=seed).page(visit) for visit in range(8)).encode()[:21_000]
        for family in ("table", "cards", "journal", "forum")
        for seed in range(len(FAMILIES))
    ]


def _cpu(work: Callable[[], None], child: int = 0) -> float:
    """CPU seconds of this process, and of the child if there is one."""
    before = _used(child)
    work()
    return _used(child) - before


def _used(child: int) -> float:
    own = resource.getrusage(resource.RUSAGE_SELF)
    return own.ru_utime + own.ru_stime + (_nanoseconds(child) / 1e9 if child else 0.0)


def _nanoseconds(pid: int) -> int:
    """CPU time of a living process, as its scheduler counts it."""
    return int(Path(f"/proc/{pid}/schedstat").read_text().split()[0])


SECTIONS: dict[str, Callable[[int], Figures]] = {"pages": pages, "names": names}

if __name__ == "__main__":
    os.environ.setdefault("PYTHONHASHSEED", "0")
    sys.exit(main())
