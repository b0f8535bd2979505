"""This machine's own addresses, so that they can be kept out of what is published. No packet is sent."""

from blockprobe.model.errors import BlockprobeError
from blockprobe.model.observation import ResolverGroup
from blockprobe.model.settings import Settings


def own_addresses(settings: Settings) -> frozenset[str]:
    """The source addresses that the kernel would use towards the configured resolvers, loopback left out."""
    from blockprobe.net.dial import Dialer
    from blockprobe.net.resolver import parse_resolver

    found = set()
    dialer = Dialer()
    for url in (*settings.resolvers.isp, *(one.url for one in settings.resolvers.public)):
        try:
            resolver = parse_resolver(url, ResolverGroup.ISP)
            with dialer.udp(resolver.address, resolver.port) as socket:
                found.add(str(socket.getsockname()[0]))
        except (OSError, BlockprobeError, ValueError):
            continue  # a name, or no route: then nothing is measured from there either
    return frozenset(found - {"127.0.0.1", "::1"})
