"""How fast are candidates handled? Each section measures one thing against a baseline in the same run.

`pages`: a saved page of about 21 kB is classified (read, held against a reference, given its class) for at most 2.5
times the time that lxml needs to parse it. In use the reading happens in a child process; what its pipes and wake-ups
cost is in the second ratio and in pages a second and core (goal 150). All are CPU seconds, of this process and the
child, in turn; for each page the least of all rounds is taken, because what other work adds is no part of it.
`names`: see mirrors_filter_speed.py.
Run: `python bench/mirrors_speed.py [--part NAME] [--repeats N] [--save]`; the status is 1 when a goal is missed.
"""

import argparse
import gzip
import os
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
GOAL_PAGES, GOAL_RATE = 2.5, 150
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
    from blockprobe.mirrors.features import Features
    from blockprobe.mirrors.offline import judge_page
    from blockprobe.mirrors.page import read_page
    from blockprobe.mirrors.reader import PageReader

    saved = _pages()
    sites = [[read_page(page)] for page in saved]
    background = background_of(sites, common=common_marks())
    reference = reference_of(sites[0], background, inside=True)

    def classified(page: Features | None) -> None:
        judge_page(reference, page)

    with PageReader() as reader:
        reader.read(saved[0])
        child = reader._child.pid if reader._child else 0
        rounds = [
            (
                [_cpu(lambda page=page: html.document_fromstring(page)) for page in saved],
                [_cpu(lambda page=page: classified(read_page(page, whole=False))) for page in saved],
                [_cpu(lambda page=page: classified(reader.read(page, whole=False)), child) for page in saved],
            )
            for _ in range(repeats)
        ]
        began = time.perf_counter()
        for page in saved:
            classified(reader.read(page, whole=False))
        wall = time.perf_counter() - began
    parsed, direct, whole = (
        statistics.mean(map(min, zip(*column, strict=True))) for column in zip(*rounds, strict=True)
    )
    ratio, in_child, size = direct / parsed, whole / parsed, statistics.mean(map(len, saved))
    print(
        f"pages: {len(saved)} of {size / 1000:.1f} kB on average; lxml parses one in {parsed * 1000:.2f} ms of CPU; "
        f"classified {ratio:.2f} times that (goal {GOAL_PAGES}), by way of the child {in_child:.2f} times: "
        f"{1 / whole:.0f} a second and core (goal {GOAL_RATE}), {len(saved) / wall:.0f} by the clock"
    )
    return {
        "pages": len(saved),
        "bytes": round(size),
        "lxml_ms": round(parsed * 1000, 4),
        "ratio": round(ratio, 3),
        "ratio_in_child": round(in_child, 3),
        "pages_per_core_s": round(1 / whole, 1),
        "pages_per_s": round(len(saved) / wall, 1),
        "met": ratio <= GOAL_PAGES and 1 / whole >= GOAL_RATE,
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


def _cpu(work: Callable[[], object], child: int = 0) -> float:
    """CPU seconds of this process, and of the child if there is one."""
    before = time.process_time_ns(), _nanoseconds(child)
    work()
    own = time.process_time_ns()
    return (own - before[0] + _nanoseconds(child) - before[1]) / 1e9


def _nanoseconds(pid: int) -> int:
    """CPU time of a living process, as its scheduler counts it when the process waits; 0 for none."""
    return 0 if not pid else int(Path(f"/proc/{pid}/schedstat").read_text().split()[0])


SECTIONS: dict[str, Callable[[int], Figures]] = {"pages": pages, "names": names}

if __name__ == "__main__":
    os.environ.setdefault("PYTHONHASHSEED", "0")
    sys.exit(main())
