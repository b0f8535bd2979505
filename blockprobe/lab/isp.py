"""The ISP's own machines on isp1: resolvers, block pages, a portal, a TLS interceptor and a transparent proxy."""

import asyncio
import contextlib
import socket
import ssl
from typing import Final

from blockprobe.lab import addresses as at
from blockprobe.lab import pages, web
from blockprobe.lab.certificates import Authority
from blockprobe.lab.lies import Nameserver
from blockprobe.lab.listeners import GONE, Ports, open_udp, serve_dns_stream
from blockprobe.lab.scenario import Scenario
from blockprobe.lab.sites import Cert, Door, Redirect
from blockprobe.lab.sniff import server_name
from blockprobe.lab.zones import Zones

_RESOLVERS: Final = (*at.RESOLVERS, at.RESOLVER_V6)
_PORTAL_URL: Final = f"http://{at.PORTAL}/login"
_PROXIES: Final = (at.PROXY, at.PROXY_V6)
_MITMS: Final = (at.MITM, at.MITM_V6)


class Isp:
    """All servers of the `isp1` namespace."""

    def __init__(self, authority: Authority) -> None:
        self._authority = authority
        self._ports = Ports()
        self._nameservers: dict[str, Nameserver] = {}
        self._zones = Zones((), ())

    async def start(self) -> None:
        """Open every port."""
        for address in _RESOLVERS:
            await open_udp(address, lambda address=address: self._nameservers.get(address))  # type: ignore[misc]
            await self._ports.open(53, self._dns, addresses=(address,))
        hosts = (at.BLOCK_PAGE, at.PAGE_451, at.PORTAL, at.MITM, at.PROXY)
        hosts_v6 = (at.BLOCK_PAGE_V6, at.PAGE_451_V6, at.PORTAL_V6, at.MITM_V6, at.PROXY_V6)
        await self._ports.open(80, self._serve, addresses=hosts + hosts_v6)
        secure = (at.BLOCK_PAGE, at.BLOCK_PAGE_V6, *_MITMS, *_PROXIES)
        await self._ports.open(443, self._serve, addresses=secure)

    async def load(self, scenario: Scenario) -> None:
        """Tell another scenario's lies."""
        self._zones = Zones(scenario.all_sites, scenario.names)
        self._nameservers = {
            address: Nameserver(address, self._zones, scenario.lies, dns64=scenario.dns64) for address in _RESOLVERS
        }

    async def _dns(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        address = writer.get_extra_info("sockname")[0]
        await serve_dns_stream(self._nameservers[address], reader, writer, "tcp")

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        address, port = writer.get_extra_info("sockname")[:2]
        if address in _PROXIES:
            await self._proxy(reader, writer, port)
        else:
            await web.serve(self, reader, writer)

    def door(self, address: str, port: int) -> tuple[Door, str]:
        """Every port of the ISP's machines is an honest door."""
        return Door.OPEN, "https" if port == 443 else "http"

    def context(self, address: str) -> ssl.SSLContext:
        """The block page's machine shows its own valid certificate; the interceptor forges one for any name."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        forged = address in _MITMS

        def choose(connection: ssl.SSLObject, name: str | None, _context: ssl.SSLContext) -> None:
            if forged:
                connection.context = self._authority.context((name or "unnamed.example",), Cert.UNTRUSTED)
            else:
                own = ("notice.isp.example",) if name == "notice.isp.example" else ("block.isp.example",)
                connection.context = self._authority.context(own)

        context.sni_callback = choose
        return context

    def is_strict(self, address: str) -> bool:
        """Never."""
        return False

    def serves(self, address: str, name: str) -> bool:
        """Any name."""
        return True

    def behave(self, request: web.Request) -> web.Raw | Redirect:
        """Pages by machine."""
        if request.address in (at.PAGE_451, at.PAGE_451_V6):
            return web.Raw(data=pages.response(451, pages.unavailable_for_legal_reasons(), pages.LINK_451))
        if request.address in (at.PORTAL, at.PORTAL_V6):
            if request.host == at.PORTAL:
                return web.Raw(data=pages.response(200, pages.portal()))
            return Redirect(location=_PORTAL_URL)
        return web.Raw(data=pages.response(200, pages.notice()))

    async def _proxy(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, port: int) -> None:
        """Pass bytes through to where the name in them truly lives; in HTTP, leave a Via line as proxies must."""
        if port == 443:
            first = await reader.read(4096)
            while server_name(first)[1]:
                first += await reader.read(4096)
            name = server_name(first)[0] or ""
        else:
            first = await reader.readuntil(b"\r\n\r\n")
            host = next((h for h in first.split(b"\r\n") if h.lower().startswith(b"host:")), b"")
            name = host[5:].strip().decode("latin-1").partition(":")[0]
            first = first[:-2] + b"Via: 1.1 proxy.isp.example\r\n\r\n"
        family = socket.AF_INET6 if ":" in str(writer.get_extra_info("sockname")[0]) else socket.AF_INET
        true = [a for a in self._zones.addresses(name) if (":" in a) == (family == socket.AF_INET6)]
        if not true:
            if port == 80:
                writer.write(pages.response(502, b"no such site"))
            return
        await _splice((reader, writer), first, true[0], port)


async def _splice(
    client: tuple[asyncio.StreamReader, asyncio.StreamWriter], first: bytes, address: str, port: int
) -> None:
    own = _PROXIES[":" in address]
    reader, writer = await asyncio.open_connection(address, port, local_addr=(own, 0))
    writer.write(first)
    await asyncio.gather(_pump(client[0], writer), _pump(reader, client[1]))


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(*GONE):
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    with contextlib.suppress(*GONE):
        if writer.can_write_eof():
            writer.write_eof()
