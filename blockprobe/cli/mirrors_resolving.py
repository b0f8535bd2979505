"""DNS look-ups for `mirrors find --resolve`, with the resolvers of the configuration."""

import asyncio
from collections.abc import Sequence

from blockprobe.catalogue.services import load_services
from blockprobe.cli.process import complain
from blockprobe.mirrors.name_dns import NameResolver
from blockprobe.model.mirror import NameLook
from blockprobe.model.observation import ResolverGroup
from blockprobe.model.settings import Settings
from blockprobe.net.clock import SystemClock
from blockprobe.net.dial import Dialer
from blockprobe.net.dns import DnsClient
from blockprobe.net.resolver import parse_resolver
from blockprobe.net.session import Session
from blockprobe.net.tls import TlsContexts


def look_up(settings: Settings, names: Sequence[str], looks: dict[str, NameLook]) -> bool:
    """Fill `looks` name by name; true when Ctrl-C ended it early. Raises ConfigError for an unusable resolver."""
    if not settings.resolvers.public:
        complain(
            "no resolver besides the line's own: what it denies stays unknown, because that may be the block; "
            "name one under [[resolvers.public]] (docs/config.md)"
        )
    try:
        asyncio.run(_look_up(settings, tuple(dict.fromkeys(names)), looks))
    except KeyboardInterrupt:
        return True
    return False


async def _look_up(settings: Settings, names: tuple[str, ...], looks: dict[str, NameLook]) -> None:
    from blockprobe.cli.render.progress import progress_bar

    clock = SystemClock()
    session = Session(clock=clock, dialer=Dialer(), began=clock.monotonic(), timeout_s=settings.limits.timeout_s)
    resolver = resolver_of(settings, session, TlsContexts())
    try:
        await resolver.bootstrap()
        with progress_bar(len(names), wanted=True) as advance:
            async for look in resolver.look_all(names):
                looks[look.name] = look
                advance()
    finally:
        await resolver.dns.aclose()


def resolver_of(settings: Settings, session: Session, contexts: TlsContexts) -> NameResolver:
    """Looks names up with the resolvers of the configuration; the caller closes its `dns`. Raises ConfigError."""
    public = [parse_resolver(one.url, ResolverGroup.PUBLIC, one.address) for one in settings.resolvers.public]
    return NameResolver(
        dns=DnsClient(session.dialer, session.clock, contexts),
        session=session,
        outside=tuple(sorted(public, key=lambda one: not one.encrypted)),
        line=tuple(parse_resolver(url, ResolverGroup.ISP) for url in settings.resolvers.isp),
        services=load_services(settings.catalogue.paths),
        public=settings.addresses.public,
    )
