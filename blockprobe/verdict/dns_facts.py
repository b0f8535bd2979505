"""What the line's own resolvers do to the listed name, each judged alone, never by majority."""

from collections.abc import Iterable
from dataclasses import dataclass

from blockprobe.model.addresses import family_of
from blockprobe.model.observation import DnsObservation, Place, ResolverGroup, Test
from blockprobe.model.record import Interference
from blockprobe.model.words import Grade, Mechanism, Reason, Scope
from blockprobe.verdict.dns_injection import injected_reply
from blockprobe.verdict.dns_reading import (
    EDE_WITHHELD,
    EDE_ZONE_FAULT,
    FIRM_LIES,
    MECHANISMS,
    Reading,
    attempts_at,
    genuine_soa,
    read,
    read_reply,
    server_of,
)
from blockprobe.verdict.facts import DnsFact, Finding
from blockprobe.verdict.view import LOOKS, Leg, View, addresses_in

#: A failure that a resolver makes up comes at once; one that it waited for does not (seconds).
MADE_UP_WITHIN_S = 0.15
#: Silence is believed after this many attempts of four datagrams each (DESIGN 3.5).
SILENT_ATTEMPTS = 3


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
    fact = _combine(readings, injected_denies=injected is not None and not _any_real(readings))
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
        grade=_grade(fact),
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
    plain = [a for a in attempts if a.why.test in LOOKS and a.resolver.startswith("udp:")]
    read_all = [(a, read(view, leg, a)) for a in attempts]
    bad = [(a, r) for a, r in read_all if r not in (Reading.REAL, Reading.UNCONFIRMED)]
    good = sum(r is Reading.REAL for _, r in read_all)
    reading = _worst(r for _, r in bad) if bad else (read_all[-1][1] if read_all else Reading.SILENT)
    fact, artefacts = DnsFact.REAL, tuple[str, ...]()
    if not good and not bad:
        fact = DnsFact.UNCONFIRMED
    elif bad:
        fact, artefacts = _judge_bad(view, leg, _Attempts(server, plain, read_all, reading, good))
    return ResolverReading(
        server=server, url=url, family=family, fact=fact, reading=reading, k=len(bad), n=len(read_all),
        artefacts=artefacts,
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Attempts:
    server: str
    plain: list[DnsObservation]
    all: list[tuple[DnsObservation, Reading]]
    reading: Reading
    good: int


def _judge_bad(view: View, leg: Leg, tried: _Attempts) -> tuple[DnsFact, tuple[str, ...]]:
    """What is proven of a resolver that gave at least one answer which is not the site's."""
    artefacts = _artefacts(view, leg, tried)
    lies = sum(r in FIRM_LIES for _, r in tried.all)
    if artefacts:
        return (DnsFact.LIE_PARTIAL if tried.good else DnsFact.LIE_ARTEFACT), artefacts
    if tried.good and lies < 2:
        return DnsFact.REAL, ()  # one odd answer among good ones is chance until it repeats
    if not is_alive(view, leg):
        return (DnsFact.SAME_FAILURE if _control_fails(view, leg) else DnsFact.NO_CONTROL), ()
    if _is_zone_fault(view, leg, tried):
        return DnsFact.STALE, ()
    if not _is_firm(view, leg, tried):
        silent = tried.reading is Reading.SILENT
        return (DnsFact.SILENT if silent else DnsFact.DIFFERENCE), ()
    return (DnsFact.LIE_PARTIAL if tried.good else DnsFact.LIE_PROVEN), ()


def is_alive(view: View, leg: Leg) -> bool:
    """Whether the zone is healthy: some chain proved an address, or a helper resolved the name and none contradicts."""
    if view.proven_real(leg):
        return True
    answers = [c.dns for c in view.controls(leg) if c.dns is not None]
    good = [a for a in answers if any(not view.is_bogon(x) for x in a.addresses)]
    return bool(good) and len(good) == len(answers)


def _control_fails(view: View, leg: Leg) -> bool:
    return any(c.dns is not None for c in view.controls(leg))


def _artefacts(view: View, leg: Leg, tried: _Attempts) -> tuple[str, ...]:
    """Things that settle it alone: the resolver says so itself, an address nobody else gets, a known block page."""
    found: dict[str, None] = {}
    for dns, reading in tried.all:
        if reading is Reading.REAL or dns.reply is None:
            continue
        for ede in dns.reply.ede:
            if ede.code in EDE_WITHHELD:
                found[f"EDE {ede.code}" + (f": {ede.text}" if ede.text else "")] = None
        if reading is Reading.BOGON and not _bogon_for_all(view, leg) and view.controls(leg):
            found["bogon " + ", ".join(sorted({r.value for r in dns.reply.answers if r.type in ("A", "AAAA")}))] = None
        if reading is Reading.NOTICE:
            found["known block page at the answered address"] = None
    return tuple(found)


def _bogon_for_all(view: View, leg: Leg) -> bool:
    """Whether the zone itself holds a bogon: somebody else (helper or encrypted resolver) gets one too."""
    others = set(view.control_addresses(leg))
    for dns in view.looks(leg, ResolverGroup.ENCRYPTED):
        others.update(r.value for r in (dns.reply.answers if dns.reply else ()) if r.type in ("A", "AAAA"))
    return any(view.is_bogon(address) for address in others)


def _is_zone_fault(view: View, leg: Leg, tried: _Attempts) -> bool:
    """Broken DNSSEC (checking disabled brings the answer; the resolver says so) or a negative answer gone stale."""
    for dns, reading in tried.all:
        if dns.reply is None:
            continue
        if any(ede.code in EDE_ZONE_FAULT for ede in dns.reply.ede):
            return True
        if reading in (Reading.NXDOMAIN, Reading.NODATA) and genuine_soa(view, leg, dns.reply):
            return True
    checked_off = [r for dns, r in tried.all if dns.cd]
    return tried.reading is Reading.SERVFAIL and Reading.REAL in checked_off


def _is_firm(view: View, leg: Leg, tried: _Attempts) -> bool:
    """Whether one variable was changed and the fault stayed with the listed name (DESIGN 3.3, first row)."""
    needed = SILENT_ATTEMPTS if tried.reading is Reading.SILENT else 2
    if len(tried.plain) < needed or not _neutral_works(view, leg, tried):
        return False
    match tried.reading:
        case Reading.BOGON | Reading.NOTICE | Reading.OTHER_SITE:
            return True
        case Reading.NXDOMAIN | Reading.NODATA:
            replies = [d.reply for d, r in tried.all if r is tried.reading and d.reply is not None]
            bare = all(genuine_soa(view, leg, reply) is False for reply in replies)
            return bare and _honest_negatives_have_soa(view, tried.server)
        case Reading.REFUSED | Reading.FORMERR:
            return not tried.good
        case Reading.SERVFAIL | Reading.SILENT:
            return not tried.good and _authority_reached(view, leg, tried)
        case _:
            return False


def _neutral_works(view: View, leg: Leg, tried: _Attempts) -> bool:
    """A name on no list is answered there, over UDP, before and after the listed one (the sandwich)."""
    good = [n.t_s for n in _asked(view, Test.NEUTRAL, tried.server) if n.failure is None]
    last = max(a.t_s for a in tried.plain)
    return len(good) >= 1 and max(good) >= min(last, max(a.t0_s for a in tried.plain))


def _honest_negatives_have_soa(view: View, server: str) -> bool:
    """Whether the same resolver gives a SOA with a true NXDOMAIN: else its absence tells nothing."""
    return any(
        not dns.why.listed and dns.reply is not None and any(r.type == "SOA" for r in dns.reply.authority)
        for dns in _asked(view, Test.NONCE_LABEL, server)
    )


def _authority_reached(view: View, leg: Leg, tried: _Attempts) -> bool:
    """Whether the resolver can reach the zone's servers: then its failure is about the name.

    A label below the name that nobody can have cached is answered, or fails at once where a resolver that waited for
    the authority could not.
    """
    for dns in _asked(view, Test.NONCE_LABEL, tried.server):
        if not dns.why.listed or dns.reply is None:
            continue
        if dns.reply.rcode in ("NOERROR", "NXDOMAIN"):
            return True
        if tried.reading is Reading.SERVFAIL and dns.t_s - dns.t0_s < MADE_UP_WITHIN_S:
            return True
    return tried.reading is Reading.SILENT and _silent_without_recursion(view, leg, tried.server)


def _silent_without_recursion(view: View, leg: Leg, server: str) -> bool:
    """The listed name meets silence even where no recursion is asked for, and so nobody else's server waited for, while
    a neutral name is answered so: the resolver drops the question itself."""
    asked = _asked(view, Test.FORM_NO_RD, server)
    listed = [dns for dns in asked if dns.why.listed and dns.qname == leg.host]
    neutral = [dns for dns in asked if not dns.why.listed]
    return bool(listed) and all(dns.reply is None for dns in listed) and any(dns.reply is not None for dns in neutral)


def _asked(view: View, test: Test, server: str) -> list[DnsObservation]:
    return [
        dns
        for dns in view.dns
        if dns.why.test is test and dns.why.place is Place.RESOLVER and server_of(dns.resolver) == server
    ]


_SEVERITY = {r: i for i, r in enumerate((
    Reading.UNCONFIRMED, Reading.BROKEN, Reading.SILENT, Reading.SERVFAIL, Reading.FORMERR, Reading.REFUSED,
    Reading.NODATA, Reading.OTHER_SITE, Reading.NXDOMAIN, Reading.BOGON, Reading.NOTICE,
))}  # fmt: skip


def _worst(readings: Iterable[Reading]) -> Reading:
    return max(readings, key=lambda reading: _SEVERITY.get(reading, -1))


def _any_real(readings: list[ResolverReading]) -> bool:
    return any(r.fact is DnsFact.REAL for r in readings)


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


def _grade(fact: DnsFact) -> Grade | None:
    if fact is DnsFact.LIE_ARTEFACT:
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
