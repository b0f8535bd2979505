"""A kept HTTP/1.1 connection to a helper: h11 on an asyncio stream, one request at a time.

httpx's own connections cost as much CPU as half of what is measured of a healthy site (layers of pools, locks and
cancel scopes); this does a twentieth of what they can.
"""

import asyncio
import re
import ssl
from contextlib import suppress
from dataclasses import dataclass
from urllib.parse import urlsplit

import h11

from blockprobe.net.dial import tcp_info

#: Seconds for connecting, TLS included: SYNs at 0, 1, 3 and 7 s.
CONNECT_S = 8.0
#: A connection that was idle for so long is not used again; our helper keeps it for 60 s.
KEEP_S = 45.0
#: RFC 8305, 5: when the next address is tried beside one that does not answer, seconds.
_NEXT_ADDRESS_S = 0.25
_HEAD_BYTES = 102_400
_GOODBYE_S = 0.3
_ERRNO = re.compile(r"\[Errno (\d+)\]")


class AnswerTooLong(Exception):
    """The answer's body has more bytes than were wanted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """One answer, read completely; `rtt_s` is the kernel's estimate for the connection (seconds, 0 when unknown)."""

    status: int
    headers: tuple[tuple[bytes, bytes], ...]
    body: bytes
    rtt_s: float


class HelperWire:
    """One connection, opened when it is first needed and again when it was closed; `context` is for https."""

    def __init__(self, context: ssl.SSLContext, closing: set[asyncio.StreamWriter]) -> None:
        """`closing` collects what is being closed, for `finish_closing` to wait for."""
        self._context = context
        self._closing = closing
        self._reader: asyncio.StreamReader | None = None
        self._writer: asyncio.StreamWriter | None = None
        self._http = h11.Connection(h11.CLIENT, max_incomplete_event_size=_HEAD_BYTES)
        self._used_at = 0.0

    async def exchange(self, url: str, request: h11.Request, body: bytes, *, most: int) -> Answered:
        """Send and read one answer of at most `most` bytes. A kept connection that turns out to be closed is replaced.

        Raises OSError, EOFError, h11.ProtocolError, AnswerTooLong; cut off or failed, the connection is closed.
        """
        try:
            if self._is_stale():
                self.close()
            if self._writer is not None:
                with suppress(EOFError, ConnectionError):
                    return await self._converse(request, body, most)
                self.close()
            await self._connect(url)
            return await self._converse(request, body, most)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Close the connection, if there is one; may be called again."""
        if self._writer is not None:
            self._writer.close()
            self._closing.add(self._writer)
        self._reader = self._writer = None

    def _is_stale(self) -> bool:
        if self._reader is None or self._writer is None:
            return False
        idle_s = asyncio.get_running_loop().time() - self._used_at
        return idle_s > KEEP_S or self._reader.at_eof() or self._writer.is_closing()

    async def _connect(self, url: str) -> None:
        parts = urlsplit(url)
        secure, host = parts.scheme == "https", parts.hostname or ""
        try:
            async with asyncio.timeout(CONNECT_S):
                self._reader, self._writer = await asyncio.open_connection(
                    host,
                    parts.port or (443 if secure else 80),
                    ssl=self._context if secure else None,
                    server_hostname=host if secure else None,
                    happy_eyeballs_delay=_NEXT_ADDRESS_S,
                )
        except OSError as error:
            raise _plain(error) from error
        self._http = h11.Connection(h11.CLIENT, max_incomplete_event_size=_HEAD_BYTES)

    async def _converse(self, request: h11.Request, body: bytes, most: int) -> Answered:
        assert self._writer is not None
        parts = (self._http.send(request), self._http.send(h11.Data(data=body)), self._http.send(h11.EndOfMessage()))
        self._writer.write(b"".join(part for part in parts if part))
        await self._writer.drain()
        response, content = await self._response(most)
        answered = Answered(
            status=response.status_code, headers=tuple(response.headers), body=content, rtt_s=self._rtt_s()
        )
        self._used_at = asyncio.get_running_loop().time()
        if self._http.our_state is h11.DONE and self._http.their_state is h11.DONE:
            self._http.start_next_cycle()
        else:
            self.close()
        return answered

    async def _response(self, most: int) -> tuple[h11.Response, bytes]:
        response: h11.Response | None = None
        content = bytearray()
        while True:
            event = await self._event()
            if isinstance(event, h11.Response):
                response = event
            elif isinstance(event, h11.Data):
                content += event.data
                if len(content) > most:
                    raise AnswerTooLong(f"more than {most} bytes")
            elif isinstance(event, h11.EndOfMessage) and response is not None:
                return response, bytes(content)
            elif not isinstance(event, h11.InformationalResponse):
                raise EOFError("the helper closed the connection without an answer")

    async def _event(self) -> object:
        """The next thing that the helper said; raises EOFError when it hangs up in the middle of it."""
        assert self._reader is not None
        ended = False
        while True:
            try:
                event = self._http.next_event()
            except h11.RemoteProtocolError as error:
                if ended:
                    raise EOFError("the helper closed the connection before the end of its answer") from error
                raise
            if event is not h11.NEED_DATA:
                return event
            data = await self._reader.read(65_536)
            ended = not data
            self._http.receive_data(data)

    def _rtt_s(self) -> float:
        sock = self._writer.get_extra_info("socket") if self._writer is not None else None
        try:
            return (tcp_info(sock).rtt_s or 0.0) if sock is not None else 0.0
        except OSError:  # closed already
            return 0.0


async def finish_closing(closing: set[asyncio.StreamWriter]) -> None:
    """Let TLS say goodbye for a moment, then cut off: a loop that ends before that leaves sockets open."""
    while closing:
        writer = closing.pop()
        with suppress(OSError, EOFError):  # a TimeoutError is an OSError
            async with asyncio.timeout(_GOODBYE_S):
                await writer.wait_closed()
        with suppress(AttributeError):  # CPython 3.11.2: nothing is left to be aborted
            writer.transport.abort()
    await asyncio.sleep(0)
    await asyncio.sleep(0)  # the socket is closed by the callback of a callback


def _plain(error: OSError) -> OSError:
    """One of the failures where asyncio has joined those of several addresses into a text without an errno."""
    found = _ERRNO.search(str(error)) if type(error) is OSError and error.errno is None else None
    return OSError(int(found[1]), str(error)) if found else error
