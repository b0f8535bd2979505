"""How well does `mirrors classify` tell copies from other pages? Grouped cross-validation on a labelled corpus.

A template family is never on both sides of a split. The background of a site is the references of all other sites, as
in use; two harder conditions are printed beside it: no other site of the same theme is known, and no other site at all.
Baselines in the same run and the same folds: ssdeep and TLSH of the visible text (skipped with a word where ppdeep or
py-tlsh is not installed), MinHash of its shingles (the 256 smallest marks), each through a logistic of its own.
Run: `python bench/mirrors_accuracy.py [--corpus DIR] [--no-baselines] [--save]`; the status is 1 when a goal is missed.
"""

import argparse
import math
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from mirrors_rows import (
    ALONE,
    CORPUS,
    NO_THEME,
    SAME_THEME,
    Labelled,
    Row,
    auc,
    brier,
    cross_validate,
    log_loss,
    read_labelled,
    rows_of,
    share,
)

BANDS = ((0.0, 0.1), (0.1, 0.5), (0.5, 0.9), (0.9, 1.000001))
SKETCH_SIZE = 256
Figures = dict[str, Any]
Likeness = Callable[[Any, Any], float]


def main() -> int:
    """Measure, print, and say whether the goals are met."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--corpus", type=Path, default=CORPUS)
    parser.add_argument("--no-baselines", action="store_true")
    parser.add_argument("--save", action="store_true")
    options = parser.parse_args()
    if not (options.corpus / "labels.json").is_file():
        print(f"{options.corpus}: no labels.json there; name a corpus with --corpus")
        return 2
    corpus = read_labelled(options.corpus)
    usual = rows_of(corpus, SAME_THEME)
    cross_validate(usual)
    figures: Figures = {"usual": _told(usual, f"our model; background: {SAME_THEME}")}
    _strata(usual, figures["usual"])
    no_theme, alone = rows_of(corpus, NO_THEME), rows_of(corpus, ALONE)
    cross_validate(no_theme, train_on=usual)  # the weights that are used there
    figures["no_theme"] = _told(no_theme, f"our model; background: {NO_THEME}")
    alone_trained = [*rows_of(corpus, NO_THEME), *rows_of(corpus, ALONE)]
    cross_validate(alone, train_on=alone_trained)
    figures["alone"] = _told(alone, f"our model; background: {ALONE}")
    if not options.no_baselines:
        figures["baselines"] = _baselines(corpus, usual)
    missed = [goal for goal, met in _goals(figures["usual"]).items() if not met]
    print("\nall goals met" if not missed else f"\nMISSED: {'; '.join(missed)}")
    if options.save:
        from common import save

        print(save("mirrors_accuracy", 0, figures | {"missed": missed, "pairs": len(usual)}))
    return 1 if missed else 0


def _told(rows: list[Row], title: str) -> Figures:
    """Print and return the figures of one model."""
    figures: Figures = {
        "auc": round(auc(rows), 5),
        "brier": round(brier(rows), 5),
        "log_loss": round(log_loss(rows), 5),
        "natural_same_theme": _above(rows, "same_template_natural"),
        "swapped_same_theme": _above(rows, "same_template_swapped"),
        "partial_recall": _above(rows, "partial"),
        "copies_recall": round(share((row for row in rows if row.copy), _called), 4),
        "others_called_copies": round(share((row for row in rows if not row.copy), _called), 4),
    }
    print(f"\n{title}\n  " + ", ".join(f"{name} {value}" for name, value in figures.items()))
    return figures


def _called(row: Row) -> bool:
    return row.p >= 0.5


def _above(rows: list[Row], subtype: str) -> float | None:
    found = share((row for row in rows if row.subtype == subtype), _called)
    return None if math.isnan(found) else round(found, 4)


def _strata(rows: list[Row], figures: Figures) -> None:
    """Reliability by band, and what is called a copy by kind of page."""
    print("  band        pairs  of them copies  mean p")
    figures["bands"] = []
    for low, high in BANDS:
        inside = [row for row in rows if low <= row.p < high]
        if inside:
            copies, mean = share(inside, lambda row: row.copy == 1), sum(row.p for row in inside) / len(inside)
            print(f"  {low:.1f} – {min(high, 1):.1f}   {len(inside):5}  {copies:14.3f}  {mean:6.3f}")
            figures["bands"].append([low, len(inside), round(copies, 4), round(mean, 4)])
    print("  label           kind                       pairs  >= .5  >= .9    least    most")
    figures["strata"] = []
    for copy, label, subtype in sorted({(-row.copy, row.label, row.subtype) for row in rows}):
        inside = [row for row in rows if (row.label, row.subtype) == (label, subtype)]
        half, most = share(inside, _called), share(inside, lambda row: row.p >= 0.9)
        ps = [row.p for row in inside]
        print(
            f"  {label:15} {subtype:25} {len(inside):6} {half:6.3f} {most:6.3f}  {min(ps):7.4f} {max(ps):7.4f}"
            f"{'  copy' if copy else ''}"
        )
        figures["strata"].append([label, subtype, len(inside), round(half, 4), round(most, 4)])


def _goals(usual: Figures) -> dict[str, bool]:
    """What must hold; a kind of page that the corpus does not have cannot be missed."""
    natural, swapped, partial = (usual[n] for n in ("natural_same_theme", "swapped_same_theme", "partial_recall"))
    return {
        "AUC >= .998": usual["auc"] >= 0.998,
        "Brier <= .015": usual["brier"] <= 0.015,
        "natural same-theme pages >= .5: at most 1 %": natural is None or natural <= 0.01,
        "swapped same-theme pages >= .5: at most 15 %": swapped is None or swapped <= 0.15,
        "partial copies >= .5: at least 85 %": partial is None or partial >= 0.85,
    }


# -- baselines -------------------------------------------------------------------------------------------------------


def _baselines(corpus: Labelled, usual: list[Row]) -> Figures:
    figures: Figures = {}
    for name, (prepare, compare) in _likenesses().items():
        refs = {site["site"]: prepare(corpus, site["ref"]) for site in corpus.sites}
        likeness = {pair["id"]: compare(refs[pair["site"]], prepare(corpus, pair["page"])) for pair in corpus.pairs}
        rows = [replace(row, shares=(likeness[row.id],)) for row in usual]
        cross_validate(rows)
        figures[name] = _told(rows, name)
    return figures


def _likenesses() -> dict[str, tuple[Callable[[Labelled, str], Any], Likeness]]:
    found: dict[str, tuple[Callable[[Labelled, str], Any], Likeness]] = {
        "MinHash of text, 256 smallest": (lambda c, name: sorted(c.page(name).marks[0])[:SKETCH_SIZE], _bottom)
    }
    try:
        import ppdeep

        found["ssdeep of text"] = (
            lambda c, name: ppdeep.hash(_text(c.raw(name))),
            lambda a, b: ppdeep.compare(a, b) / 100,
        )
    except ImportError:
        print("ssdeep: ppdeep is not installed (pip install ppdeep); skipped")
    try:
        import tlsh

        found["TLSH of text"] = (lambda c, name: tlsh.hash(_text(c.raw(name))), lambda a, b: _tlsh(tlsh, a, b))
    except ImportError:
        print("TLSH: py-tlsh is not installed (pip install py-tlsh); skipped")
    return found


def _bottom(one: list[int], other: list[int]) -> float:
    """The estimate of Jaccard's index by the smallest marks of the union."""
    union = sorted({*one, *other})[:SKETCH_SIZE]
    both = {*one} & {*other}
    return sum(mark in both for mark in union) / len(union) if union else 0.0


def _tlsh(tlsh: Any, one: str, other: str) -> float:
    """1 for no distance, 0 for 300 and more; texts too short for TLSH are like nothing."""
    if "TNULL" in (one, other) or not one or not other:
        return 0.0
    return max(0.0, 1 - tlsh.diff(one, other) / 300)


def _text(raw: bytes) -> bytes:
    from lxml import html

    root = html.document_fromstring(raw or b"<p></p>")
    for element in root.iter("script", "style"):
        element.text = None
    return " ".join(root.text_content().split()).encode()


if __name__ == "__main__":
    sys.exit(main())
