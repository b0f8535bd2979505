"""Encrypted ClientHello: what is published for it, and why it cannot be tried.

Python's ssl has no interface for it (RFC 9849). So the technique is never available; what resolvers say of the site's
HTTPS records, which carry the keys (RFC 9848), is asked and told all the same.
"""

from blockprobe.measure.bypass.bench import Bench
from blockprobe.measure.bypass.walk import Walk
from blockprobe.measure.bypass.ways import NotAvailable, Ways
from blockprobe.model.observation import DnsObservation, Place
from blockprobe.net.dns import DnsClient, Question
from blockprobe.net.resolver import Resolver
from blockprobe.net.together import together
from blockprobe.verdict.https_records import published

_CANNOT = "Python's TLS cannot send an Encrypted ClientHello"


async def ways(bench: Bench) -> Ways:
    """None ever; the sentence says what is published."""
    leg = bench.known.leg
    if not leg.tls:
        return NotAvailable(because="over http there is no ClientHello")
    if leg.is_ip:
        return NotAvailable(because="the target is an address, which has no HTTPS records")
    walk = Walk(bench, bench.site, 0)
    shared = bench.shared
    resolvers = [each for each in (*shared.own, *shared.public, *shared.encrypted) if each.address]
    asked = await together(_ask(walk, resolver, leg.host) for resolver in resolvers)
    return NotAvailable(because=f"{_CANNOT}; {published(one for answers in asked for one in answers)}")


async def _ask(walk: Walk, resolver: Resolver, host: str) -> list[DnsObservation]:
    client = DnsClient(walk.session.dialer, walk.session.clock, walk.bench.shared.tls)
    question = Question(qname=host, qtype="HTTPS")
    try:
        asked = await client.query_many(walk.session, walk.why(Place.RESOLVER), resolver, [question])
    finally:
        await client.aclose()
    for one in asked:
        walk.note(one)
    return list(asked)
