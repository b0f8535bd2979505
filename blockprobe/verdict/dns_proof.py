"""What is proven of a resolver that gave something else than the site: a lie, the zone's own fault, or nothing."""

from dataclasses import dataclass

from blockprobe.model.observation import DnsObservation, Place, ResolverGroup, Test
from blockprobe.verdict.dns_reading import (
    EDE_WITHHELD,
    EDE_ZONE_FAULT,
    FIRM_LIES,
    Reading,
    genuine_soa,
    read,
    server_of,
)
from blockprobe.verdict.facts import DnsFact
from blockprobe.verdict.leg import Leg, addresses_in
from blockprobe.verdict.view import LOOKS, View

#: Silence is believed after this many attempts of four datagrams each (docs/method.md, 5).
SILENT_ATTEMPTS = 3
#: Answers with addresses that are not proven false.
GOOD = (Reading.REAL, Reading.UNCONFIRMED)


def is_plain(dns: DnsObservation) -> bool:
    """The question as a user's machine asks it."""
    return dns.why.test in LOOKS and dns.resolver.startswith("udp:")


def says_withheld(dns: DnsObservation) -> bool:
    """The resolver says itself that it withholds the answer (RFC 8914)."""
    return dns.reply is not None and any(ede.code in EDE_WITHHELD for ede in dns.reply.ede)


@dataclass(frozen=True, slots=True)
class Attempts:
    """What one resolver gave; `good` counts answers with addresses that are not proven false."""

    server: str
    plain: list[DnsObservation]
    all: list[tuple[DnsObservation, Reading]]
    reading: Reading
    good: int


def judge_bad(view: View, leg: Leg, tried: Attempts) -> tuple[DnsFact | None, tuple[str, ...]]:
    """What is proven of a resolver that gave at least one answer which is not the site's; None: chance explains it."""
    artefacts = _artefacts(view, leg, tried)
    lies = sum(r in FIRM_LIES for _, r in tried.all)
    if artefacts:
        return (DnsFact.LIE_PARTIAL if tried.good else DnsFact.LIE_ARTEFACT), artefacts
    if lies < 2 and any(r in GOOD for dns, r in tried.all if is_plain(dns)):
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


def _artefacts(view: View, leg: Leg, tried: Attempts) -> tuple[str, ...]:
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


def _is_zone_fault(view: View, leg: Leg, tried: Attempts) -> bool:
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
    checked_off = any(r in GOOD for dns, r in tried.all if dns.cd)
    elsewhere = [read(view, leg, dns) for dns in view.looks(leg, ResolverGroup.ENCRYPTED)]
    return checked_off or Reading.SERVFAIL in elsewhere


def _is_firm(view: View, leg: Leg, tried: Attempts) -> bool:
    """Whether one variable was changed and the fault stayed with the listed name (docs/method.md, 3.1)."""
    needed = SILENT_ATTEMPTS if tried.reading is Reading.SILENT else 2
    if len(tried.plain) < needed or not _neutral_works(view, leg, tried) or _neutral_fails_alike(view, tried):
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


def _neutral_works(view: View, leg: Leg, tried: Attempts) -> bool:
    """A name on no list is answered there, over UDP, after the listed one too, and not with the same addresses."""
    false = {a for dns, r in tried.all if r is not Reading.REAL for a in addresses_in(dns.reply)}
    asked = [n for n in _asked(view, Test.NEUTRAL, tried.server) if n.failure is None]
    if any(false & set(addresses_in(n.reply)) for n in asked):
        return False
    return max((n.t_s for n in asked), default=-1.0) >= max(a.t0_s for a in tried.plain)


def _neutral_fails_alike(view: View, tried: Attempts) -> bool:
    """Whether names on no list met the same fault there even once: the resolver rations its answers, or is overworked.

    Only for faults that rationing brings about; one that never meets five neutral questions and always the listed ones
    is no ration. Without recursion some resolvers refuse everybody, so that such questions tell of silence alone.
    """
    if tried.reading not in (Reading.SILENT, Reading.REFUSED, Reading.FORMERR, Reading.SERVFAIL):
        return False
    silent = tried.reading is Reading.SILENT
    tests = (Test.NEUTRAL, Test.NONCE_LABEL, *((Test.FORM_NO_RD,) if silent else ()))
    rcodes = {None} if silent else {tried.reading.upper()}
    neutral = (dns for test in tests for dns in _asked(view, test, tried.server) if not dns.why.listed)
    return any((dns.reply and dns.reply.rcode) in rcodes for dns in neutral)


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


def _authority_reached(view: View, leg: Leg, tried: Attempts) -> bool:
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
