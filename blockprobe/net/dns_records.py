"""The records of a DNS reply: ANSWER and AUTHORITY as text, and from ADDITIONAL only EDNS and the echo's statement."""

import socket
import struct
from dataclasses import dataclass
from functools import lru_cache

import dns.exception
import dns.rdata
import dns.rdataclass
import dns.rdatatype

from blockprobe.model.observation import ExtendedError, ResourceRecord
from blockprobe.net.dns_names import MalformedMessage, read_name, skip_name, zone_name
from blockprobe.net.echo import DNS_OWNER

#: Records kept of each section; what lies beyond is walked over.
MAX_RECORDS = 64
#: Characters kept of one record's value and of one EDE text.
MAX_VALUE = 1024
_MAX_EDE = 16
_FIXED = struct.Struct("!HHIH")
_OPTION = struct.Struct("!HH")
_IN = 1
_A, _NS, _CNAME, _SOA, _TXT, _AAAA, _OPT = 1, 2, 5, 6, 16, 28, 41
_SOA_NUMBERS = struct.Struct("!IIIII")
_NAMES = {_NS: "NS", _CNAME: "CNAME"}
_EDE_OPTION = 15
#: RFC 2181, 8: a TTL with the highest bit set counts as 0.
_MAX_TTL = 0x7FFFFFFF


@dataclass(frozen=True, slots=True, kw_only=True)
class Sections:
    """What the three sections hold; `high_rcode` are the upper eight bits of the rcode (RFC 6891, 6.1.3)."""

    answers: tuple[ResourceRecord, ...] = ()
    authority: tuple[ResourceRecord, ...] = ()
    ede: tuple[ExtendedError, ...] = ()
    high_rcode: int = 0
    echo: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Raw:
    """Where one record lies: `at` is its owner name, `start` and `end` its data."""

    at: int
    type: int
    rclass: int
    ttl: int
    start: int
    end: int


def read_sections(wire: bytes, at: int, counts: tuple[int, int, int], *, cut: bool) -> Sections:
    """The sections that begin at `at`. A message marked as `cut` (TC) may end before its counts say.

    Raises MalformedMessage, IndexError or struct.error for anything else that does not fit.
    """
    raw: list[list[_Raw]] = [[], [], []]
    try:
        for number, count in enumerate(counts):
            for _ in range(count):
                record = _locate(wire, at)
                at = record.end
                if len(raw[number]) < MAX_RECORDS or record.type == _OPT:
                    raw[number].append(record)
    except (IndexError, struct.error):
        if not cut:
            raise
    answers, authority = (tuple(_records(wire, section)) for section in raw[:2])
    opt = next((record for record in raw[2] if record.type == _OPT), None)
    return Sections(
        answers=answers,
        authority=authority,
        ede=_extended_errors(wire, opt) if opt else (),
        high_rcode=opt.ttl >> 24 if opt else 0,
        echo=next((_strings(wire, record) for record in raw[2] if _is_echo(wire, record)), ()),
    )


def _locate(wire: bytes, at: int) -> _Raw:
    fixed = skip_name(wire, at)
    rtype, rclass, ttl, length = _FIXED.unpack_from(wire, fixed)
    start = fixed + _FIXED.size
    if start + length > len(wire):
        raise IndexError("data of a record")
    return _Raw(at, rtype, rclass, ttl, start, start + length)


def _records(wire: bytes, section: list[_Raw]) -> list[ResourceRecord]:
    return [
        ResourceRecord(
            name=read_name(wire, record.at),
            type=_type_text(record.type),
            value=_value(wire, record),
            ttl=record.ttl if record.ttl <= _MAX_TTL else 0,
        )
        for record in section[:MAX_RECORDS]
        if record.rclass == _IN and record.type != _OPT
    ]


def _value(wire: bytes, record: _Raw) -> str:
    """The data as in the zone file; a bare name (CNAME, NS) like an owner: lower case, no final dot."""
    length = record.end - record.start
    if record.type == _A and length == 4:
        return socket.inet_ntop(socket.AF_INET, wire[record.start : record.end])
    if record.type == _AAAA and length == 16:
        return socket.inet_ntop(socket.AF_INET6, wire[record.start : record.end])
    if record.type in _NAMES:
        if skip_name(wire, record.start) != record.end:
            raise MalformedMessage("name of another length than its record")
        return read_name(wire, record.start)
    return (record.type == _SOA and _soa(wire, record)) or _printed(wire, record)


def _soa(wire: bytes, record: _Raw) -> str | None:
    """What `_printed` gives for an ordinary SOA, in a tenth of the time: the host's zone has one in many answers."""
    second = skip_name(wire, record.start)
    numbers = skip_name(wire, second)
    if record.end - numbers != _SOA_NUMBERS.size:
        return None
    primary, mailbox = zone_name(wire, record.start), zone_name(wire, second)
    if primary is None or mailbox is None:
        return None
    return " ".join((primary, mailbox, *map(str, _SOA_NUMBERS.unpack_from(wire, numbers))))


def _printed(wire: bytes, record: _Raw) -> str:
    try:
        rtype = dns.rdatatype.RdataType.make(record.type)
        data = dns.rdata.from_wire(dns.rdataclass.IN, rtype, wire, record.start, record.end - record.start)
        return str(data.to_text())[:MAX_VALUE]
    except Exception as error:  # dozens of record types, written for honest zones, on a censor's bytes
        raise MalformedMessage("data of a record") from error


def _extended_errors(wire: bytes, opt: _Raw) -> tuple[ExtendedError, ...]:
    errors: list[ExtendedError] = []
    at = opt.start
    while at + _OPTION.size <= opt.end and len(errors) < _MAX_EDE:
        code, length = _OPTION.unpack_from(wire, at)
        data = wire[at + _OPTION.size : min(at + _OPTION.size + length, opt.end)]
        if code == _EDE_OPTION and len(data) >= 2:
            text = data[2:].decode("utf-8", "replace").rstrip("\0")[:MAX_VALUE]
            errors.append(ExtendedError(code=int.from_bytes(data[:2]), text=text))
        at += _OPTION.size + length
    return tuple(errors)


def _is_echo(wire: bytes, record: _Raw) -> bool:
    return record.type == _TXT and record.rclass == _IN and read_name(wire, record.at) == DNS_OWNER


def _strings(wire: bytes, record: _Raw) -> tuple[str, ...]:
    strings: list[str] = []
    at = record.start
    while at < record.end and len(strings) < MAX_RECORDS:
        end = at + 1 + wire[at]
        strings.append(wire[at + 1 : min(end, record.end)].decode("ascii", "replace"))
        at = end
    return tuple(strings)


@lru_cache(maxsize=256)
def _type_text(number: int) -> str:
    return dns.rdatatype.to_text(dns.rdatatype.RdataType.make(number))
