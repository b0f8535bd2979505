"""A connected socket that counts: what TLS, HTTP and DNS over TCP speak through."""

import asyncio
import contextlib
import socket
import struct
from typing import Protocol

from blockprobe.net.dial import readable, report_icmp, retransmissions_of, set_hop_limit, tcp_info

_RESET_ON_CLOSE = struct.pack("ii", 1, 0)  # struct linger: on, 0 seconds


class Layer(Protocol):
    """What is spoken over the wire (TLS): it reads and writes plaintext through the stream it was given."""

    async def recv(self, limit: int) -> bytes:
        """Up to `limit` bytes of plaintext; empty at the end."""
        ...

    async def sendall(self, data: bytes) -> None:
        """Send all of `data`."""
        ...


class Stream:
    """A TCP connection to `address`:`port`; every method raises OSError for what the network did.

    `rtt_s` is the kernel's round-trip estimate when the connection was made (seconds; TCP_INFO), `maxseg` the segment
    size asked for (bytes; None: the system's), `bytes_received` what came over the wire so far, below TLS; `tls` says
    whether `recv` and `sendall` go through TLS. One reader at a time.
    """

    def __init__(self, sock: socket.socket, address: str, port: int, *, maxseg: int | None = None) -> None:
        """Take over a connected, non-blocking socket; `close` or `aclose` ends it."""
        self.address = address
        self.port = port
        self.maxseg = maxseg
        self.bytes_received = 0
        self.rtt_s = tcp_info(sock).rtt_s
        self._sock = sock
        self._loop = asyncio.get_running_loop()
        self._limited = False
        self._layer: Layer | None = None
        self.tls = False

    def secure(self, layer: Layer) -> None:
        """From now on read and write through `layer`."""
        self._layer = layer
        self.tls = True

    async def recv(self, limit: int = 65_536) -> bytes:
        """Up to `limit` bytes as soon as there are any; empty at the end of the stream."""
        if self._layer is not None:
            return await self._layer.recv(limit)
        return await self.recv_wire(limit)

    async def sendall(self, data: bytes) -> None:
        """Send all of `data`."""
        if self._layer is not None:
            await self._layer.sendall(data)
        else:
            await self.send_wire(data)

    async def recv_wire(self, limit: int = 65_536) -> bytes:
        """Like `recv`, below TLS."""
        while True:
            try:
                data = self._sock.recv(limit)
                break
            except (BlockingIOError, InterruptedError):
                await readable(self._sock)
        self.bytes_received += len(data)
        if self._limited and data:
            self._lift_limit()
        return data

    async def send_wire(self, data: bytes) -> None:
        """Like `sendall`, below TLS: hand all of `data` to the kernel."""
        try:
            sent = self._sock.send(data)
        except (BlockingIOError, InterruptedError):
            sent = 0
        if sent < len(data):
            await self._loop.sock_sendall(self._sock, memoryview(data)[sent:])

    @property
    def retransmissions(self) -> int:
        """Segments sent again since the connection was opened, SYNs included (TCP_INFO)."""
        return 0 if self.closed else retransmissions_of(self._sock)

    @property
    def closed(self) -> bool:
        """Whether `close` was called."""
        return self._sock.fileno() < 0

    def limit_hops(self, ttl: int, *, hear_routers: bool = False) -> None:
        """Let what is sent from now on, and its retransmissions, die after `ttl` hops, until the peer is heard.

        `hear_routers`: an ICMP error then fails the next call once (EHOSTUNREACH, mostly); else it is ignored.
        """
        set_hop_limit(self._sock, ttl)
        if hear_routers:
            report_icmp(self._sock, on=True)
        self._limited = True

    def _lift_limit(self) -> None:
        self._limited = False
        with contextlib.suppress(OSError):
            set_hop_limit(self._sock, None)

    def close(self) -> None:
        """Close the socket; again is harmless."""
        if self._limited:
            self.reset()
        self._end()

    def reset(self) -> None:
        """Close with a RST, so that neither end keeps state and nothing unsent is sent with another hop limit."""
        if self.closed:
            return
        with contextlib.suppress(OSError):
            self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
        if self._limited:
            self._lift_limit()
        self._end()

    def _end(self) -> None:
        self._sock.close()
        self._layer = None  # it knows us too: the circle would keep 50 KB of OpenSSL's until somebody collects it

    async def aclose(self) -> None:
        """`close`, for `async with contextlib.aclosing(stream)`."""
        self.close()
