"""One control measurement: what a name and its addresses look like from here, top to bottom."""

import asyncio

from blockprobe.helper.connect import Connector, Opened, open_quic
from blockprobe.helper.endpoints import MAX_ENDPOINTS, EndpointTests
from blockprobe.helper.fetch import Fetcher
from blockprobe.helper.guard import Guard, Place, endpoint_of
from blockprobe.helper.limits import Deadline
from blockprobe.helper.peer import canonical
from blockprobe.helper.protocol import ControlRequest, Outcome
from blockprobe.helper.resolve import Names, Resolution
from blockprobe.model.control import ControlTls
from blockprobe.model.settings import AddressSettings, HelperServerSettings
from blockprobe.net.clock import Clock
from blockprobe.net.dial import Dialer
from blockprobe.net.dns import DnsClient
from blockprobe.net.stream import Stream
from blockprobe.net.tls import TlsContexts

_FORWARDED = ("user-agent", "accept", "accept-language")
_MAX_HEADER = 1024
# flags of `ip_info`, as oohelperd has them
_BY_PROBE, _BY_HELPER, _BOGON, _TLS_VALID = 1, 2, 4, 8


class Controller:
    """Measures for the API; one for all requests."""

    def __init__(self, settings: HelperServerSettings, addresses: AddressSettings, clock: Clock) -> None:
        """Raises ConfigError when the settings cannot be used."""
        contexts = TlsContexts()
        own = frozenset(canonical(one) for one in (settings.address, *settings.echo_address))
        self._clock = clock
        self._guard = Guard(public=addresses.public, own=own)
        self._dns = DnsClient(Dialer(), clock, contexts)
        self._names = Names(settings.resolver, self._dns)
        self._connector = Connector(self._guard, contexts, settings.address)

    async def aclose(self) -> None:
        """Close what is kept open between requests."""
        await self._dns.aclose()

    async def measure(self, request: ControlRequest, place: Place) -> Outcome:
        """Resolve, test every endpoint, and fetch the URL over the first connection that works."""
        deadline = Deadline(clock=self._clock, began=self._clock.monotonic())
        resolution = await self._names.look_up(deadline, place.host)
        offered = [found for text in request.tcp_connect or () if (found := endpoint_of(text)) is not None]
        tests = EndpointTests(deadline, self._connector, place)
        tests.start(self._guard.filter(resolution.dns.addresses), offered)
        fetcher = Fetcher(deadline, self._names, self._connector, self._guard)
        fetcher.knows(place.host, resolution)

        async def first() -> tuple[Stream | None, str | None]:
            stream = await tests.first()
            return stream, None if stream is not None else resolution.failure or tests.failure()

        quic = asyncio.ensure_future(self._quic(deadline, request, place, offered))
        try:
            hops = await fetcher.follow(place, _forwarded(request), first)
            opened = await tests.results()
            shaken = await quic
        finally:
            quic.cancel()
            await tests.aclose()
        return Outcome(
            dns=resolution.dns,
            tcp=tuple(one.tcp for one in opened if one.tcp is not None),
            tls=tuple(one.tls for one in opened if one.tls is not None),
            hops=hops,
            quic=shaken,
            ip_flags=self._flags(resolution, offered, opened),
        )

    async def _quic(
        self, deadline: Deadline, request: ControlRequest, place: Place, offered: list[tuple[str, int]]
    ) -> tuple[ControlTls, ...]:
        """What the client wants to know of QUIC, if anything."""
        if not request.x_quic_enabled:
            return ()
        pairs = [(address, port) for address, port in offered if port in (place.port, 443)]
        return await open_quic(self._guard, deadline, place.host, pairs)

    def _flags(
        self, resolution: Resolution, offered: list[tuple[str, int]], opened: list[Opened]
    ) -> tuple[tuple[str, int], ...]:
        flags: dict[str, int] = {}
        for address, _ in offered[:MAX_ENDPOINTS]:
            flags[address] = flags.get(address, 0) | _BY_PROBE
        for address in resolution.dns.addresses:
            flags[address] = flags.get(address, 0) | _BY_HELPER
        for one in opened:
            if one.tls is not None and one.tls.ok:
                flags[one.wanted.address] = flags.get(one.wanted.address, 0) | _TLS_VALID
        return tuple((a, bits if self._guard.allows(a) else bits | _BOGON) for a, bits in flags.items())


def _forwarded(request: ControlRequest) -> tuple[tuple[str, str], ...]:
    """The client's headers that go on to the site; the rest, and what cannot stand in a header, does not."""
    given = {name.lower(): values for name, values in (request.http_request_headers or {}).items()}
    pairs = [(name, (given.get(name) or ("",))[0]) for name in _FORWARDED]
    return tuple((name, value) for name, value in pairs if value and len(value) <= _MAX_HEADER and _plain(value))


def _plain(value: str) -> bool:
    return value.isascii() and value.isprintable() and value == value.strip()
