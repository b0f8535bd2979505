"""PURE: how long mirrors last. Blocked and dead are competing risks, and when either came is known to an interval.

The estimate is Aalen and Johansen's cumulative incidence (Scand. J. Statist. 5, 1978), once with every end as early as
it can have been and once as late; its variance as in Marubini and Valsecchi (Analysing Survival Data, 1995, 10.3).
A mirror that still lives counts for as long as it was watched. Time begins when we first saw it alive: before that
nobody looked, so lives may be longer than stated.
"""

import math
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
    at_risk, alive, reached = len(ends), 1.0, 0.0
    jumps: list[_Jump] = []
    for t_s in sorted({time for time, _ in ends}):
        here = [what for time, what in ends if time == t_s]
        any_end = sum(1 for what in here if what is not None)
        wanted = sum(1 for what in here if what is not None and cause in (None, what))
        if any_end:
            reached += alive * wanted / at_risk
            jumps.append(_Jump(t_s=t_s, at_risk=at_risk, ends=any_end, wanted=wanted, alive=alive, reached=reached))
            alive *= 1 - any_end / at_risk
        at_risk -= len(here)
    return tuple(
        Step(t_s=jump.t_s, incidence=jump.reached, error=_error(jumps[: number + 1]))
        for number, jump in enumerate(jumps)
        if jump.wanted
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Jump:
    """One time at which something ended; `alive` is the share just before, `reached` the incidence just after."""

    t_s: float
    at_risk: int
    ends: int
    wanted: int
    alive: float
    reached: float


def _error(jumps: Sequence[_Jump]) -> float:
    """The standard error of the incidence after the last of the jumps."""
    now, variance = jumps[-1].reached, 0.0
    for jump in jumps:
        to_come, n = now - jump.reached, jump.at_risk
        if n > jump.ends:
            variance += to_come**2 * jump.ends / (n * (n - jump.ends))
        variance += jump.alive**2 * (n - jump.wanted) * jump.wanted / n**3
        variance -= 2 * to_come * jump.alive * jump.wanted / n**2
    return math.sqrt(max(0.0, variance))


def _first(steps: Sequence[Step], z: float) -> float | None:
    """The first time at which the incidence, moved by `z` standard errors, reaches a half."""
    return next((step.t_s for step in steps if step.incidence + z * step.error >= 0.5), None)
