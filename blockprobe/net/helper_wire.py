"""A kept HTTP/1.1 connection to a helper: h11 on a stream of our own, one request at a time.

httpx's own connections cost as much CPU as half of what is measured of a healthy site (layers of pools, locks and
cancel scopes); this does a twentieth of what they can.
"""

import asyncio
import socket
from contextlib import suppress
from dataclasses import dataclass, field
from functools import lru_cache
from urllib.parse import urlsplit

import h11

from blockprobe.model.addresses import family_of
from blockprobe.model.failure import Failure
from blockprobe.model.observation import Place, Test, Why
from blockprobe.net.clock import Clock
from blockprobe.net.dial import Dialer
from blockprobe.net.http_head import plain_head
from blockprobe.net.session import Session
from blockprobe.net.stream import Stream
from blockprobe.net.tls import Hello, TlsContexts, handshake

#: Seconds for connecting (SYNs at 0, 1, 3 and 7 s), and as long for TLS.
CONNECT_S = 8.0
#: A connection that was idle for so long is not used again; our helper keeps it for 60 s.
KEEP_S = 45.0
#: RFC 8305, 5: when the next address is tried beside one that does not answer, seconds.
_NEXT_ADDRESS_S = 0.25
_HEAD_BYTES = 102_400
_WHY = Why(test=Test.NEUTRAL, place=Place.NEUTRAL, listed=False)  # for the handshake's observation, which nobody keeps


Fields = tuple[tuple[bytes, bytes], ...]


class AnswerTooLong(Exception):
    """The answer's body has more bytes than were wanted."""


class NotTrusted(Exception):
    """The TLS handshake with the helper failed; `failure` is the word for it."""

    def __init__(self, failure: Failure, detail: str | None) -> None:
        """Hold the word; the exception's text is `detail`."""
        super().__init__(detail or str(failure))
        self.failure = failure


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """One answer, read completely; `rtt_s` is the kernel's estimate for the connection (seconds, 0 when unknown)."""

    status: int
    headers: tuple[tuple[bytes, bytes], ...]
    body: bytes
    rtt_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """How a helper is asked, whatever is asked: the request target, and the header fields but Content-Length."""

    target: str
    headers: tuple[tuple[str, str], ...] = field(repr=False)  # the token is among them


@lru_cache(maxsize=256)
def _head(post: Post, length: int) -> h11.Request:
    """The head of a request with `length` bytes as h11 checked it: most targets' requests are as long as others'."""
    return h11.Request(method="POST", target=post.target, headers=[*post.headers, ("Content-Length", str(length))])


@lru_cache(maxsize=256)
def _head_wire(post: Post, length: int) -> bytes:
    """`_head` as bytes."""
    return h11.Connection(h11.CLIENT).send(_head(post, length)) or b""


class HelperWire:
    """One connection, opened when it is first needed and again when it was closed."""

    def __init__(self, clock: Clock, dialer: Dialer, contexts: TlsContexts) -> None:
        """Opens nothing yet; `contexts` are for https."""
        self._clock = clock
        self._dialer = dialer
        self._contexts = contexts
        self._stream: Stream | None = None
        self._used_at = 0.0

    async def exchange(self, url: str, post: Post, body: bytes, *, most: int) -> Answered:
        """Send and read one answer of at most `most` bytes. A kept connection that turns out to be closed is replaced.

        Raises OSError, EOFError, NotTrusted, h11.ProtocolError, AnswerTooLong; cut off or failed, the connection is
        closed.
        """
        try:
            if self._stream is not None and self._clock.monotonic() - self._used_at > KEEP_S:
                self.close()
            if self._stream is not None:
                with suppress(EOFError, ConnectionError):
                    return await self._converse(post, body, most)
                self.close()
            self._stream = await self._open(url)
            return await self._converse(post, body, most)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Close the connection, if there is one; may be called again."""
        if self._stream is not None:
            self._stream.close()
        self._stream = None

    async def _open(self, url: str) -> Stream:
        parts = urlsplit(url)
        secure, host = parts.scheme == "https", parts.hostname or ""
        stream = await _first_open(self._dialer, host, parts.port or (443 if secure else 80))
        if not secure:
            return stream
        clock = self._clock
        session = Session(clock=clock, dialer=self._dialer, began=clock.monotonic(), timeout_s=CONNECT_S)
        server_name = host if family_of(host) is None else None
        hello = Hello(server_name=server_name, verify_name=host, large=True)
        observation, secured = await handshake(session, _WHY, stream, hello, self._contexts)
        if secured is None:
            raise NotTrusted(observation.failure or Failure.UNKNOWN_FAILURE, observation.detail)
        return secured

    async def _converse(self, post: Post, body: bytes, most: int) -> Answered:
        stream = self._stream
        assert stream is not None
        await stream.sendall(_head_wire(post, len(body)) + body)
        got = data = await stream.recv()
        while data and b"\r\n\r\n" not in got and len(got) <= _HEAD_BYTES:
            data = await stream.recv()
            got += data
        head = plain_head(got)
        if head is None or head.length is None:
            http = h11.Connection(h11.CLIENT, max_incomplete_event_size=_HEAD_BYTES)
            for sent in (_head(post, len(body)), h11.Data(data=body), h11.EndOfMessage()):
                http.send(sent)
            status, fields, content = await _unusual(stream, http, got, most)
            kept = http.our_state is h11.DONE and http.their_state is h11.DONE and not http.trailing_data[0]
        else:
            status, fields, content = head.status, head.headers, await _body(stream, head.rest, head.length, most)
            kept = not head.closes
        headers = tuple((name.lower(), value) for name, value in fields)
        if not kept:
            self.close()
        self._used_at = self._clock.monotonic()
        return Answered(status=status, headers=headers, body=content, rtt_s=stream.rtt_s or 0.0)


async def _unusual(stream: Stream, http: h11.Connection, got: bytes, most: int) -> tuple[int, Fields, bytes]:
    """By h11, when the answer is not plain; `got` has come already."""
    response: h11.Response | None = None
    content, data = bytearray(), got
    http.receive_data(got)
    while True:
        try:
            event = http.next_event()
        except h11.RemoteProtocolError as error:
            if not data:
                raise EOFError("the helper closed the connection before the end of its answer") from error
            raise
        if event is h11.NEED_DATA:
            data = await stream.recv()
            http.receive_data(data)
        elif isinstance(event, h11.Response):
            response = event
        elif isinstance(event, h11.Data):
            content += event.data
            if len(content) > most:
                raise AnswerTooLong(f"more than {most} bytes")
        elif isinstance(event, h11.EndOfMessage) and response is not None:
            return response.status_code, tuple(response.headers.raw_items()), bytes(content)
        elif not isinstance(event, h11.InformationalResponse):
            raise EOFError("the helper closed the connection without an answer")


async def _body(stream: Stream, begun: bytes, length: int, most: int) -> bytes:
    if length > most:
        raise AnswerTooLong(f"more than {most} bytes")
    content = bytearray(begun)
    while len(content) < length:
        data = await stream.recv()
        if not data:
            raise EOFError("the helper closed the connection before the end of its answer")
        content += data
    if len(content) > length:
        raise EOFError("the helper said more than it had announced")
    return bytes(content)


async def _first_open(dialer: Dialer, host: str, port: int) -> Stream:
    """The first of the host's addresses that connects, each tried a little after the one before (RFC 8305)."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    left = list(dict.fromkeys(info[4][0] for info in found))
    running: set[asyncio.Task[Stream]] = set()
    failed: BaseException = OSError(f"no address of {host}")
    try:
        while left or running:
            if left:
                running.add(asyncio.ensure_future(_dial(dialer, str(left.pop(0)), port)))
            wait_s = _NEXT_ADDRESS_S if left else None
            done, running = await asyncio.wait(running, timeout=wait_s, return_when=asyncio.FIRST_COMPLETED)
            opened = [task.result() for task in done if task.exception() is None]
            for spare in opened[1:]:
                spare.close()
            if opened:
                return opened[0]
            failed = next((error for task in done if (error := task.exception())), failed)
        raise failed
    finally:
        for task in running:
            task.cancel()
        for late in await asyncio.gather(*running, return_exceptions=True):
            if isinstance(late, Stream):
                late.close()


async def _dial(dialer: Dialer, address: str, port: int) -> Stream:
    return Stream(await dialer.tcp(address, port, timeout_s=CONNECT_S), address, port)
