"""What bursts of loss do to the order of a proof: a simulation, because independent losses are the kindest weather.

The line is a Gilbert-Elliott channel in time: it is good or bad, for exponentially distributed times, and in the bad
state nothing passes. The schedules are those of the probe and of Linux: UDP questions at 0, 0.6, 1.4 and 2.6 s; SYNs
at 0, 1 and 3 s; data at 0, 0.25, 0.75 and 1.75 s, each attempt given up after 4 s.
"""

import random
from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass

QUESTION = (0.0, 0.6, 1.4, 2.6)
SYN = (0.0, 1.0, 3.0)
DATA = (0.0, 0.25, 0.75, 1.75)
GIVE_UP_S = 4.0
STAGGER_S = 1.3
ATTEMPTS = 3
HOPS, PER_HOP = 3, 3
RTT_S = 0.04


@dataclass(frozen=True, slots=True, kw_only=True)
class Weather:
    """`share` of the time is bad; a bad state lasts `mean_s` seconds on average."""

    share: float
    mean_s: float


class Line:
    """One channel from a random moment on; `passes` says whether a packet and its answer come through."""

    def __init__(self, weather: Weather, dice: random.Random) -> None:
        self._dice = dice
        self._means = (weather.mean_s * (1.0 - weather.share) / weather.share, weather.mean_s)
        self._starts_bad = dice.random() < weather.share
        self._changes = [0.0]

    def _is_bad(self, at_s: float) -> bool:
        while self._changes[-1] <= at_s:
            bad = (len(self._changes) % 2 == 1) == self._starts_bad
            self._changes.append(self._changes[-1] + self._dice.expovariate(1.0 / self._means[bad]))
        return (bisect_right(self._changes, at_s) % 2 == 1) == self._starts_bad

    def passes(self, at_s: float) -> bool:
        """Whether what is sent now is answered."""
        return not self._is_bad(at_s) and not self._is_bad(at_s + RTT_S)

    def answered(self, at_s: float, schedule: tuple[float, ...]) -> float | None:
        """When an operation that sends by a schedule has its answer; None: it is given up."""
        return next((at_s + wait + RTT_S for wait in schedule if self.passes(at_s + wait)), None)


def chance_of_false_block(weather: Weather, trials: int, seed: int) -> dict[str, int]:
    """How many of `trials` healthy sites each proof by silence would call blocked."""
    dice = random.Random(seed)
    proofs: dict[str, Callable[[Line], bool]] = {"dns": _dns, "address": _address, "name": _name}
    return {name: sum(proof(Line(weather, dice)) for _ in range(trials)) for name, proof in proofs.items()}


def _dns(line: Line) -> bool:
    """Three attempts at the listed name, a neutral name answered after each."""
    now = 0.0
    for _ in range(ATTEMPTS):
        if line.answered(now, QUESTION) is not None:
            return False
        neutral = line.answered(now + GIVE_UP_S, QUESTION)
        if neutral is None:
            return False
        now = neutral
    return True


def _address(line: Line) -> bool:
    """Three staggered connections; a neighbour answers; at one hop limit the neighbour's packets all come back."""
    if any(line.answered(number * STAGGER_S, SYN) is not None for number in range(ATTEMPTS)):
        return False
    now = (ATTEMPTS - 1) * STAGGER_S + GIVE_UP_S
    neighbour = next((end for n in range(3) if (end := line.answered(now + n * GIVE_UP_S, SYN)) is not None), None)
    if neighbour is None:
        return False
    for hop in range(HOPS):
        sent = [neighbour + hop * 0.01 + number * 0.05 for number in range(PER_HOP)]
        if all(line.passes(at) for at in sent) and not any(line.passes(at + 0.002) for at in sent):
            return True
    return False


def _name(line: Line) -> bool:
    """Connected, then silence after the name, thrice; the same at the echo, between neutral names that work."""
    if not all(_speaks_in_vain(line, number * STAGGER_S) for number in range(ATTEMPTS)):
        return False
    now = _works(line, (ATTEMPTS - 1) * STAGGER_S + 2 * GIVE_UP_S, attempts=3)
    if now is None or not all(_speaks_in_vain(line, now) for _ in range(ATTEMPTS)):
        return False
    return _works(line, now + 2 * GIVE_UP_S, attempts=2) is not None


def _speaks_in_vain(line: Line, at_s: float) -> bool:
    connected = line.answered(at_s, SYN)
    return connected is not None and line.answered(connected, DATA) is None


def _works(line: Line, at_s: float, *, attempts: int) -> float | None:
    for number in range(attempts):
        connected = line.answered(at_s + number * GIVE_UP_S, SYN)
        spoken = line.answered(connected, DATA) if connected is not None else None
        if spoken is not None:
            return spoken
    return None
