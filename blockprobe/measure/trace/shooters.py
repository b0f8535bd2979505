"""What each kind of packet is made of, who it goes to, and from which port: a shooter a kind.

All tries of a round leave from one source port, listed and neutral alike, so that routers which spread flows over
several paths keep them on one (as Paris traceroute does).
"""

import os
from collections.abc import Callable, Mapping
from typing import Protocol

from blockprobe.measure.trace.book import Rail
from blockprobe.model.failure import Failure
from blockprobe.model.trace import Carrier, Event, Subject, Try
from blockprobe.net.dns_wire import Message, Question, ask, read_reply
from blockprobe.net.session import Session
from blockprobe.net.shots import Datagrams, Shot, shoot_opening, shoot_syn
from blockprobe.net.tcp import Endpoint

#: Where plain datagrams go: the first port of every traceroute, at which nobody listens.
TRACE_PORT = 33_434
_UDP_BYTES = 12


class Shooter(Protocol):
    """One kind of packet; `rails` are its subjects and whom each goes to."""

    carrier: Carrier
    rails: Mapping[Subject, Rail]

    async def shoot(self, number: int, subject: Subject, shot: Shot) -> Try:
        """One try in round `number`."""
        ...


class Plain:
    """Datagrams that carry nothing: the path itself, which no filter of names or connections cares about."""

    carrier = Carrier.UDP

    def __init__(self, flows: list[Datagrams], address: str) -> None:
        """A flow a round."""
        self._flows = flows
        rail = Rail(carrier=self.carrier, subject=Subject.LISTED, address=address, port=TRACE_PORT)
        self.rails: Mapping[Subject, Rail] = {Subject.LISTED: rail}

    async def shoot(self, number: int, subject: Subject, shot: Shot) -> Try:
        """A few random bytes, so that a router's quotation of them is known again."""
        flow = self._flows[number]
        heard = await flow.shoot(os.urandom(_UDP_BYTES), shot, lambda data: None)
        return Try(round=number, ttl=shot.ttl, source_port=flow.source_port, heard=heard)


class Questions:
    """DNS questions for an address."""

    def __init__(self, carrier: Carrier, flows: list[Datagrams], endpoint: Endpoint, names: Mapping[Subject, str]):
        """A flow a round; `names` are what is asked for."""
        self.carrier = carrier
        self._flows = flows
        self._qtype = "AAAA" if ":" in endpoint.address else "A"
        self.rails: Mapping[Subject, Rail] = {
            subject: Rail(carrier=carrier, subject=subject, address=endpoint.address, port=endpoint.port, name=name)
            for subject, name in names.items()
        }

    async def shoot(self, number: int, subject: Subject, shot: Shot) -> Try:
        """One question under a number of its own."""
        flow = self._flows[number]
        asked = ask(Question(qname=self.rails[subject].name or "", qtype=self._qtype))

        def read(data: bytes) -> str | None:
            message = read_reply(asked, data)
            return None if isinstance(message, Failure) else _said(message)

        heard = await flow.shoot(asked.wire, shot, read)
        return Try(round=number, ttl=shot.ttl, source_port=flow.source_port, heard=heard)


def _said(message: Message) -> str:
    """A reply in a few words: the rcode and the addresses in it."""
    found = sorted({record.value for record in message.reply.answers if record.type in ("A", "AAAA")})
    return " ".join((message.reply.rcode, *found[:4]))


class Syns:
    """SYNs: to the listed address, to a neighbour of it, to an address at which nobody lives."""

    carrier = Carrier.TCP

    def __init__(self, session: Session, ports: list[int], endpoints: Mapping[Subject, Endpoint]) -> None:
        """A source port a round."""
        self._session = session
        self._ports = ports
        self.rails: Mapping[Subject, Rail] = {
            subject: Rail(carrier=self.carrier, subject=subject, address=endpoint.address, port=endpoint.port)
            for subject, endpoint in endpoints.items()
        }

    async def shoot(self, number: int, subject: Subject, shot: Shot) -> Try:
        """One SYN."""
        rail, port = self.rails[subject], self._ports[number]
        endpoint = Endpoint(address=rail.address, port=rail.port)
        heard = await shoot_syn(self._session, endpoint, shot, port)
        return Try(round=number, ttl=shot.ttl, source_port=port, heard=heard)


class Openings:
    """The first message on a connection that was made without a limit; it bears the name."""

    def __init__(
        self, carrier: Carrier, session: Session, ports: list[int], rails: Mapping[Subject, Rail],
        write: Callable[[str], bytes],
    ) -> None:  # fmt: skip
        """A source port a round; `write` makes the message for a name."""
        self.carrier = carrier
        self.rails = rails
        self._session = session
        self._ports = ports
        self._write = write

    async def shoot(self, number: int, subject: Subject, shot: Shot) -> Try:
        """Connect and speak."""
        rail, port = self.rails[subject], self._ports[number]
        endpoint = Endpoint(address=rail.address, port=rail.port)
        heard: tuple[Event, ...]
        connected, heard = await shoot_opening(self._session, endpoint, shot, self._write(rail.name or ""), port)
        return Try(round=number, ttl=shot.ttl, source_port=port, connected=connected, heard=heard)
