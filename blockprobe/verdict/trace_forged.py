"""An answer for the listed name that comes from nearer than the far end: where from, and do packets go on?"""

from dataclasses import dataclass, replace

from blockprobe.model.trace import Carrier, Finding, Part, Position, Spot
from blockprobe.model.trace import Heard as H
from blockprobe.verdict.trace_packets import marks, of_injector, of_server, sender_fits, server_was_heard
from blockprobe.verdict.trace_rungs import AGREEING, GOOD, Map, Rungs
from blockprobe.verdict.trace_words import effect_of, forged_text

_DATAGRAMS = (Carrier.DNS, Carrier.DNS_ADDRESS)
#: Where the forged answer itself was seen on the wire, a router's word would have been seen too.
_SEEN_WITH_IT = frozenset({H.RESET, H.REFUSED, H.CLOSED, H.DATA, H.CONNECTED, H.PROHIBITED, H.UNREACHABLE})
#: Tries that must agree before "nothing goes on" is believed.
_ALL_ALIKE = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What else is known: the routers, from which hop limit on connections come about, whether packets were seen."""

    way: Map
    distance: int | None
    raw: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class _Struck:
    """The listed tries that met the forged answer, and where."""

    listed: Rungs
    neutral: Rungs
    part: Part
    words: frozenset[H]
    complete: bool
    """Whether everything that came back is known: packets were seen, or the socket outlives the forged answer."""


def forged(pair: tuple[Rungs, Rungs], around: Surroundings) -> Finding | None:
    """The finding, if the listed name is answered at a hop limit at which neutral packets still end at routers."""
    (listed, neutral), way = pair, around.way
    first = _first_struck(listed)
    if first is None or neutral.stopped(first) or not _is_before_far_end(neutral, first, around.distance):
        return None
    words = frozenset(word for one in listed.at(first) for word in listed.stops(one))
    last = max((ttl for ttl in listed.ttls if ttl < first and not listed.stopped(ttl)), default=0)
    part = Part(last=way.spot(last) if last else Spot(ttl=0), first=way.spot(first))
    complete = around.raw or listed.carrier in _DATAGRAMS
    struck = _Struck(listed=listed, neutral=neutral, part=part, words=words, complete=complete)
    tries = listed.beyond(first)
    hit = [one for one in tries if listed.stops(one) & words]
    server = of_server(neutral.final)
    packets = of_injector(hit, words, server)
    rejecting = _rejecting(struck, way)
    if rejecting is not None and rejecting.ttl == first:
        part = replace(part, first=rejecting)
    device = rejecting or sender_fits(packets, part)
    return Finding(
        carrier=listed.carrier,
        address=listed.address,
        port=listed.port,
        effect=effect_of(words),
        because=forged_text(listed.carrier, effect_of(words), part, device),
        position=_position(struck),
        part=part,
        device=device,
        k=len(hit),
        n=len(tries),
        marks=marks(packets, server),
    )


def _is_before_far_end(neutral: Rungs, ttl: int, distance: int | None) -> bool:
    """Whether the far end lies beyond this hop limit: neutral packets still end at a router, or it is known how far.

    That the far end answers neutral packets only at a higher limit is not enough: it may just be slow about them.
    """
    if any(neutral.passed(other) >= AGREEING for other in neutral.ttls if other >= ttl):
        return True
    return distance is not None and distance > ttl


def _first_struck(listed: Rungs) -> int | None:
    """The lowest hop limit at which the listed name is answered by something that is no router.

    Most tries must agree. Where a filter punishes the place after the first, the others there meet silence; then a
    second answer at a higher limit must agree.
    """
    for ttl in listed.ttls:
        stopped = listed.stopped(ttl)
        again = sum(bool(listed.stops(one)) for one in listed.beyond(ttl))
        good = any(listed.stops(one) & GOOD for one in listed.final)
        if stopped >= AGREEING or (stopped and not listed.passed(ttl) and again >= AGREEING and not good):
            return ttl
    return None


def _rejecting(struck: _Struck, way: Map) -> Spot | None:
    """The router that says itself that it rejects."""
    kinds = (H.PROHIBITED, H.UNREACHABLE)
    senders = {
        event.sender for one in struck.listed.beyond(struck.part.first.ttl) for event in one.heard
        if event.what in kinds and event.sender
    }  # fmt: skip
    if not struck.words & set(kinds) or len(senders) != 1:
        return None
    sender = senders.pop()
    ttl = way.hop_of(sender)
    return Spot(ttl=ttl if ttl is not None else struck.part.first.ttl, address=sender)


def _position(struck: _Struck) -> Position:
    """Do packets go on past the box? What it would take to hear that, a socket that was reset no longer can."""
    listed, first = struck.listed, struck.part.first.ttl
    hit = [one for one in listed.beyond(first) if listed.stops(one) & struck.words]
    server = of_server(struck.neutral.final)
    for one in hit:
        if one.ttl is not None and listed.expired(one):
            return Position.ON_PATH
        if H.OTHER_ANSWER in listed.words(one) or (one.packets and server_was_heard(one, server, struck.words)):
            return Position.ON_PATH
    ended = [one for one in hit if one.ttl is not None and struck.neutral.passed(one.ttl) >= AGREEING]
    if listed.carrier not in _DATAGRAMS:
        ended = [one for one in ended if {packet.what for packet in one.packets} & _SEEN_WITH_IT]
    return Position.IN_PATH if struck.complete and len(ended) >= _ALL_ALIKE else Position.UNKNOWN
