"""What observations are made of: DNS messages, certificates, ICMP errors, hops. Facts, no meaning."""

from dataclasses import dataclass
from enum import StrEnum


@dataclass(frozen=True, slots=True, kw_only=True)
class Icmp:
    """An ICMP error as the kernel's error queue gave it (RFC 792, RFC 4443); `sender` is a router's address."""

    sender: str
    type: int
    code: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ResourceRecord:
    """One resource record; `type` as in the zone file (A, AAAA, CNAME, SOA …), `ttl` in seconds."""

    name: str
    type: str
    value: str
    ttl: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ExtendedError:
    """An Extended DNS Error (RFC 8914); 15 Blocked, 16 Censored, 17 Filtered."""

    code: int
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DnsReply:
    """One DNS message that came back. `ttl_s` of a record counts down only when it came from a cache."""

    t_s: float
    rcode: str
    answers: tuple[ResourceRecord, ...] = ()
    authority: tuple[ResourceRecord, ...] = ()
    ede: tuple[ExtendedError, ...] = ()
    aa: bool = False
    ad: bool = False
    truncated: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """One certificate of the chain that the server sent; hashes are hex SHA-256, times UTC ISO 8601."""

    sha256: str
    spki_sha256: str
    subject: str
    issuer: str
    names: tuple[str, ...] = ()
    not_before: str | None = None
    not_after: str | None = None
    der: str | None = None


class PathReply(StrEnum):
    """What came back for a packet with a limited hop count."""

    NONE = "none"
    TIME_EXCEEDED = "time_exceeded"
    UNREACHABLE = "unreachable"
    PROHIBITED = "prohibited"
    CONNECTED = "connected"
    REFUSED = "refused"
    RESET = "reset"


@dataclass(frozen=True, slots=True, kw_only=True)
class PathHop:
    """What one hop limit brought: a reply per packet sent, and the address that each came from (None: unknown)."""

    ttl: int
    replies: tuple[PathReply, ...]
    senders: tuple[str | None, ...]
