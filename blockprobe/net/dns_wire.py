"""DNS messages (RFC 1035, 6891, 8914): questions to bytes, replies to facts.

Every byte of a reply may be a censor's: sizes are bounded before they are used, and what cannot be read is the word
`dns_malformed_reply`, never an exception. Rarer record types are printed by dnspython.
"""

import os
import struct
from dataclasses import dataclass
from functools import lru_cache

import dns.rcode
import dns.rdatatype

from blockprobe.model.failure import Failure
from blockprobe.model.observation import DnsReply
from blockprobe.net import echo
from blockprobe.net.dns_names import MalformedMessage, name_to_wire, read_name, skip_name
from blockprobe.net.dns_records import Sections, read_sections

#: RFC 6891, 6.2.3 leaves it to us; 1232 passes every IPv6 path unfragmented (DNS flag day 2020).
EDNS_PAYLOAD_BYTES = 1232
_HEADER = struct.Struct("!HHHHHH")
_OPTION = struct.Struct("!HH")
_OPT = struct.Struct("!BHHIH")
_TYPE_CLASS = struct.Struct("!HH")
_OPT_TYPE, _IN = 41, 1
_PADDING_OPTION = 12
_QR, _AA, _TC, _RD, _AD, _CD = 0x8000, 0x0400, 0x0200, 0x0100, 0x0020, 0x0010
_MISHAPS = {
    "NXDOMAIN": Failure.DNS_NXDOMAIN_ERROR,
    "REFUSED": Failure.DNS_REFUSED_ERROR,
    "SERVFAIL": Failure.DNS_SERVFAIL_ERROR,
    "FORMERR": Failure.DNS_FORMERR_ERROR,
}
#: Longer replies are read afresh each time, so that the cache stays below a megabyte or two.
_CACHED_BYTES = 1500


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What to ask. `qname` is ASCII (punycode); `qtype` as in the zone file.

    `cd`: checking disabled (RFC 4035, 3.2.2); `edns`: with an OPT record (RFC 6891); `rd`: recursion desired. With
    `echo_key` the question goes to the helper's DNS echo, which signs its answer.
    """

    qname: str
    qtype: str
    cd: bool = False
    edns: bool = True
    rd: bool = True
    echo_key: echo.EchoKey | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A question as it went out: `wire` begins with `qid`; `nonce` is "" without an echo key."""

    question: Question
    qid: int
    nonce: str
    wire: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """What a reply says, without its id. `question` is (name, type number), None when the section is empty.

    `echo` holds the strings of the echo's TXT record in ADDITIONAL. `reply.t_s` is 0: the reader knows no time.
    """

    question: tuple[str, int] | None
    reply: DnsReply
    echo: tuple[str, ...] = ()


def ask(question: Question, qid: int | None = None) -> Asked:
    """The message of a question, with an unpredictable id unless one is given (DoH: 0, RFC 8484, 4.1).

    Raises UnaskableName when the name does not fit into a message.
    """
    if qid is None:
        qid = int.from_bytes(os.urandom(2))
    if question.echo_key is not None:
        nonce = echo.new_nonce()
        return Asked(question=question, qid=qid, nonce=nonce, wire=_echo_wire(question.echo_key, question, qid, nonce))
    return Asked(question=question, qid=qid, nonce="", wire=qid.to_bytes(2) + _plain_body(question))


def read_reply(asked: Asked, wire: bytes) -> Message | Failure:
    """The reply in `wire` if it answers `asked`; else why it does not: malformed, another's id, another's question."""
    if len(wire) >= 2 and int.from_bytes(wire[:2]) != asked.qid:
        return Failure.DNS_REPLY_WITH_WRONG_QUERY_ID
    try:
        message = _read_cached(wire[2:]) if len(wire) <= _CACHED_BYTES else _read(wire[2:])
    except MalformedMessage:
        return Failure.DNS_MALFORMED_REPLY
    if message.question is None:
        # a server that could not or would not read the question often leaves it out; an answer never does
        return Failure.DNS_MALFORMED_REPLY if message.reply.rcode == "NOERROR" else message
    name, qtype = message.question
    if name != _asked_name(asked.question.qname) or qtype != _type_number(asked.question.qtype):
        return Failure.DNS_REPLY_WITH_WRONG_QUESTION
    return message


def failure_of_reply(question: Question, reply: DnsReply) -> Failure | None:
    """The failure word of a reply: None when it has a record of the asked type, through CNAMEs or not."""
    if reply.rcode != "NOERROR":
        return _MISHAPS.get(reply.rcode, Failure.DNS_SERVER_MISBEHAVING)
    owners = {_asked_name(question.qname)}
    for _ in range(len(reply.answers)):
        aliases = {r.value for r in reply.answers if r.type == "CNAME" and r.name in owners}
        if aliases <= owners:
            break
        owners |= aliases
    found = any(record.type == question.qtype and record.name in owners for record in reply.answers)
    return None if found else Failure.DNS_NO_ANSWER


def same_answer(one: DnsReply, other: DnsReply) -> bool:
    """Whether two replies say the same, whatever the order and the TTLs."""
    if one.rcode != other.rcode:
        return False
    return {(r.name, r.type, r.value) for r in one.answers} == {(r.name, r.type, r.value) for r in other.answers}


def _echo_wire(key: echo.EchoKey, question: Question, qid: int, nonce: str) -> bytes:
    data = echo.dns_option(key, nonce)
    option = _OPTION.pack(echo.DNS_OPTION, len(data)) + data
    size = 2 + len(_body(question, _opt(option))) + _OPTION.size
    padding = bytes(max(0, echo.DNS_QUERY_BYTES - size))
    return qid.to_bytes(2) + _body(question, _opt(option + _OPTION.pack(_PADDING_OPTION, len(padding)) + padding))


def _opt(options: bytes) -> bytes:
    return _OPT.pack(0, _OPT_TYPE, EDNS_PAYLOAD_BYTES, 0, len(options)) + options


@lru_cache(maxsize=2048)
def _plain_body(question: Question) -> bytes:
    return _body(question, _opt(b""))


def _body(question: Question, opt: bytes) -> bytes:
    """The message after its id. AD in a query asks for AD in the answer (RFC 6840, 5.7)."""
    edns = question.edns or question.echo_key is not None
    flags = _AD | (_RD if question.rd else 0) | (_CD if question.cd else 0)
    asked = name_to_wire(question.qname) + _TYPE_CLASS.pack(_type_number(question.qtype), _IN)
    return _HEADER.pack(0, flags, 1, 0, 0, int(edns))[2:] + asked + (opt if edns else b"")


@lru_cache(maxsize=64)
def _type_number(qtype: str) -> int:
    return int(dns.rdatatype.from_text(qtype))


@lru_cache(maxsize=2048)
def _asked_name(qname: str) -> str:
    return read_name(name_to_wire(qname), 0)


@lru_cache(maxsize=512)
def _read_cached(body: bytes) -> Message:
    return _read(body)


def _read(body: bytes) -> Message:
    wire = b"\0\0" + body  # names are found by their offset in the whole message
    try:
        _, flags, questions, *counts = _HEADER.unpack_from(wire)
        if not flags & _QR or questions > 1:
            raise MalformedMessage("a query, or several questions")
        at, question = _HEADER.size, None
        if questions:
            name, at = read_name(wire, at), skip_name(wire, at)
            qtype, _ = _TYPE_CLASS.unpack_from(wire, at)
            question, at = (name, qtype), at + _TYPE_CLASS.size
        sections = read_sections(wire, at, (counts[0], counts[1], counts[2]), cut=bool(flags & _TC))
    except (IndexError, struct.error) as error:
        raise MalformedMessage("ends too early") from error
    return Message(question=question, reply=_reply(flags, sections), echo=sections.echo)


@lru_cache(maxsize=64)
def _rcode_text(number: int) -> str:
    return dns.rcode.to_text(dns.rcode.Rcode.make(number))


def _reply(flags: int, sections: Sections) -> DnsReply:
    return DnsReply(
        t_s=0.0,
        rcode=_rcode_text(sections.high_rcode << 4 | flags & 0x0F),
        answers=sections.answers,
        authority=sections.authority,
        ede=sections.ede,
        aa=bool(flags & _AA),
        ad=bool(flags & _AD),
        truncated=bool(flags & _TC),
    )
