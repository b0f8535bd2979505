"""HTTP/1.1 for the API and the echo: h11 on asyncio's streams, with every size and time bounded.

A framework would serve the API, but not the echo, which must show a request exactly as it arrived.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import h11

#: What `filler` of a response is made of: a pattern nobody compresses on the way by accident.
_BLOCK = bytes(range(256)) * 256
_REASONS = {
    200: b"OK",
    400: b"Bad Request",
    401: b"Unauthorized",
    403: b"Forbidden",
    404: b"Not Found",
    413: b"Content Too Large",
    429: b"Too Many Requests",
    431: b"Request Header Fields Too Large",
    500: b"Internal Server Error",
    503: b"Service Unavailable",
}
Header = tuple[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpLimits:
    """`head_bytes`, `body_bytes` of one request; `idle_s` from the end of an answer to the end of the next request."""

    head_bytes: int = 16 * 1024
    body_bytes: int = 256 * 1024
    idle_s: float = 10.0
    write_s: float = 60.0
    requests: int = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpRequest:
    """One request as it arrived; header names keep their case, `client` is the peer's address."""

    method: str
    target: str
    headers: tuple[Header, ...]
    body: bytes
    client: str
    server_name: str | None = None

    def header(self, name: str) -> str | None:
        """The first header of this lower-case name."""
        return next((value for key, value in self.headers if key.lower() == name), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpResponse:
    """One answer: `body`, then `filler` bytes of no meaning."""

    status: int
    body: bytes = b""
    content_type: str = "application/json"
    headers: tuple[Header, ...] = ()
    filler: int = 0
    close: bool = False


Handler = Callable[[HttpRequest], Awaitable[HttpResponse]]


class BadRequest(Exception):
    """What arrived is no request that can be answered otherwise than with `status`."""

    def __init__(self, status: int, why: str) -> None:
        """`why` is one short sentence for the client."""
        super().__init__(why)
        self.status = status


@dataclass(slots=True, kw_only=True)
class HttpConversation:
    """One connection, from its first request to its end."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    client: str
    handler: Handler
    limits: HttpLimits
    server_name: str | None = None

    async def run(self) -> None:
        """Answer requests until one side has had enough; never raises for what the peer does."""
        h11_side = h11.Connection(h11.SERVER, max_incomplete_event_size=self.limits.head_bytes)
        with contextlib.suppress(OSError, TimeoutError, EOFError):
            for _ in range(self.limits.requests):
                if not await self._exchange(h11_side) or h11_side.our_state is not h11.DONE:
                    break
                if h11_side.their_state is not h11.DONE:
                    break
                h11_side.start_next_cycle()

    async def _exchange(self, h11_side: h11.Connection) -> bool:
        """One request and its answer; False when the connection is to be closed."""
        try:
            async with asyncio.timeout(self.limits.idle_s):
                request = await self._request(h11_side)
        except (BadRequest, h11.RemoteProtocolError) as error:
            status = error.status if isinstance(error, BadRequest) else error.error_status_hint
            await self._send(h11_side, problem(status if status in _REASONS else 400, str(error)))
            return False
        if request is None:
            return False
        response = await self.handler(request)
        await self._send(h11_side, response)
        return not response.close

    async def _request(self, h11_side: h11.Connection) -> HttpRequest | None:
        head: h11.Request | None = None
        body = bytearray()
        while True:
            event = h11_side.next_event()
            if event is h11.NEED_DATA:
                data = await self.reader.read(16 * 1024)
                h11_side.receive_data(data)
                continue
            if isinstance(event, h11.Request):
                head = event
                self._check_head(head)
                if h11_side.they_are_waiting_for_100_continue:
                    h11_side.send(h11.InformationalResponse(status_code=100, headers=[]))
                    self.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
            elif isinstance(event, h11.Data):
                body += event.data
                if len(body) > self.limits.body_bytes:
                    raise BadRequest(413, f"the body has more than {self.limits.body_bytes} bytes")
            elif isinstance(event, h11.EndOfMessage) and head is not None:
                return self._seen(head, bytes(body))
            else:  # the peer closed, or wants another protocol
                return None

    def _check_head(self, head: h11.Request) -> None:
        """h11 measures a head only while it is incomplete; this bound holds however it came."""
        size = len(head.target) + sum(len(name) + len(value) for name, value in head.headers)
        if size > self.limits.head_bytes:
            raise BadRequest(431, f"the head has more than {self.limits.head_bytes} bytes")

    def _seen(self, head: h11.Request, body: bytes) -> HttpRequest:
        return HttpRequest(
            method=head.method.decode("ascii"),
            target=head.target.decode("latin-1"),
            headers=tuple((k.decode("latin-1"), v.decode("latin-1")) for k, v in head.headers.raw_items()),
            body=body,
            client=self.client,
            server_name=self.server_name,
        )

    async def _send(self, h11_side: h11.Connection, response: HttpResponse) -> None:
        if h11_side.our_state not in (h11.IDLE, h11.SEND_RESPONSE):
            return
        headers = [
            ("Content-Type", response.content_type),
            ("Content-Length", str(len(response.body) + response.filler)),
            *response.headers,
        ]
        if response.close or response.status in (400, 413, 431):
            headers.append(("Connection", "close"))
        head = h11.Response(status_code=response.status, reason=_REASONS[response.status], headers=headers)
        out = [h11_side.send(head), h11_side.send(h11.Data(data=response.body))]
        if not response.filler:
            out.append(h11_side.send(h11.EndOfMessage()))
        async with asyncio.timeout(self.limits.write_s):
            self.writer.write(b"".join(part for part in out if part))
            await self.writer.drain()
            await self._fill(h11_side, response.filler)

    async def _fill(self, h11_side: h11.Connection, count: int) -> None:
        while count > 0:
            part = h11_side.send(h11.Data(data=_BLOCK[: min(count, len(_BLOCK))]))
            count -= len(_BLOCK)
            self.writer.write(part or b"")
            await self.writer.drain()
            if count <= 0:
                h11_side.send(h11.EndOfMessage())


def problem(status: int, why: str, *headers: Header) -> HttpResponse:
    """An answer that says what is wrong, as JSON."""
    import json

    return HttpResponse(status=status, body=json.dumps({"error": why[:200]}).encode(), headers=headers)
