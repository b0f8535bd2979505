"""From a measurement to the findings of each leg, following redirects as a browser would."""

from blockprobe.verdict.address_facts import address_finding, judged_addresses
from blockprobe.verdict.dns_facts import dns_finding
from blockprobe.verdict.facts import AddressFact, DnsFact, Facts, HttpFact, LegFindings, SpeedFact, TlsFact
from blockprobe.verdict.http_facts import http_finding
from blockprobe.verdict.leg import Leg
from blockprobe.verdict.line_facts import line_fact, site_fact
from blockprobe.verdict.quic_facts import quic_finding
from blockprobe.verdict.speed_facts import speed_finding
from blockprobe.verdict.tls_facts import tls_finding
from blockprobe.verdict.view import View

#: Redirects that a browser follows before it gives up (the Fetch standard allows 20; OONI and we stop at 10).
MAX_HOPS = 10


def leg_findings(view: View, leg: Leg) -> LegFindings:
    """The facts of one leg, layer by layer."""
    dns = dns_finding(view, leg)
    address = address_finding(view, leg)
    tls = tls_finding(view, leg)
    http = http_finding(view, leg)
    speed = speed_finding(view, leg)
    quic = quic_finding(view, leg)
    dns_fact = DnsFact(dns.fact)
    if dns_fact is DnsFact.UNCONFIRMED and _opened_where_named(view, leg, http.fact):
        dns_fact = DnsFact.REAL  # the page at the answered address is the site's: that confirms the answer
    facts = Facts(
        line=line_fact(view),
        site=site_fact(view, leg),
        dns=dns_fact,
        address=AddressFact(address.fact),
        tls=TlsFact(tls.fact),
        http=HttpFact(http.fact),
        speed=SpeedFact(speed.fact),
    )
    return LegFindings(facts=facts, dns=dns, address=address, tls=tls, http=http, speed=speed, quic=quic)


def _opened_where_named(view: View, leg: Leg, http_fact: str) -> bool:
    """Whether the page is the site's, and came from an address that the line's own resolvers gave."""
    own = view.browser_addresses(leg)
    fine = http_fact in (HttpFact.REAL, HttpFact.REFUSED, HttpFact.REDIRECT)
    return fine and set(judged_addresses(view, leg)) <= set(own)


def chain_of_legs(view: View, first: Leg) -> list[Leg]:
    """The first leg and those that its redirects led to and that were measured."""
    legs = [first]
    while len(legs) <= MAX_HOPS and (leg := view.next_leg(legs[-1])) is not None:
        if not _was_measured(view, leg):
            break
        legs.append(leg)
    return legs


def _was_measured(view: View, leg: Leg) -> bool:
    return any(o.why.hop == leg.hop for o in view.measurement.observations)
