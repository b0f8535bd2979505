"""One request and its answer over HTTP/1.1: a head of bounded size and time, and a reader who must keep reading.

The parser is h11's. The answer always ends the connection, so that nothing of one request reaches into the next.
"""

import asyncio
import contextlib
from dataclasses import dataclass

import h11

HEAD_BYTES = 8 * 1024
TIMEOUT_S = 5.0  # for a head, and for every block that a reader takes
BLOCK_BYTES = 64 * 1024
_LINGER_S = 0.5
_LINGER_BLOCKS = 16
_REASONS = {
    200: "OK",
    400: "Bad Request",
    404: "Not Found",
    405: "Method Not Allowed",
    408: "Request Timeout",
    431: "Request Header Fields Too Large",
    500: "Internal Server Error",
    503: "Service Unavailable",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What is sent back. `gzipped`: `body` is compressed; `allow`: say which methods there are."""

    status: int
    body: bytes
    content_type: str = "text/plain; charset=utf-8"
    gzipped: bool = False
    allow: bool = False


async def read_request(reader: asyncio.StreamReader) -> h11.Request | Answer:
    """What was asked, or what is wrong with it. A body is not read: no request here has a use for one."""
    try:
        async with asyncio.timeout(TIMEOUT_S):
            head = await reader.readuntil(b"\r\n\r\n")
    except asyncio.LimitOverrunError:
        return Answer(status=431, body=f"the head has more than {HEAD_BYTES} bytes\n".encode())
    except TimeoutError:
        return Answer(status=408, body=f"no request within {TIMEOUT_S:g} s\n".encode())
    parser = h11.Connection(h11.SERVER, max_incomplete_event_size=HEAD_BYTES)
    try:
        parser.receive_data(head)
        event = parser.next_event()
    except h11.RemoteProtocolError:
        return Answer(status=400, body=b"this is no HTTP request\n")
    return event if isinstance(event, h11.Request) else Answer(status=400, body=b"this is no HTTP request\n")


async def send(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, answer: Answer, *, bodiless: bool) -> None:
    """Send the answer, a block at a time, and end the connection; raises TimeoutError when nobody reads it."""
    lines = [
        f"HTTP/1.1 {answer.status} {_REASONS[answer.status]}",
        f"Content-Type: {answer.content_type}",
        f"Content-Length: {len(answer.body)}",
        "Cache-Control: no-store",
        "Content-Security-Policy: default-src 'none'",
        "X-Content-Type-Options: nosniff",
        "Connection: close",
        *(["Content-Encoding: gzip"] if answer.gzipped else []),
        *(["Allow: GET, HEAD"] if answer.allow else []),
    ]
    writer.write(("\r\n".join(lines) + "\r\n\r\n").encode("ascii"))
    body = b"" if bodiless else answer.body
    for at in range(0, len(body), BLOCK_BYTES):
        writer.write(body[at : at + BLOCK_BYTES])
        async with asyncio.timeout(TIMEOUT_S):
            await writer.drain()
    writer.write_eof()
    if answer.status != 200:
        await _let_finish(reader)
    writer.close()
    async with asyncio.timeout(TIMEOUT_S):
        await writer.wait_closed()


async def _let_finish(reader: asyncio.StreamReader) -> None:
    """Read what a faulty client still sends: closing over it would reset the connection, and the answer be lost."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(_LINGER_S):
            for _ in range(_LINGER_BLOCKS):
                if not await reader.read(BLOCK_BYTES):
                    return


def wants_gzip(request: h11.Request) -> bool:
    """Whether Accept-Encoding names gzip with a weight above 0 (RFC 9110, 12.5.3)."""
    for name, value in request.headers:
        if name == b"accept-encoding":
            for offer in value.decode("latin-1").lower().split(","):
                coding, _, weight = offer.replace(" ", "").partition(";")
                if coding in ("gzip", "*"):
                    return weight.removeprefix("q=").strip("0.") != "" if weight else True
    return False
