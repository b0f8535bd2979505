"""What training and accuracy share: a labelled corpus as rows of shares, a logistic regression, folds, figures."""

import gzip
import json
import math
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from blockprobe.mirrors.background import background_of, reference_of  # noqa: E402
from blockprobe.mirrors.common import common_marks  # noqa: E402
from blockprobe.mirrors.features import Features  # noqa: E402
from blockprobe.mirrors.page import read_page  # noqa: E402
from blockprobe.mirrors.score import ENOUGH_SITES, shares_of  # noqa: E402

CORPUS = ROOT.parent / "shared" / "mirror-corpus"
NAMES = ("content", "origin", "links", "brand")

SAME_THEME, NO_THEME, ALONE = (
    "other sites, same theme among them",
    "other sites, none of the same theme",
    "no other site",
)


@dataclass(slots=True)
class Row:
    """One pair: what it is, what was counted, and the probability that a fold gave it."""

    id: str
    group: str
    label: str
    subtype: str
    copy: int
    shares: tuple[float, ...]
    p: float = math.nan


@dataclass(slots=True)
class Labelled:
    """A corpus whose labels may be read."""

    folder: Path
    sites: list[dict[str, Any]]
    pairs: list[dict[str, Any]]
    pages: dict[str, Features] = field(default_factory=dict)

    def raw(self, name: str) -> bytes:
        """The bytes of a page."""
        data = (self.folder / name).read_bytes()
        return gzip.decompress(data) if data.startswith(b"\x1f\x8b") else data

    def candidate(self, name: str) -> Features:
        """The features of a candidate's page, as they are read in use."""
        return read_page(self.raw(name), whole=False)

    def page(self, name: str) -> Features:
        """The features of a page."""
        if name not in self.pages:
            self.pages[name] = read_page(self.raw(name))
        return self.pages[name]


def read_labelled(folder: Path) -> Labelled:
    """The corpus in a folder."""
    data = json.loads((folder / "labels.json").read_text())
    return Labelled(folder=folder, sites=data["sites"], pairs=data["pairs"])


def rows_of(corpus: Labelled, background: str) -> list[Row]:
    """A row for each pair, each site held against one of the three kinds of background."""
    groups = {pair["site"]: pair["group"] for pair in corpus.pairs}
    own = {site["site"]: [corpus.page(site["ref"]), corpus.page(site["ref2"])] for site in corpus.sites}
    rows = []
    for name, pages in own.items():
        others = [
            kept
            for other, kept in own.items()
            if other != name and background != ALONE and (background == SAME_THEME or groups[other] != groups[name])
        ]
        reference = reference_of(pages, background_of(others, common=common_marks()), inside=False)
        assert (reference.sites >= ENOUGH_SITES) == (background != ALONE)
        rows += [
            Row(
                id=pair["id"],
                group=pair["group"],
                label=pair["label"],
                subtype=pair["subtype"],
                copy=pair["copy"],
                shares=shares_of(reference, corpus.candidate(pair["page"])).weighed(),
            )
            for pair in corpus.pairs
            if pair["site"] == name
        ]
    return rows


# -- logistic regression ---------------------------------------------------------------------------------------------


def fit(examples: Iterable[tuple[Sequence[float], int]], *, ridge: float = 1.0) -> list[float]:
    """Bias and weights by Newton's method; `ridge` keeps the weights, not the bias, from growing without bound."""
    table = [([1.0, *shares], copy) for shares, copy in examples]
    size = len(table[0][0])
    weights = [0.0] * size
    for _ in range(60):
        gradient = [0.0] + [ridge * weight for weight in weights[1:]]
        curvature = [[ridge if i == j and i else 1e-9 if i == j else 0.0 for j in range(size)] for i in range(size)]
        for shares, copy in table:
            p = predicted(weights, shares[1:])
            for i in range(size):
                gradient[i] += (p - copy) * shares[i]
                for j in range(size):
                    curvature[i][j] += max(p * (1 - p), 1e-9) * shares[i] * shares[j]
        step = _solved(curvature, gradient)
        weights = [weight - change for weight, change in zip(weights, step, strict=True)]
        if max(map(abs, step)) < 1e-9:
            break
    return weights


def predicted(weights: Sequence[float], shares: Sequence[float]) -> float:
    """The probability that bias and weights give."""
    z = weights[0] + sum(weight * share for weight, share in zip(weights[1:], shares, strict=True))
    return 1 / (1 + math.exp(-max(-500.0, min(500.0, z))))


def _solved(matrix: list[list[float]], right: list[float]) -> list[float]:
    """Gauss with pivots."""
    size = len(right)
    rows = [[*row, value] for row, value in zip(matrix, right, strict=True)]
    for i in range(size):
        pivot = max(range(i, size), key=lambda r: abs(rows[r][i]))
        rows[i], rows[pivot] = rows[pivot], rows[i]
        for r in range(size):
            if r != i:
                factor = rows[r][i] / rows[i][i]
                rows[r] = [a - factor * b for a, b in zip(rows[r], rows[i], strict=True)]
    return [rows[i][size] / rows[i][i] for i in range(size)]


def cross_validate(rows: list[Row], *, train_on: Sequence[Row] | None = None) -> None:
    """Give each row the probability that weights fitted without its family give it."""
    for group in sorted({row.group for row in rows}):
        weights = fit((row.shares, row.copy) for row in train_on or rows if row.group != group)
        for row in rows:
            if row.group == group:
                row.p = predicted(weights, row.shares)


# -- figures ---------------------------------------------------------------------------------------------------------


def auc(rows: Sequence[Row]) -> float:
    """The chance that a copy is ranked above a page that is none; ties count half."""
    ranks, ordered, start = 0.0, sorted(rows, key=lambda row: row.p), 0
    copies = sum(row.copy for row in rows)
    while start < len(ordered):
        end = start
        while end < len(ordered) and ordered[end].p == ordered[start].p:
            end += 1
        ranks += sum(row.copy for row in ordered[start:end]) * (start + end + 1) / 2
        start = end
    return (ranks - copies * (copies + 1) / 2) / (copies * (len(rows) - copies))


def brier(rows: Sequence[Row]) -> float:
    """The mean squared distance of the probabilities from what was true."""
    return sum((row.p - row.copy) ** 2 for row in rows) / len(rows)


def log_loss(rows: Sequence[Row]) -> float:
    """The mean surprise, in nats."""
    return -sum(math.log(max(1e-12, row.p if row.copy else 1 - row.p)) for row in rows) / len(rows)


def share(rows: Iterable[Row], test: Callable[[Row], bool]) -> float:
    """The share of rows that pass; nan for none."""
    found = [test(row) for row in rows]
    return sum(found) / len(found) if found else math.nan
