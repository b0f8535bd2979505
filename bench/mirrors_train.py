"""Fit the weights of P(copy) and write blockprobe/mirrors/weights.py.

Two sets: for a background with other sites, the usual case; and for none or few, where a shared theme is unknown as
such, fitted on the same pairs held against a background without sites of the same theme, and without any. Nothing in
the regression is left to chance, so the same corpus gives the same weights.
Run: `python bench/mirrors_train.py [--corpus DIR] [--date YYYY-MM-DD] [--dry-run]`
"""

import argparse
import subprocess
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from mirrors_rows import ALONE, CORPUS, NAMES, NO_THEME, ROOT, SAME_THEME, Row, fit, read_labelled, rows_of

TARGET = ROOT / "blockprobe" / "mirrors" / "weights.py"
TEXT = '''"""The weights of P(copy), written by bench/mirrors_train.py; do not edit.

Fitted on {date}: {pairs} pairs of {sites} sites in {families} template families, {copies} of them copies.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Weights:
    """What a share of one adds to the log odds: content, origin, links, brand; `bias` is where they start."""

    bias: float
    shares: tuple[float, float, float, float]


SHARE_OF_COPIES = {share}
"""The prior that the weights were fitted with; another one is put in its place by the formula in docs/mirrors.md."""
KNOWN = Weights(bias={known[0]}, shares=({known[1]}, {known[2]}, {known[3]}, {known[4]}))
"""With other sites as background."""
ALONE = Weights(bias={alone[0]}, shares=({alone[1]}, {alone[2]}, {alone[3]}, {alone[4]}))
"""With few or none."""
'''


def main() -> int:
    """Fit, print, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--corpus", type=Path, default=CORPUS)
    parser.add_argument("--date", default=datetime.now(UTC).date().isoformat())
    parser.add_argument("--dry-run", action="store_true")
    options = parser.parse_args()
    corpus = read_labelled(options.corpus)
    usual = rows_of(corpus, SAME_THEME)
    known = _weights(usual)
    alone = _weights(rows_of(corpus, NO_THEME) + rows_of(corpus, ALONE))
    for name, weights in (("known", known), ("alone", alone)):
        print(name, "bias", weights[0], *(f"{k} {w}" for k, w in zip(NAMES, weights[1:], strict=True)))
        assert min(weights[1:]) > 0, "a share that speaks against a copy: the corpus does not fit the model"
    copies = sum(row.copy for row in usual)
    text = TEXT.format(
        date=options.date,
        pairs=len(usual),
        sites=len(corpus.sites),
        families=len({row.group for row in usual}),
        copies=copies,
        share=round(copies / len(usual), 4),
        known=known,
        alone=alone,
    )
    if not options.dry_run:
        TARGET.write_text(text)
        subprocess.run([sys.executable, "-m", "ruff", "format", "-q", str(TARGET)], check=True)
    return 0


def _weights(rows: Sequence[Row]) -> list[float]:
    return [round(weight, 3) for weight in fit((row.shares, row.copy) for row in rows)]


if __name__ == "__main__":
    sys.exit(main())
