"""Orders to block, the networks they bind and what they list: the catalogue's facts as frozen values.

Reading TOML is `catalogue`; what follows from them is `verdict.compliance`. Every fact carries its public source,
because people use these figures against each other. Times are absolute, in UTC; what is known to the day only (when
an order was made, when somebody last looked at a source) is a `date`.
"""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum


class OrderKind(StrEnum):
    """How the list of targets comes about."""

    STATIC = "static"
    DYNAMIC = "dynamic"
    LIVE = "live"


class TargetKind(StrEnum):
    """What an entry of an order names. A `domain` covers its subdomains, a `host` only itself."""

    DOMAIN = "domain"
    HOST = "host"
    ADDRESS = "address"
    URL = "url"


class Technique(StrEnum):
    """How an order lets, or makes, a respondent block."""

    DNS = "dns"
    IP = "ip"
    URL = "url"
    ANY = "any"


class OrderFlag(StrEnum):
    """What is wrong with an entry of an order; a flagged target is counted apart, never as a failure to comply."""

    PARKED = "parked"
    RE_REGISTERED = "re_registered"
    WRONG_TERRITORY = "wrong_territory"
    EXPIRED = "expired"
    OUT_OF_SCOPE = "out_of_scope"


class TimeSource(StrEnum):
    """Where an order's times come from: without one of the first two a time-to-block is never computed."""

    COURT = "court"
    LIST = "list"
    OBSERVED = "observed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A public document; `url` may be None for a printed one. `verified_at`: the day on which a person last looked."""

    text: str
    url: str | None = None
    verified_at: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderTarget:
    """One entry. `from_at` and `until_at` bound when it is in force (None: the order's own dates).

    `value` is as it goes over the wire: a name in lower case and punycode, an address, a URL. `group` joins names of
    one service. `notice_at` is when the respondents were told of this entry, where public; a `deadline` of its own
    has a `source` of its own.
    """

    value: str
    kind: TargetKind = TargetKind.DOMAIN
    group: str | None = None
    from_at: datetime | None = None
    until_at: datetime | None = None
    notice_at: datetime | None = None
    deadline: datetime | None = None
    source: Source | None = None
    flags: tuple[OrderFlag, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Respondent:
    """A network bound by the order. `deadline` is absolute and confirmed by a person, with its `source`."""

    network: str
    served_at: datetime | None = None
    notice_at: datetime | None = None
    deadline: datetime | None = None
    time_source: TimeSource | None = None
    source: Source | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """A court's or agency's order. `id` is `<country>/<slug>`.

    `techniques`: what counts as carrying it out (`any` where the text leaves it open). `own_resolver_only`: the order
    speaks of the respondent's own resolvers (Australia's s115A orders do), so a customer of another one proves nothing.
    `deadline_rule` is the text from which a deadline follows; `page_hosts` are where its notices live (never targets).
    """

    id: str
    jurisdiction: str
    title: str
    citation: str | None = None
    court: str
    legal_basis: str
    applicant: str | None = None
    kind: OrderKind = OrderKind.STATIC
    made_at: date | None = None
    in_force_from: datetime | None = None
    in_force_until: datetime | None = None
    deadline_rule: str | None = None
    techniques: tuple[Technique, ...] = (Technique.ANY,)
    own_resolver_only: bool = False
    notice_expected: bool = False
    page_hosts: tuple[str, ...] = ()
    mirrors_allowed: bool = False
    list_url: str | None = None
    sources: tuple[Source, ...]
    respondents: tuple[Respondent, ...] = ()
    targets: tuple[OrderTarget, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Network:
    """An access provider. `id` is `<country>/<slug>`; `asns` are the registry's: no statement on routing or market.

    `resolvers` are addresses that the provider publishes as its own.
    """

    id: str
    name: str
    country: str
    asns: tuple[int, ...]
    resolvers: tuple[str, ...] = ()
    source: Source | None = None
