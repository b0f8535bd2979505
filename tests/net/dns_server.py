"""A scripted resolver on loopback: UDP, TCP, TLS and HTTPS, each question answered by a function of the test."""

import asyncio
import contextlib
import ssl
import struct
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from typing import cast

import dns.edns
import dns.flags
import dns.message
import dns.rcode
import dns.rrset
import trustme

from blockprobe.model.observation import Place, ResolverGroup, Test, Why
from blockprobe.net.clock import SystemClock
from blockprobe.net.dial import Dialer
from blockprobe.net.dns import DnsClient
from blockprobe.net.resolver import Resolver, parse_resolver
from blockprobe.net.session import Session
from blockprobe.net.tls import TlsContexts

WHY = Why(test=Test.LOOK, place=Place.RESOLVER)
HOST = "127.0.0.1"
NAME = "dns.example"
#: (seconds to wait, bytes to send), in order; bytes None ends the connection with a FIN.
Script = Sequence[tuple[float, bytes | None]]
Behaviour = Callable[[dns.message.Message], Script]


def reply(query: dns.message.Message, *records: str, rcode: str = "NOERROR", ede: str = "", tc: bool = False) -> bytes:
    """A reply with `records` ("a.example. 60 IN A 203.0.113.1") in ANSWER and an EDE 16 with the text `ede`."""
    message = dns.message.make_response(query, recursion_available=True)
    message.set_rcode(dns.rcode.from_text(rcode))
    for record in records:
        name, ttl, rclass, rtype, value = record.split(" ", 4)
        message.answer.append(dns.rrset.from_text(name, int(ttl), rclass, rtype, value))
    if ede:
        message.use_edns(0, options=[dns.edns.EDEOption(16, ede)])
    if tc:
        message.flags |= dns.flags.TC
    return message.to_wire(max_size=65535)


def address(query: dns.message.Message, value: str = "203.0.113.1", ttl: int = 60) -> bytes:
    """The plain truth: one address for whatever was asked."""
    question = query.question[0]
    rtype = "AAAA" if ":" in value else "A"
    return reply(query, f"{question.name} {ttl} IN {rtype} {value}")


def truth(query: dns.message.Message) -> Script:
    """Answers at once, for A and for AAAA."""
    return [(0, address(query, "2001:db8::1" if query.question[0].rdtype == 28 else "203.0.113.1"))]


def silence(query: dns.message.Message) -> Script:
    """Answers nothing."""
    return []


def with_length(status: int, body: bytes) -> bytes:
    """An HTTP answer as most servers frame it."""
    return b"HTTP/1.1 %d X\r\nContent-Length: %d\r\n\r\n" % (status, len(body)) + body


@dataclass
class DnsServer:
    """Where the resolver listens and what it has seen; set `behave`, `http_status` and `http_form` at any time."""

    behave: Behaviour = truth
    seen: list[tuple[str, dns.message.Message]] = field(default_factory=list)
    connections: int = 0
    one_question_each: bool = False
    http_status: int = 200
    http_form: Callable[[int, bytes], bytes] = with_length
    ports: dict[str, int] = field(default_factory=dict)
    server_names: list[str | None] = field(default_factory=list)
    writers: set[asyncio.StreamWriter] = field(default_factory=set)

    def resolver(self, scheme: str, name: str = NAME) -> Resolver:
        """This server as the client is configured with it."""
        host = name if scheme in ("tls", "https") else HOST
        return parse_resolver(f"{scheme}://{host}:{self.ports[scheme]}", ResolverGroup.ISP, HOST)

    def hang_up(self) -> None:
        """End every connection that is open, as resolvers do with idle ones."""
        for writer in self.writers:
            writer.close()

    async def serve_stream(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """DNS over TCP or TLS."""
        scheme = "tls" if writer.get_extra_info("ssl_object") else "tcp"
        tasks = []
        async with self._counted(writer):
            while True:
                (length,) = struct.unpack("!H", await reader.readexactly(2))
                query = self._note(scheme, await reader.readexactly(length))
                tasks.append(asyncio.create_task(self._play(query, writer)))
                if self.one_question_each:
                    await tasks[0]
                    return

    async def serve_http(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """DNS over HTTPS, HTTP/1.1 with keep-alive."""
        async with self._counted(writer):
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).lower()
                assert head.startswith(b"post /dns-query http/1.1\r\n")
                assert b"content-type: application/dns-message\r\n" in head
                length = int(head.split(b"content-length:")[1].split(b"\r\n")[0])
                query = self._note("https", await reader.readexactly(length))
                for delay, body in self.behave(query):
                    await asyncio.sleep(delay)
                    if body is None:
                        return
                    writer.write(self.http_form(self.http_status, body))

    def serve_datagram(self, transport: asyncio.DatagramTransport, data: bytes, peer: tuple[str, int]) -> None:
        """DNS over UDP."""
        for delay, wire in self.behave(self._note("udp", data)):
            asyncio.get_running_loop().call_later(delay, transport.sendto, wire, peer)

    def asked(self, scheme: str) -> int:
        """How many questions came this way."""
        return sum(1 for way, _ in self.seen if way == scheme)

    def _note(self, scheme: str, wire: bytes) -> dns.message.Message:
        query = dns.message.from_wire(wire)
        self.seen.append((scheme, query))
        return query

    async def _play(self, query: dns.message.Message, writer: asyncio.StreamWriter) -> None:
        for delay, wire in self.behave(query):
            await asyncio.sleep(delay)
            if wire is None:
                writer.close()
            else:
                writer.write(struct.pack("!H", len(wire)) + wire)

    @contextlib.asynccontextmanager
    async def _counted(self, writer: asyncio.StreamWriter) -> AsyncIterator[None]:
        self.connections += 1
        self.writers.add(writer)
        try:
            with contextlib.suppress(EOFError, OSError):
                yield
        finally:
            self.writers.discard(writer)
            writer.close()


class _Datagrams(asyncio.DatagramProtocol):
    def __init__(self, server: DnsServer) -> None:
        self._server = server

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.DatagramTransport, transport)  # 3.11 has it another base class

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self._server.serve_datagram(self._transport, data, addr)


@contextlib.asynccontextmanager
async def serving(behave: Behaviour = truth, ca: trustme.CA | None = None) -> AsyncIterator[DnsServer]:
    """A running server; with a `ca`, over TLS and HTTPS too, under a certificate for `NAME` and 127.0.0.1.

    UDP and TCP share a port number, as RFC 7766 has it.
    """
    server = DnsServer(behave)
    loop = asyncio.get_running_loop()
    listeners = [await asyncio.start_server(server.serve_stream, HOST, 0)]
    port = server.ports["tcp"] = server.ports["udp"] = listeners[0].sockets[0].getsockname()[1]
    datagrams, _ = await loop.create_datagram_endpoint(lambda: _Datagrams(server), (HOST, port))
    if ca is not None:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        ca.issue_cert(NAME, HOST).configure_cert(context)
        context.sni_callback = lambda _, name, __: server.server_names.append(name)
        for scheme, serve in (("tls", server.serve_stream), ("https", server.serve_http)):
            listeners.append(await asyncio.start_server(serve, HOST, 0, ssl=context))
            server.ports[scheme] = listeners[-1].sockets[0].getsockname()[1]
    try:
        yield server
    finally:
        datagrams.close()
        for listener in listeners:
            listener.close()
        server.hang_up()
        await asyncio.sleep(0.01)


@contextlib.asynccontextmanager
async def asking(timeout_s: float = 4.0) -> AsyncIterator[tuple[DnsClient, Session]]:
    """A client and a session that has just begun; at the end nothing of the client is left open."""
    clock = SystemClock()
    client = DnsClient(Dialer(), clock, TlsContexts())
    session = Session(clock=clock, dialer=Dialer(), began=clock.monotonic(), timeout_s=timeout_s)
    try:
        yield client, session
    finally:
        await client.aclose()
