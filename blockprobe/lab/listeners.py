"""Asyncio plumbing of the laboratory's servers: TCP listeners by port, UDP and TCP nameservers."""

import asyncio
import contextlib
import socket
import ssl
from collections.abc import Awaitable, Callable
from typing import Any, Final

from blockprobe.lab.lies import Nameserver

Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
GONE: Final = (OSError, ssl.SSLError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, asyncio.TimeoutError)
"""What a client's departure looks like."""
_BACKLOG: Final = 1024


class Ports:
    """TCP listeners on every address of the namespace, opened when first asked for."""

    def __init__(self) -> None:
        self._servers: dict[tuple[str, int], asyncio.Server] = {}

    async def open(self, port: int, handler: Handler, *, addresses: tuple[str, ...] = ("0.0.0.0", "::")) -> None:
        """Listen; a port that is open stays so. One of a few addresses must not be wanted on all of them later."""
        for address in addresses:
            if (address, port) in self._servers:
                continue
            listener = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_STREAM)
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if ":" in address:
                listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            listener.bind((address, port))
            server = await asyncio.start_server(_guarded(handler), sock=listener, backlog=_BACKLOG)
            self._servers[address, port] = server


def _guarded(handler: Handler) -> Handler:
    async def guarded(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            with contextlib.suppress(*GONE):
                await handler(reader, writer)
        except asyncio.CancelledError:  # the laboratory ends; a cancelled task would make asyncio's streams complain
            pass
        finally:
            with contextlib.suppress(*GONE):
                writer.close()

    return guarded


def reset(writer: asyncio.StreamWriter) -> None:
    """Close with a RST."""
    connection = writer.get_extra_info("socket")
    if connection is not None:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    writer.transport.abort()


async def serve_dns_stream(
    server: Nameserver, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, transport: str
) -> None:
    """Answer length-prefixed queries until the client leaves (RFC 7766, 7858)."""
    peer = str(writer.get_extra_info("peername")[0])
    while True:
        size = int.from_bytes(await reader.readexactly(2))
        message, delay = server.respond(await reader.readexactly(size), peer, transport=transport)
        if delay:
            await asyncio.sleep(delay)
        if message is not None:
            writer.write(len(message).to_bytes(2) + message)
            await writer.drain()


class UdpNameserver(asyncio.DatagramProtocol):
    """A nameserver on one UDP address; `current` finds the scenario's server for it."""

    def __init__(self, current: Callable[[], Nameserver | None]) -> None:
        self._current = current
        self._transport: Any = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """asyncio's."""
        self._transport = transport

    def datagram_received(self, data: bytes, addr: tuple[Any, ...]) -> None:
        """Answer, now or later."""
        server = self._current()
        if server is None:
            return
        message, delay = server.respond(data, str(addr[0]))
        if message is None:
            return
        if delay:
            asyncio.get_running_loop().call_later(delay, self._transport.sendto, message, addr)
        else:
            self._transport.sendto(message, addr)


async def open_udp(address: str, current: Callable[[], Nameserver | None]) -> None:
    """Serve DNS on UDP port 53 of an address of this namespace."""
    listener = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_DGRAM)
    with contextlib.suppress(OSError):
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_000_000)
    listener.bind((address, 53))
    await asyncio.get_running_loop().create_datagram_endpoint(lambda: UdpNameserver(current), sock=listener)
