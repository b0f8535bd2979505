"""Honest proxies on loopback: they know a few destinations by name, and write down what they were asked for."""

import asyncio
import base64
import contextlib

from blockprobe.net.proxy_words import Login
from blockprobe.net.tcp import Endpoint


class HttpProxy:
    """Speaks CONNECT; `known` maps host names to where they are."""

    scheme = "http"

    def __init__(self, known: dict[str, Endpoint], login: Login | None = None) -> None:
        self.known = known
        self.login = login
        self.asked: list[tuple[str, int]] = []

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection."""
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        method, authority, _ = head.split(" ", 2)
        host, _, port = authority.rpartition(":")
        self.asked.append((host, int(port)))
        token = base64.b64encode(f"{self.login.user}:{self.login.password}".encode()).decode() if self.login else ""
        if self.login and f"Proxy-Authorization: Basic {token}\r\n" not in head:
            writer.write(b"HTTP/1.1 407 Login\r\nProxy-Authenticate: Basic realm=proxy\r\nContent-Length: 0\r\n\r\n")
        elif method != "CONNECT" or host not in self.known:
            writer.write(b"HTTP/1.1 502 No such host\r\nContent-Length: 0\r\n\r\n")
        else:
            await splice(reader, writer, self.known[host], b"HTTP/1.1 200 Connection established\r\n\r\n")


class SocksProxy(HttpProxy):
    """Speaks SOCKS 5, by name only."""

    scheme = "socks5"

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection."""
        _, count = await reader.readexactly(2)
        offered = await reader.readexactly(count)
        wanted = 2 if self.login else 0
        if wanted not in offered:
            writer.write(b"\x05\xff")
            return
        writer.write(bytes((5, wanted)))
        if self.login and not await self._admits(reader, writer):
            return
        _, _, _, kind, size = await reader.readexactly(5)
        assert kind == 3
        host = (await reader.readexactly(size)).decode()
        self.asked.append((host, int.from_bytes(await reader.readexactly(2))))
        if host in self.known:
            await splice(reader, writer, self.known[host], b"\x05\x00\x00\x01" + bytes(6))
        else:
            writer.write(b"\x05\x04\x00\x01" + bytes(6))

    async def _admits(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        assert self.login
        said = []
        await reader.readexactly(1)
        for _ in range(2):
            said.append((await reader.readexactly((await reader.readexactly(1))[0])).decode())
        right = said == [self.login.user, self.login.password]
        writer.write(b"\x01\x00" if right else b"\x01\x01")
        return right


async def splice(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, where: Endpoint, greeting: bytes) -> None:
    """Join the client with a new connection, `greeting` first."""
    back, forth = await asyncio.open_connection(where.address, where.port)
    writer.write(greeting)
    await asyncio.gather(_pump(reader, forth), _pump(back, writer))


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while data := await reader.read(65_536):
            writer.write(data)
            await writer.drain()
    with contextlib.suppress(OSError):
        writer.close()
