"""The helper's sockets: which addresses and ports, what is spoken there, and how many may come."""

import asyncio
import contextlib
import errno
import socket
import ssl
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from blockprobe.helper.budget import InFlight
from blockprobe.helper.peer import peer_address
from blockprobe.model.errors import ConfigError

_BACKLOG = 1024
_HANDSHAKE_S = 10.0
_FLUSH_S = 10.0
_STOPPING_S = 0.2
_ATTEMPTS = 20
_BUFFER = 16 * 1024

#: By errno.
_REMEDIES = {
    errno.EADDRINUSE: "the port is in use (`ss -lnp 'sport = :{port}'` says by whom); stop that, or choose another",
    errno.EADDRNOTAVAIL: "give the address to an interface",
    errno.EACCES: "ports below 1024 need CAP_NET_BIND_SERVICE",
    errno.EPERM: "ports below 1024 need CAP_NET_BIND_SERVICE",
}

Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter, str], Awaitable[None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class EchoPorts:
    """Where one echo address listens; `dns` is the port over UDP and TCP, `quic` None where there is no QUIC echo."""

    address: str
    https: int
    http: int
    dns: int
    quic: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Listening:
    """Where the helper listens, with the ports that the kernel chose where the settings say 0."""

    address: str
    https: int
    echoes: tuple[EchoPorts, ...]


def tcp_socket(address: str, port: int) -> socket.socket:
    """A listening TCP socket; "::" takes IPv4 too. Raises ConfigError with the remedy."""
    try:
        return socket.create_server(
            (address, port),
            family=socket.AF_INET6 if ":" in address else socket.AF_INET,
            backlog=_BACKLOG,
            dualstack_ipv6=address == "::",
        )
    except (OSError, ValueError) as error:
        raise _unusable(address, port, error) from error


def dns_sockets(address: str, port: int) -> tuple[socket.socket, socket.socket]:
    """TCP and UDP sockets on one port; with port 0 on one that is free for both."""
    for _ in range(_ATTEMPTS):
        tcp = tcp_socket(address, port)
        udp = socket.socket(tcp.family, socket.SOCK_DGRAM)
        try:
            udp.setblocking(False)
            if address == "::":
                udp.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
            udp.bind((address, tcp.getsockname()[1]))
        except OSError as error:
            tcp.close()
            udp.close()
            if port == 0 and error.errno == errno.EADDRINUSE:
                continue
            raise _unusable(address, port, error) from error
        return tcp, udp
    raise ConfigError(f"helper_server: no port of {address} is free for both TCP and UDP")


def udp_socket(address: str, port: int) -> socket.socket:
    """A UDP socket; raises ConfigError with the remedy."""
    sock = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_DGRAM)
    try:
        sock.setblocking(False)
        sock.bind((address, port))
    except OSError as error:
        sock.close()
        raise _unusable(address, port, error) from error
    return sock


class Doors:
    """Everything that listens, and every connection that came in; closed together."""

    def __init__(self) -> None:
        """Nothing is open yet."""
        self._servers: list[asyncio.Server] = []
        self._datagrams: list[asyncio.DatagramTransport] = []
        self._talks: set[asyncio.Task[None]] = set()

    async def streams(
        self, sock: socket.socket, talk: Talk, gate: InFlight, context: ssl.SSLContext | None = None
    ) -> None:
        """Accept on `sock` and let `talk` have each connection, as many at once as `gate` lets in."""

        async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            client = peer_address(writer.get_extra_info("peername"))
            if not gate.enter(client):
                writer.transport.abort()
                return
            task = asyncio.current_task()
            assert task is not None
            self._talks.add(task)
            try:
                await talk(reader, writer, client)
                await _close(writer, _FLUSH_S)
            except asyncio.CancelledError:  # the server stops; a cancelled task would make asyncio's streams complain
                await _close(writer, _STOPPING_S)
            finally:
                writer.transport.abort()
                self._talks.discard(task)
                gate.leave(client)

        handshake_s = _HANDSHAKE_S if context is not None else None
        self._servers.append(
            await asyncio.start_server(accept, sock=sock, ssl=context, ssl_handshake_timeout=handshake_s, limit=_BUFFER)
        )

    async def datagrams(self, sock: socket.socket, protocol: Callable[[], asyncio.DatagramProtocol]) -> None:
        """Let `protocol` have what arrives on `sock`."""
        transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(protocol, sock=sock)
        self._datagrams.append(transport)

    def shut(self) -> None:
        """Let nobody in any more."""
        for server in self._servers:
            server.close()
        for transport in self._datagrams:
            transport.close()

    async def aclose(self) -> None:
        """Shut, and end the conversations."""
        self.shut()
        talks = tuple(self._talks)
        for talk in talks:
            talk.cancel()
        await asyncio.gather(*talks, return_exceptions=True)


async def _close(writer: asyncio.StreamWriter, wait_s: float) -> None:
    """Send what is still to be sent, and wait so long for the peer to agree."""
    with contextlib.suppress(OSError, TimeoutError):
        writer.close()
        async with asyncio.timeout(wait_s):
            await writer.wait_closed()


def _unusable(address: str, port: int, error: Exception) -> ConfigError:
    remedy = _REMEDIES.get(getattr(error, "errno", None) or 0, str(error)).format(port=port)
    return ConfigError(f"helper_server: cannot listen on {address} port {port}: {remedy}")
