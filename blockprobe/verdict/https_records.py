"""What resolvers say of a site's HTTPS records (RFC 9460), above all of its keys for Encrypted ClientHello. PURE.

Words only: a difference between resolvers is no proof of a lie (keys rotate, caches age, zones answer by region).
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from blockprobe.model.observation import DnsObservation, ResolverGroup

_PARAMETER = re.compile(r'\s([a-z0-9-]{1,63})(?:="((?:[^"\\]|\\.){0,1024})"?|=(\S{0,1024}))?')
_RECORD = re.compile(r"(\d{1,5}) (\S{1,255})")


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """One HTTPS record: `priority` 0 is an alias (RFC 9460, 2.4.2), `alpn` its protocols, `keys` those for ECH as it
    writes them."""

    priority: int
    target: str
    alpn: tuple[str, ...] = ()
    keys: str = ""

    @property
    def ech(self) -> bool:
        """Whether it has keys."""
        return bool(self.keys)


def read_offer(value: str) -> Offer | None:
    """A record as a zone file writes it; None for what is none."""
    head = _RECORD.match(value)
    if head is None:
        return None
    found = {name: quoted or bare for name, quoted, bare in _PARAMETER.findall(value[head.end() :])}
    alpn = tuple(one for one in found.get("alpn", "").split(",") if one)
    return Offer(priority=int(head[1]), target=head[2], alpn=alpn, keys=found.get("ech", ""))


def offers_in(asked: DnsObservation) -> tuple[Offer, ...] | None:
    """The records in an answer, best first; empty when it says that there are none, None when there was no answer."""
    if asked.reply is None or asked.reply.rcode not in ("NOERROR", "NXDOMAIN"):
        return None
    found = (read_offer(record.value) for record in asked.reply.answers if record.type == "HTTPS")
    return tuple(sorted((one for one in found if one is not None), key=lambda one: one.priority))


def published(asked: Iterable[DnsObservation]) -> str:
    """One clause: what encrypted resolvers give, and how the line's own differ from that."""
    seen = [one for one in asked if one.qtype == "HTTPS"]
    trusted = [
        (one, offers) for one in seen if one.group is ResolverGroup.ENCRYPTED and (offers := offers_in(one)) is not None
    ]
    if not trusted:
        return "what the site publishes is not known, as no encrypted resolver gave its HTTPS records"
    reference, offers = max(trusted, key=lambda pair: (any(one.ech for one in pair[1]), len(pair[1])))
    told = f"{_publishes(offers)} ({reference.resolver})"
    differing = [
        f"{one.resolver} {said}"
        for one in seen
        if one.group is not ResolverGroup.ENCRYPTED and (said := _differs(one, offers))
    ]
    return "; ".join([told, *dict.fromkeys(differing)])


def _publishes(offers: Sequence[Offer]) -> str:
    if not offers:
        return "the site publishes no HTTPS record"
    if any(one.ech for one in offers):
        return "the site publishes keys for ECH"
    return "the site publishes HTTPS records without keys for ECH"


def _differs(asked: DnsObservation, reference: Sequence[Offer]) -> str:
    """How an answer differs, in words; empty when it does not."""
    offers = offers_in(asked)
    if offers is None:
        return f"gave no answer to that ({asked.failure})"
    if not offers and reference:
        return "gives no HTTPS record"
    if offers and not reference:
        return "gives one"
    if any(one.ech for one in reference) and not any(one.ech for one in offers):
        return "gives them without the keys"
    if any(one.ech for one in offers) and not any(one.ech for one in reference):
        return "gives them with keys"
    if {one.keys for one in offers} != {one.keys for one in reference}:
        return "gives them with other keys"
    if {one.alpn for one in offers} != {one.alpn for one in reference}:
        return "gives them with other protocols"
    return ""
