"""One HTTP/1.1 exchange on a measured stream, observed (RFC 9110, RFC 9112)."""

import asyncio
import re
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import quote

import h11

from blockprobe.model.failure import Failure
from blockprobe.model.observation import HttpObservation, Why
from blockprobe.net.bare import bare
from blockprobe.net.classify import failure_of
from blockprobe.net.http_body import Body, as_text, header_in
from blockprobe.net.http_head import HEAD_BYTES, Head, plain_head
from blockprobe.net.session import Session
from blockprobe.net.stream import Stream
from blockprobe.verdict.sketch import MAX_TEXT, title_of

#: This much of the body is kept as text in the record (bytes).
KEPT_BYTES = 8_192

USER_AGENT = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
ACCEPT = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
ACCEPT_LANGUAGE = "en-US,en;q=0.5"

_DEFAULTS = (
    ("User-Agent", USER_AGENT),
    ("Accept", ACCEPT),
    ("Accept-Language", ACCEPT_LANGUAGE),
    ("Accept-Encoding", "identity"),
    ("Connection", "close"),
)

_PLAIN_HOST = re.compile(r"[-.0-9a-z]+(?::[0-9]+)?")
_TARGET = re.compile(r"[\x21-\x7e]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A GET. `url` is what the record calls it, `host` the Host header, `path` the request target with its query.

    `headers` replace defaults of the same name and follow the others; `ttl` is a hop limit for the request until the
    far end is heard. `host_line` is what goes out in place of the Host header's line, without its end.
    """

    url: str
    host: str
    path: str = "/"
    headers: tuple[tuple[str, str], ...] = ()
    ttl: int | None = None
    host_line: str | None = None


async def fetch(session: Session, why: Why, stream: Stream, request: Request) -> HttpObservation:
    """Send the request and read the answer; the caller closes `stream`, which serves no second request.

    The head must come within `session.timeout_s`, the body within as much again. Reading stops at
    `session.body_bytes` (`truncated`). What came before a failure is kept beside it; of an answer that is no HTTP the
    raw beginning is kept as `body`. Compressed bodies are counted and hashed but not read.
    """
    observation, _ = await fetch_page(session, why, stream, request)
    return observation


async def fetch_page(session: Session, why: Why, stream: Stream, request: Request) -> tuple[HttpObservation, bytes]:
    """Like `fetch`, with the beginning of the body as it came (at most 64 KiB, whatever its encoding)."""
    exchange = _Exchange(stream, request, session)
    try:
        async with asyncio.timeout(session.timeout_s) as deadline:
            await exchange.ask()
            await exchange.read_head()
            deadline.reschedule(asyncio.get_running_loop().time() + session.timeout_s)
            await exchange.read_body()
    except (OSError, EOFError, h11.ProtocolError) as error:
        exchange.error = bare(error)
    return exchange.observation(why), exchange.body.kept


class _Exchange:
    """One request and what has come of its answer."""

    def __init__(self, stream: Stream, request: Request, session: Session) -> None:
        self._stream = stream
        self._request = request
        self._session = session
        self._t0_s = session.elapsed()
        self._received = stream.bytes_received
        self._retransmissions = stream.retransmissions
        self._protocol: h11.Connection | None = None  # for answers that are not plain
        self._raw = b""  # what came before there was a head
        self._head: Head | None = None
        self.body = Body(session.body_bytes)
        self._ended = False
        self.error: Exception | None = None

    async def ask(self) -> None:
        """Send the request."""
        request = self._request
        if request.ttl is not None:
            self._stream.limit_hops(request.ttl)
        wire = request_bytes(request.host, request.path, request.headers)
        if request.host_line is not None:
            usual = f"Host: {request.host}\r\n".encode("latin-1", "replace")
            wire = wire.replace(usual, f"{request.host_line}\r\n".encode("latin-1", "replace"), 1)
        await self._stream.sendall(wire)

    async def read_head(self) -> None:
        """Read up to the final response's head, past any 1xx."""
        raw = b""
        while b"\n\r\n" not in raw and b"\n\n" not in raw and len(raw) <= HEAD_BYTES:
            data = await self._receive()
            self._raw = raw = raw + data
            if not data:
                break
        self._head = plain_head(raw)
        if self._head is None:
            await self._read_unusual_head(raw)
        self._raw = b""

    async def read_body(self) -> None:
        """Read to the end of the body or to the cap."""
        assert self._head is not None
        if self._protocol is not None:
            await self._read_unusual_body(self._protocol)
            return
        left, data = self._head.length, self._head.rest
        while left is None or left > 0:
            data = data or await self._receive()
            if not data:
                if left is not None:
                    raise EOFError("the connection was closed before the end of the body")
                return
            data = data if left is None else data[:left]
            left = left if left is None else left - len(data)
            if not self.body.keep(data):
                return
            data = b""

    async def _read_unusual_head(self, raw: bytes) -> None:
        """By h11, which knows all that RFC 9112 allows; `raw` has been received."""
        request = self._request
        http = self._protocol = h11.Connection(h11.CLIENT, max_incomplete_event_size=HEAD_BYTES)
        http.send(_message(request.host, request.path, request.headers))
        http.send(h11.EndOfMessage())
        http.receive_data(raw)
        if raw and self._ended:
            http.receive_data(b"")
        while True:
            event = http.next_event()
            if isinstance(event, h11.Response):
                self._head = Head(status=event.status_code, headers=tuple(event.headers.raw_items()))
                return
            if isinstance(event, h11.ConnectionClosed):
                raise EOFError("the connection was closed without an answer")
            if event is h11.NEED_DATA:
                if len(self._raw) > HEAD_BYTES:
                    raise h11.RemoteProtocolError("head too large", error_status_hint=431)
                data = await self._receive()
                self._raw += data
                http.receive_data(data)

    async def _read_unusual_body(self, http: h11.Connection) -> None:
        while True:
            event = http.next_event()
            if event is h11.NEED_DATA:
                http.receive_data(await self._receive())
            elif not isinstance(event, h11.Data) or not self.body.keep(bytes(event.data)):
                return

    async def _receive(self) -> bytes:
        data = await self._stream.recv()
        self._ended = not data
        return data

    def observation(self, why: Why) -> HttpObservation:
        """What happened, in the model's words."""
        stream, request = self._stream, self._request
        headers = self._head.headers if self._head else ()
        title, sketch = self.body.reading(headers) if self._head else (title_of(self._page(MAX_TEXT)), ())
        return HttpObservation(
            why=why,
            t0_s=self._t0_s,
            t_s=self._session.elapsed(),
            failure=self._failure(),
            url=request.url,
            host=request.host,
            address=stream.address,
            port=stream.port,
            tls=stream.tls,
            status=self._head.status if self._head else None,
            headers=as_text(headers),
            body=self._page(KEPT_BYTES),
            body_bytes=self.body.bytes,
            body_sha256=self.body.sha256 if self._head else None,
            truncated=self.body.truncated,
            title=title,
            sketch=sketch,
            location=header_in(headers, b"location"),
            bytes_received=stream.bytes_received - self._received,
            packets=1 + stream.retransmissions - self._retransmissions,
            rtt_s=stream.rtt_s,
            ttl=request.ttl,
            detail=(str(self.error) or None) if self.error else None,
        )

    def _failure(self) -> Failure | None:
        """h11 calls a connection that was closed too soon malformed; that word is for what is no HTTP."""
        if self.error is None:
            return None
        begun = self._head is not None or b"HTTP/".startswith(self._raw[:5])
        if self._ended and begun:
            return Failure.EOF_ERROR
        return failure_of(self.error)

    def _page(self, limit: int) -> str:
        """The first `limit` bytes of the body as text, or of what is no HTTP."""
        if self._head is None:
            return self._raw[:limit].decode("utf-8", "replace")
        return self.body.page(self._head.headers, limit)


def request_bytes(host: str, path: str, own: tuple[tuple[str, str], ...] = ()) -> bytes:
    """A GET as it goes over the wire, with `own` header fields after or in place of the usual ones."""
    if not _PLAIN_HOST.fullmatch(host):
        return _written(host, path, own)
    before, after = _around_host(path, own)
    return before + host.encode() + after


@lru_cache(maxsize=256)
def _written(host: str, path: str, own: tuple[tuple[str, str], ...]) -> bytes:
    return h11.Connection(h11.CLIENT).send(_message(host, path, own)) or b""


@lru_cache(maxsize=256)
def _around_host(path: str, own: tuple[tuple[str, str], ...]) -> tuple[bytes, bytes]:
    """What stands before and behind a plain host in the request: the same for every site."""
    before, host, after = _written("h.invalid", path, own).partition(b"\r\nHost: h.invalid")
    return before + host.removesuffix(b"h.invalid"), after


@lru_cache(maxsize=256)
def _message(host: str, path: str, own: tuple[tuple[str, str], ...]) -> h11.Request:
    """The request as h11 checked it: the same goes to every address of a site. Raises h11.LocalProtocolError."""
    return h11.Request(method="GET", target=_target(path), headers=_headers(host, own))


def _headers(host: str, own: tuple[tuple[str, str], ...]) -> list[tuple[bytes, bytes]]:
    """Host first, as browsers send it (RFC 9110, 7.2)."""
    named = {name.lower() for name, _ in own}
    defaults = tuple((name, value) for name, value in _DEFAULTS if name.lower() not in named)
    pairs = (("Host", host), *defaults, *own)
    return [(name.encode("latin-1", "replace"), value.encode("latin-1", "replace")) for name, value in pairs]


def _target(path: str) -> bytes:
    """The request target; what no target may hold (a server's Location can have anything) is percent-encoded."""
    if not _TARGET.fullmatch(path):
        path = quote(path, safe="%/?:@!$&'()*+,;=~-._[]", errors="replace") or "/"
    return path.encode("ascii")
