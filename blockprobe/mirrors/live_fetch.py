"""One GET after another to a host that is tested: counted, bounded, each hop kept; never raises for the network."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import datetime
from urllib.parse import urljoin, urlsplit

from blockprobe.mirrors.live_budget import MOST_REQUESTS, Budget
from blockprobe.mirrors.page import MAX_PAGE_BYTES
from blockprobe.mirrors.saved import unpacked
from blockprobe.model.addresses import family_of
from blockprobe.model.observation import Certificate, Place, Test, TlsObservation, Why
from blockprobe.net.http import Request, fetch_page
from blockprobe.net.proxy import Proxy, open_tunnel
from blockprobe.net.proxy_words import Destination
from blockprobe.net.session import Session
from blockprobe.net.stream import Stream
from blockprobe.net.tcp import Endpoint, connect
from blockprobe.net.tls import Hello, TlsContexts, handshake

MAX_HOPS = 5
_WHY = Why(test=Test.LOOK, place=Place.ORIGIN)
_BROKEN_CHAIN = ("ssl_invalid_certificate", "ssl_invalid_hostname", "ssl_unknown_authority")
_PORTS = {"http": 80, "https": 443}
Lookup = Callable[[str], Awaitable[tuple[str, ...]]]
"""The addresses of a host, none when there are none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """What one GET brought. `failure` is a word of docs/failures.md, or `ceiling`; `refused` a TLS alert or a reset.

    `valid`: the chain proves the host of `url`; None over http. `body` is at most 64 KiB, unpacked.
    """

    url: str
    at: datetime
    failure: str = ""
    status: int = 0
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    location: str = ""
    address: str = ""
    valid: bool | None = None
    leaf: Certificate | None = None

    @property
    def refused(self) -> bool:
        """Whether the server closed the door on this name, rather than stay silent."""
        return self.failure in ("ssl_failed_handshake", "connection_reset", "eof_error")

    def header(self, wanted: str) -> str:
        """The first header of that lower-case name."""
        return next((value for name, value in self.headers if name.lower() == wanted), "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """How a host is reached: its looked-up addresses, fixed ones, or through a proxy that looks it up itself."""

    addresses: tuple[str, ...] = ()
    proxy: Proxy | None = None


@dataclass(slots=True, kw_only=True)
class Fetcher:
    """Fetches pages for one run. `most` is the ceiling per host and day (None: none, for the reference)."""

    session: Session
    contexts: TlsContexts
    budget: Budget
    lookup: Lookup
    most: int | None = MOST_REQUESTS
    label: str = ""
    """Before a host's name in the count, so that the site as reference and as candidate are counted apart."""
    sent: int = 0
    refused: int = 0
    """Requests that went out through this one, and that the ceiling forbade."""

    async def get(self, url: str, route: Route | None = None, *, name: str = "") -> Page:
        """One GET, counted for the URL's host; `name` replaces that in TLS and Host."""
        parts = urlsplit(url)
        host = parts.hostname or ""
        port = parts.port or _PORTS[parts.scheme]
        way = route or Route(addresses=await self.lookup(host))
        page = Page(url=url, at=self.session.clock.now())
        if not way.addresses and way.proxy is None:
            return replace(page, failure="dns_no_answer")
        if not self.budget.claim(self.label + host, most=self.most):
            self.refused += 1
            return replace(page, failure="ceiling")
        self.sent += 1
        for address in way.addresses[:2] or ("",):
            page, spoke = await self._once(url, address, way.proxy, (name or host, port))
            if spoke:
                break
        return page

    async def follow(self, url: str, route_for: Callable[[str], Route | None]) -> tuple[Page, ...]:
        """A GET and up to MAX_HOPS redirects, every hop kept and counted for its own host."""
        hops: list[Page] = []
        for _ in range(MAX_HOPS + 1):
            page = await self.get(url, route_for(urlsplit(url).hostname or ""))
            hops.append(page)
            following = next_url(page)
            if not following or any(hop.url == following for hop in hops):
                break
            url = following
        return tuple(hops)

    async def _once(self, url: str, address: str, proxy: Proxy | None, to: tuple[str, int]) -> tuple[Page, bool]:
        """One attempt at one address; whether it is worth no other."""
        scheme, (name, port) = urlsplit(url).scheme, to
        page = Page(url=url, at=self.session.clock.now(), address=address)
        stream, failure = await self._open(address, proxy, to)
        if stream is None:
            return replace(page, failure=failure), False
        if scheme == "https":
            shaken, secured = await self._shake(stream, name, verify=True)
            page = replace(page, valid=bool(shaken.valid), leaf=_leaf(shaken))
            if secured is None and str(shaken.failure) in _BROKEN_CHAIN:
                stream, failure = await self._open(address, proxy, to)
                if stream is None:
                    return replace(page, failure=failure), False
                shaken, secured = await self._shake(stream, name, verify=False)
            if secured is None:
                return replace(page, failure=str(shaken.failure)), True
            stream = secured
        return await self._exchange(page, stream, name, port), True

    async def _exchange(self, page: Page, stream: Stream, name: str, port: int) -> Page:
        parts = urlsplit(page.url)
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        shown = f"[{name}]" if family_of(name) == 6 else name
        host = shown if port == _PORTS[parts.scheme] else f"{shown}:{port}"
        try:
            seen, body = await fetch_page(self.session, _WHY, stream, Request(url=page.url, host=host, path=path))
        finally:
            stream.close()
        if seen.failure is not None and seen.status is None:
            return replace(page, failure=str(seen.failure))
        packed = any(name.lower() == "content-encoding" and "gzip" in value for name, value in seen.headers)
        return replace(
            page,
            status=seen.status or 0,
            headers=seen.headers,
            body=(unpacked(body) if packed else body)[:MAX_PAGE_BYTES],
            location=seen.location or "",
        )

    async def _open(self, address: str, proxy: Proxy | None, to: tuple[str, int]) -> tuple[Stream | None, str]:
        name, port = to
        if proxy is None:
            seen, stream = await connect(self.session, _WHY, Endpoint(address=address, port=port), host=name)
            return stream, str(seen.failure or "")
        try:
            destination = Destination(host=address or name, port=port)
        except ValueError:
            return None, "dns_no_answer"
        tunnel = await open_tunnel(self.session, _WHY, proxy, destination, self.contexts)
        return tunnel.stream, str(tunnel.observation.failure or "")

    async def _shake(self, stream: Stream, name: str, *, verify: bool) -> tuple[TlsObservation, Stream | None]:
        sent = None if family_of(name) is not None else name
        hello = Hello(server_name=sent, verify_name=name, large=True, verify=verify)
        return await handshake(self.session, _WHY, stream, hello, self.contexts)


def next_url(page: Page) -> str:
    """Where a redirect leads; empty when the page is none, or leads nowhere that http can go."""
    if page.status not in (301, 302, 303, 307, 308) or not page.location:
        return ""
    try:
        url = urljoin(page.url, page.location)
        parts = urlsplit(url)
        usable = parts.scheme in _PORTS and parts.hostname and (parts.port is None or parts.port > 0)
    except ValueError:
        return ""
    return url.partition("#")[0] if usable else ""


def _leaf(shaken: TlsObservation) -> Certificate | None:
    return replace(shaken.chain[0], der=None) if shaken.chain else None
