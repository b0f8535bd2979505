"""A ladder asked by hop limit: how often packets ended at a router, at something that answers, or nowhere."""

from collections import Counter
from collections.abc import Iterable

from blockprobe.model.trace import Carrier, Hop, Ladder, Spot, Subject, Try
from blockprobe.model.trace import Heard as H

#: A step counts when so many of its tries agree; three are made (measure/trace/climb.py).
AGREEING = 2
#: Answers that a router with a hop limit to mind does not give.
_STOPS = frozenset(H) - {H.TIME_EXCEEDED}
#: Answers that show the far end, or what stands in for it, at work.
GOOD = frozenset({H.CONNECTED, H.DATA, H.ANSWER})
_STREAMS = (Carrier.TLS, Carrier.HTTP)


def came_of(carrier: Carrier, one: Try) -> frozenset[H]:
    """What came of a try, heard or seen; a connection that was opened beforehand is no answer."""
    seen = {event.what for event in one.heard} | {packet.what for packet in one.packets}
    return frozenset(seen - {H.CONNECTED} if carrier in _STREAMS else seen)


class Rungs:
    """The tries of one or more ladders that count: those whose connection came about, if they needed one."""

    def __init__(self, ladders: Iterable[Ladder]) -> None:
        """All ladders are of one carrier and subject."""
        rows = tuple(ladders)
        self.address = rows[0].address if rows else ""
        self.port = rows[0].port if rows else 0
        self.carrier = rows[0].carrier if rows else Carrier.UDP
        self.tries = tuple(one for ladder in rows for one in ladder.tries if one.connected is not False)
        self._at: dict[int | None, list[Try]] = {}
        for one in self.tries:
            self._at.setdefault(one.ttl, []).append(one)
        self.ttls = sorted(ttl for ttl in self._at if ttl is not None)

    def at(self, ttl: int | None) -> list[Try]:
        """The tries with this hop limit."""
        return self._at.get(ttl, [])

    def words(self, one: Try) -> frozenset[H]:
        """What came of one of the tries."""
        return came_of(self.carrier, one)

    def expired(self, one: Try) -> bool:
        """Whether a router said that the packet ended there."""
        return H.TIME_EXCEEDED in self.words(one)

    def stops(self, one: Try) -> frozenset[H]:
        """What came that is no router's "time exceeded"."""
        return self.words(one) & _STOPS

    def passed(self, ttl: int | None) -> int:
        """How many tries drew "time exceeded" at this hop limit."""
        return sum(self.expired(one) for one in self.at(ttl))

    def stopped(self, ttl: int | None) -> int:
        """How many tries were answered by anything else at this hop limit."""
        return sum(bool(self.stops(one)) for one in self.at(ttl))

    def reached(self, ttl: int) -> bool:
        """Whether packets with this hop limit end at a router or are answered well, most of the times."""
        return sum(self.expired(one) or bool(self.stops(one) & GOOD) for one in self.at(ttl)) >= AGREEING

    @property
    def first_stop(self) -> int | None:
        """The lowest hop limit at which something other than a router answers, most of the times."""
        return next((ttl for ttl in self.ttls if self.stopped(ttl) >= AGREEING), None)

    @property
    def last_expired(self) -> int:
        """The highest hop limit at which a packet was seen to end at a router; 0: none was."""
        return max((ttl for ttl in self.ttls if self.passed(ttl)), default=0)

    @property
    def final(self) -> list[Try]:
        """The tries that show what happens in the end: without a limit, or with the limit at which they arrived.

        SYNs count both ways: a neighbour is not sent any without a limit.
        """
        arrived = self.at(self.first_stop) if self.first_stop is not None else []
        return [*self.at(None), *arrived] if self.carrier is Carrier.TCP else self.at(None) or arrived

    def beyond(self, ttl: int) -> list[Try]:
        """The tries with this hop limit, a higher one, or none."""
        return [one for one in self.tries if one.ttl is None or one.ttl >= ttl]


def rungs(ladders: Iterable[Ladder], carrier: Carrier, subject: Subject, port: int | None = None) -> Rungs:
    """The tries of one carrier and subject, to one port if that is given."""
    return Rungs(
        ladder for ladder in ladders
        if ladder.carrier is carrier and ladder.subject is subject and port in (None, ladder.port)
    )  # fmt: skip


class Map:
    """The routers on the way to one address, from everything that was sent to it (and to its neighbour)."""

    def __init__(self, ladders: Iterable[Ladder]) -> None:
        """Collects who said "time exceeded" at which hop limit."""
        self._senders: dict[int, Counter[str]] = {}
        self._fastest: dict[int, float] = {}
        for ladder in ladders:
            for one in ladder.tries:
                self._learn(one)

    def _learn(self, one: Try) -> None:
        if one.ttl is None:
            return
        for event in one.heard:
            if event.what is H.TIME_EXCEEDED:
                self._fastest[one.ttl] = min(event.t_s, self._fastest.get(one.ttl, event.t_s))
        found = {e.sender for e in one.heard if e.what is H.TIME_EXCEEDED and e.sender}
        found |= {p.sender for p in one.packets if p.what is H.TIME_EXCEEDED}
        for sender in found:
            self._senders.setdefault(one.ttl, Counter())[sender] += 1

    def spot(self, ttl: int) -> Spot:
        """The hop, by the router that answered most often there."""
        senders = self._senders.get(ttl)
        return Spot(ttl=ttl, address=min(senders, key=lambda one: (-senders[one], one)) if senders else None)

    def hops(self, last: int) -> tuple[Hop, ...]:
        """All hops up to the last, silent ones too."""
        return tuple(
            Hop(ttl=ttl, addresses=tuple(sorted(self._senders.get(ttl, ()))), rtt_s=self._fastest.get(ttl))
            for ttl in range(1, last + 1)
        )

    @property
    def last(self) -> int:
        """The farthest hop that answered; 0: none did."""
        return max(self._senders, default=0)

    def hop_of(self, address: str) -> int | None:
        """The hop limit at which this router answers."""
        return min((ttl for ttl, senders in self._senders.items() if address in senders), default=None)
