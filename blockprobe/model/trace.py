"""A trace: packets with limited hop counts, listed beside neutral, what answered them, and what that means.

Its document is `blockprobe.trace/1` (docs/trace.md). It never holds this machine's own addresses.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Literal


class Carrier(StrEnum):
    """What the packets carry; `dns_address` is a question to an address that runs no resolver."""

    UDP = "udp"
    DNS = "dns"
    DNS_ADDRESS = "dns_address"
    TCP = "tcp"
    TLS = "tls"
    HTTP = "http"


class Subject(StrEnum):
    """Whose name (or address, for SYNs) the packets bear; `silent` is an address at which nobody lives."""

    NEUTRAL = "neutral"
    LISTED = "listed"
    SILENT = "silent"


class Heard(StrEnum):
    """One thing that came back."""

    TIME_EXCEEDED = "time_exceeded"
    UNREACHABLE = "unreachable"
    PROHIBITED = "prohibited"
    CONNECTED = "connected"  # a SYN was answered
    REFUSED = "refused"  # a SYN was reset, or a datagram's port is closed
    RESET = "reset"
    CLOSED = "closed"  # the end of the stream
    DATA = "data"
    ANSWER = "answer"  # a DNS message that answers the question
    OTHER_ANSWER = "other_answer"  # a second one that says something else


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """What the socket heard, `t_s` seconds after sending; `sender` is a router, where the kernel says which."""

    what: Heard
    t_s: float
    sender: str | None = None
    note: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Packet:
    """What came over the wire (raw sight only), `t_s` seconds after the try began, its handshake included.

    `hops_left` is its TTL or hop limit on arrival, `ip_id` IPv4's, `window` and `flags` TCP's, `size` its payload in
    bytes. `sender` claims to have sent it; who injects packets claims to be the server.
    """

    what: Heard
    t_s: float
    sender: str
    hops_left: int
    ip_id: int | None = None
    window: int | None = None
    flags: str | None = None
    size: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Try:
    """One packet (with its retransmissions) at one hop limit (None: no limit), and all that came of it.

    `connected` is whether the connection came about that a name was to be sent on; None where none is needed.
    """

    round: int
    ttl: int | None
    source_port: int | None = None
    connected: bool | None = None
    heard: tuple[Event, ...] = ()
    packets: tuple[Packet, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Ladder:
    """All tries of one kind to one place with one name."""

    carrier: Carrier
    subject: Subject
    address: str
    port: int
    name: str | None = None
    tries: tuple[Try, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Hop:
    """One hop of the path: the routers that answered there (none: it sends no ICMP), and the fastest answer."""

    ttl: int
    addresses: tuple[str, ...] = ()
    rtt_s: float | None = None


class Effect(StrEnum):
    """What happens to the listed name and to no neutral one; `proxy` happens to every name."""

    NONE = "none"
    SILENCE = "silence"
    RESET = "reset"
    CLOSED = "closed"
    REFUSED = "refused"
    REJECTED = "rejected"  # by ICMP
    PAGE = "page"  # bytes that no server sent
    ANSWER = "answer"  # a DNS answer that no resolver sent
    PROXY = "proxy"
    UNKNOWN = "unknown"


class Position(StrEnum):
    """In the path: packets end there. Beside it: they go on, and something is sent in addition."""

    IN_PATH = "in_path"
    ON_PATH = "on_path"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Spot:
    """A hop of the path; ttl 0 is this machine, `address` None a router that sends no ICMP."""

    ttl: int
    address: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """Where listed and neutral part: `last` is the last hop that both reach, `first` the first at which they differ.

    The box is on the way from one to the other, both included. `far_end`: `first` is the destination, so that the
    server's own doing looks the same.
    """

    last: Spot
    first: Spot
    far_end: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What one kind of packet to one place shows; `k` of `n` listed tries at or beyond the place met the effect.

    `device` is the router that an ICMP message, a hop limit or an answer points to; `marks` tell how what was injected
    differs from what the server itself sends.
    """

    carrier: Carrier
    address: str
    port: int
    effect: Effect
    because: str
    position: Position = Position.UNKNOWN
    part: Part | None = None
    device: Spot | None = None
    k: int = 0
    n: int = 0
    marks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class TracePath:
    """One address of the site: the hops on the way, what was sent, and what it shows."""

    family: Literal[4, 6]
    address: str
    hops: tuple[Hop, ...] = ()
    ladders: tuple[Ladder, ...] = ()
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class TraceDocument:
    """The document. `sight` is how packets were seen: the kernel's error queue, or raw as well; `notes` are sentences
    about what could not be done. `packets` counts what was sent on purpose, retransmissions and handshakes apart."""

    schema: Literal["blockprobe.trace/1"] = "blockprobe.trace/1"
    id: str
    measured_at: datetime
    runtime_s: float
    target: str
    host: str
    url: str
    sight: Literal["errors", "raw"] = "errors"
    interrupted: bool = False
    notes: tuple[str, ...] = ()
    packets: int = 0
    paths: tuple[TracePath, ...] = ()
    version: str = ""
