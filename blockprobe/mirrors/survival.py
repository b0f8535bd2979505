"""PURE: how long mirrors last. Blocked and dead are competing risks, and when either came is known to an interval.

The estimate is Aalen and Johansen's cumulative incidence (Scand. J. Statist. 5, 1978), once with every end as early as
it can have been and once as late; its variance as in Marubini and Valsecchi (Analysing Survival Data, 1995, 10.3).
A mirror that still lives counts for as long as it was watched. Time begins when we first saw it alive: before that
nobody looked, so lives may be longer than stated.
"""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

#: Two-sided 95 %.
_Z = 1.959964


class Cause(StrEnum):
    """Why a mirror is of no use to this line any more; or what ended the wait after that."""

    BLOCKED = "blocked"
    DEAD = "dead"
    REPLACED = "replaced"


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """One mirror's time, in seconds since it was first seen alive.

    It ended by `cause` after `low_s` and not later than `high_s`; without a cause it was watched for `low_s` and goes
    on. Raises ValueError when the interval is none.
    """

    low_s: float
    high_s: float | None = None
    cause: Cause | None = None

    def __post_init__(self) -> None:
        if (self.cause is None) is not (self.high_s is None):
            raise ValueError("a span that ended has a cause and an upper bound, one that goes on has neither")
        if self.low_s < 0 or (self.high_s is not None and self.high_s < self.low_s):
            raise ValueError(f"no interval: {self.low_s} to {self.high_s} s")


@dataclass(frozen=True, slots=True, kw_only=True)
class HalfLife:
    """When half of the mirrors had ended by `cause` (None: by either), in seconds; None: not reached yet.

    `earliest_s` to `latest_s` is what the looks leave open; `lower_s` to `upper_s` adds chance (95 %). `ended` of `n`
    mirrors had ended so.
    """

    cause: Cause | None
    earliest_s: float | None
    latest_s: float | None
    lower_s: float | None
    upper_s: float | None
    ended: int
    n: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """The incidence from `t_s` on, and its standard error."""

    t_s: float
    incidence: float
    error: float


def half_life(spans: Sequence[Span], cause: Cause | None = None) -> HalfLife:
    """The half-life by one cause, the other being a competing risk, or by either."""
    early = incidence([(s.low_s, s.cause) for s in spans], cause)
    late = incidence([(s.low_s if s.high_s is None else s.high_s, s.cause) for s in spans], cause)
    ended = sum(1 for span in spans if span.cause is not None and cause in (None, span.cause))
    return HalfLife(
        cause=cause,
        earliest_s=_first(early, 0.0),
        latest_s=_first(late, 0.0),
        lower_s=_first(early, _Z),
        upper_s=_first(late, -_Z),
        ended=ended,
        n=len(spans),
    )


def incidence(ends: Sequence[tuple[float, Cause | None]], cause: Cause | None) -> tuple[Step, ...]:
    """The cumulative incidence of `cause` (None: of any) at every time at which something ended so.

    `ends` are times in seconds with what happened then (None: only the watching ended).
    """
    here: dict[float, Counter[Cause | None]] = {}
    for time_s, what in ends:
        here.setdefault(time_s, Counter())[what] += 1
    at_risk, sums, steps = len(ends), _Sums(), []
    for t_s in sorted(here):
        leaving = here[t_s].total()
        any_end = leaving - here[t_s][None]
        wanted = any_end if cause is None else here[t_s][cause]
        if any_end:
            sums.jump(at_risk=at_risk, ends=any_end, wanted=wanted)
        if wanted:
            steps.append(Step(t_s=t_s, incidence=sums.reached, error=sums.error()))
        at_risk -= leaving
    return tuple(steps)


@dataclass(slots=True)
class _Sums:
    """The incidence so far, the share that is left, and the parts of the incidence's variance.

    The variance is a sum over the jumps j of a·(F − F_j)² + b − 2c·(F − F_j), where F is the incidence now and F_j
    the one just after j; kept as sums of a, aF_j, aF_j², b, c and cF_j, so that each step costs the same.
    """

    alive: float = 1.0
    reached: float = 0.0
    a: tuple[float, float, float] = (0.0, 0.0, 0.0)
    b: float = 0.0
    c: tuple[float, float] = (0.0, 0.0)

    def jump(self, *, at_risk: int, ends: int, wanted: int) -> None:
        """`ends` of `at_risk` ended at one time, `wanted` of them by the cause."""
        self.reached += self.alive * wanted / at_risk
        here = self.reached
        if at_risk > ends:
            weight = ends / (at_risk * (at_risk - ends))
            self.a = (self.a[0] + weight, self.a[1] + weight * here, self.a[2] + weight * here**2)
        self.b += self.alive**2 * (at_risk - wanted) * wanted / at_risk**3
        weight = self.alive * wanted / at_risk**2
        self.c = (self.c[0] + weight, self.c[1] + weight * here)
        self.alive *= 1 - ends / at_risk

    def error(self) -> float:
        """The standard error of the incidence now."""
        now = self.reached
        variance = now**2 * self.a[0] - 2 * now * self.a[1] + self.a[2] + self.b - 2 * (now * self.c[0] - self.c[1])
        return math.sqrt(max(0.0, variance))


def _first(steps: Sequence[Step], z: float) -> float | None:
    """The first time at which the incidence, moved by `z` standard errors, reaches a half."""
    return next((step.t_s for step in steps if step.incidence + z * step.error >= 0.5), None)
