"""The echo's half of the square: which attempts with the listed name at our own server speak for themselves.

Something neutral must have worked at the very same echo before and soon after; where others were there at the same
time, beside it as well (measure/echoes.py).
"""

from collections.abc import Iterator, Sequence
from typing import TypeVar

from blockprobe.model.failure import Failure
from blockprobe.model.observation import Place, TcpObservation, Test
from blockprobe.verdict.exchange import Exchange, completes, is_cut
from blockprobe.verdict.view import View

#: So many neutral names fail one after another where an echo, the line or a filter's patience is gone for longer.
AWAY = 2
#: Neutral names that must be answered beside a listed one that meets silence at a shared echo.
BESIDE_NEEDED = 2


#: The halves of the square at an echo: alone there, or beside other targets.
AT_ECHO = (Test.SQUARE, Test.SHARED)

E = TypeVar("E", bound=Exchange)


def undisturbed(view: View, listed: Sequence[E], neutral: Sequence[E]) -> list[E]:
    """The listed attempts but those that were cut at a shared echo, where another's name may have brought it upon the
    place. There only silence counts, and only if all neutral names beside it were answered while it lasted."""
    connects = [t for t in view.tcp if t.why.test is Test.SHARED and not t.why.listed]
    beside: list[Exchange | TcpObservation] = [*neutral, *connects]
    return [e for e in listed if e.why.test is not Test.SHARED or not is_cut(e) or _is_own(e, beside)]


def _is_own(listed: Exchange, neutral: Sequence[Exchange | TcpObservation]) -> bool:
    """Whether the silence at a shared echo must be the name's own."""
    beside = [n for n in neutral if _is_beside(n, listed)]
    spoke = [n for n in beside if not isinstance(n, TcpObservation)]
    silent = listed.failure is Failure.GENERIC_TIMEOUT_ERROR
    return silent and len(spoke) >= BESIDE_NEEDED and all(_passed(n, listed) for n in beside)


def _is_beside(neutral: Exchange | TcpObservation, listed: Exchange) -> bool:
    """Whether both were under way at the same echo at the same time."""
    here = (neutral.address, neutral.port) == (listed.address, listed.port)
    return here and neutral.t0_s < listed.t_s and neutral.t_s > listed.t0_s


def _passed(neutral: Exchange | TcpObservation, listed: Exchange) -> bool:
    """Whether the neutral one was answered while the listed one still waited."""
    answered = neutral.failure is None if isinstance(neutral, TcpObservation) else completes(neutral)
    return answered and neutral.t_s <= listed.t_s


def surrounded(view: View, listed: Sequence[E], neutral: Sequence[E]) -> list[E]:
    """The listed attempts that neutral names surround: they work at the very same echo, before and soon after.

    After a trigger some filters punish (source, address, port) for a while: there the neutral success before each
    listed attempt must do, at two echoes at least, and the ledger says that the place was punished. Not so where the
    echo was shared: the trigger may be another's.
    """
    punished = {entry.address for entry in view.line.ledger}
    sound: list[E] = []
    dead: list[E] = []
    for address, test in dict.fromkeys((e.address, e.why.test) for e in listed):
        good = [n for n in neutral if n.address == address and completes(n)]
        bad = _failures_at(view, address, neutral)
        for here in _rounds([e for e in listed if (e.address, e.why.test) == (address, test)], bad):
            before = all(any(n.t_s <= e.t0_s for n in good) for e in here)
            end = max(e.t_s for e in here)
            if before and any(n.t0_s >= end and _between(bad, end, n.t0_s) < AWAY for n in good):
                sound += here
            elif before and address in punished and test is not Test.SHARED:
                dead += here
    last = max((e.t0_s for e in dead), default=0.0)
    line_up = any(t.why.place is Place.NEUTRAL and t.failure is None and t.t_s >= last for t in view.tcp)
    several = len({e.address for e in (*sound, *dead)}) >= 2
    return [*sound, *dead] if line_up and several else sound


def _failures_at(view: View, address: str, neutral: Sequence[Exchange]) -> list[float]:
    """When neutral names began that failed at the echo, on the way or with it."""
    connects = [t for t in view.tcp if t.why.test in AT_ECHO and t.why.place is Place.ECHO and not t.why.listed]
    ports = {n.port for n in neutral}
    unconnected = [t.t0_s for t in connects if t.address == address and t.port in ports and t.failure is not None]
    return unconnected + [n.t0_s for n in neutral if n.address == address and not completes(n)]


def _between(times: list[float], start: float, end: float) -> int:
    return sum(start <= t < end for t in times)


def _rounds(listed: list[E], bad: list[float]) -> Iterator[list[E]]:
    """The attempts at one echo, parted where it was away in between."""
    here: list[E] = []
    for one in sorted(listed, key=lambda e: e.t0_s):
        if here and _between(bad, max(e.t_s for e in here), one.t0_s) >= AWAY:
            yield here
            here = []
        here.append(one)
    if here:
        yield here
