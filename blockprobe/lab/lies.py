"""Lies of resolvers, as data, and their telling."""

import random
from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum
from ipaddress import ip_address
from typing import Final

from blockprobe.lab import addresses as at
from blockprobe.lab.dnswire import (
    Answer,
    Query,
    Rcode,
    Type,
    address_record,
    build,
    encode_name,
    https_record,
    parse_query,
    soa_record,
    udp_limit,
)
from blockprobe.lab.sniff import is_under
from blockprobe.lab.zones import View, Zones


class Say(StrEnum):
    """What a resolver says in place of the truth. NO_ECH is an HTTPS record without ECH keys.
    The last four are broken messages."""

    NXDOMAIN = "nxdomain"
    NODATA = "nodata"
    REFUSED = "refused"
    SERVFAIL = "servfail"
    FORMERR = "formerr"
    DROP = "drop"
    ADDRESSES = "addresses"
    TRUTH = "truth"
    NO_ECH = "no_ech"
    LOOP = "loop"
    WRONG_ID = "wrong_id"
    OTHER_QUESTION = "other_question"
    GARBAGE = "garbage"


@dataclass(frozen=True, slots=True, kw_only=True)
class Lie:
    """A resolver's rule. `resolvers` are addresses of those that lie (default: all the ISP's). `soa`: the negative
    answer cites this zone's genuine SOA, as a stale cache does. `delay_s` is added before answering. `types` are the
    questions it lies about (empty: all)."""

    names: tuple[str, ...]
    say: Say
    answers: tuple[str, ...] = ()
    ttl: int = 60
    ede: tuple[int, str] | None = None
    soa: str | None = None
    subdomains: bool = True
    probability: float = 1.0
    resolvers: tuple[str, ...] = (*at.RESOLVERS, at.RESOLVER_V6)
    transports: tuple[str, ...] = ("udp", "tcp", "tls", "https")
    delay_s: float = 0.0
    types: tuple[Type, ...] = ()


_RCODES: Final = {
    Say.NXDOMAIN: Rcode.NXDOMAIN,
    Say.NODATA: Rcode.NOERROR,
    Say.REFUSED: Rcode.REFUSED,
    Say.SERVFAIL: Rcode.SERVFAIL,
    Say.FORMERR: Rcode.FORMERR,
}


class Nameserver:
    """One resolver: the truth, its lies, and DNS64 (RFC 6147) if it does that."""

    def __init__(self, address: str, zones: Zones, lies: Iterable[Lie], *, dns64: bool = False) -> None:
        self._zones = zones
        self._dns64 = dns64
        self._dice = random.Random(address)  # noqa: S311 - a censor's whim, the same in every run
        self._lies = [(lie, frozenset(lie.names)) for lie in lies if address in lie.resolvers]

    def respond(self, data: bytes, peer: str, *, transport: str = "udp") -> tuple[bytes | None, float]:
        """The message to send (None: silence) and the seconds to wait before."""
        query = parse_query(data)
        if query is None:
            return None, 0.0
        limit = udp_limit(query) if transport == "udp" else 65535
        view: View = "isp" if at.client_network(peer) in ("probe", "isp") else "outside"
        for lie, names in self._lies:
            if lie.types and query.type not in lie.types:
                continue
            if transport in lie.transports and is_under(query.name, names, subdomains=lie.subdomains):
                if lie.probability < 1.0 and self._dice.random() >= lie.probability:
                    continue
                if lie.say is Say.TRUTH:
                    return self._truth(query, view, limit), lie.delay_s
                return _told(lie, query, limit), lie.delay_s
        return self._truth(query, view, limit), 0.0

    def _truth(self, query: Query, view: View, limit: int) -> bytes:
        answer = self._zones.answer(query, view=view)
        if self._dns64 and query.type == Type.AAAA and answer.rcode == 0:
            answer = self._synthesised(query, view, answer)
        return build(query, answer, limit=limit)

    def _synthesised(self, query: Query, view: View, answer: Answer) -> Answer:
        if any(record.type == Type.AAAA for record in answer.answers):
            return answer
        plain = self._zones.answer(replace(query, type=Type.A), view=view)
        prefix = int(ip_address(at.NAT64_PREFIX.partition("/")[0]))
        made = tuple(
            address_record(r.name, str(ip_address(prefix | int.from_bytes(r.data))), r.ttl) if r.type == Type.A else r
            for r in plain.answers
        )
        return replace(plain, answers=made, authority=() if made else plain.authority)


def _told(lie: Lie, query: Query, limit: int) -> bytes | None:
    if lie.say is Say.DROP:
        return None
    if lie.say in _RCODES:
        authority = (soa_record(lie.soa),) if lie.soa else ()
        return build(query, Answer(rcode=_RCODES[lie.say], authority=authority, ede=lie.ede), limit=limit)
    if lie.say is Say.NO_ECH:
        return build(query, Answer(answers=(https_record(query.name, ttl=lie.ttl),)), limit=limit)
    if lie.say is Say.ADDRESSES:
        family = {Type.A: 4, Type.AAAA: 6}.get(Type(query.type)) if query.type in (Type.A, Type.AAAA) else None
        records = tuple(address_record(query.name, a, lie.ttl) for a in lie.answers if ip_address(a).version == family)
        return build(query, Answer(answers=records, ede=lie.ede), limit=limit)
    return _broken(lie.say, query)


def _broken(say: Say, query: Query) -> bytes:
    if say is Say.GARBAGE:
        return query.id.to_bytes(2) + b"\x81\x80\x00\x01\x00\x09\x00\x00\x00\x00" + b"\xff" * 40
    if say is Say.WRONG_ID:
        query = replace(query, id=query.id ^ 0x5555)
    if say is Say.OTHER_QUESTION:
        name = "someone-elses.example"
        query = replace(query, name=name, question=encode_name(name) + query.type.to_bytes(2) + b"\x00\x01")
    message = build(query, Answer(answers=(address_record(query.name, "203.0.113.66", 60),)))
    if say is Say.LOOP:  # the answer's owner is a pointer to itself (RFC 1035, 4.1.4)
        at_owner = 12 + len(query.question)
        message = message[:at_owner] + (0xC000 | at_owner).to_bytes(2) + message[at_owner + 2 :]
    return message
