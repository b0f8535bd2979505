"""QUIC and HTTP/3 for whoever serves it here: the echo, and the laboratory's sites. Needs the extra `quic`.

aioquic does the protocol; what is ours is whom it answers. An address that has not proven itself is sent less than it
sent: Retry (RFC 9000, 8.1.2) costs nothing to remember and is shorter than any Initial, and what is no Initial of full
size gets no answer at all.
"""

import asyncio
import contextlib
import logging
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aioquic.asyncio.protocol import QuicConnectionProtocol
from aioquic.asyncio.server import QuicServer
from aioquic.h3.connection import H3_ALPN, H3Connection
from aioquic.h3.events import DataReceived, HeadersReceived
from aioquic.quic.configuration import QuicConfiguration
from aioquic.quic.connection import QuicConnection
from aioquic.quic.events import QuicEvent
from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from blockprobe.net.quic_hello import FIRST_DATAGRAM, is_initial, server_name

logging.getLogger("quic").setLevel(logging.CRITICAL)  # what strangers send wrong is no news

#: Connections at once, and requests on one.
_CONNECTIONS = 2048
_REQUESTS = 16
_IDLE_S = 10.0
_WINDOW = 65_536
_HEAD_BYTES = 16_384
_PRIVATE_KEY = re.compile(rb"-----BEGIN [A-Z ]*PRIVATE KEY-----.+?-----END [A-Z ]*PRIVATE KEY-----", re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class H3Request:
    """A request without its body. `server_name` is the one in the ClientHello ("" for none or unreadable), `local` the
    socket's own address, `peer` the client's."""

    method: str
    authority: str
    path: str
    headers: tuple[tuple[str, str], ...]
    server_name: str
    local: str
    peer: str

    def header(self, name: str) -> str | None:
        """The first header of that lower-case name."""
        return next((value for key, value in self.headers if key == name), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class H3Response:
    """An answer, whole."""

    status: int
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""


Handler = Callable[[H3Request], Awaitable[H3Response | None]]
"""None: hang up without an answer."""
Chooser = Callable[[str], QuicConfiguration]
"""From the server name in the ClientHello ("" for none) to the certificate to show."""


def configuration(certificate: str, key: str | None = None) -> QuicConfiguration:
    """A server's configuration with the chain and the key in PEM files; raises OSError, ValueError."""
    made = QuicConfiguration(
        is_client=False, alpn_protocols=H3_ALPN, idle_timeout=_IDLE_S, max_data=_WINDOW, max_stream_data=_WINDOW
    )
    chain = x509.load_pem_x509_certificates(Path(certificate).read_bytes())
    found = _PRIVATE_KEY.search(Path(key or certificate).read_bytes())
    if found is None:
        raise ValueError(f"{key or certificate} holds no private key")
    made.certificate, made.certificate_chain = chain[0], chain[1:]
    made.private_key = load_pem_private_key(found[0], password=None)
    return made


class QuicFront(QuicServer):
    """What listens on one UDP socket. `retry`: the address must prove itself first."""

    def __init__(self, choose: Chooser, handler: Handler, *, retry: bool) -> None:
        """`handler` answers requests, on connections that show what `choose` gives for the name asked for."""
        self._name = ""
        self._choose = choose
        self._handler = handler
        super().__init__(configuration=choose(""), create_protocol=self._conversation, retry=retry)

    def datagram_received(self, data: bytes | str, addr: Any) -> None:
        """asyncio's: let no stray datagram have an answer, and note the name of a new connection."""
        assert isinstance(data, bytes)
        if not data or (data[0] & 0x80 and not self._is_known(data)):
            if len(data) < FIRST_DATAGRAM or len(self._protocols) > 2 * _CONNECTIONS:
                return
            self._name = (server_name(data) or "") if is_initial(data) else ""
            self._configuration = self._choose(self._name)
        super().datagram_received(data, addr)

    def close(self) -> None:
        """End every connection and stop listening."""
        if self._transport is not None:
            super().close()

    def connection_lost(self, exc: Exception | None) -> None:
        """asyncio's: the socket is closed, and so nothing that is under way can be sent any more."""
        for conversation in set(self._protocols.values()):
            assert isinstance(conversation, _Conversation)
            conversation.abandon()
        self._protocols.clear()

    def _is_known(self, data: bytes) -> bool:
        """Whether a long header names a connection that exists (RFC 8999, 5.1)."""
        length = data[5] if len(data) > 5 else 0
        return bytes(data[6 : 6 + length]) in self._protocols

    def _conversation(self, quic: QuicConnection, stream_handler: Any = None) -> "_Conversation":
        return _Conversation(quic, self._handler, self._name)


class _Conversation(QuicConnectionProtocol):
    """One connection."""

    def __init__(self, quic: QuicConnection, handler: Handler, name: str) -> None:
        super().__init__(quic)
        self._handler = handler
        self._server_name = name
        self._h3: H3Connection | None = None
        self._heads: dict[int, HeadersReceived] = {}
        self._answers: set[asyncio.Task[None]] = set()

    def abandon(self) -> None:
        """Stop at once, saying nothing."""
        pending = (self._timer, self._transmit_task, *self._answers)
        for one in pending:
            if one is not None:
                one.cancel()

    def transmit(self) -> None:
        """aioquic's; a closed socket takes nothing."""
        if self._transport is not None and not self._transport.is_closing():
            super().transmit()

    def quic_event_received(self, event: QuicEvent) -> None:
        """aioquic's."""
        if self._h3 is None:
            self._h3 = H3Connection(self._quic)
        for found in self._h3.handle_event(event):
            if not isinstance(found, HeadersReceived | DataReceived):
                continue
            if isinstance(found, HeadersReceived):
                self._heads.setdefault(found.stream_id, found)
            if found.stream_ended and (head := self._heads.pop(found.stream_id, None)) is not None:
                self._begin(head)

    def _begin(self, head: HeadersReceived) -> None:
        if len(self._answers) >= _REQUESTS or sum(len(n) + len(v) for n, v in head.headers) > _HEAD_BYTES:
            self.close()
            return
        task = asyncio.ensure_future(self._answer(head))
        self._answers.add(task)

    async def _answer(self, head: HeadersReceived) -> None:
        fields = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in head.headers]
        pseudo = {name: value for name, value in fields if name.startswith(":")}
        assert self._transport is not None
        request = H3Request(
            method=pseudo.get(":method", ""),
            authority=pseudo.get(":authority", ""),
            path=pseudo.get(":path", ""),
            headers=tuple(pair for pair in fields if not pair[0].startswith(":")),
            server_name=self._server_name,
            local=str(self._transport.get_extra_info("sockname")[0]),
            peer=str((self._quic.get_peer_address() or ("",))[0]),
        )
        response = await self._handler(request)
        if response is None:
            self.close()
            return
        self._send(head.stream_id, response)

    def _send(self, stream_id: int, response: H3Response) -> None:
        assert self._h3 is not None
        fields = ((":status", str(response.status)), ("content-length", str(len(response.body))), *response.headers)
        wired = [(name.lower().encode("latin-1"), value.encode("latin-1", "replace")) for name, value in fields]
        with contextlib.suppress(Exception):  # the client may have gone
            self._h3.send_headers(stream_id, wired, end_stream=not response.body)
            if response.body:
                self._h3.send_data(stream_id, response.body, end_stream=True)
            self.transmit()
