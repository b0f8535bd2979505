"""Finds which of thousands of phrases an untrusted text contains, in time linear in the text.

No regular expressions: text and phrases are folded alike (`fold`) and compared as bytes. The index rests on this:
a phrase of at least 15 bytes that lies anywhere in a text covers, whole, one of the text's 8-byte blocks, and one of
at least 23 bytes covers two neighbouring blocks. So for each entry the eight windows (or pairs of windows) of one
phrase are remembered, the text's blocks are looked up among them, and only the few entries that they name are
compared in full. Whether a text matches never depends on the index.
"""

import html
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from contextlib import suppress

#: No more of a text than this is looked at (characters); notices are short.
MAX_TEXT = 65_536
#: The shortest phrase (folded bytes) that the index can hold: an 8-byte window in each of eight alignments.
INDEXED_BYTES = 15

_WINDOW = 8
_LIKE_ASCII = {"\xa0": "", "\u2019": "'", "\u2013": "-", "\u2014": "-"}  # what word processors make of a notice

#: Every line must be found; a line is found when one of its alternatives is.
Lines = Sequence[Sequence[str]]
_Pair = tuple[int, int]


def fold(text: str) -> bytes:
    """`text` as it is compared: entities resolved, lower case, without white space (pages wrap lines), UTF-8."""
    text = text[:MAX_TEXT]
    if "&" in text:
        with suppress(ValueError):  # a character reference of more digits than int() reads: then the text as it came
            text = html.unescape(text)
    for typographic, plain in _LIKE_ASCII.items():
        text = text.replace(typographic, plain)
    return text.lower().encode("utf-8", "replace").translate(None, b" \t\n\r\f\v")


class PhraseIndex:
    """Numbered entries of lines, and a search for all entries whose every line a text contains."""

    def __init__(self, entries: Iterable[tuple[int, Lines]]) -> None:
        self._lines = {number: [[fold(p) for p in line] for line in lines] for number, lines in entries if lines}
        shared = Counter(w for lines in self._lines.values() for line in lines for p in line for w in _windows(p))
        anchored: defaultdict[int, list[tuple[int, int]]] = defaultdict(list)
        self._unindexed: list[int] = []
        for number, lines in self._lines.items():
            pairs = _anchor(lines, shared)
            for window, partner in pairs:
                anchored[window].append((number, partner))
            if not pairs:
                self._unindexed.append(number)
        self._anchored = dict(anchored)
        self._windows = frozenset(anchored) | {partner for pairs in anchored.values() for _, partner in pairs}

    def find(self, text: str) -> list[int]:
        """The numbers of the entries found in `text`, in rising order."""
        if not self._lines:
            return []
        folded = fold(text)
        blocks = memoryview(folded[: len(folded) // _WINDOW * _WINDOW]).cast("Q")
        present = self._windows.intersection(blocks)
        candidates = set(self._unindexed)
        for window in present & self._anchored.keys():
            for number, partner in self._anchored[window]:
                if partner in present:
                    candidates.add(number)
        return [number for number in sorted(candidates) if _found(self._lines[number], folded)]


def _found(lines: Sequence[Sequence[bytes]], folded: bytes) -> bool:
    return all(any(phrase in folded for phrase in line) for line in lines)


def _windows(phrase: bytes) -> list[int]:
    """Every 8-byte window of `phrase`, as the integer that a block of these bytes is read as."""
    return [memoryview(phrase[at : at + _WINDOW]).cast("Q")[0] for at in range(len(phrase) - _WINDOW + 1)]


def _anchor(lines: Sequence[Sequence[bytes]], shared: Counter[int]) -> set[_Pair]:
    """What to remember for one entry: the pairs of the line that fewest entries share; empty if all are too short."""
    best: tuple[int, set[_Pair]] | None = None
    for line in lines:
        if not line or min(map(len, line)) < INDEXED_BYTES:
            continue
        stretches = [_rarest_stretch(_windows(phrase), shared) for phrase in line]
        cost = max(cost for cost, _ in stretches)
        if best is None or cost < best[0]:
            best = cost, {pair for _, stretch in stretches for pair in stretch}
    return best[1] if best else set()


def _rarest_stretch(windows: list[int], shared: Counter[int]) -> tuple[int, list[_Pair]]:
    """Eight pairs, of which one is in the text's blocks wherever the phrase begins, and how many share the commonest.

    A window's partner is the one that follows it without a gap; in a phrase too short for that, itself.
    """
    apart = _WINDOW if len(windows) >= 2 * _WINDOW else 0
    pairs = [(window, windows[at + apart]) for at, window in enumerate(windows[: len(windows) - apart])]
    costs = [min(shared[window], shared[partner]) for window, partner in pairs]
    starts = range(len(pairs) - _WINDOW + 1)
    start = min(starts, key=lambda at: max(costs[at : at + _WINDOW]))
    return max(costs[start : start + _WINDOW]), pairs[start : start + _WINDOW]
