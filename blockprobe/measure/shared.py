"""What the targets of one run share: clients, resolvers, neutral sites, echoes, the ledger, the state of the line."""

import asyncio
import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field

from blockprobe.measure.echoes import Echo
from blockprobe.measure.ledger import Ledger
from blockprobe.model.addresses import family_of
from blockprobe.model.line import Line, NeutralCheck, ResolverEgress, SharedBody, SilentListed
from blockprobe.model.settings import Settings
from blockprobe.net.clock import Clock
from blockprobe.net.dial import Dialer
from blockprobe.net.dns import DnsClient
from blockprobe.net.echo import EchoKey
from blockprobe.net.helper_client import HelperClient
from blockprobe.net.resolver import Resolver
from blockprobe.net.session import Session
from blockprobe.net.tls import TlsContexts
from blockprobe.verdict.fingerprint import FingerprintSet


@dataclass(slots=True, kw_only=True)
class NeutralSite:
    """A site on no list; `addresses` as the line's own resolver gave them when the line was checked."""

    url: str
    host: str
    addresses: tuple[str, ...] = ()

    def of_family(self, family: int) -> tuple[str, ...]:
        """Its addresses of one family."""
        return tuple(address for address in self.addresses if family_of(address) == family)


@dataclass(slots=True, kw_only=True)
class Crowd:
    """What several targets together betray: silent addresses of unrelated operators, one body for several names.

    `open_networks`: where listed addresses opened; silence must be held against them.
    """

    silent: dict[str, SilentListed] = field(default_factory=dict)
    open_networks: set[str] = field(default_factory=set)
    bodies: dict[tuple[str, str], SharedBody] = field(default_factory=dict)


@dataclass(slots=True, kw_only=True)
class Shared:
    """Everything shared; made by `run.Run.open`. `bulk` is held while the speed of a target is measured: two
    downloads at once would measure each other. `punishes`: neutral names fail at an echo after a name that the network
    cuts there; None: not seen yet."""

    settings: Settings
    clock: Clock
    dialer: Dialer
    tls: TlsContexts
    dns: DnsClient
    helpers: tuple[HelperClient, ...]
    own: tuple[Resolver, ...]
    public: tuple[Resolver, ...]
    encrypted: tuple[Resolver, ...]
    fingerprints: FingerprintSet
    ledger: Ledger
    neutral: list[NeutralSite] = field(default_factory=list)
    echoes: list[Echo] = field(default_factory=list)
    punishes: bool | None = None
    crowd: Crowd = field(default_factory=Crowd)
    line: Line = field(default_factory=Line)
    egress: tuple[ResolverEgress, ...] = ()
    quic: bool | None = None  # a neutral name reaches our echo over QUIC; None: not tried
    quic_turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    checks: list[tuple[float, NeutralCheck]] = field(default_factory=list)
    bulk: asyncio.Lock = field(default_factory=asyncio.Lock)
    rest_of_line: asyncio.Task[Line] | None = None
    _turn: Iterator[int] = field(default_factory=itertools.count)

    async def whole_line(self) -> None:
        """Wait for the slow part of the line's check, which only doubtful targets need."""
        if self.rest_of_line is not None:
            await asyncio.shield(self.rest_of_line)

    def session(self) -> Session:
        """A new session, beginning now."""
        limits = self.settings.limits
        return Session(
            clock=self.clock,
            dialer=self.dialer,
            began=self.clock.monotonic(),
            timeout_s=limits.timeout_s,
            body_bytes=limits.body_bytes,
        )

    def key(self) -> EchoKey | None:
        """The echo key that a helper gave last, if any did and it is not about to expire."""
        now = self.clock.now().timestamp() + (self.line.clock_offset_s or 0.0)
        keys = [helper.current_key for helper in self.helpers]
        return next((key for key in keys if key is not None and key.expires > now + 30), None)

    def next_neutral(self, family: int) -> tuple[NeutralSite, str] | None:
        """A neutral site and one of its addresses, in turn, of the family."""
        able = [site for site in self.neutral if site.of_family(family)]
        if not able:
            return None
        site = able[next(self._turn) % len(able)]
        return site, site.of_family(family)[0]
