"""One HTTP/3 exchange on a QUIC connection, observed (RFC 9114)."""

import asyncio
from typing import TYPE_CHECKING, Any

from blockprobe.model.failure import Failure
from blockprobe.model.observation import HttpObservation, Why
from blockprobe.net.bare import bare
from blockprobe.net.http import ACCEPT, ACCEPT_LANGUAGE, KEPT_BYTES, USER_AGENT, Request
from blockprobe.net.http_body import Body, Headers, as_text, header_in
from blockprobe.net.http_head import HEAD_BYTES
from blockprobe.net.meter import BudgetSpent
from blockprobe.net.quic import word_of
from blockprobe.net.quic_wire import QuicEnded, QuicWire
from blockprobe.net.session import Session

if TYPE_CHECKING:
    from aioquic.quic.events import QuicEvent

_DEFAULTS = (
    ("user-agent", USER_AGENT),
    ("accept", ACCEPT),
    ("accept-language", ACCEPT_LANGUAGE),
    ("accept-encoding", "identity"),
)
_NO_ERROR = 0x100  # H3_NO_ERROR (RFC 9114, 8.1)


class _Refused(Exception):
    """What came is no answer; `failure` is the word for it."""

    def __init__(self, failure: Failure, text: str) -> None:
        super().__init__(text)
        self.failure = failure


async def fetch_h3(session: Session, why: Why, wire: QuicWire, request: Request) -> HttpObservation:
    """Send the request and read the answer; the caller closes `wire`, which serves no second request.

    Limits are those of `http.fetch`: the head must come within `session.timeout_s`, the body within as much again, of
    which `session.body_bytes` are read. `ttl` of the request is ignored.
    """
    exchange = _Exchange(session, wire, request)
    try:
        async with asyncio.timeout(session.timeout_s) as deadline:
            exchange.ask()
            while not exchange.begun:
                exchange.take(await wire.turn())
            deadline.reschedule(asyncio.get_running_loop().time() + session.timeout_s)
            while not exchange.done:
                exchange.take(await wire.turn())
    except BudgetSpent:
        raise
    except Exception as error:  # the network's, and whatever hostile bytes set off in the library
        exchange.error = bare(error)
    return exchange.observation(why)


class _Exchange:
    """One request and what has come of its answer."""

    def __init__(self, session: Session, wire: QuicWire, request: Request) -> None:
        from aioquic.h3.connection import H3Connection

        self._session = session
        self._wire = wire
        self._request = request
        self._t0_s = session.elapsed()
        self._received, self._packets = wire.bytes_received, wire.packets
        self._h3 = H3Connection(wire.connection)
        self._stream_id = wire.connection.get_next_available_stream_id()
        self._before_head = 0
        self._headers: Headers = ()
        self._status: int | None = None
        self._body = Body(session.body_bytes)
        self.done = False
        self.error: Exception | None = None

    @property
    def begun(self) -> bool:
        """Whether the final response's head is here."""
        return self._status is not None

    def ask(self) -> None:
        """Send the request."""
        request = self._request
        own = {name.lower() for name, _ in request.headers}
        fields = [(":method", "GET"), (":scheme", "https"), (":authority", request.host), (":path", request.path)]
        fields += [pair for pair in _DEFAULTS if pair[0] not in own]
        fields += [(name.lower(), value) for name, value in request.headers]
        wired = [(name.encode("latin-1", "replace"), value.encode("latin-1", "replace")) for name, value in fields]
        self._h3.send_headers(self._stream_id, wired, end_stream=True)
        self._wire.flush()

    def take(self, events: "list[QuicEvent]") -> None:
        """Read what came; raises _Refused and QuicEnded."""
        from aioquic.quic.events import StreamDataReceived, StreamReset

        for event in events:
            if isinstance(event, StreamReset) and event.stream_id == self._stream_id:
                raise _Refused(Failure.CONNECTION_RESET, f"the stream was reset, code {event.error_code:#x}")
            if isinstance(event, StreamDataReceived) and not self.begun:
                self._before_head += len(event.data)
                if self._before_head > HEAD_BYTES:
                    raise _Refused(Failure.HTTP_HEADERS_TOO_LARGE, f"no head within {HEAD_BYTES} bytes")
            for found in self._h3.handle_event(event):
                self._take(found)
        if not self.done:
            self._wire.flush()

    def _take(self, found: Any) -> None:
        from aioquic.h3.events import DataReceived, HeadersReceived

        if getattr(found, "stream_id", None) != self._stream_id or getattr(found, "push_id", None) is not None:
            return
        if isinstance(found, HeadersReceived) and not self.begun:
            self._take_head(tuple(found.headers))
        elif isinstance(found, DataReceived) and self.begun and not self._body.keep(found.data):
            self.done = True
        self.done = self.done or (self.begun and bool(getattr(found, "stream_ended", False)))

    def _take_head(self, fields: Headers) -> None:
        status = header_in(fields, b":status") or ""
        if not (len(status) == 3 and status.isascii() and status.isdigit()):
            raise _Refused(Failure.HTTP_MALFORMED_RESPONSE, f"status {status[:20]!r}")
        if status.startswith("1"):
            return
        self._status = int(status)
        self._headers = tuple((name, value) for name, value in fields if not name.startswith(b":"))

    def observation(self, why: Why) -> HttpObservation:
        """What happened, in the model's words."""
        wire, request, begun = self._wire, self._request, self.begun
        title, sketch = self._body.reading(self._headers) if begun else (None, ())
        return HttpObservation(
            why=why,
            t0_s=self._t0_s,
            t_s=self._session.elapsed(),
            failure=self._failure(),
            url=request.url,
            host=request.host,
            address=wire.endpoint.address,
            port=wire.endpoint.port,
            tls=True,
            status=self._status,
            headers=as_text(self._headers),
            body=self._body.page(self._headers, KEPT_BYTES) if begun else "",
            body_bytes=self._body.bytes,
            body_sha256=self._body.sha256 if begun else None,
            truncated=self._body.truncated,
            title=title,
            sketch=sketch,
            location=header_in(self._headers, b"location"),
            bytes_received=wire.bytes_received - self._received,
            packets=wire.packets - self._packets,
            rtt_s=None if wire.rtt_s is None else round(wire.rtt_s, 6),
            detail=(str(self.error) or None) if self.error else None,
            quic=True,
        )

    def _failure(self) -> Failure | None:
        error = self.error
        if error is None:
            return None
        if isinstance(error, _Refused):
            return error.failure
        if isinstance(error, QuicEnded) and not error.by_peer:
            return Failure.HTTP_MALFORMED_RESPONSE  # HTTP/3 itself found what came unreadable, and hung up
        if isinstance(error, QuicEnded) and error.code in (0, _NO_ERROR):
            return Failure.EOF_ERROR
        return word_of(error)
