"""The laboratory's proxies at work (RFC 9110, 9.3.6; RFC 1928, 1929), and a web proxy that rewrites links."""

import asyncio
import base64
import contextlib
import re
import ssl
from collections.abc import Callable
from typing import Final
from urllib.parse import parse_qs, quote, urlsplit

from blockprobe.lab import pages
from blockprobe.lab.listeners import GONE, Handler
from blockprobe.lab.proxies import Conduct, Proxy

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]
Lookup = Callable[[str], tuple[str, ...]]
"""The addresses of a name, or of an address itself."""

_PATIENCE_S: Final = 15.0
_LINK: Final = re.compile(rb'(href|src)="(https?://[^"]+)"')
_BAR: Final = b"<div><form action='/'><input name='u'> You are browsing through a web proxy</form></div>"
_OWN: Final = pages.article("welcome to the proxy", "Best free proxy", 3000)
_REFUSALS: Final = {
    "http": b"HTTP/1.1 403 Filtered\r\nContent-Length: 0\r\n\r\n",
    "socks5": b"\x05\x02\x00\x01" + bytes(6),
}


def serving(proxy: Proxy, lookup: Lookup, context: ssl.SSLContext | None) -> Handler:
    """A handler of connections to the proxy; `context` where it speaks TLS."""
    talk = {"http": _connect, "socks5": _socks, "web": _web}[proxy.kind]

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if context is not None:
            await writer.start_tls(context, ssl_handshake_timeout=_PATIENCE_S)
        await talk(proxy, lookup, (reader, writer))

    return handler


async def _connect(proxy: Proxy, lookup: Lookup, client: Streams) -> None:
    reader, writer = client
    if await _misbehaves(proxy, client, b"HTTP/1.1 200 OK\r\n"):
        return
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    if proxy.login and f"Basic {base64.b64encode(':'.join(proxy.login).encode()).decode()}\r\n" not in head:
        writer.write(b"HTTP/1.1 407 Login\r\nProxy-Authenticate: Basic realm=lab\r\nContent-Length: 0\r\n\r\n")
        return
    if proxy.conduct is Conduct.OWN_PAGE:
        writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n" + pages.response(200, _OWN))
        await reader.read(65_536)
        return
    method, wanted, _ = head.split(" ", 2)
    if method != "CONNECT":
        writer.write(await _page(lookup, wanted))
        return
    host, _, port = wanted.rpartition(":")
    try:
        far = await _reach(lookup, host.strip("[]"), int(port))
    except OSError:
        writer.write(b"HTTP/1.1 502 Cannot connect\r\nContent-Length: 0\r\n\r\n")
        return
    writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
    await _join(client, far)


async def _socks(proxy: Proxy, lookup: Lookup, client: Streams) -> None:
    reader, writer = client
    _, count = await reader.readexactly(2)
    await reader.readexactly(count)
    if await _misbehaves(proxy, client, b"\x05\x00"):
        return
    writer.write(b"\x05\x02" if proxy.login else b"\x05\x00")
    if proxy.login and not await _logged_in(proxy.login, client):
        return
    _, _, _, kind = await reader.readexactly(4)
    length = {1: 4, 4: 16}.get(kind) or (await reader.readexactly(1))[0]
    raw = await reader.readexactly(length)
    port = int.from_bytes(await reader.readexactly(2))
    if proxy.conduct is Conduct.OWN_PAGE:
        writer.write(b"\x05\x00\x00\x01" + bytes(6) + pages.response(200, _OWN))
        await reader.read(65_536)
        return
    host = raw.decode("latin-1") if kind == 3 else _text(raw)
    try:
        far = await _reach(lookup, host, port)
    except OSError:
        writer.write(b"\x05\x04\x00\x01" + bytes(6))
        return
    writer.write(b"\x05\x00\x00\x01" + bytes(6))
    await _join(client, far)


async def _logged_in(login: tuple[str, str], client: Streams) -> bool:
    reader, writer = client
    await reader.readexactly(1)
    said = []
    for _ in login:
        said.append((await reader.readexactly((await reader.readexactly(1))[0])).decode())
    right = tuple(said) == login
    writer.write(b"\x01\x00" if right else b"\x01\x01")
    return right


async def _web(proxy: Proxy, lookup: Lookup, client: Streams) -> None:
    reader, writer = client
    if await _misbehaves(proxy, client, b"HTTP/1.1 200 OK\r\n"):
        return
    target = (await reader.readuntil(b"\r\n\r\n")).split(b" ", 2)[1].decode("latin-1")
    wanted = parse_qs(urlsplit(target).query).get("u", [target.partition("/p/")[2]])[0]
    if proxy.conduct is Conduct.OWN_PAGE or not wanted:
        writer.write(pages.response(200, _OWN))
        return
    writer.write(await _page(lookup, wanted, shown_at=f"https://{proxy.name}:{proxy.port}/?u="))
    await writer.drain()


async def _page(lookup: Lookup, wanted: str, *, shown_at: str = "") -> bytes:
    """The answer to a request for a URL; with `shown_at` its links lead there, and a bar is above it."""
    try:
        status, body = await _fetched(lookup, wanted)
    except (OSError, ValueError, IndexError, asyncio.IncompleteReadError):
        return pages.response(502, b"<title>Proxy error</title>The page could not be fetched.")
    if shown_at:
        body = _LINK.sub(lambda m: m[1] + b'="' + shown_at.encode() + quote(m[2], safe="").encode() + b'"', body)
        body = body.replace(b"<body>", b"<body>" + _BAR)
    return pages.response(status, body)


async def _fetched(lookup: Lookup, url: str) -> tuple[int, bytes]:
    """Status and body of a page, its certificate unchecked."""
    parts = urlsplit(url)
    context = None
    if parts.scheme == "https":
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    host = parts.hostname or ""
    port = parts.port or (443 if context else 80)
    reader, writer = await asyncio.open_connection(
        _first(lookup, host), port, ssl=context, server_hostname=host if context else None
    )
    try:
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        writer.write(f"GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
        head = await reader.readuntil(b"\r\n\r\n")
        return int(head.split(b" ", 2)[1]), await reader.read()
    finally:
        writer.close()


async def _misbehaves(proxy: Proxy, client: Streams, beginning: bytes) -> bool:
    """Do what is no proxy's business; false when it is an honest one, or one that shows its own page."""
    reader, writer = client
    if proxy.conduct in (Conduct.HONEST, Conduct.OWN_PAGE):
        return False
    if proxy.kind != "socks5":
        await reader.readuntil(b"\r\n\r\n")
    if proxy.conduct is Conduct.HANG:
        await asyncio.sleep(_PATIENCE_S)
    elif proxy.conduct is Conduct.GARBAGE:
        writer.write(bytes(range(9, 250)) * 4)
    elif proxy.conduct is Conduct.REFUSE:
        writer.write(b"\x05\x00" + _REFUSALS["socks5"] if proxy.kind == "socks5" else _REFUSALS["http"])
    else:
        writer.write(beginning)
        while not writer.transport.is_closing():
            writer.write(b"X-Endless: " + b"x" * 1000 + b"\r\n")
            await writer.drain()
    await writer.drain()
    return True


def _text(raw: bytes) -> str:
    return ".".join(map(str, raw)) if len(raw) == 4 else ":".join(raw[at : at + 2].hex() for at in range(0, 16, 2))


def _first(lookup: Lookup, host: str) -> str:
    found = lookup(host)
    if not found:
        raise OSError(f"no address of {host}")
    return found[0]


async def _reach(lookup: Lookup, host: str, port: int) -> Streams:
    return await asyncio.open_connection(_first(lookup, host), port)


async def _join(client: Streams, far: Streams) -> None:
    await asyncio.gather(_pump(client[0], far[1]), _pump(far[0], client[1]))


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(*GONE):
        while data := await reader.read(65_536):
            writer.write(data)
            await writer.drain()
    with contextlib.suppress(*GONE):
        writer.close()
