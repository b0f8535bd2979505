"""Shares, and how far they may be wrong: worst-case bounds over a census, Wilson's interval over a sample of lines.

The targets of an order are a census: all of them are looked at, so there is no sampling error, only targets of which
nothing is known. Lines are a sample of a provider's lines, and only for them is a confidence interval the right thing.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from math import inf, isinf, sqrt

#: Both sides together; the usual 95 %.
Z_95 = 1.959963984540054


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """The least and the greatest share that is possible."""

    lower: float
    upper: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A time that lies between two bounds, in seconds; `upper` None: it has not ended yet."""

    lower: float
    upper: float | None = None


def worst_case(positive: int, unknown: int, total: int) -> Bounds | None:
    """[positive/N, (positive + unknown)/N] over a census of N; None of an empty one. Raises ValueError on nonsense."""
    if min(positive, unknown, total) < 0 or positive + unknown > total:
        raise ValueError(f"{positive} and {unknown} of {total} cannot be")
    return None if total == 0 else Bounds(lower=positive / total, upper=(positive + unknown) / total)


def wilson(positive: int, total: int, z: float = Z_95) -> Bounds | None:
    """The score interval of a share seen in a sample of `total` (E. B. Wilson, J. Am. Stat. Assoc. 22, 1927, 209-212).

    None of an empty sample. Raises ValueError where more are positive than there are.
    """
    if not 0 <= positive <= total:
        raise ValueError(f"{positive} of {total} cannot be")
    if total == 0:
        return None
    share, weight = positive / total, z * z / total
    middle = share + weight / 2
    reach = z * sqrt(share * (1 - share) / total + weight / (4 * total))
    lower = 0.0 if positive == 0 else max(0.0, (middle - reach) / (1 + weight))
    upper = 1.0 if positive == total else min(1.0, (middle + reach) / (1 + weight))
    return Bounds(lower=lower, upper=upper)


def median_span(spans: Iterable[Span]) -> Span | None:
    """[median of the lower bounds, median of the upper bounds]: the true times' median lies in it; None of nothing.

    Every lower bound is at most its true time, and every upper bound at least that; so are their medians. Spans that
    have not ended count as infinite. Turnbull's estimator would be narrower; these bounds need no assumption.
    """
    known = list(spans)
    if not known:
        return None
    upper = _median(inf if span.upper is None else span.upper for span in known)
    return Span(lower=_median(span.lower for span in known), upper=None if isinf(upper) else upper)


def _median(values: Iterable[float]) -> float:
    ordered = sorted(values)
    middle = len(ordered) // 2
    return ordered[middle] if len(ordered) % 2 else (ordered[middle - 1] + ordered[middle]) / 2
