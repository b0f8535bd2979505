"""HTTP/1.1 and TLS of the laboratory's sites, with every kind of bad manners."""

import asyncio
import contextlib
import gzip
import os
import socket
import ssl
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import cache
from typing import Final, Protocol

from blockprobe.lab import pages
from blockprobe.lab.listeners import reset
from blockprobe.lab.sites import Behaviour, Door, Page, Redirect, Trouble
from blockprobe.lab.sniff import server_name

_HEAD_LIMIT: Final = 65536
_PATIENCE_S: Final = 30.0
_LINE: Final = b"X-Padding: " + b"p" * 4000 + b"\r\n"
_UNRECOGNIZED: Final = b"\x15\x03\x03\x00\x02\x02\x70"  # fatal, unrecognized_name (RFC 6066)
_NOISE: Final = bytes(range(7, 247)) * 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What a client asked, and at which door."""

    address: str
    port: int
    scheme: str
    client: str
    method: str
    host: str
    target: str
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Raw:
    """A response made elsewhere, as it goes out; `keep` leaves the connection open."""

    data: bytes
    keep: bool = False


class Backend(Protocol):
    """What stands behind the doors."""

    def door(self, address: str, port: int) -> tuple[Door, str]:
        """How a connection to an address and port begins, and its scheme: http or https."""
        ...

    def context(self, address: str) -> ssl.SSLContext:
        """The TLS context of an address."""
        ...

    def is_strict(self, address: str) -> bool:
        """Are names that nobody serves there answered with an alert?"""
        ...

    def serves(self, address: str, name: str) -> bool:
        """Is there a certificate for the name?"""
        ...

    def behave(self, request: Request) -> Behaviour | Raw:
        """What to answer."""
        ...


async def serve(backend: Backend, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """One connection from its first byte to its last."""
    address, port = writer.get_extra_info("sockname")[:2]
    door, scheme = backend.door(address, port)
    if door is not Door.OPEN and door is not Door.TLS_ONLY:
        await _misbehave(door, reader, writer)
        return
    if scheme == "https":
        # The ClientHello must still be in the socket when TLS starts.
        writer.transport.pause_reading()  # type: ignore[attr-defined]  # a socket's transport can
        if not await _is_served(backend, writer, address):
            writer.write(_UNRECOGNIZED)
            return
        await writer.start_tls(backend.context(address), ssl_handshake_timeout=_PATIENCE_S)
        if door is Door.TLS_ONLY:
            return
    while await _exchange(backend, reader, writer, scheme):
        pass


async def _is_served(backend: Backend, writer: asyncio.StreamWriter, address: str) -> bool:
    """Peek at the name asked for: asyncio closes before it sends an alert of OpenSSL's."""
    if not backend.is_strict(address):
        return True
    with socket.socket(fileno=os.dup(writer.get_extra_info("socket").fileno())) as connection:
        more = True
        while more:
            await asyncio.sleep(0.002)
            with contextlib.suppress(BlockingIOError):
                hello = connection.recv(16384, socket.MSG_PEEK)
                name, more = server_name(hello)
                more = more and bool(hello)
    return backend.serves(address, name or "")


async def _misbehave(door: Door, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read(4096)
    if door is Door.RESET:
        reset(writer)
    elif door is Door.GARBAGE:
        writer.write(_NOISE)
        await writer.drain()
    elif door is Door.HANG:
        await asyncio.sleep(_PATIENCE_S)


async def _exchange(backend: Backend, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, scheme: str) -> bool:
    """One request and its answer. True when another may follow."""
    request = await _read(reader, writer, scheme)
    if request is None:
        writer.write(pages.response(400, b"bad request"))
        await writer.drain()
        return False
    behaviour = backend.behave(request)
    if isinstance(behaviour, Raw):
        writer.write(behaviour.data)
        await writer.drain()
        return behaviour.keep
    if isinstance(behaviour, Trouble):
        await _TROUBLES[behaviour](writer)
        return False
    if isinstance(behaviour, Page) and behaviour.delay_s:
        await asyncio.sleep(behaviour.delay_s)
    writer.write(written(behaviour, request))
    await writer.drain()
    return False


async def _read(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, scheme: str) -> Request | None:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    line, *rest = head.split("\r\n")
    parts = line.split(" ")
    if len(parts) != 3:
        return None
    fields = {name.strip().lower(): value.strip() for name, _, value in (each.partition(":") for each in rest)}
    size = fields.get("content-length", "0")
    body = await reader.readexactly(int(size)) if size.isdigit() and int(size) <= _HEAD_LIMIT else b""
    address, port = writer.get_extra_info("sockname")[:2]
    host = fields.get("host", "").lower()
    return Request(
        address=address,
        port=port,
        scheme=scheme,
        client=writer.get_extra_info("peername")[0],
        method=parts[0],
        host=(host if host.endswith("]") else host.rpartition(":")[0] or host).removesuffix("."),
        target=parts[1],
        body=body,
    )


def written(behaviour: Page | Redirect, request: Request) -> bytes:
    """A page or a redirection as bytes."""
    if isinstance(behaviour, Page):
        title = behaviour.title if behaviour.title is not None else f"Welcome to {request.host}"
        if behaviour.html is not None:
            body = behaviour.html.encode()
        else:
            body = pages.article(behaviour.seed or request.host, title, behaviour.size)
        return pages.response(behaviour.status, body, *behaviour.headers)
    location = behaviour.location
    if behaviour.countdown:
        stem, _, count = request.target.rpartition("/")
        left = int(count) if count.isdigit() else 0
        if left <= 0:
            return pages.response(200, pages.article(request.host, "The end", 2000))
        location = f"{stem}/{left - 1}"
    return pages.response(behaviour.status, b"", ("Location", location))


async def _close(writer: asyncio.StreamWriter) -> None:
    writer.close()


async def _reset(writer: asyncio.StreamWriter) -> None:
    reset(writer)


async def _hang(writer: asyncio.StreamWriter) -> None:
    await asyncio.sleep(_PATIENCE_S)


async def _sent(writer: asyncio.StreamWriter) -> None:
    """Like `drain`, which gives way only where the buffer is full: that a client has hung up the loop must notice, over
    TLS nothing else does (3.11). Raises ConnectionResetError then."""
    await asyncio.sleep(0)
    await writer.drain()


async def _endless(writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nConnection: close\r\n\r\n")
    while not writer.transport.is_closing():
        writer.write(b"and so on " * 1600)
        await _sent(writer)


async def _huge_headers(writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\n")
    for _ in range(10_000_000 // len(_LINE)):
        if writer.transport.is_closing():
            return
        writer.write(_LINE)
        await _sent(writer)
    writer.write(b"\r\n")


@cache
def _bomb() -> bytes:
    return gzip.compress(bytes(100_000_000), compresslevel=9)


async def _gzip_bomb(writer: asyncio.StreamWriter) -> None:
    body = _bomb()
    writer.write(pages.response(200, body, ("Content-Encoding", "gzip")))
    await writer.drain()


async def _garbage(writer: asyncio.StreamWriter) -> None:
    writer.write(_NOISE)
    await writer.drain()


async def _cut_short(writer: asyncio.StreamWriter) -> None:
    whole = pages.response(200, pages.article("cut", "Cut short", 4000))
    writer.write(whole[: len(whole) // 2])
    await writer.drain()


_TROUBLES: Final[dict[Trouble, Callable[[asyncio.StreamWriter], Awaitable[None]]]] = {
    Trouble.CLOSE: _close,
    Trouble.RESET: _reset,
    Trouble.HANG: _hang,
    Trouble.ENDLESS: _endless,
    Trouble.HUGE_HEADERS: _huge_headers,
    Trouble.GZIP_BOMB: _gzip_bomb,
    Trouble.GARBAGE: _garbage,
    Trouble.CUT_SHORT: _cut_short,
}
