"""How fast are candidates handled? Each section measures one thing against a baseline in the same run.

`pages`: a saved page of about 21 kB is classified (read, held against a reference, given its class) for at most 2.5
times the CPU time that lxml needs to parse it, and 150 a second and core. Reading happens in a child process, because
pages may be hostile: the figure for the goal is that of `mirrors classify`, CPU seconds of this process and of the
child for all pages in batches. Beside it stand the same without a child, and with a child that is asked page by page.
In each round every way takes all pages in turn; a round gives a ratio, the median of the rounds is the figure.
`names`: see mirrors_filter_speed.py.
Run: `python bench/mirrors_speed.py [--part NAME] [--repeats N] [--save]`; the status is 1 when a goal is missed.
"""

import argparse
import gzip
import os
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mirrors_filter_speed import names

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))
if TYPE_CHECKING:
    from blockprobe.mirrors.reader import PageReader

CORPUS = ROOT.parent / "shared" / "mirror-corpus" / "pages"
PAGE_BYTES = range(15_000, 30_000)
GOAL_PAGES, GOAL_RATE = 2.5, 150
Figures = dict[str, Any]


def main() -> int:
    """Measure what was asked for, print, and say whether the goals are met."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--part", choices=sorted(SECTIONS), action="append")
    parser.add_argument("--repeats", type=int, default=41)
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
    """Classify pages of about 21 kB in three ways, and parse them with lxml alone."""
    from blockprobe.mirrors.reader import PageReader

    # The child has to read with the code beside this file, not with what is installed.
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH"))))
    saved = _pages()
    with PageReader() as reader:
        ways = _ways(saved, reader)
        for work in ways.values():
            work()
        child = reader._child.pid if reader._child else os.getpid()
        rounds = [{name: _cpu(work, child) for name, work in ways.items()} for _ in range(repeats)]
        began = time.perf_counter()
        ways["batches"]()
        wall = time.perf_counter() - began
        met_death = reader.deaths > 0
    ratios = {name: statistics.median(one[name] / one["lxml"] for one in rounds) for name in ways if name != "lxml"}
    parsed, whole = (statistics.median(one[name] for one in rounds) / len(saved) for name in ("lxml", "batches"))
    print(
        f"pages: {len(saved)} of {statistics.mean(map(len, saved)) / 1000:.1f} kB on average; lxml parses one in "
        f"{parsed * 1000:.2f} ms of CPU; classified by way of the child {ratios['batches']:.2f} times that (goal "
        f"{GOAL_PAGES}), {1 / whole:.0f} a second and core (goal {GOAL_RATE}), {len(saved) / wall:.0f} by the clock; "
        f"page by page {ratios['one_by_one']:.2f} times, without a child {ratios['in_process']:.2f} times"
    )
    return {
        "pages": len(saved),
        "bytes": round(statistics.mean(map(len, saved))),
        "lxml_ms": round(parsed * 1000, 4),
        "ratio": round(ratios["batches"], 3),
        "ratio_one_by_one": round(ratios["one_by_one"], 3),
        "ratio_in_process": round(ratios["in_process"], 3),
        "pages_per_core_s": round(1 / whole, 1),
        "pages_per_s": round(len(saved) / wall, 1),
        "cpu_s": {name: [round(one[name], 6) for one in rounds] for name in ways},
        "met": ratios["batches"] <= GOAL_PAGES and 1 / whole >= GOAL_RATE and not met_death,
    }


def _ways(saved: Sequence[bytes], reader: "PageReader") -> dict[str, Callable[[], None]]:
    """What is measured: each takes all pages once."""
    from lxml import html

    from blockprobe.mirrors.background import background_of, reference_of
    from blockprobe.mirrors.common import common_marks
    from blockprobe.mirrors.offline import judge_page
    from blockprobe.mirrors.page import read_page

    sites = [[read_page(page)] for page in saved]
    background = background_of(sites, common=common_marks())
    reference = reference_of(sites[0], background, inside=True)

    def parse() -> None:
        for page in saved:
            html.document_fromstring(page)

    def in_process() -> None:
        for page in saved:
            judge_page(reference, read_page(page, whole=False))

    def one_by_one() -> None:
        for page in saved:
            judge_page(reference, reader.read(page, whole=False))

    def batches() -> None:
        for page in reader.read_all(saved, whole=False):
            judge_page(reference, page)

    return {"lxml": parse, "in_process": in_process, "one_by_one": one_by_one, "batches": batches}


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


def _cpu(work: Callable[[], None], child: int) -> float:
    """CPU seconds of this process and of the child."""
    before = time.process_time_ns(), _nanoseconds(child)
    work()
    own = time.process_time_ns()
    return (own - before[0] + _nanoseconds(child) - before[1]) / 1e9


def _nanoseconds(pid: int) -> int:
    """CPU time of a living process, as its scheduler counts it when the process waits."""
    return int(Path(f"/proc/{pid}/schedstat").read_text().split()[0])


SECTIONS: dict[str, Callable[[int], Figures]] = {"pages": pages, "names": names}

if __name__ == "__main__":
    os.environ.setdefault("PYTHONHASHSEED", "0")
    sys.exit(main())
