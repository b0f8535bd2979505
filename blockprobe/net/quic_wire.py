"""One QUIC connection over a UDP socket of the Dialer's: datagrams in and out, timers, counting (RFC 9000, RFC 9002).

aioquic's connection does no I/O of its own, so that socket, times and ICMP errors are ours. The only file that looks
behind its public face: what ended a connection it tells only when the closing period is over, and the chain never.
aioquic is an extra, imported when a connection is first made.
"""

import asyncio
import contextlib
import importlib.util
import logging
import socket
import ssl
from collections.abc import Iterator
from functools import cache
from typing import TYPE_CHECKING

from blockprobe.model.evidence import Icmp
from blockprobe.net.dial import read_icmp, readable
from blockprobe.net.session import Session
from blockprobe.net.tcp import Endpoint

if TYPE_CHECKING:
    from aioquic.quic.connection import QuicConnection
    from aioquic.quic.events import QuicEvent
    from cryptography import x509

_MAX_DATAGRAM = 65_535
#: Datagrams read in one turn of the loop, so that a flood starves nobody.
_BATCH = 16
#: What a connection may bring in all (bytes): flow control bounds what the far end may have under way at once.
MAX_BYTES = 4 * 1024 * 1024
_WINDOW = 262_144
#: Half of the first probe timeout: Initials go out at 0, 0.2, 0.6, 1.4 and 3.0 s (RFC 9002, 6.2).
_INITIAL_RTT_S = 0.1


class QuicEnded(Exception):
    """The connection was closed: `code` as in CONNECTION_CLOSE, `by_peer` whether the far end did it."""

    def __init__(self, code: int, text: str, *, by_peer: bool) -> None:
        """`text` is the reason given, if any."""
        super().__init__(
            f"closed {'by the far end' if by_peer else 'here'}, code {code:#x}" + (f": {text}" if text else "")
        )
        self.code = code
        self.by_peer = by_peer


class QuicNoVersion(Exception):
    """The far end speaks no version of QUIC that we speak (RFC 8999, 6)."""


@cache
def available() -> bool:
    """Whether the extra `quic` is installed; imports nothing."""
    return importlib.util.find_spec("aioquic") is not None


class QuicWire:
    """A connection to `endpoint`: `packets` sent, `bytes_received` and `hello_bytes` counted. Raises from `turn`.

    `connection` is aioquic's; who uses it calls `flush` afterwards.
    """

    def __init__(self, session: Session, endpoint: Endpoint, server_name: str | None, alpn: tuple[str, ...]) -> None:
        """Open the socket and prepare the first flight; raises OSError."""
        self.endpoint = endpoint
        self.packets = 0
        self.bytes_received = 0
        self.hello_bytes = 0
        self.icmp: Icmp | None = None
        self._session = session
        self._peer = (endpoint.address, endpoint.port)
        self.connection = _connection(server_name, alpn)
        self._sock: socket.socket = session.dialer.udp(endpoint.address, endpoint.port)
        self.connection.connect(self._peer, now=self._now())

    def flush(self) -> None:
        """Send what is due; raises OSError."""
        for data, _ in self.connection.datagrams_to_send(now=self._now()):
            self.packets += 1
            self.hello_bytes = self.hello_bytes or len(data)
            try:
                self._sock.send(data)
            except BlockingIOError:
                pass  # the send buffer is full: it counts as sent and lost
            except OSError:
                self.icmp = self.icmp or read_icmp(self._sock)
                raise

    async def turn(self) -> "list[QuicEvent]":
        """Wait for datagrams or a timer; what that brought. Raises OSError, EOFError, QuicEnded, QuicNoVersion."""
        due = self.connection.get_timer()
        wait_s = 0.0 if due is None else max(0.0, due - self._now())
        try:
            async with asyncio.timeout(wait_s):
                await readable(self._sock)
        except TimeoutError:
            self.connection.handle_timer(now=self._now())
        else:
            self._read()
        found = list(self._events())
        self.flush()
        self._raise_if_ended()
        return found

    def close(self) -> None:
        """Say goodbye to a far end that was heard, and close the socket; again is harmless."""
        if self._sock.fileno() < 0:
            return
        if self.bytes_received:
            with contextlib.suppress(Exception):  # nobody waits for it
                self.connection.close()
                self.flush()
        self._sock.close()

    # -- behind aioquic's public face -------------------------------------------------------------------------------

    @property
    def retried(self) -> bool:
        """Whether the server sent a Retry."""
        return self.connection._retry_source_connection_id is not None

    @property
    def version(self) -> str | None:
        """The version in use, as "QUICv1"."""
        names = {0x00000001: "QUICv1", 0x6B3343CF: "QUICv2"}
        number = self.connection._version
        return None if number is None else names.get(number, f"0x{number:08x}")

    @property
    def cipher(self) -> str | None:
        """The cipher suite of TLS, once negotiated."""
        tls = getattr(self.connection, "tls", None)
        schedule = getattr(tls, "key_schedule", None)
        return schedule.cipher_suite.name if schedule is not None else None

    @property
    def alpn(self) -> str | None:
        """The application protocol, once negotiated."""
        return getattr(getattr(self.connection, "tls", None), "alpn_negotiated", None)

    @property
    def certificates(self) -> "list[x509.Certificate]":
        """What the server showed, leaf first; empty when no chain came."""
        tls = getattr(self.connection, "tls", None)
        leaf = getattr(tls, "_peer_certificate", None)
        return [] if leaf is None else [leaf, *tls._peer_certificate_chain]  # type: ignore[union-attr]  # a leaf's

    @property
    def rtt_s(self) -> float | None:
        """The round trip as QUIC's loss recovery knows it (seconds; None: not measured yet)."""
        loss = self.connection._loss
        return loss._rtt_smoothed if loss._rtt_initialized else None

    def _raise_if_ended(self) -> None:
        ended = self.connection._close_event
        if ended is None:
            return
        if (
            ended.reason_phrase == "Could not find a common protocol version"
            and self.connection._state.name == "TERMINATED"
        ):
            raise QuicNoVersion("the far end offers no version that we speak")
        by_peer = self.connection._state.name == "DRAINING"
        raise QuicEnded(ended.error_code, ended.reason_phrase[:200], by_peer=by_peer)

    # -- reading ----------------------------------------------------------------------------------------------------

    def _read(self) -> None:
        for _ in range(_BATCH):
            try:
                data = self._sock.recv(_MAX_DATAGRAM)
            except (BlockingIOError, InterruptedError):
                return
            except OSError:
                self.icmp = self.icmp or read_icmp(self._sock)
                raise
            self.bytes_received += len(data)
            if self.bytes_received > MAX_BYTES:
                raise EOFError(f"more than {MAX_BYTES} bytes came; reading stopped")
            self.connection.receive_datagram(data, self._peer, now=self._now())

    def _events(self) -> "Iterator[QuicEvent]":
        while (event := self.connection.next_event()) is not None:
            yield event

    def _now(self) -> float:
        return self._session.clock.monotonic()


def first_datagram(server_name: str) -> bytes:
    """The first datagram of a handshake, for sending it with a hop limit."""
    connection = _connection(server_name, ("h3",))
    connection.connect(("192.0.2.1", 443), now=0.0)
    return bytes(connection.datagrams_to_send(now=0.0)[0][0])


def _connection(server_name: str | None, alpn: tuple[str, ...]) -> "QuicConnection":
    from aioquic.quic.configuration import QuicConfiguration
    from aioquic.quic.connection import QuicConnection

    logging.getLogger("quic").setLevel(logging.CRITICAL)  # what a server does wrong is an observation, not a log line
    configuration = QuicConfiguration(
        alpn_protocols=list(alpn),
        idle_timeout=60.0,
        initial_rtt=_INITIAL_RTT_S,
        max_data=_WINDOW,
        max_stream_data=_WINDOW,
        server_name=server_name,
        verify_mode=ssl.CERT_NONE,  # the chain is held against the roots afterwards, when it has been kept
    )
    return QuicConnection(configuration=configuration)
