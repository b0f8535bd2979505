"""What is known of the line itself: a verdict is a function of the record alone, so it is in the record."""

from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class RouterHop:
    """A router that TTL-limited packets to unrelated neutral targets all passed: part of the common path."""

    family: int
    ttl: int
    address: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NeutralCheck:
    """One attempt at a neutral site; `t_s` is relative to the record's `measured_at` and may be negative."""

    url: str
    family: int
    t_s: float
    ok: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SilentListed:
    """A listed address that stayed silent in this cycle while its neighbours answered, and whose key it bears."""

    address: str
    host: str
    leaf_spki_sha256: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SharedBody:
    """A cleartext body that this line gave for a listed name: the same for several names betrays a block page.

    `served_by`: the address that it came from; None in records that are older than this key.
    """

    host: str
    body_sha256: str
    control_sha256: str | None
    served_by: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerEntry:
    """A place that was punished after a trigger. `residual_s` is how long until a neutral test worked again."""

    address: str
    port: int
    triggered_t_s: float
    residual_s: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ResolverEgress:
    """A machine that asked the helper on a resolver's behalf, signed by the helper (docs/helper.md, delegated zone).

    It is about the line and in no record, because no verdict rests on it.

    `resolver`: the one that this line asked, as its URL. `address`: where the question came from; None: from this line
    itself. `transport`: udp (anybody may write any address there) or tcp. `edns_bytes`: the UDP size it offered (None:
    no EDNS). `ecs_bits`: how much of this line's address it passed on (RFC 7871; None: nothing).
    """

    resolver: str
    address: str | None
    transport: str
    edns_bytes: int | None = None
    ecs_bits: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """The checks of the line (docs/method.md, 1.1).

    `portal`: cleartext of a neutral site was replaced. `clock_offset_s`: true time minus ours. `families`: whether a
    neutral control works over IPv4 / IPv6 (None: not tested). `nat64`: the prefix in use (RFC 7050). `mtu`: the
    interface's, in bytes. `public`: reserved ranges that count as public here (laboratories). `intercepted`: DNS to
    an address that runs no resolver was answered for neutral names too. `listed_silent`, `listed_open`: beside
    `silent_listed`, in how many networks (IPv4 /16, IPv6 /32) listed addresses were silent in this run, or opened.
    """

    checked_at: datetime | None = None
    public: tuple[str, ...] = ()
    portal: bool | None = None
    clock_offset_s: float | None = None
    families: dict[str, bool | None] = field(default_factory=dict)
    nat64: str | None = None
    mtu: int | None = None
    intercepted: bool | None = None
    common_path: tuple[RouterHop, ...] = ()
    neutral: tuple[NeutralCheck, ...] = ()
    silent_listed: tuple[SilentListed, ...] = ()
    shared_bodies: tuple[SharedBody, ...] = ()
    ledger: tuple[LedgerEntry, ...] = ()
    listed_silent: int = 0
    listed_open: int = 0
