"""One trace from the target to its tries: choose addresses, reserve ports, start raw sight, climb. Read this first."""

import asyncio
import socket
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Literal

from blockprobe.measure.address_tests import neighbours_of
from blockprobe.measure.case import neutral_like
from blockprobe.measure.shared import Shared
from blockprobe.measure.trace.addresses import find_addresses
from blockprobe.measure.trace.book import Book, Rail
from blockprobe.measure.trace.climb import ROUNDS, Climb, Means, Pace
from blockprobe.measure.trace.shooters import TRACE_PORT, Openings, Plain, Questions, Syns
from blockprobe.measure.trace.sight import Sight, Watched
from blockprobe.model.addresses import family_of
from blockprobe.model.record import Target
from blockprobe.model.trace import Carrier, Heard, Subject, TraceDocument, TracePath
from blockprobe.net.session import Session
from blockprobe.net.shots import Datagrams
from blockprobe.net.tcp import Endpoint
from blockprobe.net.tls import Hello, ServerNameError, client_hello
from blockprobe.verdict.trace import judge_path

_DEFAULT_PORTS = {Carrier.TLS: 443, Carrier.HTTP: 80}


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What to trace: `carriers` none means those that the target suggests, `families` those of the line."""

    target: Target
    carriers: tuple[Carrier, ...] = ()
    families: tuple[Literal[4, 6], ...] = (4, 6)
    max_hops: int = 20
    raw: bool = True
    pcap: int | None = None


@dataclass(slots=True, kw_only=True)
class _Way:
    """The trace to one address while it goes on; `close` gives ports and sockets back."""

    family: Literal[4, 6]
    address: str
    book: Book
    ports: list[socket.socket] = field(default_factory=list)
    flows: dict[Carrier, list[Datagrams]] = field(default_factory=dict)
    places: dict[Carrier, Endpoint] = field(default_factory=dict)

    def close(self) -> None:
        """Close every socket."""
        for port in self.ports:
            port.close()
        for flow in (flow for row in self.flows.values() for flow in row):
            flow.close()

    @property
    def source_ports(self) -> list[int]:
        """A port a round, for everything over TCP."""
        return [int(port.getsockname()[1]) for port in self.ports]


class Trace:
    """One trace; `run` does it, `document` tells what is known at any time, also after a cancellation."""

    def __init__(self, shared: Shared, wish: Wish, trace_id: str) -> None:
        """Nothing is sent yet."""
        self._shared = shared
        self._wish = wish
        self._id = trace_id
        self._session: Session = shared.session()
        self._measured_at: datetime = shared.clock.now()
        self._ways: list[_Way] = []
        self._sight = Sight()
        self.notes: list[str] = []

    async def run(self) -> None:
        """Everything; families side by side, kinds of packets one after the other."""
        wish = self._wish
        for address in await find_addresses(self._shared, self._session, wish.target, wish.families, self.notes):
            self._prepare(address)
        try:
            if self._ways:
                await self._open_sight()
                await asyncio.gather(*(self._trace(way) for way in self._ways))
        finally:
            await asyncio.shield(self._sight.close())
            for way in self._ways:
                way.close()

    def document(self, version: str, *, interrupted: bool = False) -> TraceDocument:
        """All that is known, judged."""
        target, witness = self._wish.target, self._sight if self._sight.works else None
        sight: Literal["errors", "raw"] = "raw" if witness else "errors"
        paths = []
        for way in self._ways:
            ladders = way.book.ladders(witness)
            hops, findings = judge_path(way.address, ladders, raw=witness is not None)
            paths.append(
                TracePath(family=way.family, address=way.address, hops=hops, ladders=ladders, findings=findings)
            )
        return TraceDocument(
            id=self._id,
            measured_at=self._measured_at,
            runtime_s=self._session.elapsed(),
            target=target.input,
            host=target.host,
            url=target.url,
            sight=sight,
            interrupted=interrupted,
            notes=tuple(dict.fromkeys(self.notes)),
            packets=sum(way.book.sent for way in self._ways),
            paths=tuple(paths),
            version=version,
        )

    # -- sockets and sight --------------------------------------------------------------------------------------------

    def _prepare(self, address: str) -> None:
        """Reserve the ports and open the flows of one address, so that raw sight can be told of them beforehand."""
        family: Literal[4, 6] = 6 if family_of(address) == 6 else 4
        way = _Way(family=family, address=address, book=Book())
        way.places = self._datagram_places(address, family)
        try:
            way.ports = [self._shared.dialer.reserve_port(address) for _ in range(ROUNDS)]
            for carrier, endpoint in way.places.items():
                way.flows[carrier] = [Datagrams(self._session, endpoint) for _ in range(ROUNDS)]
        except OSError as error:
            way.close()
            self.notes.append(f"{address}: {error.strerror or error}; it was not traced")
            return
        self._ways.append(way)

    def _datagram_places(self, address: str, family: int) -> dict[Carrier, Endpoint]:
        found = {Carrier.UDP: Endpoint(address=address, port=TRACE_PORT)}
        wanted = self._wish.carriers
        if family_of(self._wish.target.host) is not None or (wanted and Carrier.DNS not in wanted):
            return found
        resolver = next((r for r in self._shared.own if family_of(r.address) == family), None)
        if resolver is not None:
            found[Carrier.DNS] = Endpoint(address=resolver.address, port=resolver.port)
        silent = self._silent(family)
        found[Carrier.DNS_ADDRESS] = Endpoint(address=silent or address, port=53)
        return found

    def _silent(self, family: int) -> str | None:
        """An address of the family that, as its operator promises, answers nothing."""
        return next((one for one in self._shared.settings.controls.silent if family_of(one) == family), None)

    async def _open_sight(self) -> None:
        if not self._wish.raw:
            self.notes.append("Raw sight was not wanted: packets were not seen, only what the kernel tells of them.")
            return
        watched = []
        for way in self._ways:
            for carrier, flows in way.flows.items():
                place = way.places[carrier]
                watched += [Watched(protocol="udp", address=place.address, port=place.port, source_port=f.source_port)
                            for f in flows]  # fmt: skip
            ends = {(way.address, port) for port in self._ports().values()}
            ends |= {(one, port) for one in self._others(way) for port in self._ports().values()}
            watched += [Watched(protocol="tcp", address=address, port=port, source_port=source)
                        for address, port in sorted(ends) for source in way.source_ports]  # fmt: skip
        await self._sight.start(watched, pcap=self._wish.pcap)
        if self._sight.refusal is not None:
            self.notes.append(f"No raw sight ({self._sight.refusal}); traced without it. See docs/trace.md.")

    def _others(self, way: _Way) -> list[str]:
        silent = self._silent(way.family)
        return [neighbours_of(way.address)[0], *([silent] if silent else [])]

    # -- the climbs ---------------------------------------------------------------------------------------------------

    def _ports(self) -> dict[Carrier, int]:
        """The TCP ports that matter, by what is spoken there."""
        target, wanted = self._wish.target, self._wish.carriers
        tls = target.url.startswith("https:")
        spoken = (Carrier.TLS, Carrier.HTTP)
        carriers = [one for one in spoken if target.bare or (one is Carrier.TLS) is tls]
        if wanted:
            carriers = [one for one in spoken if one in wanted] or carriers[:1]
        own = {Carrier.TLS: tls, Carrier.HTTP: not tls}
        return {c: target.port if own[c] and target.port else _DEFAULT_PORTS[c] for c in carriers}

    async def _trace(self, way: _Way) -> None:
        means = Means(
            clock=self._shared.clock,
            ledger=self._shared.ledger,
            book=way.book,
            pace=Pace(max_hops=self._wish.max_hops, timeout_s=self._session.timeout_s, settle=self._sight.works),
            say=self.notes.append,
        )
        await Climb(means, Plain(way.flows[Carrier.UDP], way.address), (Subject.LISTED,)).run()
        wanted = self._wish.carriers
        pair = (Subject.NEUTRAL, Subject.LISTED)
        for carrier in (Carrier.DNS, Carrier.DNS_ADDRESS):
            if carrier in way.flows:
                names = self._names()
                await Climb(means, Questions(carrier, way.flows[carrier], way.places[carrier], names), pair).run()
        if wanted and not set(wanted) & {Carrier.TCP, Carrier.TLS, Carrier.HTTP}:
            return
        for carrier, port in self._ports().items():
            if await self._syns(means, way, port) and self._bears_a_name(carrier):
                await Climb(means, self._openings(carrier, way, port), pair).run()

    def _bears_a_name(self, carrier: Carrier) -> bool:
        """Whether a name is to be sent: wished for, or there is one; and a ClientHello can carry it."""
        wanted, host = self._wish.carriers, self._wish.target.host
        if (carrier not in wanted) if wanted else family_of(host) is not None:
            return False
        try:
            return carrier is not Carrier.TLS or bool(self._hello(host))
        except ServerNameError as error:
            self.notes.append(f"{error}; its hops were not tried with TLS.")
            return False

    def _names(self) -> dict[Subject, str]:
        host = self._wish.target.host
        neutral = next(name for name in iter(lambda: neutral_like(host), "") if name != host)  # short names recur
        return {Subject.NEUTRAL: neutral, Subject.LISTED: host}

    async def _syns(self, means: Means, way: _Way, port: int) -> bool:
        """SYNs to the address, to a neighbour of it where it stays shut, to a silent one where it is strangely near."""
        listed = Endpoint(address=way.address, port=port)
        ends = {Subject.NEUTRAL: Endpoint(address=neighbours_of(way.address)[0], port=port), Subject.LISTED: listed}
        syns = Syns(self._session, way.source_ports, ends)
        if not await Climb(means, syns, (Subject.LISTED,)).first_look():
            await Climb(means, syns, (Subject.NEUTRAL, Subject.LISTED)).run()
            return False
        await Climb(means, syns, (Subject.LISTED,)).run()
        connected = _connected_at(means.book, way.address, port)
        silent = self._silent(way.family)
        if silent is not None and connected is not None and connected <= _last_router(means.book):
            rail = {Subject.SILENT: Endpoint(address=silent, port=port)}
            near = replace(means, pace=replace(means.pace, max_hops=connected))
            await Climb(near, Syns(self._session, way.source_ports, rail), (Subject.SILENT,)).run()
        return True

    def _openings(self, carrier: Carrier, way: _Way, port: int) -> Openings:
        rails = {
            subject: Rail(carrier=carrier, subject=subject, address=way.address, port=port, name=name)
            for subject, name in self._names().items()
        }
        write = self._hello if carrier is Carrier.TLS else _request
        return Openings(carrier, self._session, way.source_ports, rails, write)

    def _hello(self, name: str) -> bytes:
        server_name = None if family_of(name) is not None else name
        return client_hello(Hello(server_name=server_name, verify_name=name, verify=False), self._shared.tls)


def _request(name: str) -> bytes:
    return f"GET / HTTP/1.1\r\nHost: {name}\r\nConnection: close\r\n\r\n".encode()


def _connected_at(book: Book, address: str, port: int) -> int | None:
    """The lowest hop limit at which SYNs to the place were answered, most of the times (None: never)."""
    found: dict[int, int] = {}
    for ladder in book.ladders():
        if ladder.carrier is Carrier.TCP and (ladder.address, ladder.port) == (address, port):
            for one in ladder.tries:
                if any(event.what is Heard.CONNECTED for event in one.heard):
                    ttl = one.ttl or 255
                    found[ttl] = found.get(ttl, 0) + 1
    return min((ttl for ttl, count in found.items() if count * 2 > ROUNDS), default=None)


def _last_router(book: Book) -> int:
    """The highest hop limit at which plain datagrams still ended at a router; 0 if none is known."""
    return max(
        (one.ttl or 0 for ladder in book.ladders() if ladder.carrier is Carrier.UDP
         for one in ladder.tries if any(event.what is Heard.TIME_EXCEEDED for event in one.heard)),
        default=0,
    )  # fmt: skip
