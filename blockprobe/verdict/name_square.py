"""The square {listed, neutral} x {origin, echo}: does the failure follow the name, the address, or both?

The same logic serves the name in a ClientHello (SNI) and the name in a request (Host).
"""

from dataclasses import dataclass
from enum import StrEnum

from blockprobe.model.addresses import family_of
from blockprobe.model.failure import Failure
from blockprobe.model.observation import (
    PathObservation,
    PathReply,
    Place,
    QuicObservation,
    Test,
)
from blockprobe.verdict.at_echo import AT_ECHO, surrounded, undisturbed
from blockprobe.verdict.exchange import Exchange, completes, fails, is_cut, works
from blockprobe.verdict.leg import Leg
from blockprobe.verdict.view import View

#: Resets are repeated at least once; silence needs three attempts (docs/method.md, 5).
RESETS_NEEDED = 2
SILENCES_NEEDED = 3


class NameScope(StrEnum):
    """What the square shows."""

    NAME = "name"
    NAME_PARTIAL = "name_partial"
    ADDRESS_AND_NAME = "address_and_name"
    NAME_HERE = "name_here"  # cut on the path to this address; without a helper nobody can tell whether elsewhere too
    UNPROVEN = "unproven"


@dataclass(frozen=True, slots=True, kw_only=True)
class Square:
    """The outcome: scope, `k` failures of `n` attempts with the listed name, and the failure itself."""

    scope: NameScope
    k: int
    n: int
    failure: Failure | None


def square(view: View, leg: Leg, exchanges: list[Exchange]) -> Square:
    """What the leg's exchanges prove about the listed name; `exchanges` are all of one protocol, of the leg's hop."""
    at_echo = [e for e in exchanges if e.why.test in AT_ECHO and e.why.place is Place.ECHO]
    neutral_echo = [e for e in at_echo if not e.why.listed]
    listed_echo = undisturbed(view, [e for e in at_echo if e.why.listed], neutral_echo)
    counted = surrounded(view, listed_echo, neutral_echo)
    failed = [e for e in counted if is_cut(e)]
    if _enough(failed):
        scope = NameScope.NAME if len(failed) == len(listed_echo) else NameScope.NAME_PARTIAL
        return Square(scope=scope, k=len(failed), n=len(listed_echo), failure=failed[-1].failure)
    origin = [e for e in exchanges if e.why.place is Place.ORIGIN and e.why.listed and _full(e)]
    failed_origin = [e for e in origin if fails(e)]
    failure = failed_origin[-1].failure if failed_origin else None
    scope = NameScope.UNPROVEN
    if failed_origin and _follows_both(view, leg, exchanges, listed_echo):
        scope = NameScope.ADDRESS_AND_NAME if listed_echo else NameScope.NAME_HERE
    return Square(scope=scope, k=len(failed_origin), n=len(origin), failure=failure)


def _full(exchange: Exchange) -> bool:
    limited = not isinstance(exchange, QuicObservation) and exchange.ttl is not None
    return exchange.why.test in (Test.LOOK, Test.REPEAT, Test.SQUARE) and not limited


def _enough(failed: list[Exchange]) -> bool:
    loud = sum(e.failure is not Failure.GENERIC_TIMEOUT_ERROR for e in failed)
    return loud >= RESETS_NEEDED or len(failed) >= SILENCES_NEEDED


def _follows_both(view: View, leg: Leg, exchanges: list[Exchange], listed_echo: list[Exchange]) -> bool:
    """Only this name at this address: every condition of docs/method.md, 3.5, must hold at one."""
    if not all(completes(e) for e in listed_echo) or not (listed_echo or nobody_else(view, leg)):
        return False
    at_origin = [e for e in exchanges if e.why.place is Place.ORIGIN]
    places = dict.fromkeys(e.address for e in at_origin if not e.why.listed and works(e))
    return any(_follows_here(view, leg, [e for e in at_origin if e.address == address]) for address in places)


def nobody_else(view: View, leg: Leg) -> bool:
    """Whether no helper told anything of the leg's host: then only what the path does can speak."""
    return not view.controls(leg)


def _follows_here(view: View, leg: Leg, exchanges: list[Exchange]) -> bool:
    """At this address every full attempt with the listed name was cut, small segments too, not so for the helper, and
    by something nearer than the server. Without a helper that must be resets from the common path."""
    listed = [e for e in exchanges if e.why.listed and _full(e)]
    small = [e for e in exchanges if e.why.test is Test.SMALL_MSS]
    if not all(is_cut(e) for e in listed) or not _enough(listed) or not small or not all(is_cut(e) for e in small):
        return False
    address = listed[-1].address
    if nobody_else(view, leg):
        return _reset_on_common_path(view, address, leg)
    if not control_open(view, leg, address):
        return False
    return (
        _faster_than_path(view, listed, exchanges)
        or _reset_on_common_path(view, address, leg)
        or _swallowed_on_common_path(view, address, leg)
    )


def control_open(view: View, leg: Leg, address: str) -> bool:
    """Whether a helper was let through with the listed name: without that nothing at the origin proves anything."""
    if leg.tls:
        control = view.control_tls(leg, address)
        return control is not None and control.ok
    page = view.control_page(leg)
    return page is not None and page.failure is None


def _faster_than_path(view: View, listed: list[Exchange], exchanges: list[Exchange]) -> bool:
    """The failure came sooner than a packet can travel to the server and back, more than once.

    The round trip is the shortest that was seen to this address: a radio that wakes up, or a full queue, makes the
    first one long.
    """
    address = listed[0].address
    trips = [e.rtt_s for e in exchanges if e.rtt_s is not None]
    trips += [t.t_s - t.t0_s for t in view.tcp if t.address == address and t.failure is None]
    shortest = min(trips, default=0.0)
    return sum(e.t_s - e.t0_s < 0.8 * shortest for e in listed) >= RESETS_NEEDED


def _reset_on_common_path(view: View, address: str, leg: Leg) -> bool:
    """With a hop limit of the common path the listed name is reset, where a neutral name gets as far as a router: the
    reset is the path's own, whatever the server would say."""
    listed, neutral, limits = _along_the_path(view, address, leg)
    return any(
        listed[limit].count(PathReply.RESET) >= RESETS_NEEDED
        and PathReply.TIME_EXCEEDED in neutral.get(limit, [])
        and PathReply.RESET not in neutral[limit]
        for limit in limits
    )


def _swallowed_on_common_path(view: View, address: str, leg: Leg) -> bool:
    """The router at a hop limit reports the neutral name's packets as expired and never the listed one's, nor does any
    router behind it."""
    listed, neutral, limits = _along_the_path(view, address, leg)
    for limit in limits:
        beyond = [listed[other] for other in limits if other >= limit]
        expired = neutral.get(limit, []).count(PathReply.TIME_EXCEEDED)
        if expired >= 3 and all(len(replies) >= 3 and set(replies) == {PathReply.NONE} for replies in beyond):
            return True
    return False


Replies = dict[int, list[PathReply]]


def _along_the_path(view: View, address: str, leg: Leg) -> tuple[Replies, Replies, list[int]]:
    """What came back for the listed and for the neutral name by hop limit, and the common path's limits tried."""
    carrying = "client_hello" if leg.tls else "http_request"
    paths = [p for p in view.path if p.address == address and p.port == leg.port and p.carrying == carrying]
    listed = _by_ttl([p for p in paths if p.why.listed])
    neutral = _by_ttl([p for p in paths if not p.why.listed])
    limits = {hop.ttl for hop in view.line.common_path if hop.family == family_of(address)} & set(listed)
    return listed, neutral, sorted(limits)


def _by_ttl(paths: list[PathObservation]) -> Replies:
    found: Replies = {}
    for path in paths:
        for hop in path.hops:
            found.setdefault(hop.ttl, []).extend(hop.replies)
    return found
