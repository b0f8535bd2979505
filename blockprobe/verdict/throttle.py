"""Is one name slower than another? Statistics over pairs of transfers, and nothing else.

Each pair gives the logarithm of listed over neutral goodput: what the line did to both cancels. Two intervals must
agree: Student's t, which trusts the shape of the noise and is therefore asked at 99.9 %, and the signed-rank interval
(Hodges and Lehmann 1963), which does not care about shape or outliers, at 93.75 % or more: with five pairs it is all of
them.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import combinations_with_replacement
from statistics import fmean, median, stdev

from blockprobe.model.failure import Failure
from blockprobe.model.observation import TransferObservation

#: Slower than this share of the neutral name's goodput is throttled; what is faster may be chance or a busy server.
BOUND = 0.5
#: Pairs before anything is concluded, and the most that are made.
MIN_PAIRS, MAX_PAIRS = 5, 12
#: A transfer of fewer bytes is mostly ramp-up (bytes); one that took less time mostly scheduling (seconds).
MIN_BYTES, MIN_LISTED_S = 128_000, 0.1
#: Deaths of frozen connections lie within this of one another: a TLS record, and a share of what came before.
SPREAD_BYTES, SPREAD_SHARE = 20_000, 0.25
#: The chance that the signed-rank interval may miss on each side: five signs alike.
_RANK_DOUBT = 1 / 32
# Student's t for 4, 5, ... degrees of freedom: two-sided 99.9 % and 95 %.
_T_999 = (8.610, 6.869, 5.959, 5.408, 5.041, 4.781, 4.587, 4.437, 4.318, 4.221, 4.140)
_T_95 = (2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.160, 2.145)


class Pace(StrEnum):
    """What the pairs show."""

    OPEN = "open"  # not decided: more pairs may do it
    EVEN = "even"
    SLOWER = "slower"
    FROZEN = "frozen"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """One transfer with the listed name and one with a neutral name, the same bytes of the same server."""

    listed: TransferObservation
    neutral: TransferObservation


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """Of the ratio of goodputs (not of its logarithm)."""

    low: float
    middle: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """The outcome: `k` of `n` pairs show it, `interval` of the ratio (None: too few), goodputs in bit/s (medians).

    For FROZEN: `wire_bytes` after which the listed connections died (median), `failure` how.
    """

    pace: Pace
    k: int = 0
    n: int = 0
    interval: Interval | None = None
    listed_bps: float = 0.0
    neutral_bps: float = 0.0
    wire_bytes: int = 0
    failure: Failure | None = None


def pairs_of(transfers: Sequence[TransferObservation]) -> list[Pair]:
    """The pairs whose two sides both took place, by their number; a side that was repeated counts with its last."""
    sides: dict[tuple[int, bool], TransferObservation] = {}
    for one in transfers:
        if is_transfer(one):
            sides[one.why.attempt, one.why.listed] = one
    numbers = sorted({number for number, _ in sides})
    return [
        Pair(listed=sides[n, True], neutral=sides[n, False])
        for n in numbers
        if (n, True) in sides and (n, False) in sides
    ]


def is_transfer(one: TransferObservation) -> bool:
    """Whether the server we asked sent what we asked for, as far as it came."""
    return one.status in (200, None) and one.authentic is not False and one.wanted >= MIN_BYTES


def goodput(one: TransferObservation) -> float:
    """Bytes of the body per second; the ramp-up is left out where as much again followed it."""
    end_s = one.last_byte_s if one.failure is None and one.body_bytes >= one.wanted else one.ended_s
    body, begin_s = max(one.body_bytes, 1), 0.0
    if one.ramp_s is not None and one.body_bytes >= 2 * one.ramp_bytes:
        body, begin_s = one.body_bytes - one.ramp_bytes, one.ramp_s
    return body / max((end_s or one.ended_s) - begin_s, 0.001)


def compare(pairs: Sequence[Pair]) -> Comparison:
    """What the pairs prove about the listed name; OPEN where they do not (yet)."""
    frozen = _frozen(pairs)
    if frozen is not None:
        return frozen
    measured = [pair for pair in pairs if _is_measured(pair.listed) and _is_measured(pair.neutral)]
    if not measured:
        return Comparison(pace=Pace.OPEN)
    ratios = [math.log(goodput(pair.listed) / goodput(pair.neutral)) for pair in measured]
    pace, interval = _decide(ratios)
    if pace is Pace.SLOWER and median(pair.listed.ended_s for pair in measured) < MIN_LISTED_S:
        pace = Pace.OPEN
    return Comparison(
        pace=pace,
        k=sum(ratio < math.log(BOUND) for ratio in ratios),
        n=len(ratios),
        interval=interval,
        listed_bps=8 * median(goodput(pair.listed) for pair in measured),
        neutral_bps=8 * median(goodput(pair.neutral) for pair in measured),
    )


def _is_measured(one: TransferObservation) -> bool:
    """It came whole, or its time was up, or it fell silent: all three say how fast it was. A cut does not."""
    return one.failure in (None, Failure.GENERIC_TIMEOUT_ERROR)


def pace_of(ratios: Sequence[float]) -> Pace:
    """The pace that these logarithms of ratios show."""
    return _decide(ratios)[0]


def _decide(ratios: Sequence[float]) -> tuple[Pace, Interval | None]:
    """The pace that logarithms of ratios show, with the interval of the ratio that says so."""
    if len(ratios) < MIN_PAIRS:
        return Pace.OPEN, None
    bound, doubtful = math.log(BOUND), _joint(ratios, _T_999)
    if doubtful.high < bound:
        return Pace.SLOWER, _antilog(doubtful)
    likely = _joint(ratios, _T_95)
    if likely.low > bound:
        return Pace.EVEN, _antilog(likely)
    return Pace.OPEN, _antilog(doubtful)


def _joint(ratios: Sequence[float], quantiles: Sequence[float]) -> Interval:
    """The span of both intervals."""
    half = quantiles[min(len(ratios), len(quantiles) + 4) - MIN_PAIRS] * stdev(ratios) / math.sqrt(len(ratios))
    mean, ranks = fmean(ratios), signed_rank(ratios)
    return Interval(low=min(mean - half, ranks.low), middle=ranks.middle, high=max(mean + half, ranks.high))


def signed_rank(values: Sequence[float]) -> Interval:
    """The Hodges-Lehmann estimate and the interval that inverts Wilcoxon's signed-rank test, exact for any size."""
    averages = sorted((a + b) / 2 for a, b in combinations_with_replacement(values, 2))
    skip = _rank_limit(len(values))
    return Interval(low=averages[skip], middle=median(averages), high=averages[-1 - skip])


def _rank_limit(count: int) -> int:
    """How many averages may be left out at each end: the largest c with P(W <= c) within the doubt, at least 0."""
    ways = [1]  # ways[w]: subsets of the ranks 1..count whose sum is w
    for rank in range(1, count + 1):
        longer = ways + [0] * rank
        for total, number in enumerate(ways):
            longer[total + rank] += number
        ways = longer
    allowed, seen, limit = _RANK_DOUBT * 2**count, 0, -1
    while seen + ways[limit + 1] <= allowed:
        limit += 1
        seen += ways[limit]
    return max(limit, 0)


def _antilog(interval: Interval) -> Interval:
    low, middle, high = (math.exp(max(-50.0, min(50.0, x))) for x in (interval.low, interval.middle, interval.high))
    return Interval(low=low, middle=middle, high=high)


def _frozen(pairs: Sequence[Pair]) -> Comparison | None:
    """The listed connections die after about as many bytes each time, and every neutral one carries more."""
    dead = [pair.listed for pair in pairs if pair.listed.failure is not None and pair.listed.wire_bytes > 0]
    if len(pairs) < MIN_PAIRS or len(dead) < max(MIN_PAIRS - 1, 0.8 * len(pairs)):
        return None
    counts = [one.wire_bytes for one in dead]
    middle = median(counts)
    if max(counts) - min(counts) > SPREAD_BYTES + SPREAD_SHARE * middle:
        return None
    alive = [pair.neutral for pair in pairs]
    if any(one.failure is not None or one.wire_bytes < 2 * max(counts) for one in alive):
        return None
    return Comparison(
        pace=Pace.FROZEN,
        k=len(dead),
        n=len(pairs),
        neutral_bps=8 * median(goodput(one) for one in alive),
        wire_bytes=round(middle),
        failure=dead[-1].failure,
    )
