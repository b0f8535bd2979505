"""What a censor does, as data: rules for the wires. `at` says which wire: access (probe to isp1), core (isp1 to isp2)
or origin (transit to world). Addresses are those of the far side; an empty tuple means any."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

Where = Literal["access", "core", "origin"]


class Action(StrEnum):
    """What happens to a connection that names a listed host."""

    DROP = "drop"
    RESET = "reset"
    FIN = "fin"
    ALERT = "alert"
    RESPOND = "respond"


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """Which packets: far-side `addresses` or prefixes, `ports`, protocol, and `sources` on the near side."""

    addresses: tuple[str, ...] = ()
    ports: tuple[int, ...] = ()
    protocol: Literal["tcp", "udp"] | None = None
    family: Literal[4, 6] | None = None
    sources: tuple[str, ...] = ()


ANYTHING = Match()


@dataclass(frozen=True, slots=True, kw_only=True)
class Drop:
    """Silence, both ways."""

    match: Match = ANYTHING
    at: Where = "core"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rst:
    """A RST for every TCP packet, or only for the SYN."""

    match: Match = ANYTHING
    syn_only: bool = False
    at: Where = "core"


@dataclass(frozen=True, slots=True, kw_only=True)
class IcmpReject:
    """An ICMP error from `router`; the codes of RFC 1812 and 4443."""

    match: Match = ANYTHING
    reason: Literal["admin", "host", "net", "port"] = "admin"
    router_v4: str = "198.18.0.2"
    router_v6: str = "2001:db8:f0:1::2"
    at: Where = "core"


@dataclass(frozen=True, slots=True, kw_only=True)
class Residual:
    """After a trigger, every packet from that source to that address and port is punished for `seconds`."""

    seconds: float
    action: Literal["drop", "reset"] = "drop"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sni:
    """A filter on the name in the ClientHello. `in_path` filters keep the packet back; others only inject, and the
    original passes. One that does not `reassemble` reads each segment alone; one that does not `reassemble_records`
    reads the first TLS record alone. `copies`: how often what is injected is sent, as those do
    whose packets may be lost."""

    names: tuple[str, ...]
    action: Action = Action.RESET
    subdomains: bool = True
    in_path: bool = True
    both_ends: bool = True
    reassemble: bool = True
    reassemble_records: bool = True
    residual: Residual | None = None
    copies: int = 1
    match: Match = Match(ports=(443,))
    at: Where = "core"


@dataclass(frozen=True, slots=True, kw_only=True)
class QuicSni:
    """A filter that decrypts QUIC Initials (RFC 9001, 5.2) and drops the flows that name a listed host."""

    names: tuple[str, ...]
    subdomains: bool = True
    match: Match = Match(ports=(443,), protocol="udp")
    at: Where = "core"


@dataclass(frozen=True, slots=True, kw_only=True)
class Host:
    """A filter on the Host of a cleartext request; RESPOND sends `response` and closes. A `literal` one knows no other
    spelling of the line than a browser's."""

    names: tuple[str, ...]
    action: Action = Action.RESET
    subdomains: bool = True
    in_path: bool = True
    both_ends: bool = True
    response: bytes = b""
    literal: bool = False
    residual: Residual | None = None
    match: Match = Match(ports=(80,))
    at: Where = "core"


@dataclass(frozen=True, slots=True, kw_only=True)
class Freeze:
    """Connections that named a listed host (SNI or Host) die once `after_bytes` of data came down: by silence both
    ways, or by a reset."""

    names: tuple[str, ...]
    after_bytes: int
    action: Literal[Action.DROP, Action.RESET] = Action.DROP
    subdomains: bool = True
    match: Match = Match(ports=(80, 443), protocol="tcp")
    at: Where = "core"


@dataclass(frozen=True, slots=True, kw_only=True)
class DnsInject:
    """A forged answer to any UDP query for the names, whatever the resolver. The original passes unless `drop`;
    `answers` of the other family give an empty answer; an `rcode` other than 0 needs none. `copies` as of `Sni`."""

    names: tuple[str, ...]
    answers: tuple[str, ...] = ()
    rcode: int = 0
    ttl: int = 300
    subdomains: bool = True
    drop: bool = False
    copies: int = 1
    match: Match = Match(ports=(53,), protocol="udp")
    at: Where = "core"


@dataclass(frozen=True, slots=True, kw_only=True)
class Dnat:
    """Packets are sent to another host and its answers come back under the first one's address. Only on the access
    wire do answers from the ISP's own hosts pass by again. `names` limits it to UDP queries for these."""

    to_v4: str
    to_v6: str
    match: Match
    names: tuple[str, ...] = ()
    at: Literal["access"] = "access"


@dataclass(frozen=True, slots=True, kw_only=True)
class Mtu:
    """IP packets longer than `size` bytes vanish without a word: a path-MTU black hole."""

    size: int
    match: Match = ANYTHING
    at: Where = "core"


@dataclass(frozen=True, slots=True, kw_only=True)
class Loss:
    """Random loss each way; `burst` is the mean number of packets lost in a row (a Gilbert model above 1)."""

    rate: float
    burst: float = 1.0
    seed: int | None = None
    match: Match = ANYTHING
    at: Where = "core"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outage:
    """Nothing passes from `start_s` after loading for `duration_s`."""

    start_s: float
    duration_s: float
    at: Where = "core"


@dataclass(frozen=True, slots=True, kw_only=True)
class Delay:
    """Milliseconds each way."""

    ms: float
    jitter_ms: float = 0.0
    match: Match = ANYTHING
    at: Where = "access"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """A bottleneck of kilobit per second each way with a queue of `queue_ms`: a short one drops much, as a policer
    does. `per_flow`: each TCP connection has one to itself. With `names` only connections that named a listed host
    (SNI or Host) meet it, each one of its own."""

    kbit: float
    queue_ms: float = 500.0
    per_flow: bool = False
    names: tuple[str, ...] = ()
    subdomains: bool = True
    match: Match = ANYTHING
    at: Where = "core"


Shape = Loss | Outage | Delay | Rate
Rule = Drop | Rst | IcmpReject | Sni | QuicSni | Host | Freeze | DnsInject | Dnat | Mtu | Loss | Outage | Delay | Rate


def dns_intercept(to_v4: str, to_v6: str, *, names: tuple[str, ...] = (), sources: tuple[str, ...] = ()) -> Dnat:
    """Every UDP query to any address is answered by this resolver, as a home router or an ISP does it."""
    return Dnat(to_v4=to_v4, to_v6=to_v6, match=Match(ports=(53,), protocol="udp", sources=sources), names=names)
