"""How fast names are filtered for 40 brands, against a bare loop over the same lines, and what memory that takes.

The names are made up: labels of 4 to 24 letters under twenty suffixes, three in a thousand with a brand's word. The
section `names` of mirrors_speed.py.
"""

import random
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

LINES = 1_000_000
GOAL_A_SECOND, GOAL_RATIO = 400_000, 4.0
#: What a million lines may take beyond the first fifty thousand.
GOAL_GROWTH_BYTES = 4_000_000
_WORDS = Path(__file__).with_name("mirrors_brands.txt")
_SUFFIXES = ("com", "net", "org", "to", "io", "de", "co.uk", "info", "xyz", "ru", "fr", "nl", "it", "top", "site",
             "online", "cc", "me", "tv", "shop")  # fmt: skip


def names(repeats: int) -> dict[str, Any]:
    """Plain names a second in CPU time, and the growth of the process from its first lines to its last."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "names.txt"
        path.write_bytes(_lines(random.Random(1)))
        rounds = [(_loop(path), _filter(path)) for _ in range(max(3, repeats // 3))]
        growth = int(subprocess.run(
            [sys.executable, __file__, str(path)], capture_output=True, text=True, check=True
        ).stdout)  # fmt: skip
    bare, filtered = (min(column) for column in zip(*rounds, strict=True))
    a_second, ratio = LINES / filtered, filtered / bare
    met = (a_second >= GOAL_A_SECOND or ratio <= GOAL_RATIO) and growth <= GOAL_GROWTH_BYTES
    print(
        f"names: {a_second / 1e6:.2f} million a second and core for 40 brands (goal {GOAL_A_SECOND / 1e6:.1f}), "
        f"{ratio:.1f} times a bare loop over the lines (or goal {GOAL_RATIO:.0f}); "
        f"{growth / 1e6:.1f} MB more after {LINES:,} lines than after 50,000 (goal {GOAL_GROWTH_BYTES / 1e6:.0f})"
    )
    return {
        "lines": LINES,
        "names_per_s": round(a_second),
        "ratio_to_loop": round(ratio, 2),
        "growth_bytes": growth,
        "rounds": rounds,
        "met": met,
    }


def brand_words() -> list[str]:
    """Forty words of sites that courts have ordered to be blocked."""
    lines = _WORDS.read_text().splitlines()
    return [line for line in lines if line and not line.startswith("#")][:40]


def _lines(dice: random.Random) -> bytes:
    letters, words = "abcdefghijklmnopqrstuvwxyzeeaaoonnttrrss-0123456789", brand_words()
    made = []
    for number in range(LINES):
        label = "".join(dice.choices(letters, k=dice.randint(4, 24))).strip("-") or "x"
        if number % 333 == 0:
            label = f"{label[:3]}{dice.choice(words)}{label[3:6]}"
        made.append(f"{label}.{dice.choice(_SUFFIXES)}")
    return "\n".join(made).encode() + b"\n"


def _loop(path: Path) -> float:
    began = time.process_time()
    with path.open("rb") as stream:
        for _ in stream:
            pass
    return time.process_time() - began


def _filter(path: Path, lines: int | None = None) -> float:
    """CPU seconds to filter the file, or its first lines."""
    from io import BytesIO

    from blockprobe.mirrors.brand import brand_of
    from blockprobe.mirrors.name_filter import NameFilter
    from blockprobe.mirrors.name_lines import Tally, unpacked
    from blockprobe.mirrors.shapes import shipped_tables

    chosen = NameFilter([brand_of(f"{word}.com") for word in brand_words()], shipped_tables())
    began = time.process_time()
    with path.open("rb") as stream:
        source = stream if lines is None else BytesIO(b"".join(next(stream) for _ in range(lines)))
        found = sum(1 for _ in chosen.matches_in(unpacked(source), Tally()))
    spent = time.process_time() - began
    assert found >= (LINES if lines is None else lines) // 400, found
    return spent


def _peak() -> int:
    match = re.search(r"^VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text(), re.M)
    assert match is not None
    return int(match[1]) * 1024


if __name__ == "__main__":
    # In a process of its own: the peak after the first lines, and what all of them add to it.
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
    _filter(Path(sys.argv[1]), 50_000)
    first = _peak()
    _filter(Path(sys.argv[1]))
    print(_peak() - first)
