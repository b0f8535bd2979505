"""Counterfactuals for names: change one thing about the question and see whether the odd answer stays."""

import asyncio
import secrets
from dataclasses import replace

from blockprobe.measure.case import Case
from blockprobe.measure.look import hello_for, over_tcp
from blockprobe.model.addresses import family_of
from blockprobe.model.observation import Place, ResolverGroup, Test, Why
from blockprobe.net.dns import Question
from blockprobe.net.http import Request
from blockprobe.net.resolver import Resolver, parse_resolver
from blockprobe.verdict.dns_facts import needed_families, resolver_readings
from blockprobe.verdict.facts import DnsFact
from blockprobe.verdict.leg import Leg, addresses_in
from blockprobe.verdict.view import View

#: An address that runs no resolver is given this long to answer (seconds): an injected reply comes within a round trip.
SILENT_WAIT_S = 2.0


def in_doubt(view: View, leg: Leg) -> bool:
    """Whether the line's own resolvers say anything but the site's addresses, or any question brought two answers."""
    if leg.is_ip or view.measurement.target.ip is not None:
        return False
    readings = resolver_readings(view, leg)
    if any(reading.fact is not DnsFact.REAL or reading.k for reading in readings) or not readings:
        return True
    return any(dns.extra for dns in view.looks(leg))


async def test_names(case: Case, leg: Leg) -> None:
    """All the tests of docs/method.md, 3.1 to 3.3, at each of the line's own resolvers at once."""
    qtypes = ["A" if family == 4 else "AAAA" for family in needed_families(case.view(), leg)]
    own = [case.spawn(_test_resolver(case, leg, resolver, qtypes)) for resolver in case.shared.own]
    rest = [
        case.spawn(_ask_silent(case, leg)),
        case.spawn(_ask_echo(case, leg)),
        case.spawn(_ask_zone(case, leg)),
        case.spawn(prove_addresses(case, leg)),
    ]
    for resolver in case.shared.public:
        rest.append(case.spawn(_once_more(case, leg, resolver, qtypes)))
    await asyncio.gather(*own, *rest)
    await case.listen(0.5)


async def _test_resolver(case: Case, leg: Leg, resolver: Resolver, qtypes: list[str]) -> None:
    """Neutral, listed in every form, neutral; a label that nobody can have cached, below the name and beside it."""
    await _neutral(case, leg, resolver)
    forms = []
    for qtype in qtypes:
        question = Question(qname=leg.host, qtype=qtype)
        forms += [
            _listed(case, leg, Test.REPEAT, resolver, question),
            _listed(case, leg, Test.FORM_CD, resolver, replace(question, cd=True)),
            _listed(case, leg, Test.FORM_PLAIN, resolver, replace(question, edns=False)),
            _listed(case, leg, Test.FORM_TCP, over_tcp(resolver), question),
        ]
    await asyncio.gather(*forms, _nonce_labels(case, leg, resolver), _without_recursion(case, leg, resolver))
    await asyncio.gather(*(
        _listed(case, leg, Test.REPEAT, resolver, Question(qname=leg.host, qtype=qtype)) for qtype in qtypes
    ))  # fmt: skip
    await _neutral(case, leg, resolver)


async def _listed(case: Case, leg: Leg, test: Test, resolver: Resolver, question: Question) -> None:
    await case.ask(Why(test=test, place=Place.RESOLVER, hop=leg.hop, attempt=1), resolver, question)


async def _neutral(case: Case, leg: Leg, resolver: Resolver) -> None:
    """A control name, of the same top-level domain where the operator has one; twice, lest a loss spoil it."""
    hosts = [site.host for site in case.shared.neutral]
    tld = leg.host.rpartition(".")[2]
    same = [host for host in hosts if host.rpartition(".")[2] == tld] or hosts
    why = Why(test=Test.NEUTRAL, place=Place.RESOLVER, listed=False, hop=leg.hop)
    for host in same[:2]:
        answer = await case.ask(why, resolver, Question(qname=host, qtype="A"))
        if answer.failure is None:
            return


async def _nonce_labels(case: Case, leg: Leg, resolver: Resolver) -> None:
    nonce = "bp" + secrets.token_hex(6)
    tld = leg.host.rpartition(".")[2]
    below = Why(test=Test.NONCE_LABEL, place=Place.RESOLVER, hop=leg.hop)
    beside = replace(below, listed=False)
    await asyncio.gather(
        case.ask(below, resolver, Question(qname=f"{nonce}.{leg.host}"[-253:], qtype="A")),
        case.ask(beside, resolver, Question(qname=f"{nonce}.{tld}", qtype="A")),
    )


async def _without_recursion(case: Case, leg: Leg, resolver: Resolver) -> None:
    """Listed and neutral name without recursion, and a label below each that nobody can have cached: a resolver that
    waits for a zone's servers need not wait here."""
    neutral = next((site.host for site in case.shared.neutral), None)
    why = Why(test=Test.FORM_NO_RD, place=Place.RESOLVER, hop=leg.hop)
    nonce = "bp" + secrets.token_hex(6)
    asked = []
    for host, listed in ((leg.host, True), (neutral, False)):
        for name in (host, f"{nonce}.{host}"[-253:]) if host is not None else ():
            question = Question(qname=name, qtype="A", rd=False)
            asked.append(case.ask(replace(why, listed=listed), resolver, question))
    await asyncio.gather(*asked)


async def _once_more(case: Case, leg: Leg, resolver: Resolver, qtypes: list[str]) -> None:
    for qtype in qtypes:
        await _listed(case, leg, Test.REPEAT, resolver, Question(qname=leg.host, qtype=qtype))


async def _ask_silent(case: Case, leg: Leg) -> None:
    """Listed and neutral name at addresses that run no resolver: any answer was made up on the path."""
    short = replace(case.session, timeout_s=SILENT_WAIT_S)
    neutral = next((site.host for site in case.shared.neutral), None)
    if neutral is None:
        return
    names = [(leg.host, True), (neutral, False)]
    questions = []
    for address in case.shared.settings.controls.silent[:2]:
        resolver = parse_resolver(address, ResolverGroup.SILENT)
        for name, listed in names:
            why = Why(test=Test.SILENT, place=Place.SILENT, listed=listed, hop=leg.hop)
            questions.append(case.shared.dns.query(short, why, resolver, Question(qname=name, qtype="A")))
    for observation in await asyncio.gather(*questions):
        case.note(observation)


async def _ask_echo(case: Case, leg: Leg) -> None:
    """The same two names at the helper's DNS echo, which signs what it saw."""
    key = case.shared.key()
    if key is None or not case.shared.echoes:
        return
    resolver = parse_resolver(case.shared.echoes[0].address, ResolverGroup.ECHO)
    neutral = next((site.host for site in case.shared.neutral), "neutral.example")
    for name, listed in ((neutral, False), (leg.host, True), (neutral, False)):
        why = Why(test=Test.ECHO, place=Place.ECHO, listed=listed, hop=leg.hop)
        await case.ask(why, resolver, Question(qname=name, qtype="A", echo_key=key))


async def _ask_zone(case: Case, leg: Leg) -> None:
    """The SOA of the name, of its parents' too where it has none, from resolvers that nobody on the path can forge."""
    labels = leg.host.split(".")
    names = [".".join(labels[n:]) for n in range(min(3, len(labels)))]
    for resolver in case.shared.encrypted[:1]:
        why = Why(test=Test.ZONE, place=Place.RESOLVER, hop=leg.hop)
        await case.ask_many(why, resolver, [Question(qname=name, qtype="SOA") for name in names])


async def prove_addresses(case: Case, leg: Leg) -> None:
    """TLS with the listed name on every answered address that nothing has proven yet: is it the site's own?"""
    if leg.is_ip:
        return
    view = case.view()
    found = dict.fromkeys(a for dns in view.looks(leg) for a in addresses_in(dns.reply))
    found.update(dict.fromkeys(view.control_addresses(leg)))
    real = view.real_addresses(leg)
    todo = [a for a in found if view.plain(a) not in real and not view.is_bogon(a) and view.usable(family_of(a))]
    todo += [a for a in sorted(view.control_addresses(leg)) if a in real and view.usable(family_of(a))][:1]
    await asyncio.gather(*(_prove(case, leg, address) for address in todo[:6]))


async def _prove(case: Case, leg: Leg, address: str) -> None:
    why = Why(test=Test.PROOF, place=Place.ORIGIN, hop=leg.hop)
    tried = any(t.address == address and t.port == 443 for t in case.view().tcp)
    for attempt in range(0 if tried else 2):
        _, stream = await case.connect(replace(why, attempt=attempt), address, 443, host=leg.host)
        if stream is None:
            continue
        observation, secured = await case.handshake(replace(why, attempt=attempt), stream, hello_for(case, leg))
        if secured is not None:
            secured.reset()
        if observation.chain:
            break
    if not observation_is_real(case, address):
        await _page_at(case, leg, address)


def observation_is_real(case: Case, address: str) -> bool:
    """Whether some handshake at the address proved the name."""
    return any(t.address == address and t.valid for t in case.view().tls)


async def _page_at(case: Case, leg: Leg, address: str) -> None:
    """The front page in cleartext from an answered address that does not prove itself: a known block page, perhaps."""
    if any(page.address == address and not page.tls for page in case.view().http):
        return
    why = Why(test=Test.PROOF, place=Place.ORIGIN, hop=leg.hop)
    _, stream = await case.connect(why, address, 80, host=leg.host)
    if stream is not None:
        await case.fetch(why, stream, Request(url=f"http://{leg.host}/", host=leg.host))
