"""One network operation and what happened: facts, no meaning.

Times `t0_s` and `t_s` are seconds since the measurement began (the record's `measured_at`, UTC). `failure` stands
*beside* the evidence, because a failed handshake may still carry the censor's certificate.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from blockprobe.model.evidence import Certificate as Certificate
from blockprobe.model.evidence import DnsReply as DnsReply
from blockprobe.model.evidence import ExtendedError as ExtendedError
from blockprobe.model.evidence import Icmp as Icmp
from blockprobe.model.evidence import PathHop as PathHop
from blockprobe.model.evidence import PathReply as PathReply
from blockprobe.model.evidence import ResourceRecord as ResourceRecord
from blockprobe.model.failure import Failure


class Test(StrEnum):
    """For what an operation was made (docs/method.md): look first, then change one thing."""

    __test__ = False  # not a test class, whatever pytest thinks of its name

    LOOK = "look"  # as a browser would do it
    REPEAT = "repeat"  # the look once more, against chance
    NEUTRAL = "neutral"  # a name or address that is on no list
    SQUARE = "square"  # {listed, neutral} x {origin, echo}
    SHARED = "shared"  # ... at an echo that other targets use meanwhile
    FORM_TCP = "form_tcp"  # the same question over TCP
    FORM_CD = "form_cd"  # ... with checking disabled (RFC 4035, 3.2.2)
    FORM_PLAIN = "form_plain"  # ... without EDNS
    FORM_NO_RD = "form_no_rd"  # ... without asking for recursion: what a resolver can answer without the zone's servers
    NONCE_LABEL = "nonce_label"  # a label below the name that nobody can have cached
    ZONE = "zone"  # the zone's SOA, to tell a stale negative answer from a lie
    SILENT = "silent"  # asked of an address that runs no resolver
    ECHO = "echo"  # asked of the helper's echo, which signs what it saw
    NEIGHBOUR = "neighbour"  # another address of the same prefix, TCP connect only
    PATH = "path"  # TTL-limited packets
    SMALL_MSS = "small_mss"  # segments that pass a path-MTU black hole
    LARGE_HELLO = "large_hello"  # a ClientHello that needs two segments
    PROOF = "proof"  # is the answered address real? TLS with the listed name
    RECOVERY = "recovery"  # has a punished address come back?
    WARM_UP = "warm_up"  # a transfer that finds out how much to ask for; never counted
    SPEED = "speed"  # a transfer; `attempt` numbers the pairs of listed and neutral


class Place(StrEnum):
    """What kind of thing the operation spoke to."""

    RESOLVER = "resolver"
    ORIGIN = "origin"
    ECHO = "echo"
    SILENT = "silent"
    NEIGHBOUR = "neighbour"
    NEUTRAL = "neutral"
    HELPER = "helper"
    PROXY = "proxy"  # named by the operator, as a way around a block


class ResolverGroup(StrEnum):
    """Whose resolver a question went to."""

    ISP = "isp"
    PUBLIC = "public"  # somebody else's, in the clear
    ENCRYPTED = "encrypted"  # DoT or DoH
    ECHO = "echo"
    SILENT = "silent"


@dataclass(frozen=True, slots=True, kw_only=True)
class Why:
    """What an operation was for, so that a record can be judged without asking the code that made it.

    `listed` says whether the name sent is the target's own; `hop` counts redirects, 0 being what the user typed;
    `attempt` counts repetitions from 0.
    """

    test: Test
    place: Place
    listed: bool = True
    hop: int = 0
    attempt: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class DnsObservation:
    """One question to one resolver. `extra` holds later, different replies to the same question.

    `resolver` is a URL (udp://198.51.100.53:53, https://dns.example/dns-query). `packets` counts the datagrams sent.
    `authentic` is true when the helper's echo signed the reply, None when it was not the echo that was asked.
    """

    kind: Literal["dns"] = "dns"
    why: Why
    t0_s: float
    t_s: float
    failure: Failure | None
    resolver: str
    group: ResolverGroup
    qname: str
    qtype: str
    cd: bool = False
    edns: bool = True
    rd: bool = True
    packets: int = 1
    reply: DnsReply | None = None
    extra: tuple[DnsReply, ...] = ()
    authentic: bool | None = None
    seen_address: str | None = None
    detail: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TcpObservation:
    """One connection attempt. `packets` counts SYNs; `icmp` is an error that a router sent."""

    kind: Literal["tcp"] = "tcp"
    why: Why
    t0_s: float
    t_s: float
    failure: Failure | None
    address: str
    port: int
    host: str | None = None
    packets: int = 1
    maxseg: int | None = None
    icmp: Icmp | None = None
    detail: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TlsObservation:
    """One handshake over an open connection.

    `server_name` is the SNI sent (None: none), `verify_name` the name the chain was held against, `valid` whether it
    proves that name under the public roots (None: no chain came). `bytes_received` after the ClientHello tells "the
    far end answered" from silence. `hello_bytes` is the ClientHello's size on the wire; `ttl` a hop limit set just
    before it was sent.
    """

    kind: Literal["tls"] = "tls"
    why: Why
    t0_s: float
    t_s: float
    failure: Failure | None
    address: str
    port: int
    server_name: str | None
    verify_name: str
    valid: bool | None = None
    version: str | None = None
    cipher: str | None = None
    alpn: str | None = None
    alert: str | None = None
    bytes_received: int = 0
    hello_bytes: int = 0
    large_hello: bool = False
    maxseg: int | None = None
    ttl: int | None = None
    packets: int = 1
    rtt_s: float | None = None
    chain: tuple[Certificate, ...] = ()
    authentic: bool | None = None
    detail: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class QuicObservation:
    """One QUIC handshake (RFC 9000, 9001) over a UDP socket of its own.

    Names, `valid`, `chain` and `authentic` are as in a TLS handshake. `packets` counts the datagrams sent, so that
    silence can be told from loss; `hello_bytes` is the size of the first one. `close_code` is the error code of the
    CONNECTION_CLOSE that ended it, whoever sent that; `alert` the TLS alert in it. `retry`: the server wanted the
    address proven first (RFC 9000, 8.1.2).
    """

    kind: Literal["quic"] = "quic"
    why: Why
    t0_s: float
    t_s: float
    failure: Failure | None
    address: str
    port: int
    server_name: str | None
    verify_name: str
    valid: bool | None = None
    version: str | None = None
    cipher: str | None = None
    alpn: str | None = None
    alert: str | None = None
    close_code: int | None = None
    retry: bool = False
    bytes_received: int = 0
    hello_bytes: int = 0
    packets: int = 1
    rtt_s: float | None = None
    icmp: Icmp | None = None
    chain: tuple[Certificate, ...] = ()
    authentic: bool | None = None
    detail: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpObservation:
    """One HTTP/1.1 exchange on a measured stream, or one HTTP/3 exchange (`quic`) on a QUIC connection.

    `host` is the Host header sent. `body` is at most the first 8 KiB as text, kept so that fingerprints can be judged
    again; `body_sha256` and `body_bytes` are over what was read (up to the cap); `truncated`: more was to come.
    `sketch` summarises the text (see `verdict.sketch`). `authentic` is true when the helper's echo signed what it got.
    """

    kind: Literal["http"] = "http"
    why: Why
    t0_s: float
    t_s: float
    failure: Failure | None
    url: str
    host: str
    address: str
    port: int
    tls: bool
    status: int | None = None
    headers: tuple[tuple[str, str], ...] = ()
    body: str = ""
    body_bytes: int = 0
    body_sha256: str | None = None
    truncated: bool = False
    title: str | None = None
    sketch: tuple[int, ...] = ()
    location: str | None = None
    bytes_received: int = 0
    packets: int = 1
    rtt_s: float | None = None
    ttl: int | None = None
    authentic: bool | None = None
    detail: str | None = None
    quic: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class PathObservation:
    """TTL-limited packets to one address: `carrying` a SYN, or a message with `name`: a ClientHello or a request on an
    open connection, or a QUIC Initial of its own."""

    kind: Literal["path"] = "path"
    why: Why
    t0_s: float
    t_s: float
    failure: Failure | None
    address: str
    port: int
    carrying: Literal["syn", "client_hello", "http_request", "quic_initial"] = "syn"
    name: str | None = None
    hops: tuple[PathHop, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class TransferObservation:
    """One download of many bytes over a connection of its own, until all came, or `t_s`.

    `name` is the one that the connection carried (SNI, or Host in cleartext), `wanted` the bytes asked for. Failure
    None with fewer: time was up while bytes still came. Seconds count from the request: `first_byte_s` to the answer's
    first byte, `ramp_s` until `ramp_bytes` of the body were there (what came before says more of the start than of
    the speed), `last_byte_s`, `ended_s`. `bins` are the body's bytes in each `bin_s`. A failure beside bytes: the
    connection died or fell silent after them; `wire_bytes` is all that came over it, TLS and its handshake included.
    `authentic`: the helper's echo signed it.
    """

    kind: Literal["transfer"] = "transfer"
    why: Why
    t0_s: float
    t_s: float
    failure: Failure | None
    address: str
    port: int
    name: str
    tls: bool
    wanted: int
    status: int | None = None
    body_bytes: int = 0
    first_byte_s: float | None = None
    ramp_bytes: int = 0
    ramp_s: float | None = None
    last_byte_s: float | None = None
    ended_s: float = 0.0
    bin_s: float = 0.1
    bins: tuple[int, ...] = ()
    wire_bytes: int = 0
    rtt_s: float | None = None
    authentic: bool | None = None
    detail: str | None = None


Observation = (
    DnsObservation | TcpObservation | TlsObservation | QuicObservation | HttpObservation | PathObservation
    | TransferObservation
)  # fmt: skip
