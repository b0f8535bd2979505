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
KNOWN = Weights(bias=-6.347, shares=(3.766, 2.624, 4.224, 2.332))
"""With other sites as background."""
ALONE = Weights(bias=-7.807, shares=(1.689, 2.552, 5.962, 2.338))
"""With few or none."""
