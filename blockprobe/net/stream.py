"""A connected socket that counts: what TLS, HTTP and DNS over TCP speak through."""

import asyncio
import contextlib
import fcntl
import socket
import struct
import termios
from typing import Protocol

from blockprobe.net.dial import readable, report_icmp, retransmissions_of, set_hop_limit, tcp_info

#: How often `acknowledged` looks (seconds).
_POLL_S = 0.003
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)  # struct linger: on, 0 seconds


class Layer(Protocol):
    """What is spoken over the wire (TLS): it reads and writes plaintext through the stream it was given."""

    async def recv(self, limit: int) -> bytes:
        """Up to `limit` bytes of plaintext; empty at the end."""
        ...

    async def sendall(self, data: bytes) -> None:
        """Send all of `data`."""
        ...


class _Wire:
    """The stream itself as the lowest layer."""

    def __init__(self, stream: "Stream") -> None:
        self.recv = stream.recv_wire
        self.sendall = stream.send_wire


class _Unread:
    """What was read too early, in front of the layer it came from."""

    def __init__(self, data: bytes, below: Layer) -> None:
        self._data = data
        self._below = below
        self.sendall = below.sendall

    async def recv(self, limit: int) -> bytes:
        if not self._data:
            return await self._below.recv(limit)
        data, self._data = self._data[:limit], self._data[limit:]
        return data


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

    @property
    def top(self) -> Layer:
        """What the next layer has to speak through: the last one, or the wire."""
        return self._layer or _Wire(self)

    def unread(self, data: bytes) -> None:
        """Give back what was read too early: it is what the next `recv` returns."""
        if data:
            self._layer = _Unread(data, self.top)

    def enter_tunnel(self, rest: bytes) -> None:
        """From now on a proxy passes everything on; `rest` is what came behind its answer.

        What is spoken inside begins anew: `tls` says whether *that* is TLS.
        """
        self.unread(rest)
        self.tls = False

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

    async def acknowledged(self) -> None:
        """Wait until the peer's kernel has acknowledged all that was sent (SIOCOUTQ is 0); raises OSError when closed.

        Until then a retransmission may join what was sent in pieces.
        """
        while _unacknowledged(self._sock):  # noqa: ASYNC110 - the kernel has no event for it
            await asyncio.sleep(_POLL_S)

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


def _unacknowledged(sock: socket.socket) -> int:
    """Bytes that were sent or wait to be, and are not acknowledged (tcp(7), SIOCOUTQ)."""
    return int(struct.unpack("i", fcntl.ioctl(sock.fileno(), termios.TIOCOUTQ, bytes(4)))[0])
