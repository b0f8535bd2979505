"""Other resolvers, over each transport: what they answer is opened as a browser would."""

from functools import partial

from blockprobe.measure.bypass.bench import Bench
from blockprobe.measure.bypass.road import Road
from blockprobe.measure.bypass.walk import Stop, Walk
from blockprobe.measure.bypass.ways import MAX_WAYS, NotAvailable, Ways, by_road
from blockprobe.measure.look import over_tcp
from blockprobe.net.resolver import Resolver

_NAMES = {"udp": "another resolver over UDP", "tcp": "another resolver over TCP", "tls": "DNS over TLS",
          "https": "DNS over HTTPS"}  # fmt: skip


class ResolverRoad(Road):
    """One resolver is asked instead of the line's own; nothing else changes."""

    def __init__(self, resolver: Resolver) -> None:
        """`resolver` has an address."""
        self._resolver = resolver

    async def find(self, walk: Walk, host: str) -> tuple[str | None, ...] | Stop:
        """What the resolver gives, asked over a new connection."""
        return await walk.ask(self._resolver, host)


async def _ways(bench: Bench, scheme: str) -> Ways:
    if bench.known.leg.is_ip:
        return NotAvailable(because="the target is an address: no name is looked up")
    shared = bench.shared
    known = [*shared.public, *shared.encrypted]
    if scheme == "tcp":
        known += [over_tcp(resolver) for resolver in shared.public if resolver.scheme == "udp"]
    fitting = {resolver.url: resolver for resolver in known if resolver.scheme == scheme and resolver.address}
    if not fitting:
        return NotAvailable(because=f"no resolver for {_NAMES[scheme]} is configured in [[resolvers.public]]")
    return tuple(by_road(url, ResolverRoad(resolver)) for url, resolver in list(fitting.items())[:MAX_WAYS])


udp_ways = partial(_ways, scheme="udp")
tcp_ways = partial(_ways, scheme="tcp")
dot_ways = partial(_ways, scheme="tls")
doh_ways = partial(_ways, scheme="https")
