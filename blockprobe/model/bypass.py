"""What still opens a blocked site from this line: one battery of techniques against one target.

A technique that works says that a way exists. It says nothing of how many people use it.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Literal

from blockprobe.model.observation import Observation
from blockprobe.model.record import Target, Vantage, Versions
from blockprobe.model.words import State


class Outcome(StrEnum):
    """What became of one technique."""

    WORKS = "works"  # the real site opened this way, repeatedly
    FAILS = "fails"  # it did not, repeatedly, while a neutral site opens the same way
    INCONCLUSIVE = "inconclusive"  # tried, and we do not know
    NOT_AVAILABLE = "not_available"  # could not be tried here; `because` says why


class TechniqueId(StrEnum):
    """The ways that are tried, in the order of the table (measure/bypass/techniques.py)."""

    HTTPS = "https"
    HTTP = "http"
    WWW = "www"
    APEX = "apex"
    OTHER_ADDRESS = "other_address"
    OTHER_FAMILY = "other_family"
    HTTP3 = "http3"
    RESOLVER_UDP = "resolver_udp"
    RESOLVER_TCP = "resolver_tcp"
    RESOLVER_DOT = "resolver_dot"
    RESOLVER_DOH = "resolver_doh"
    ECH = "ech"
    MIRROR = "mirror"
    WEB_PROXY = "web_proxy"
    HTTP_PROXY = "http_proxy"
    SOCKS5 = "socks5"
    TOR = "tor"
    VPN = "vpn"
    SPLIT_SEGMENTS = "split_segments"
    SPLIT_RECORDS = "split_records"
    HOST_SPELLING = "host_spelling"


class Shown(StrEnum):
    """What one try at a site showed."""

    REAL = "real"  # the real site: a valid chain for the name, or in cleartext the control's page
    OTHER = "other"  # something answered that is not the site: a reset, a wrong certificate, a block page, NXDOMAIN
    SILENCE = "silence"  # nothing came back
    UNPROVEN = "unproven"  # a page came that nothing shows to be the site's own
    REFUSED = "refused"  # the site itself turned this client away
    MEANS = "means"  # the means itself failed before the site was asked for: a proxy or resolver is unusable


class ParityKind(StrEnum):
    """Where a block has a hole: which pair of alike ways parts."""

    FAMILY = "family"  # IPv4 and IPv6
    SCHEME = "scheme"  # http and https
    NAME = "name"  # with www and without
    QUIC = "quic"  # HTTP over TCP and over QUIC
    RESOLVER_UDP = "resolver_udp"  # another resolver, by transport
    RESOLVER_TCP = "resolver_tcp"
    RESOLVER_DOT = "resolver_dot"
    RESOLVER_DOH = "resolver_doh"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What was spent: sockets opened (TCP connections and UDP sockets), payload bytes both ways, seconds."""

    connections: int = 0
    bytes: int = 0
    seconds: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Try:
    """One try at the site (`listed`) or at a neutral site by the same means. `refs`: its observations' places in
    `Bypass.observations`."""

    round: int
    listed: bool
    shown: Shown
    because: str = ""
    refs: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class WayTrial:
    """One way of a technique (one resolver, one proxy, one address): `k` of `n` tries brought the real site, and
    `neutral_k` of `neutral_n` a neutral site by the same means. `means`: what it went through, as the operator
    configured it, without secrets."""

    means: str
    outcome: Outcome
    because: str
    k: int = 0
    n: int = 0
    neutral_k: int = 0
    neutral_n: int = 0
    tries: tuple[Try, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """One technique: the best of its `ways` decides. `effort`: 0 nothing to install or set, 1 one setting, 2 another
    address, 3 a tool."""

    technique: TechniqueId
    effort: int
    outcome: Outcome
    because: str
    k: int = 0
    n: int = 0
    ways: tuple[WayTrial, ...] = ()
    evidence: tuple[int, ...] = ()
    cost: Cost = Cost()


@dataclass(frozen=True, slots=True, kw_only=True)
class BypassSeen:
    """What a target's last battery said, as far as figures are concerned; `network` is the line's at that time."""

    target: str
    at: datetime
    network: str | None
    lowest_effort: int | None
    outcomes: tuple[tuple[TechniqueId, Outcome], ...]
    parity: tuple[ParityKind, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ParityGap:
    """One hole: `open` brings the real site, while `closed` does not."""

    kind: ParityKind
    open: str
    closed: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Bypass:
    """One battery against one target.

    `blocked_before` and `blocked_after` are the states of the plain path, as `check` gives them, before and after
    (None: not measured again, as nothing was tried or the user stopped it); `records` their ids. `plain_k` of `plain_n`
    tries of the plain path in between brought the real site. `lowest_effort` is None where nothing works.
    """

    schema: Literal["blockprobe.bypass/1"] = "blockprobe.bypass/1"
    id: str
    measured_at: datetime
    runtime_s: float
    target: Target
    vantage: Vantage
    blocked_before: State
    blocked_after: State | None
    because: str
    trials: tuple[Trial, ...]
    lowest_effort: int | None
    parity: tuple[ParityGap, ...]
    plain_k: int = 0
    plain_n: int = 0
    cost: Cost
    records: tuple[str, ...]
    observations: tuple[Observation, ...]
    versions: Versions
