"""Proxies that the operator names: CONNECT over HTTP, SOCKS 5, and a Tor that runs (net/proxy.py)."""

from dataclasses import replace

from blockprobe.measure.bypass.bench import Bench
from blockprobe.measure.bypass.road import LINE, Road
from blockprobe.measure.bypass.walk import Spot, Stop, Walk
from blockprobe.measure.bypass.ways import MAX_WAYS, NotAvailable, Way, Ways, by_road
from blockprobe.model.bypass import Shown
from blockprobe.model.errors import ConfigError
from blockprobe.model.failure import Failure
from blockprobe.model.observation import Place
from blockprobe.net.http import Request
from blockprobe.net.proxy import Proxy, ProxyStep, Tunnel, open_tunnel, parse_proxy, reach
from blockprobe.net.proxy_http import login_headers
from blockprobe.net.proxy_logins import read_logins
from blockprobe.net.proxy_words import Destination
from blockprobe.net.stream import Stream

#: Tor builds a circuit before it answers, and every round trip takes three relays (seconds).
TOR_PATIENCE_S = 30.0

_USELESS = frozenset({Failure.PROXY_LOGIN_REFUSED, Failure.PROXY_BAD_ANSWER})


class ProxyRoad(Road):
    """Everything goes through one proxy. It looks the host up, unless it is given one of the site's true addresses."""

    def __init__(self, proxy: Proxy, *, by_address: bool = False) -> None:
        """`by_address`: the target is asked for by a true address; any other host by its name all the same."""
        self._proxy = proxy
        self._by_address = by_address

    async def find(self, walk: Walk, host: str) -> tuple[str | None, ...] | Stop:
        """Nothing: the proxy is given the name."""
        if self._by_address and walk.site.listed and host == walk.bench.site.host:
            return tuple(walk.bench.known.true)
        return (None,)

    async def connect(self, walk: Walk, spot: Spot) -> Stream | Stop:
        """A tunnel to the spot; for a page in cleartext through an HTTP proxy, a connection to the proxy alone."""
        proxy = await self._found(walk)
        if isinstance(proxy, Stop):
            return proxy
        if proxy.patience_s is not None:
            walk.session = replace(walk.session, timeout_s=max(walk.session.timeout_s, proxy.patience_s))
        enter = open_tunnel if spot.leg.tls or proxy.scheme == "socks5" else reach
        where = Destination(host=spot.address or spot.leg.host, port=spot.leg.port)
        tunnel = await enter(walk.session, walk.why(Place.PROXY), proxy, where, walk.bench.shared.tls)
        walk.note(tunnel.observation)
        return tunnel.stream or _stop(tunnel)

    def request(self, request: Request) -> Request:
        """A page in cleartext is asked of an HTTP proxy by its whole URL (RFC 9112, 3.2.2)."""
        if self._proxy.scheme == "socks5" or request.url.startswith("https:"):
            return request
        headers = (*request.headers, *login_headers(self._proxy.login))
        return replace(request, path=f"http://{request.host}{request.path}", headers=headers)

    async def _found(self, walk: Walk) -> Proxy | Stop:
        if self._proxy.address:
            return self._proxy
        found = await LINE.find(walk, self._proxy.host)
        if isinstance(found, Stop) or found[0] is None:
            why = found.because if isinstance(found, Stop) else "no address"
            return Stop(shown=Shown.MEANS, because=f"the name of {self._proxy.url} cannot be looked up: {why}")
        return self._proxy.at(found[0])


def _stop(tunnel: Tunnel) -> Stop:
    """Whether the means failed, or what was asked of it: a neutral site through the same proxy tells the rest."""
    seen = tunnel.observation
    told = seen.detail or str(seen.failure)
    if tunnel.step is not ProxyStep.ANSWER or seen.failure in _USELESS:
        return Stop(shown=Shown.MEANS, because=told)
    if seen.failure is Failure.GENERIC_TIMEOUT_ERROR:
        return Stop(shown=Shown.SILENCE, because=told)
    return Stop(shown=Shown.OTHER, because=told)


async def http_ways(bench: Bench) -> Ways:
    """Every HTTP proxy."""
    return _ways(bench, bench.settings.bypass.http_proxies, "no HTTP proxy is configured in bypass.http_proxies")


async def socks_ways(bench: Bench) -> Ways:
    """Every SOCKS proxy by name, and the first by a true address as well, in case its own resolver lies too."""
    ways = _ways(bench, bench.settings.bypass.socks_proxies, "no SOCKS proxy is configured in bypass.socks_proxies")
    if isinstance(ways, NotAvailable) or not bench.known.true or bench.known.leg.is_ip:
        return ways
    first = ways[0].means
    road = ProxyRoad(_proxies(bench, (first,))[0], by_address=True)
    return (*ways, by_road(f"{first}, by address", road))[: MAX_WAYS + 1]


async def tor_ways(bench: Bench) -> Ways:
    """The Tor that runs; it is given the name, which its exit looks up."""
    tor = bench.settings.bypass.tor
    return _ways(bench, (tor,) if tor else (), "no Tor is configured in bypass.tor", patience_s=TOR_PATIENCE_S)


def _ways(bench: Bench, urls: tuple[str, ...], none: str, *, patience_s: float | None = None) -> Ways:
    if not urls:
        return NotAvailable(because=none)
    try:
        proxies = _proxies(bench, urls)
    except ConfigError as error:
        return NotAvailable(because=str(error))
    return tuple(_way(replace(proxy, patience_s=patience_s)) for proxy in proxies[:MAX_WAYS])


def _way(proxy: Proxy) -> Way:
    return by_road(proxy.url, ProxyRoad(proxy))


def _proxies(bench: Bench, urls: tuple[str, ...]) -> list[Proxy]:
    logins = read_logins(bench.settings.bypass.secrets_file)
    named = [parse_proxy(url) for url in urls]
    return [replace(proxy, login=logins.get(proxy.url)) for proxy in named]
