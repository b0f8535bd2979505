"""The world beyond the ISP: sites, and a public resolver over UDP, TCP, TLS and HTTPS."""

import asyncio
import base64
import binascii
import ssl
from collections import defaultdict
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

from blockprobe.lab import addresses as at
from blockprobe.lab import pages, web
from blockprobe.lab.certificates import Authority
from blockprobe.lab.lies import Nameserver
from blockprobe.lab.listeners import Handler, Ports, open_udp, serve_dns_stream
from blockprobe.lab.proxies import Proxy
from blockprobe.lab.proxy_servers import serving
from blockprobe.lab.scenario import Scenario
from blockprobe.lab.sites import Behaviour, Cert, Client, Door, Page, Reply, Site
from blockprobe.lab.zones import Zones
from blockprobe.model.errors import LabError
from blockprobe.net.quic_wire import available

_PUBLIC: Final = (at.PUBLIC_RESOLVER, at.PUBLIC_RESOLVER_V6)
_ALT_SVC: Final = ("Alt-Svc", 'h3=":443"; ma=86400')
_NOT_HERE: Final = Page(status=404, title="Not Found", seed="nobody", size=300)


class World:
    """All servers of the `world` namespace."""

    def __init__(self, authority: Authority) -> None:
        self._authority = authority
        self._ports = Ports()
        self._sites: dict[str, list[Site]] = {}
        self._doors: dict[int, str] = {}
        self._contexts: dict[str, ssl.SSLContext] = {}
        self._nameservers: dict[str, Nameserver] = {}
        self._proxies: dict[tuple[str, int], Handler] = {}
        self._quic: Any = None  # QuicSites, which an extra is imported for

    async def start(self) -> None:
        """Open what every scenario needs."""
        for address in (*_PUBLIC, at.HELPER_RESOLVER):
            await open_udp(address, lambda address=address: self._nameservers.get(address))  # type: ignore[misc]
            await self._ports.open(53, self._dns_tcp, addresses=(address,))
            await self._ports.open(853, self._dns_tls, addresses=(address,))

    async def load(self, scenario: Scenario) -> None:
        """Become another world."""
        sites: defaultdict[str, list[Site]] = defaultdict(list)
        self._doors = {80: "http", 443: "https"}
        for each in scenario.all_sites:
            for address in each.addresses:
                sites[address].append(each)
            self._doors.update(each.ports)
        self._sites, self._contexts = sites, {}
        zones = Zones(scenario.all_sites, scenario.names)
        resolvers = (*_PUBLIC, at.HELPER_RESOLVER)
        self._nameservers = {address: Nameserver(address, zones, scenario.lies) for address in resolvers}
        for port in self._doors:
            await self._ports.open(port, self._web)
        await self._open_proxies(scenario.proxies, zones)
        await self._open_quic(scenario)

    async def _open_proxies(self, proxies: tuple[Proxy, ...], zones: Zones) -> None:
        self._proxies = {}
        for proxy in proxies:
            context = self._authority.context((proxy.name,)) if proxy.name else None
            handler = serving(proxy, lambda host: (host,) if at.is_literal(host) else zones.addresses(host), context)
            for address in (proxy.address, proxy.address_v6):
                self._proxies[address, proxy.port] = handler
                await self._ports.open(proxy.port, self._proxy, addresses=(address,))

    async def _proxy(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """A port stays open when its proxy has gone with a scenario: then nobody answers there."""
        handler = self._proxies.get(writer.get_extra_info("sockname")[:2])
        if handler is not None:
            await handler(reader, writer)

    async def _open_quic(self, scenario: Scenario) -> None:
        if self._quic is None and any(each.quic for each in scenario.all_sites):
            if not available():
                raise LabError("This scenario has sites over QUIC: run pip install 'blockprobe[quic]'.")
            from blockprobe.lab.quic_sites import QuicSites

            self._quic = QuicSites(self._authority, self.behave)
        if self._quic is not None:
            await self._quic.load(scenario.all_sites)

    async def _web(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await web.serve(self, reader, writer)

    async def _dns_tcp(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        address = writer.get_extra_info("sockname")[0]
        await serve_dns_stream(self._nameservers[address], reader, writer, "tcp")

    async def _dns_tls(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        address = writer.get_extra_info("sockname")[0]
        await writer.start_tls(self._authority.context((at.PUBLIC_RESOLVER_NAME, *_PUBLIC)))
        await serve_dns_stream(self._nameservers[address], reader, writer, "tls")

    def door(self, address: str, port: int) -> tuple[Door, str]:
        """How a connection begins: the first site of an address decides (they share the machine)."""
        scheme = self._doors.get(port, "http")
        found = self._at(address)
        if not found or port not in (80, 443):
            return Door.OPEN, scheme
        return (found[0].http if port == 80 else found[0].https), scheme

    def context(self, address: str) -> ssl.SSLContext:
        """A context that picks the certificate by the name asked for."""
        if address not in self._contexts:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.set_alpn_protocols(["http/1.1"])
            context.sni_callback = self._chooser(address)
            self._contexts[address] = context
        return self._contexts[address]

    def _chooser(self, address: str) -> Callable[[ssl.SSLObject, str | None, ssl.SSLContext], None]:
        def choose(connection: ssl.SSLObject, name: str | None, _context: ssl.SSLContext) -> None:
            if address in _PUBLIC:
                connection.context = self._authority.context((at.PUBLIC_RESOLVER_NAME, *_PUBLIC))
                return
            here = self._at(address)
            for each in here:
                if name in each.names:
                    connection.context = self._authority.context(each.names, each.cert)
                    return
            names = here[0].names if here else ("hosting.example",)
            connection.context = self._authority.context(names, here[0].cert if here else Cert.VALID)
            return None

        return choose

    def is_strict(self, address: str) -> bool:
        """As CDNs are."""
        return any(each.strict_sni for each in self._at(address))

    def serves(self, address: str, name: str) -> bool:
        """Does a site of this name live there?"""
        return any(name in each.names for each in self._at(address))

    def behave(self, request: web.Request) -> Behaviour | web.Raw:
        """What the site named by Host says to this client."""
        if request.address in _PUBLIC and request.scheme == "https":
            return self._doh(request)
        who = at.client_network(request.client)
        for each in self._at(request.address):
            if request.host in (*each.names, request.address) or each.any_host:
                fitting = (r for r in each.replies if _fits(r, request) and _is(who, r.client))
                then = next((reply.then for reply in fitting), _NOT_HERE)
                return _advertising(then) if each.quic and request.scheme == "https" else then
        return _NOT_HERE

    def _doh(self, request: web.Request) -> web.Raw:
        query = request.body
        if request.method == "GET":
            text = request.target.partition("dns=")[2].partition("&")[0]
            try:
                query = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
            except binascii.Error:
                query = b""
        message, _ = self._nameservers[request.address].respond(query, request.client, transport="https")
        if message is None:
            return web.Raw(data=pages.response(400, b"no query"))
        head = f"HTTP/1.1 200 OK\r\nContent-Type: application/dns-message\r\nContent-Length: {len(message)}\r\n\r\n"
        return web.Raw(data=head.encode() + message, keep=True)

    def _at(self, address: str) -> list[Site]:
        return self._sites.get(address) or self._sites.get(at.embedded_v4(address) or "") or []


def _advertising(then: Behaviour) -> Behaviour:
    return replace(then, headers=(*then.headers, _ALT_SVC)) if isinstance(then, Page) else then


def _fits(reply: Reply, request: web.Request) -> bool:
    if reply.scheme not in ("any", request.scheme):
        return False
    if reply.path.endswith("*"):
        return request.target.startswith(reply.path[:-1])
    return reply.path == request.target


def _is(who: str, client: Client) -> bool:
    if client == "outside":
        return who in ("helper", "other")
    return client in ("any", who)
