"""One try at one site: its operations, each noted and counted, and what each of them led to."""

from dataclasses import dataclass, replace

from blockprobe.measure.bypass.bench import Bench, Site
from blockprobe.measure.look import path_of
from blockprobe.model.bypass import Cost, Shown, Try
from blockprobe.model.failure import CERTIFICATE_FAILURES, Failure
from blockprobe.model.observation import HttpObservation, Observation, Place, Test, Why
from blockprobe.net.dial import TcpOptions
from blockprobe.net.dns import DnsClient, Question
from blockprobe.net.http import Request, fetch
from blockprobe.net.meter import Meter
from blockprobe.net.resolver import Resolver
from blockprobe.net.stream import Stream
from blockprobe.net.tcp import Endpoint, connect
from blockprobe.net.tls import Hello, handshake
from blockprobe.verdict.leg import Leg, addresses_in
from blockprobe.verdict.site_proof import Reading, read_page

_NO_ROUTE = frozenset({Failure.NETWORK_UNREACHABLE, Failure.NETWORK_DOWN, Failure.ADDRESS_NOT_AVAILABLE})
#: What several addresses or attempts together came to: the first of these that any of them showed.
BEST = (Shown.REAL, Shown.REFUSED, Shown.UNPROVEN, Shown.OTHER, Shown.SILENCE, Shown.MEANS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Spot:
    """Where a leg is: its host and port, and one of its addresses (None: the road itself looks it up)."""

    leg: Leg
    address: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop:
    """A step that led no further, and why, as a clause."""

    shown: Shown
    because: str


class Walk:
    """One try at one site: its own meter and its pages of the notebook. Every operation is noted."""

    def __init__(self, bench: Bench, site: Site, number: int) -> None:
        """`number` counts the rounds of the battery."""
        self.bench = bench
        self.site = site
        self.round = number
        self.meter = Meter(above=bench.meter)
        self.session = bench.metered(self.meter)
        self.refs: list[int] = []
        self._began = self.session.elapsed()

    def why(self, place: Place | None = None) -> Why:
        """What an operation of this walk is for."""
        own = Place.ORIGIN if self.site.listed else Place.NEUTRAL
        return Why(test=Test.PROOF, place=place or own, listed=self.site.listed, attempt=self.round)

    def note(self, observation: Observation) -> None:
        """Write an observation down as part of this walk."""
        self.refs.append(self.bench.note(observation))

    def told(self, stop: Stop | Reading) -> Try:
        """How the walk ended."""
        return Try(
            round=self.round,
            listed=self.site.listed,
            shown=stop.shown,
            because=stop.because,
            refs=tuple(self.refs),
        )

    def cost(self) -> Cost:
        """What it took so far."""
        seconds = round(self.session.elapsed() - self._began, 6)
        return Cost(connections=self.meter.connections, bytes=self.meter.bytes, seconds=seconds)

    # -- operations ---------------------------------------------------------------------------------------------

    async def ask(self, resolver: Resolver, host: str, *, only: int | None = None) -> tuple[str, ...] | Stop:
        """The addresses that the resolver gives for the host, over a connection of this question's own; those of one
        family, if `only` names it."""
        client = DnsClient(self.session.dialer, self.session.clock, self.bench.shared.tls)
        families = [family for family in (4, 6) if only in (None, family) and self.bench.usable(family)]
        kinds = ["A" if family == 4 else "AAAA" for family in families]
        questions = [Question(qname=host, qtype=kind) for kind in kinds or ["A"]]
        try:
            asked = await client.query_many(self.session, self.why(Place.RESOLVER), resolver, questions)
        finally:
            await client.aclose()
        for one in asked:
            self.note(one)
        addresses = tuple(dict.fromkeys(a for one in asked for a in addresses_in(one.reply)))
        possible = tuple(a for a in addresses if not self.bench.known.view.is_bogon(a))
        if possible:
            return possible
        if addresses:
            return Stop(shown=Shown.OTHER, because=f"{resolver.url} gives {addresses[0]}, which no site can have")
        failure = next((one.failure for one in asked if one.reply is not None), asked[0].failure)
        if all(one.failure is Failure.GENERIC_TIMEOUT_ERROR for one in asked):
            return Stop(shown=Shown.SILENCE, because=f"no answer from {resolver.url}")
        if all(one.reply is None for one in asked):
            return Stop(shown=Shown.MEANS, because=f"{resolver.url} cannot be asked ({failure})")
        return Stop(
            shown=Shown.OTHER, because=f"{resolver.url} gives no address ({failure or 'no answer of that type'})"
        )

    async def connect(self, spot: Spot, *, options: TcpOptions | None = None) -> Stream | Stop:
        """A connection to the spot's own address; the caller closes it."""
        assert spot.address is not None
        endpoint = Endpoint(address=spot.address, port=spot.leg.port)
        observation, stream = await connect(
            self.session, self.why(), endpoint, host=spot.leg.host, options=options or TcpOptions()
        )
        self.note(observation)
        if stream is not None:
            return stream
        if observation.failure in _NO_ROUTE and observation.icmp is None:
            return Stop(shown=Shown.MEANS, because=f"this line has no route to {spot.address}")
        return _stop(observation.failure, f"connecting to {spot.address}")

    async def handshake(self, stream: Stream, hello: Hello) -> Stream | Stop:
        """A handshake whose chain proves `hello.verify_name`; the stream is closed where it does not."""
        observation, secured = await handshake(self.session, self.why(), stream, hello, self.bench.shared.tls)
        self.note(observation)
        if secured is not None:
            return secured
        if observation.failure in CERTIFICATE_FAILURES:
            return self._wrong_certificate(hello)
        return _stop(observation.failure, "the TLS handshake")

    def _wrong_certificate(self, hello: Hello) -> Stop:
        own = self.site.listed and hello.verify_name == self.site.host
        if own and self.site.proof.own_chain is False:
            return Stop(shown=Shown.UNPROVEN, because="the site's certificate proves nothing, nor does it outside")
        return Stop(shown=Shown.OTHER, because=f"the certificate does not prove {hello.verify_name}")

    async def passes(self, stream: Stream, name: str) -> bool:
        """Whether anything at all answers a ClientHello with a neutral name; closes the stream."""
        hello = Hello(server_name=name, verify_name=name, verify=False)
        observation, secured = await handshake(self.session, self.why(), stream, hello, self.bench.shared.tls)
        self.note(replace(observation, why=replace(observation.why, listed=False)))
        if secured is not None:
            secured.reset()
        return observation.failure is None or observation.bytes_received > 0

    async def fetch(self, stream: Stream, request: Request) -> HttpObservation:
        """One exchange; closes the stream."""
        try:
            page = await fetch(self.session, self.why(), stream, request)
        finally:
            stream.close()
        self.note(page)
        return page

    def read(self, page: HttpObservation, *, proven: bool) -> Reading:
        """What the page shows; `proven`: it came under a chain that is valid for its name."""
        if not self.site.listed and proven and page.status is not None and page.failure is None:
            self.bench.remember(self.site.host, page)
        notice = None if proven else self.bench.known.view.notice_of(page)
        return read_page(page, self.site.proof, proven=proven, notice=notice)


def _stop(failure: Failure | None, what: str) -> Stop:
    if failure is Failure.GENERIC_TIMEOUT_ERROR:
        return Stop(shown=Shown.SILENCE, because=f"silence at {what}")
    return Stop(shown=Shown.OTHER, because=f"{failure} at {what}")


def hello_of(leg: Leg) -> Hello:
    """The plain ClientHello for a leg (an address is never sent as a name: RFC 6066, 3)."""
    return Hello(server_name=None if leg.is_ip else leg.host, verify_name=leg.host)


def request_of(leg: Leg) -> Request:
    """The plain GET for a leg's URL."""
    host = f"[{leg.host}]" if ":" in leg.host else leg.host
    host = host if leg.port == (443 if leg.tls else 80) else f"{host}:{leg.port}"
    return Request(url=leg.url, host=host, path=path_of(leg))
