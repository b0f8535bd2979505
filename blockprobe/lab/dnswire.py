"""Just enough DNS on the wire (RFC 1035, 6891, 8914) for servers that must be quick and, when told to, wrong."""

import struct
from dataclasses import dataclass, field
from enum import IntEnum
from ipaddress import ip_address
from typing import Final


class Type(IntEnum):
    """Record types that the laboratory knows."""

    A = 1
    NS = 2
    CNAME = 5
    SOA = 6
    TXT = 16
    AAAA = 28
    OPT = 41
    HTTPS = 65


class Rcode(IntEnum):
    """Response codes that the laboratory says (RFC 1035)."""

    NOERROR = 0
    FORMERR = 1
    SERVFAIL = 2
    NXDOMAIN = 3
    REFUSED = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """A resource record with its data in wire form, names uncompressed."""

    name: str
    type: int
    ttl: int
    data: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """A parsed question. `question` is its wire form, so that 0x20 mixing comes back as it was sent."""

    id: int
    name: str
    type: int
    rd: bool
    cd: bool
    edns_size: int | None
    question: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a server says. `ede` is code and text of RFC 8914, sent only to a client that speaks EDNS."""

    rcode: int = 0
    answers: tuple[Record, ...] = ()
    authority: tuple[Record, ...] = ()
    ede: tuple[int, str] | None = None
    aa: bool = False
    ra: bool = True
    extra_options: tuple[tuple[int, bytes], ...] = field(default=())


_COMPRESSED_QNAME: Final = b"\xc0\x0c"


def encode_name(name: str) -> bytes:
    """Labels with their lengths; text beyond ASCII goes through IDNA 2003, as the names of scenarios need."""
    name = name.strip(".")
    if not name:
        return b"\0"
    labels = [label.encode("ascii" if label.isascii() else "idna") for label in name.split(".")]
    return b"".join(bytes([len(label)]) + label for label in labels) + b"\0"


def parse_query(data: bytes) -> Query | None:
    """The question of a query, or None when it is no plain query."""
    if len(data) < 17:
        return None
    number, flags, questions, answers, authorities, extras = struct.unpack_from("!6H", data)
    if flags & 0x8000 or questions != 1 or answers or authorities:
        return None
    name, offset = _plain_name(data, 12)
    if name is None or offset + 4 > len(data):
        return None
    kind = int.from_bytes(data[offset : offset + 2])
    return Query(
        id=number,
        name=name,
        type=kind,
        rd=bool(flags & 0x0100),
        cd=bool(flags & 0x0010),
        edns_size=_edns_size(data, offset + 4) if extras else None,
        question=data[12 : offset + 4],
    )


def build(query: Query, answer: Answer, *, limit: int | None = None) -> bytes:
    """The response; with `limit` in bytes, one that does not fit comes back empty with TC=1."""
    flags = 0x8000 | (0x0400 if answer.aa else 0) | (0x0100 if query.rd else 0)
    flags |= (0x0080 if answer.ra else 0) | (0x0010 if query.cd else 0) | answer.rcode
    body = b"".join(_record(r, query) for r in (*answer.answers, *answer.authority))
    opt = _opt(answer) if query.edns_size is not None else b""
    counts = (1, len(answer.answers), len(answer.authority), 1 if opt else 0)
    whole = struct.pack("!6H", query.id, flags, *counts) + query.question + body + opt
    if limit is not None and len(whole) > limit:
        return struct.pack("!6H", query.id, flags | 0x0200, 1, 0, 0, 1 if opt else 0) + query.question + opt
    return whole


def udp_limit(query: Query) -> int:
    """How long a UDP answer may be, in bytes (RFC 6891)."""
    return 512 if query.edns_size is None else min(max(query.edns_size, 512), 1232)


def address_record(name: str, address: str, ttl: int) -> Record:
    """An A or AAAA record."""
    parsed = ip_address(address)
    return Record(name=name, type=Type.A if parsed.version == 4 else Type.AAAA, ttl=ttl, data=parsed.packed)


def soa_record(zone: str, ttl: int = 300) -> Record:
    """The SOA of a zone, as it stands in AUTHORITY of a genuine negative answer (RFC 2308)."""
    data = encode_name(f"ns1.{zone}") + encode_name(f"hostmaster.{zone}")
    timers = struct.pack("!5I", 2026112101, 7200, 3600, 1209600, 300)
    return Record(name=zone, type=Type.SOA, ttl=ttl, data=data + timers)


def txt_record(name: str, text: bytes, ttl: int = 300) -> Record:
    """A TXT record of as many strings as the text needs."""
    parts = [text[i : i + 255] for i in range(0, len(text), 255)] or [b""]
    return Record(name=name, type=Type.TXT, ttl=ttl, data=b"".join(bytes([len(part)]) + part for part in parts))


def https_record(name: str, *, alpn: tuple[str, ...] = ("h2",), ech: bytes = b"", ttl: int = 300) -> Record:
    """An HTTPS record in service mode with an ALPN list and, if not empty, keys for ECH (RFC 9460, 9848)."""
    ids = b"".join(bytes([len(a)]) + a.encode() for a in alpn)
    data = struct.pack("!HBHH", 1, 0, 1, len(ids)) + ids
    if ech:
        data += struct.pack("!HH", 5, len(ech)) + ech
    return Record(name=name, type=Type.HTTPS, ttl=ttl, data=data)


def _record(record: Record, query: Query) -> bytes:
    owner = _COMPRESSED_QNAME if record.name == query.name else encode_name(record.name)
    return owner + struct.pack("!HHIH", record.type, 1, record.ttl, len(record.data)) + record.data


def _opt(answer: Answer) -> bytes:
    options = list(answer.extra_options)
    if answer.ede is not None:
        options.append((15, struct.pack("!H", answer.ede[0]) + answer.ede[1].encode()))
    data = b"".join(struct.pack("!HH", code, len(value)) + value for code, value in options)
    return b"\0" + struct.pack("!HHIH", Type.OPT, 1232, 0, len(data)) + data


def _plain_name(data: bytes, offset: int) -> tuple[str | None, int]:
    labels: list[str] = []
    while offset < len(data):
        length = data[offset]
        if length == 0:
            return ".".join(labels).lower(), offset + 1
        if length > 63 or offset + 1 + length > len(data):
            break
        labels.append(data[offset + 1 : offset + 1 + length].decode("ascii", "replace"))
        offset += 1 + length
    return None, offset


def _edns_size(data: bytes, offset: int) -> int | None:
    # The OPT record may stand behind others (TSIG never comes here): an empty owner and type 41.
    while offset + 11 <= len(data):
        name, start = _plain_name(data, offset)
        if name is None or start + 10 > len(data):
            return None
        kind, size = struct.unpack_from("!HH", data, start)
        if kind == Type.OPT:
            return int(size)
        offset = start + 10 + int.from_bytes(data[start + 8 : start + 10])
    return None
