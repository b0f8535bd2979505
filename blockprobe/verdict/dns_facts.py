"""What the line's own resolvers do to the listed name, each judged alone, never by majority."""

from collections.abc import Iterable
from dataclasses import dataclass

from blockprobe.model.addresses import family_of
from blockprobe.model.observation import DnsObservation, ResolverGroup
from blockprobe.model.record import Interference
from blockprobe.model.words import Grade, Mechanism, Reason, Scope
from blockprobe.verdict.dns_injection import answers_at, injected_reply
from blockprobe.verdict.dns_proof import GOOD, Attempts, is_plain, judge_bad, says_withheld
from blockprobe.verdict.dns_reading import (
    MECHANISMS,
    Reading,
    attempts_at,
    read,
    read_reply,
    server_of,
)
from blockprobe.verdict.facts import DnsFact, Finding
from blockprobe.verdict.leg import Leg, addresses_in
from blockprobe.verdict.view import View, remembered


@dataclass(frozen=True, slots=True, kw_only=True)
class ResolverReading:
    """One own resolver and one address family: what it answers, and what of that is proven."""

    server: str
    url: str
    family: int
    fact: DnsFact
    reading: Reading
    k: int
    n: int
    artefacts: tuple[str, ...] = ()


def dns_finding(view: View, leg: Leg) -> Finding:
    """The fact of the DNS layer for the leg."""
    if leg.is_ip or (view.measurement.target.ip is not None and leg.hop == 0):
        return Finding(fact=DnsFact.NOT_NEEDED)
    readings = resolver_readings(view, leg)
    injected = injected_reply(view, leg)
    fact = _combine(readings, injected_denies=injected is not None and _denies(view, leg, injected, readings))
    lies = [r for r in readings if r.fact in _LIES]
    mechanisms = _mechanisms(lies) if fact in _LIES else ()
    if fact is DnsFact.INJECTED and injected is not None:
        mechanisms = (_injection(leg, view, injected).mechanism,)
    found = tuple(_interference(leg, r) for r in lies) if injected is None else ()
    if injected is not None:
        found = (_injection(leg, view, injected), *found)
    return Finding(
        fact=fact,
        mechanisms=mechanisms,
        interference=found,
        suspected=_suspected(fact, readings),
        grade=_grade(fact, lies),
        reason=_reason(fact),
        artefacts=tuple(dict.fromkeys(a for r in lies for a in r.artefacts)),
        detail=_detail(view, leg, readings),
    )


def _mechanisms(lies: list[ResolverReading]) -> tuple[Mechanism, ...]:
    """The gravest lie of each resolver: that it has no AAAA beside a false A is a part of the same lie."""
    by_server: dict[str, list[Reading]] = {}
    for lie in lies:
        by_server.setdefault(lie.server, []).append(lie.reading)
    return tuple(dict.fromkeys(MECHANISMS[_worst(readings)] for readings in by_server.values()))


_LIES = (DnsFact.LIE_ARTEFACT, DnsFact.LIE_PROVEN, DnsFact.LIE_PARTIAL)


@remembered
def resolver_readings(view: View, leg: Leg) -> list[ResolverReading]:
    """One reading for each own resolver and each family that the site has and the line can use."""
    servers: dict[str, str] = {}
    for dns in view.looks(leg, ResolverGroup.ISP):
        if dns.resolver.startswith("udp:"):
            servers.setdefault(server_of(dns.resolver), dns.resolver)
    families = needed_families(view, leg)
    return [_read_resolver(view, leg, server, url, family) for server, url in servers.items() for family in families]


def needed_families(view: View, leg: Leg) -> list[int]:
    """The families in which the site has addresses and the line works; both are asked for where that is unknown."""
    has = {family_of(address) for address in view.real_addresses(leg)}
    if not has:
        looks = view.looks(leg)
        has = {4 if dns.qtype == "A" else 6 for dns in looks if dns.reply and dns.failure is None} or {4}
    if view.line.nat64 is not None and 4 in has:
        has = (has - {4}) | {6}
    usable = sorted(f for f in has if f is not None and view.usable(f))
    return usable or sorted(f for f in has if f is not None)


def _read_resolver(view: View, leg: Leg, server: str, url: str, family: int) -> ResolverReading:
    attempts = attempts_at(view, leg, server, family)
    plain = [a for a in attempts if is_plain(a)]
    read_all = [(a, read(view, leg, a)) for a in attempts]
    bad = [(a, r) for a, r in read_all if r not in GOOD or (r is Reading.UNCONFIRMED and says_withheld(a))]
    real = any(r is Reading.REAL for a, r in read_all if is_plain(a))
    reading = _worst(r for _, r in bad) if bad else (read_all[-1][1] if read_all else Reading.SILENT)
    fact, artefacts = DnsFact.REAL if real else DnsFact.UNCONFIRMED, tuple[str, ...]()
    if bad:
        good = len(read_all) - len(bad)
        judged, artefacts = judge_bad(view, leg, Attempts(server, plain, read_all, reading, good))
        fact = judged or fact
    return ResolverReading(
        server=server, url=url, family=family, fact=fact, reading=reading, k=len(bad), n=len(read_all),
        artefacts=artefacts,
    )  # fmt: skip


_SEVERITY = {r: i for i, r in enumerate((
    Reading.UNCONFIRMED, Reading.BROKEN, Reading.SILENT, Reading.SERVFAIL, Reading.FORMERR, Reading.REFUSED,
    Reading.NODATA, Reading.OTHER_SITE, Reading.NXDOMAIN, Reading.BOGON, Reading.NOTICE,
))}  # fmt: skip


def _worst(readings: Iterable[Reading]) -> Reading:
    return max(readings, key=lambda reading: _SEVERITY.get(reading, -1))


def _denies(view: View, leg: Leg, injected: DnsObservation, readings: list[ResolverReading]) -> bool:
    """Whether what is injected keeps the line's own resolvers from giving the site, over UDP as browsers ask.

    Addresses that nothing proves real or false are the lie only where they are what was injected, or where nothing
    answers.
    """
    own, real = view.browser_addresses(leg), view.real_addresses(leg)
    gives = any(r.fact is DnsFact.REAL for r in readings)
    if not readings or (gives and any(view.plain(address) in real for address in own)):
        return False
    if not gives and not any(r.fact is DnsFact.UNCONFIRMED for r in readings):
        return True
    return bool(set(own) & set(addresses_in(injected.reply))) or not answers_at(view, own)


def _combine(readings: list[ResolverReading], *, injected_denies: bool) -> DnsFact:
    """One fact for all own resolvers. A resolver gives the site when it does so in any usable family."""
    if injected_denies:
        return DnsFact.INJECTED
    if not readings:
        return DnsFact.NO_CONTROL
    servers: dict[str, list[DnsFact]] = {}
    for reading in readings:
        servers.setdefault(reading.server, []).append(reading.fact)
    facts = [DnsFact.REAL if DnsFact.REAL in own else min(own, key=_ORDER.index) for own in servers.values()]
    lying = [fact for fact in facts if fact in _LIES]
    if lying and len(lying) == len(facts) and DnsFact.LIE_PARTIAL not in lying:
        return DnsFact.LIE_ARTEFACT if DnsFact.LIE_ARTEFACT in lying else DnsFact.LIE_PROVEN
    if lying:
        return DnsFact.LIE_PARTIAL
    return DnsFact.REAL if DnsFact.REAL in facts else min(facts, key=_ORDER.index)


#: Of several facts about one resolver, or about several, the first of these speaks for all.
_ORDER = (
    DnsFact.LIE_ARTEFACT, DnsFact.LIE_PROVEN, DnsFact.LIE_PARTIAL, DnsFact.UNCONFIRMED, DnsFact.STALE,
    DnsFact.SAME_FAILURE, DnsFact.DIFFERENCE, DnsFact.SILENT, DnsFact.NO_CONTROL, DnsFact.REAL, DnsFact.INJECTED,
    DnsFact.NOT_NEEDED,
)  # fmt: skip

_INJECTED = {
    Reading.BOGON: Mechanism.DNS_INJECTION_BOGON,
    Reading.NOTICE: Mechanism.DNS_INJECTION_BLOCKPAGE,
    Reading.OTHER_SITE: Mechanism.DNS_INJECTION_BLOCKPAGE,
    Reading.NXDOMAIN: Mechanism.DNS_INJECTION_NXDOMAIN,
}


def _injection(leg: Leg, view: View, injected: DnsObservation) -> Interference:
    reading = read_reply(view, leg, injected.reply)
    addresses = addresses_in(injected.reply)
    pages = [p for p in view.http if p.address in addresses and not p.tls and p.why.listed and p.status is not None]
    if reading is Reading.UNCONFIRMED and pages:
        reading = Reading.OTHER_SITE
    return Interference(
        mechanism=_INJECTED.get(reading, Mechanism.DNS_INJECTION), hop=leg.hop, host=leg.host, port=53,
        resolver=injected.resolver, scope=Scope.NAME,
    )  # fmt: skip


def _interference(leg: Leg, lie: ResolverReading) -> Interference:
    return Interference(
        mechanism=MECHANISMS[lie.reading], hop=leg.hop, host=leg.host, family=lie.family, port=53, resolver=lie.url,
        scope=Scope.NAME, k=lie.k, n=lie.n,
    )  # fmt: skip


def _suspected(fact: DnsFact, readings: list[ResolverReading]) -> tuple[Mechanism, ...]:
    if fact not in (DnsFact.DIFFERENCE, DnsFact.SILENT, DnsFact.NO_CONTROL, DnsFact.UNCONFIRMED):
        return ()
    return tuple(dict.fromkeys(MECHANISMS[r.reading] for r in readings if r.reading in MECHANISMS))


def _grade(fact: DnsFact, lies: list[ResolverReading]) -> Grade | None:
    if fact is DnsFact.LIE_ARTEFACT or (fact is DnsFact.LIE_PARTIAL and all(lie.artefacts for lie in lies)):
        return Grade.ARTEFACT
    return Grade.COUNTERFACTUAL if fact in (DnsFact.LIE_PROVEN, DnsFact.LIE_PARTIAL, DnsFact.INJECTED) else None


def _reason(fact: DnsFact) -> Reason | None:
    match fact:
        case DnsFact.DIFFERENCE | DnsFact.UNCONFIRMED:
            return Reason.DIFFERENCE_ONLY
        case DnsFact.SILENT:
            return Reason.TOO_FEW_ATTEMPTS
        case DnsFact.NO_CONTROL:
            return Reason.NO_CONTROL
        case _:
            return None


def _detail(view: View, leg: Leg, readings: list[ResolverReading]) -> str:
    bad = [r for r in readings if r.fact is not DnsFact.REAL]
    if not bad:
        return ""
    names = ", ".join(dict.fromkeys(r.server for r in bad))
    return f"{names} answered {bad[0].reading} ({bad[0].k} of {bad[0].n})"
