"""The truth about names: what an honest resolver answers."""

import struct
from dataclasses import dataclass
from typing import Final, Literal

from blockprobe.lab import addresses as at
from blockprobe.lab.dnswire import (
    Answer,
    Query,
    Rcode,
    Record,
    Type,
    address_record,
    encode_name,
    https_record,
    soa_record,
    txt_record,
)
from blockprobe.lab.sites import Site

View = Literal["any", "isp", "outside"]
"""Whose question: the ISP's side of the world, or the rest of it (geographic DNS)."""

_TLDS: Final = frozenset({"example", "com", "org", "net", "info", "xyz", "ly", "ru", "arpa", "test", "xn--p1ai"})
_ECH: Final = struct.pack("!HHH", 8, 0xFE0D, 4) + b"nope"
"""An ECHConfigList (RFC 9849, 4) with a configuration that nobody can use."""
_IPV4ONLY: Final = ("192.0.0.170", "192.0.0.171")  # RFC 7050


@dataclass(frozen=True, slots=True, kw_only=True)
class Name:
    """Facts about a name beyond its site's addresses; a later one replaces an earlier one of the same view.

    `bogus`: the zone's DNSSEC is broken, so validating resolvers answer SERVFAIL (EDE 6) unless CD is set. `soa`: the
    zone that a negative answer cites. `size`: bytes of TXT. `ech`: the HTTPS record (`https`) has keys for ECH.
    `servers`: its name servers. `below`: whatever label stands below the name has the same answer (a wildcard)."""

    name: str
    addresses: tuple[str, ...] = ()
    cname: str | None = None
    https: bool = False
    ech: bool = False
    size: int = 0
    rcode: Literal["NOERROR", "NXDOMAIN", "SERVFAIL", "REFUSED"] = "NOERROR"
    bogus: bool = False
    view: View = "any"
    ttl: int = 300
    servers: tuple[str, ...] = ()
    below: bool = False


class Zones:
    """All names of a scenario."""

    def __init__(self, sites: tuple[Site, ...], names: tuple[Name, ...]) -> None:
        self._names: dict[tuple[str, str], Name] = {}
        fixed = {
            at.PUBLIC_RESOLVER_NAME: (at.PUBLIC_RESOLVER, at.PUBLIC_RESOLVER_V6),
            at.HELPER_NAME: (at.HELPER, at.HELPER_V6),
            "block.isp.example": (at.BLOCK_PAGE, at.BLOCK_PAGE_V6),
            "notice.isp.example": (at.BLOCK_PAGE, at.BLOCK_PAGE_V6),
            "echo.example": (*at.ECHOES, *at.ECHOES_V6),
            "ipv4only.arpa": _IPV4ONLY,
        }
        for name, addresses in fixed.items():
            self._add(Name(name=name, addresses=addresses))
        for site in sites:
            for name in site.names if site.in_dns else ():
                self._add(Name(name=name, addresses=site.addresses, ttl=site.ttl))
        for fact in names:
            self._add(fact)
        self._zones = {_zone_of(name) for name, _ in self._names}

    def _add(self, fact: Name) -> None:
        self._names[fact.name.lower().rstrip("."), fact.view] = fact

    def addresses(self, name: str, *, view: View = "outside") -> tuple[str, ...]:
        """The true addresses of a name, CNAMEs followed; empty when there are none."""
        for _ in range(8):
            fact = self._fact(name, view)
            if fact is None:
                return ()
            if fact.cname is None:
                return fact.addresses
            name = fact.cname
        return ()

    def answer(self, query: Query, *, view: View) -> Answer:
        """What an honest resolver says."""
        fact = self._fact(query.name, view)
        if fact is None:
            return self._unknown(query)
        if fact.bogus and not query.cd:
            return Answer(rcode=Rcode.SERVFAIL, ede=(6, "DNSSEC Bogus"))
        if fact.rcode != "NOERROR":
            code = Rcode[fact.rcode]
            return Answer(rcode=code, authority=self._soa(query.name) if code is Rcode.NXDOMAIN else ())
        records = self._records(query, fact, view)
        return Answer(answers=records, authority=() if records else self._soa(query.name))

    def _records(self, query: Query, fact: Name, view: View) -> tuple[Record, ...]:
        chain: list[Record] = []
        owner = query.name
        while fact.cname is not None and len(chain) < 8:
            chain.append(Record(name=owner, type=Type.CNAME, ttl=fact.ttl, data=encode_name(fact.cname)))
            owner, following = fact.cname, self._fact(fact.cname, view)
            if following is None:
                return tuple(chain)
            fact = following
        if query.type in (Type.A, Type.AAAA):
            wanted = [a for a in fact.addresses if (":" in a) == (query.type == Type.AAAA)]
            return (*chain, *(address_record(owner, address, fact.ttl) for address in wanted))
        if query.type == Type.HTTPS and fact.https:
            return (*chain, https_record(owner, ech=_ECH if fact.ech else b"", ttl=fact.ttl))
        if query.type == Type.TXT and fact.size:
            return (*chain, txt_record(owner, b"x" * fact.size, fact.ttl))
        if query.type == Type.SOA and owner in self._zones:
            return (soa_record(owner),)
        if query.type == Type.NS:
            return tuple(Record(name=owner, type=Type.NS, ttl=fact.ttl, data=encode_name(s)) for s in fact.servers)
        return tuple(chain)

    def _unknown(self, query: Query) -> Answer:
        name = query.name
        if name in _TLDS or name in self._zones or not name:
            apex = soa_record(name) if name else soa_record("")
            if query.type == Type.SOA:
                return Answer(answers=(apex,))
            if query.type == Type.NS:
                return Answer(answers=(Record(name=name, type=Type.NS, ttl=300, data=encode_name(f"ns1.{name}")),))
            return Answer(authority=(apex,))
        if any(known.endswith(f".{name}") for known, _ in self._names):  # an empty non-terminal (RFC 8020)
            return Answer(authority=self._soa(name))
        return Answer(rcode=Rcode.NXDOMAIN, authority=self._soa(name))

    def _soa(self, name: str) -> tuple[Record, ...]:
        zone = _zone_of(name)
        return (soa_record(zone if zone in self._zones else name.rpartition(".")[2]),)

    def _fact(self, name: str, view: View) -> Name | None:
        exact = self._names.get((name, view)) or self._names.get((name, "any"))
        while exact is None and (name := name.partition(".")[2]):
            above = self._names.get((name, view)) or self._names.get((name, "any"))
            exact = above if above is not None and above.below else None
        return exact


def _zone_of(name: str) -> str:
    return ".".join(name.split(".")[-2:])
