"""Servers on loopback: a site over http and https, a resolver, and a helper that measures them."""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dns.flags
import dns.message
import dns.rcode
import dns.rrset

from blockprobe.helper.server import HelperServer
from blockprobe.model.settings import AddressSettings, HelperServerSettings
from blockprobe.net.clock import Clock, SystemClock
from blockprobe.net.dial import Dialer
from blockprobe.net.helper_client import HelperClient
from blockprobe.net.session import Session
from blockprobe.net.tls import TlsContexts

LOOPBACK = AddressSettings(public=("127.0.0.0/8", "::1/128"))
SITE, RESOLVER, ECHO = "127.0.0.2", "127.0.0.3", "127.0.0.9"
PAGE = b"<html><title>A quiet place</title><body>The same words for everyone who asks for this page today.</body>"


@dataclass(frozen=True)
class Files:
    ca: Path
    helper: Path
    site: Path


@dataclass
class OwnTime:
    """A clock that the test moves."""

    at: float = 1_800_000_000.0

    def now(self) -> datetime:
        return datetime.fromtimestamp(0, UTC) + timedelta(seconds=self.at)

    def monotonic(self) -> float:
        return self.at


@dataclass
class Site:
    """Answers by path; notes every request head."""

    http: int = 0
    https: int = 0
    heads: list[str] = field(default_factory=list)
    redirects: dict[str, str] = field(default_factory=dict)
    cookie_needed: bool = False
    slow_s: float = 0.0
    asked: asyncio.Event = field(default_factory=asyncio.Event)

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            self.heads.append(head)
            self.asked.set()
            await asyncio.sleep(self.slow_s)
            writer.write(self._answer(head))
            await writer.drain()
        except (OSError, EOFError, asyncio.CancelledError):
            writer.transport.abort()
        writer.close()

    def _answer(self, head: str) -> bytes:
        path = head.split(" ")[1]
        if self.cookie_needed and "Cookie: seen=yes" not in head:
            return f"HTTP/1.1 302 Found\r\nLocation: {path}\r\nSet-Cookie: seen=yes; Path=/\r\n\r\n".encode()
        if path in self.redirects:
            return f"HTTP/1.1 302 Found\r\nLocation: {self.redirects[path]}\r\nContent-Length: 0\r\n\r\n".encode()
        return b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nX-Own: 1\r\nX-Own: 2\r\n\r\n" + PAGE


class Zone(asyncio.DatagramProtocol):
    """A resolver that knows `names`; the rest is NXDOMAIN with an SOA and EDE 9 left out."""

    def __init__(self) -> None:
        self.names: dict[str, list[str]] = {}
        self.asked: list[str] = []
        self.port = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport
        self.port = transport.get_extra_info("sockname")[1]

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        query = dns.message.from_wire(data)
        name, qtype = query.question[0].name.to_text(omit_final_dot=True), query.question[0].rdtype.name
        self.asked.append(f"{name}/{qtype}")
        answer = dns.message.make_response(query, recursion_available=True)
        soa = dns.rrset.from_text("example.", 60, "IN", "SOA", "ns.example. hostmaster.example. 7 1 1 1 60")
        if name not in self.names:
            answer.set_rcode(dns.rcode.NXDOMAIN)
        matching = [a for a in self.names.get(name, ()) if (":" in a) == (qtype == "AAAA")]
        if qtype in ("A", "AAAA") and matching:
            answer.answer.append(dns.rrset.from_text(name + ".", 60, "IN", qtype, *matching))
        else:
            answer.authority.append(soa)
        self.transport.sendto(answer.to_wire(), addr)


@dataclass
class World:
    site: Site
    zone: Zone
    helper: HelperServer
    clock: Clock

    @property
    def url(self) -> str:
        return f"https://127.0.0.1:{self.helper.listening.https}/"

    def client(self) -> HelperClient:
        return HelperClient(self.url, clock=self.clock, dialer=Dialer(), contexts=TlsContexts())

    def session(self) -> Session:
        return Session(clock=self.clock, dialer=Dialer(), began=self.clock.monotonic())


@contextlib.asynccontextmanager
async def small_world(files: Files, *, clock: Clock | None = None, **settings: object) -> AsyncIterator[World]:
    """Everything up; `settings` change the helper's."""
    loop, site = asyncio.get_running_loop(), Site()
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(files.site)
    async with contextlib.AsyncExitStack() as stack:
        plain = await asyncio.start_server(site.talk, SITE, 0)
        secure = await asyncio.start_server(site.talk, SITE, 0, ssl=tls)
        for server in (plain, secure):
            stack.callback(server.close)
        site.http, site.https = (server.sockets[0].getsockname()[1] for server in (plain, secure))
        transport, zone = await loop.create_datagram_endpoint(Zone, (RESOLVER, 0))
        stack.callback(transport.close)
        zone.names["site.example"] = [SITE]
        clock = clock or SystemClock()
        helper = await HelperServer.open(helper_settings(files, zone.port, **settings), LOOPBACK, clock=clock)
        try:
            yield World(site=site, zone=zone, helper=helper, clock=clock)
        finally:
            await helper.aclose(grace_s=1.0)
    await asyncio.sleep(0)


def helper_settings(files: Files, resolver_port: int, **changes: object) -> HelperServerSettings:
    """A helper on free ports of loopback."""
    values: dict[str, object] = {
        "address": "127.0.0.1",
        "echo_address": (ECHO,),
        "https": 0,
        "http": 0,
        "dns": 0,
        "certificate": str(files.helper),
        "resolver": f"udp://{RESOLVER}:{resolver_port}",
    }
    return HelperServerSettings(**(values | changes))  # type: ignore[arg-type]


def run(main: Callable[[], object]) -> None:
    """Run one asynchronous test, which must end soon."""

    async def timed() -> None:
        async with asyncio.timeout(15):
            await main()  # type: ignore[misc]

    asyncio.run(timed())
