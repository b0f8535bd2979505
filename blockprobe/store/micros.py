"""Times in whole microseconds, which is what records hold: shorter to write, and exact on the way back."""

from collections.abc import Sequence
from typing import Any

_SECOND = 1_000_000


def to_us(seconds: float) -> int | None:
    """Whole microseconds; None where `from_us` would not give the same number again."""
    if not abs(seconds) < 1e9:
        return None
    micros = round(seconds * _SECOND)
    return micros if repr(micros / _SECOND) == repr(float(seconds)) else None


def from_us(micros: int) -> float:
    """Seconds."""
    return micros / _SECOND


def take_times(ones: Sequence[dict[str, Any]]) -> list[int] | None:
    """Remove `t0_s` and `t_s` from each and return them: a start and a duration, one after another.

    None, and nothing is removed, where that is not exact. Apart from the rest they compress better, and the rest too.
    """
    times: list[int] = []
    for one in ones:
        start, end = to_us(one["t0_s"]), to_us(one["t_s"])
        if start is None or end is None:
            return None
        times += [start, end - start]
    for one in ones:
        del one["t0_s"], one["t_s"]
    return times


def put_times(ones: Sequence[dict[str, Any]], times: Sequence[int]) -> None:
    """Undo `take_times`."""
    for one, start, took in zip(ones, times[::2], times[1::2], strict=True):
        one["t0_s"], one["t_s"] = from_us(start), from_us(start + took)


def to_steps(times: list[float]) -> list[int] | None:
    """The first time and the steps from each to the next, in microseconds; None where that is not exact."""
    micros = [to_us(one) for one in times]
    known = [one for one in micros if one is not None]
    if len(known) < len(micros):
        return None
    return [later - earlier for earlier, later in zip([0, *known], known, strict=False)]


def from_steps(steps: list[int]) -> list[float]:
    """Undo `to_steps`."""
    times, now = [], 0
    for step in steps:
        now += step
        times.append(from_us(now))
    return times
