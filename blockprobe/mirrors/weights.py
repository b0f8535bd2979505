"""The weights of P(copy), written by bench/mirrors_train.py; do not edit.

Fitted on 2026-11-22: 834 pairs of 36 sites in 9 template families, 396 of them copies.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Weights:
    """What a share of one adds to the log odds: content, origin, links, brand; `bias` is where they start."""

    bias: float
    shares: tuple[float, float, float, float]


SHARE_OF_COPIES = 0.4748
"""The prior that the weights were fitted with; another one is put in its place by the formula in docs/mirrors.md."""
KNOWN = Weights(bias=-6.347, shares=(3.77, 2.629, 4.216, 2.32))
"""With other sites as background."""
ALONE = Weights(bias=-7.816, shares=(1.697, 2.559, 5.965, 2.329))
"""With few or none."""
