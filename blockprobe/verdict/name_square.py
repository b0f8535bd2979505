"""The square {listed, neutral} x {origin, echo}: does the failure follow the name, the address, or both?

The same logic serves the name in a ClientHello (SNI) and the name in a request (Host); a `Cell` hides which.
"""

from dataclasses import dataclass
from enum import StrEnum

from blockprobe.model.failure import Failure
from blockprobe.model.observation import HttpObservation, PathObservation, PathReply, Place, Test, TlsObservation
from blockprobe.verdict.view import Leg, View

#: Resets are repeated at least once; silence needs three attempts (DESIGN 3.5).
RESETS_NEEDED = 2
SILENCES_NEEDED = 3

Exchange = TlsObservation | HttpObservation


class NameScope(StrEnum):
    """What the square shows."""

    NAME = "name"
    NAME_PARTIAL = "name_partial"
    ADDRESS_AND_NAME = "address_and_name"
    UNPROVEN = "unproven"


@dataclass(frozen=True, slots=True, kw_only=True)
class Square:
    """The outcome: scope, `k` failures of `n` attempts with the listed name, and the failure itself."""

    scope: NameScope
    k: int
    n: int
    failure: Failure | None


def fails(exchange: Exchange) -> bool:
    """The name was not let through: no certificate, no status, and a failure."""
    if isinstance(exchange, TlsObservation):
        return exchange.failure is not None and not exchange.chain and exchange.valid is None
    return exchange.failure is not None and exchange.status is None


def works(exchange: Exchange) -> bool:
    """The far end answered: for a neutral name any byte after the ClientHello or the request will do."""
    return exchange.failure is None or exchange.bytes_received > 0


def square(view: View, leg: Leg, exchanges: list[Exchange]) -> Square:
    """What the leg's exchanges prove about the listed name; `exchanges` are all of one protocol, of the leg's hop."""
    at_echo = [e for e in exchanges if e.why.test is Test.SQUARE and e.why.place is Place.ECHO]
    listed_echo = [e for e in at_echo if e.why.listed]
    neutral_echo = [e for e in at_echo if not e.why.listed]
    failed = [e for e in listed_echo if fails(e)]
    if failed and len(failed) >= _needed(failed[-1]) and _surrounded(view, listed_echo, neutral_echo):
        scope = NameScope.NAME if len(failed) == len(listed_echo) else NameScope.NAME_PARTIAL
        return Square(scope=scope, k=len(failed), n=len(listed_echo), failure=failed[-1].failure)
    origin = [e for e in exchanges if e.why.place is Place.ORIGIN and e.why.listed and _full(e)]
    failed_origin = [e for e in origin if fails(e)]
    failure = failed_origin[-1].failure if failed_origin else None
    scope = NameScope.UNPROVEN
    if failed_origin and _follows_both(view, leg, exchanges, listed_echo):
        scope = NameScope.ADDRESS_AND_NAME
    return Square(scope=scope, k=len(failed_origin), n=len(origin), failure=failure)


def _full(exchange: Exchange) -> bool:
    return exchange.why.test in (Test.LOOK, Test.REPEAT, Test.SQUARE) and exchange.ttl is None


def _needed(failed: Exchange) -> int:
    return SILENCES_NEEDED if failed.failure is Failure.GENERIC_TIMEOUT_ERROR else RESETS_NEEDED


def _surrounded(view: View, listed: list[Exchange], neutral: list[Exchange]) -> bool:
    """Neutral names work at the same echo, before and after; a punished place may stay dead afterwards.

    After a trigger some filters punish (source, address, port) for a while: there the neutral success *before* each
    listed attempt, at an echo nobody else was using, must do, and the ledger says that the place was punished.
    """
    if not neutral or not works(neutral[0]) or neutral[0].t0_s > listed[0].t0_s:
        return False
    good = [n for n in neutral if works(n)]
    if any(n.t0_s >= max(e.t0_s for e in listed) for n in good):
        return len(good) >= 2
    punished = {entry.address for entry in view.line.ledger}
    before_each = all(
        any(n.address == e.address and n.t_s <= e.t0_s for n in good) for e in listed if e.address in punished
    )
    line_up = any(t.why.place is Place.NEUTRAL and t.failure is None and t.t_s >= listed[-1].t0_s for t in view.tcp)
    several = len({e.address for e in listed}) >= 2
    return several and before_each and line_up and all(e.address in punished for e in listed)


def _follows_both(view: View, leg: Leg, exchanges: list[Exchange], listed_echo: list[Exchange]) -> bool:
    """Only this name at this address: every condition of DESIGN 3.3 (square, last sentence) must hold."""
    neutral = [e for e in exchanges if e.why.place is Place.ORIGIN and not e.why.listed]
    small = [e for e in exchanges if e.why.test is Test.SMALL_MSS]
    listed = [e for e in exchanges if e.why.place is Place.ORIGIN and e.why.listed and _full(e)]
    silent = listed[-1].failure is Failure.GENERIC_TIMEOUT_ERROR
    if sum(fails(e) for e in listed) < (SILENCES_NEEDED if silent else RESETS_NEEDED):
        return False
    if any(not fails(e) for e in listed) or not any(works(e) for e in neutral):
        return False
    if not small or not all(fails(e) for e in small):
        return False
    if not _control_open(view, leg, listed[-1].address):
        return False
    echo_open = bool(listed_echo) and all(works(e) for e in listed_echo)
    return echo_open and (_faster_than_path(listed) or _on_common_path(view, listed[-1].address, leg))


def _control_open(view: View, leg: Leg, address: str) -> bool:
    if leg.tls:
        control = view.control_tls(leg, address)
        return control is not None and control.ok
    page = view.control_page(leg)
    return page is not None and page.failure is None


def _faster_than_path(listed: list[Exchange]) -> bool:
    """The failure came sooner than a packet can travel to the server and back, more than once."""
    fast = [e for e in listed if e.rtt_s is not None and e.failure is not None and e.t_s - e.t0_s < 0.8 * e.rtt_s]
    return len(fast) >= RESETS_NEEDED


def _on_common_path(view: View, address: str, leg: Leg) -> bool:
    """With the hop limit of the common path the listed name fails there, where a neutral name gets as far as a router.

    A reset at such a hop limit is the path's own. Silence is, where the router at that limit reports the neutral
    name's packet as expired and never the listed one's.
    """
    carrying = "client_hello" if leg.tls else "http_request"
    paths = [p for p in view.path if p.address == address and p.port == leg.port and p.carrying == carrying]
    ttls = {hop.ttl for hop in view.line.common_path}
    listed = _by_ttl([p for p in paths if p.why.listed])
    neutral = _by_ttl([p for p in paths if not p.why.listed])
    for ttl in sorted(ttls & set(listed)):
        replies = listed[ttl]
        resets = replies.count(PathReply.RESET)
        if resets >= 2 and PathReply.RESET not in neutral.get(ttl, []):
            return True
        exceeded = neutral.get(ttl, []).count(PathReply.TIME_EXCEEDED)
        if len(replies) >= 3 and set(replies) == {PathReply.NONE} and exceeded >= 3:
            return True
    return False


def _by_ttl(paths: list[PathObservation]) -> dict[int, list[PathReply]]:
    found: dict[int, list[PathReply]] = {}
    for path in paths:
        for hop in path.hops:
            found.setdefault(hop.ttl, []).extend(hop.replies)
    return found
