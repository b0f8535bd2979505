"""Every connection that the helper makes for a client: the guard is asked here, and nowhere is it passed by."""

import asyncio
import ipaddress
from dataclasses import dataclass

from blockprobe.helper.guard import Guard, endpoint_text
from blockprobe.helper.limits import CONNECT_S, HANDSHAKE_S, Deadline
from blockprobe.helper.protocol import ooni_tcp_failure
from blockprobe.model.control import ControlTcp, ControlTls
from blockprobe.model.failure import Failure
from blockprobe.model.observation import Place, QuicObservation, Test, TlsObservation, Why
from blockprobe.net.dial import TcpOptions
from blockprobe.net.quic import QuicHello, available, shake_hands
from blockprobe.net.stream import Stream
from blockprobe.net.tcp import Endpoint, connect
from blockprobe.net.tls import Hello, TlsContexts, handshake

_WHY = Why(test=Test.LOOK, place=Place.ORIGIN)
#: The helper went nowhere, because the address is none that it may connect to.
REFUSED = "helper_refused_address"
#: Connections being made at once, for all clients together.
_AT_ONCE = 256
#: QUIC handshakes for one request.
_QUIC_ENDPOINTS = 8
#: What a helper without the family says of its own network, not of the address.
_OURS = frozenset({Failure.NETWORK_UNREACHABLE, Failure.ADDRESS_NOT_AVAILABLE, Failure.NETWORK_DOWN})


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Where to connect for which name; `tls` whether a handshake follows."""

    host: str
    address: str
    port: int
    tls: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """What came of it: `stream` is ready for HTTP, or None with the `failure` of the step that went wrong.

    `tcp` is None when the connection was refused by the guard or failed for want of the family here: not tested.
    """

    wanted: Wanted
    tcp: ControlTcp | None
    tls: ControlTls | None = None
    stream: Stream | None = None
    failure: str | None = None


class Connector:
    """Connects from the helper's own addresses, where it has been told them."""

    def __init__(self, guard: Guard, contexts: TlsContexts, address: str) -> None:
        """`address`: the API's; connections of its family leave from it, unless it is loopback or a wildcard."""
        self._guard = guard
        self._contexts = contexts
        own = ipaddress.ip_address(address)
        self._source = address if not (own.is_loopback or own.is_unspecified) else None
        self._at_once = asyncio.Semaphore(_AT_ONCE)

    async def open(self, deadline: Deadline, wanted: Wanted) -> Opened:
        """Connect and, if wanted, shake hands; the caller closes `stream`. Never raises for the network."""
        if not self._guard.allows(wanted.address):
            return Opened(wanted=wanted, tcp=None, failure=REFUSED)
        async with self._at_once:
            return await self._open(deadline, wanted)

    async def _open(self, deadline: Deadline, wanted: Wanted) -> Opened:
        endpoint = Endpoint(address=wanted.address, port=wanted.port)
        same_family = self._source is not None and (":" in self._source) == (":" in wanted.address)
        options = TcpOptions(source=self._source if same_family else None)
        seen, stream = await connect(deadline.session(CONNECT_S), _WHY, endpoint, host=wanted.host, options=options)
        text = endpoint_text(wanted.address, wanted.port)
        if stream is None:
            tcp = ControlTcp(endpoint=text, ok=False, failure=ooni_tcp_failure(seen.failure))
            return Opened(wanted=wanted, tcp=None if seen.failure in _OURS else tcp, failure=seen.failure)
        tcp = ControlTcp(endpoint=text, ok=True)
        if not wanted.tls:
            return Opened(wanted=wanted, tcp=tcp, stream=stream)
        name = None if _literal(wanted.host) else wanted.host
        hello = Hello(server_name=name, verify_name=wanted.host)
        shaken, secure = await handshake(deadline.session(HANDSHAKE_S), _WHY, stream, hello, self._contexts)
        return Opened(wanted=wanted, tcp=tcp, tls=_tls(text, shaken), stream=secure, failure=shaken.failure)


async def open_quic(
    guard: Guard, deadline: Deadline, host: str, pairs: list[tuple[str, int]]
) -> tuple[ControlTls, ...]:
    """QUIC handshakes with some of the endpoints, where the extra `quic` is installed; none that the guard forbids."""
    allowed = [Endpoint(address=address, port=port) for address, port in dict.fromkeys(pairs) if guard.allows(address)]
    if not available():
        return ()
    name = None if _literal(host) else host
    hello = QuicHello(server_name=name, verify_name=host)

    async def one(endpoint: Endpoint) -> ControlTls | None:
        seen, wire = await shake_hands(deadline.session(HANDSHAKE_S), _WHY, endpoint, hello)
        if wire is not None:
            wire.close()
        return None if seen.failure in _OURS else _tls(endpoint_text(endpoint.address, endpoint.port), seen)

    found = await asyncio.gather(*(one(endpoint) for endpoint in allowed[:_QUIC_ENDPOINTS]))
    return tuple(seen for seen in found if seen is not None)


def _tls(endpoint: str, seen: TlsObservation | QuicObservation) -> ControlTls:
    leaf = seen.chain[0] if seen.chain else None
    return ControlTls(
        endpoint=endpoint,
        server_name=seen.verify_name,
        ok=seen.failure is None,
        failure=seen.failure,
        leaf_sha256=leaf.sha256 if leaf is not None else None,
        spki_sha256=leaf.spki_sha256 if leaf is not None else None,
        issuer=leaf.issuer if leaf is not None else None,
    )


def _literal(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
