"""What the line's own resolvers do to the listed name, each judged alone, never by majority."""

from collections.abc import Iterable
from dataclasses import dataclass

from blockprobe.model.addresses import family_of
from blockprobe.model.observation import DnsObservation, Place, ResolverGroup, Test
from blockprobe.model.record import Interference
from blockprobe.model.words import Grade, Mechanism, Reason, Scope
from blockprobe.verdict.dns_injection import answers_at, injected_reply
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
from blockprobe.verdict.view import LOOKS, Leg, View, addresses_in, remembered

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


#: Answers with addresses that are not proven false.
_GOOD = (Reading.REAL, Reading.UNCONFIRMED)
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
    plain = [a for a in attempts if _is_plain(a)]
    read_all = [(a, read(view, leg, a)) for a in attempts]
    bad = [(a, r) for a, r in read_all if r not in _GOOD or (r is Reading.UNCONFIRMED and _says_withheld(a))]
    real = any(r is Reading.REAL for a, r in read_all if _is_plain(a))
    reading = _worst(r for _, r in bad) if bad else (read_all[-1][1] if read_all else Reading.SILENT)
    fact, artefacts = DnsFact.REAL if real else DnsFact.UNCONFIRMED, tuple[str, ...]()
    if bad:
        good = len(read_all) - len(bad)
        judged, artefacts = _judge_bad(view, leg, _Attempts(server, plain, read_all, reading, good))
        fact = judged or fact
    return ResolverReading(
        server=server, url=url, family=family, fact=fact, reading=reading, k=len(bad), n=len(read_all),
        artefacts=artefacts,
    )  # fmt: skip


def _is_plain(dns: DnsObservation) -> bool:
    """The question as a user's machine asks it."""
    return dns.why.test in LOOKS and dns.resolver.startswith("udp:")


def _says_withheld(dns: DnsObservation) -> bool:
    return dns.reply is not None and any(ede.code in EDE_WITHHELD for ede in dns.reply.ede)


@dataclass(frozen=True, slots=True)
class _Attempts:
    """What one resolver gave; `good` counts answers with addresses that are not proven false."""

    server: str
    plain: list[DnsObservation]
    all: list[tuple[DnsObservation, Reading]]
    reading: Reading
    good: int


def _judge_bad(view: View, leg: Leg, tried: _Attempts) -> tuple[DnsFact | None, tuple[str, ...]]:
    """What is proven of a resolver that gave at least one answer which is not the site's; None: chance explains it."""
    artefacts = _artefacts(view, leg, tried)
    lies = sum(r in FIRM_LIES for _, r in tried.all)
    if artefacts:
        return (DnsFact.LIE_PARTIAL if tried.good else DnsFact.LIE_ARTEFACT), artefacts
    if lies < 2 and any(r in _GOOD for dns, r in tried.all if _is_plain(dns)):
        return None, ()  # one odd answer among good ones is chance until it repeats
    if not is_alive(view, leg):
        return _without_control(view, leg), ()
    if _is_zone_fault(view, leg, tried):
        return DnsFact.STALE, ()
    if not _is_firm(view, leg, tried):
        silent = tried.reading is Reading.SILENT
        return (DnsFact.SILENT if silent else DnsFact.DIFFERENCE), ()
    return (DnsFact.LIE_PARTIAL if tried.good else DnsFact.LIE_PROVEN), ()


def is_alive(view: View, leg: Leg) -> bool:
    """Whether the zone is healthy: a chain seen from here proved an address, or every helper resolved the name."""
    if view.witnessed(leg):
        return True
    good = _resolved(view, leg)
    return all(good) if good else bool(view.proven_real(leg))


def _resolved(view: View, leg: Leg) -> list[bool]:
    """Whether each helper's own resolver gave an address that can be a site's."""
    answers = [c.dns for c in view.controls(leg) if c.dns is not None]
    return [any(not view.is_bogon(address) for address in answer.addresses) for answer in answers]


def _without_control(view: View, leg: Leg) -> DnsFact:
    """No helper vouches for the zone: all fail alike, they contradict each other, or there is none."""
    good = _resolved(view, leg)
    if any(good):
        return DnsFact.DIFFERENCE
    return DnsFact.SAME_FAILURE if good else DnsFact.NO_CONTROL


def _artefacts(view: View, leg: Leg, tried: _Attempts) -> tuple[str, ...]:
    """Things that settle it alone, met at least twice: the resolver says so itself, an address nobody else gets, a
    known block page."""
    found: list[str] = []
    bearing = 0
    neutral = {a for dns in _asked(view, Test.NEUTRAL, tried.server) for a in addresses_in(dns.reply)}
    for dns, reading in tried.all:
        if reading is Reading.REAL or dns.reply is None:
            continue
        kinds = {f"EDE {e.code}" + (f": {e.text}" if e.text else "") for e in dns.reply.ede if e.code in EDE_WITHHELD}
        if reading is Reading.BOGON and is_alive(view, leg) and not _bogon_for_all(view, leg, tried.server):
            kinds.add("bogon " + ", ".join(sorted(set(addresses_in(dns.reply)))))
        if reading is Reading.NOTICE and not neutral & set(addresses_in(dns.reply)):
            kinds.add("known block page at the answered address")
        bearing += bool(kinds)
        found += sorted(kinds)
    return tuple(dict.fromkeys(found)) if bearing >= 2 else ()


def _bogon_for_all(view: View, leg: Leg, server: str) -> bool:
    """Whether the zone itself holds a bogon (a helper or an encrypted resolver gets one too), or the resolver gives one
    for neutral names as well, as a router does that is not set up yet."""
    neutral = [a for dns in _asked(view, Test.NEUTRAL, server) for a in addresses_in(dns.reply)]
    others = set(view.control_addresses(leg))
    for dns in view.looks(leg, ResolverGroup.ENCRYPTED):
        others.update(r.value for r in (dns.reply.answers if dns.reply else ()) if r.type in ("A", "AAAA"))
    return any(view.is_bogon(address) for address in (*others, *neutral))


def _is_zone_fault(view: View, leg: Leg, tried: _Attempts) -> bool:
    """Broken DNSSEC (checking disabled brings the answer; the resolver says so) or a negative answer gone stale."""
    for dns, reading in tried.all:
        if dns.reply is None:
            continue
        if any(ede.code in EDE_ZONE_FAULT for ede in dns.reply.ede):
            return True
        if reading in (Reading.NXDOMAIN, Reading.NODATA) and genuine_soa(view, leg, dns.reply):
            return True
    if tried.reading is not Reading.SERVFAIL:
        return False
    checked_off = any(r in _GOOD for dns, r in tried.all if dns.cd)
    elsewhere = [read(view, leg, dns) for dns in view.looks(leg, ResolverGroup.ENCRYPTED)]
    return checked_off or Reading.SERVFAIL in elsewhere


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
        case Reading.SERVFAIL:
            return not tried.good and _resolves_elsewhere(view, leg) and _authority_reached(view, leg, tried)
        case Reading.SILENT:
            return not tried.good and _authority_reached(view, leg, tried)
        case _:
            return False


def _neutral_works(view: View, leg: Leg, tried: _Attempts) -> bool:
    """A name on no list is answered there, over UDP, after the listed one too, and not with the same addresses."""
    false = {a for dns, r in tried.all if r is not Reading.REAL for a in addresses_in(dns.reply)}
    asked = [n for n in _asked(view, Test.NEUTRAL, tried.server) if n.failure is None]
    if any(false & set(addresses_in(n.reply)) for n in asked):
        return False
    return max((n.t_s for n in asked), default=-1.0) >= max(a.t0_s for a in tried.plain)


def _resolves_elsewhere(view: View, leg: Leg) -> bool:
    """Whether another resolver that this line asked gives the site: helpers need not validate (DNSSEC), and a zone with
    broken signatures fails at every resolver that does."""
    others = (*view.looks(leg, ResolverGroup.ENCRYPTED), *view.looks(leg, ResolverGroup.PUBLIC))
    return any(read(view, leg, dns) is Reading.REAL for dns in others)


def _honest_negatives_have_soa(view: View, server: str) -> bool:
    """Whether the same resolver gives a SOA with a true NXDOMAIN: else its absence tells nothing."""
    return any(
        not dns.why.listed and dns.reply is not None and any(r.type == "SOA" for r in dns.reply.authority)
        for dns in _asked(view, Test.NONCE_LABEL, server)
    )


def _authority_reached(view: View, leg: Leg, tried: _Attempts) -> bool:
    """Whether the zone's servers can be excluded: the resolver reaches them, or nobody was to ask them.

    It reaches them where it answers a label below the name that nobody can have cached. That such a label fails at once
    is no proof: resolvers remember that servers are dead, and servers that refuse a resolver do so at once.
    """
    for dns in _asked(view, Test.NONCE_LABEL, tried.server):
        if dns.why.listed and dns.reply is not None and dns.reply.rcode in ("NOERROR", "NXDOMAIN"):
            return True
    if tried.reading is Reading.SILENT:
        return _silent_without_recursion(view, leg, tried.server)
    return _fails_without_recursion(view, leg, tried.server)


def _fails_without_recursion(view: View, leg: Leg, server: str) -> bool:
    """A label below the name fails even where no recursion is asked for, so that neither a server nor a cache can be
    why, and the same label below a neutral name does not."""
    asked = [dns for dns in _asked(view, Test.FORM_NO_RD, server) if dns.reply is not None]
    below = [dns for dns in asked if dns.why.listed and dns.qname.endswith("." + leg.host)]
    labels = {dns.qname.partition(".")[0] for dns in below}
    beside = [dns for dns in asked if not dns.why.listed and dns.qname.partition(".")[0] in labels]
    failing = bool(below) and all(dns.reply and dns.reply.rcode == "SERVFAIL" for dns in below)
    return failing and bool(beside) and all(dns.reply and dns.reply.rcode != "SERVFAIL" for dns in beside)


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
