"""One target from the first question to the last counterfactual: look, compare, change one thing.

A healthy site stops after the look; each further stage is entered only while `verdict` still calls something open.
"""

import asyncio
from collections.abc import Sequence

from blockprobe.measure import address_tests, dns_tests, early, name_tests, page_tests, quic_tests, throttle
from blockprobe.measure.case import Case, is_silent
from blockprobe.measure.control import ask_about, ask_helpers, endpoints_for, was_asked
from blockprobe.measure.look import ask_own_again, candidate_addresses, connect_once, limited, look_at, resolve
from blockprobe.model.addresses import family_of
from blockprobe.model.control import Control
from blockprobe.model.failure import Failure
from blockprobe.model.observation import DnsObservation, Place, TcpObservation, TlsObservation
from blockprobe.model.words import State
from blockprobe.net.together import together
from blockprobe.verdict.address_facts import connects
from blockprobe.verdict.facts import AddressFact, HttpFact, TlsFact
from blockprobe.verdict.http_facts import is_cut_short
from blockprobe.verdict.judge import JudgedLeg, judge_leg, judge_view
from blockprobe.verdict.leg import Leg
from blockprobe.verdict.legs import MAX_HOPS
from blockprobe.verdict.view import View

#: A look that has not ended so soon may meet silence: then the helpers are asked (seconds).
OPENS_SOON_S = 1.0
#: Facts of a page that never came, or that there is nothing to hold against.
_NO_PAGE = (HttpFact.UNPROVEN, HttpFact.NOT_TRIED, HttpFact.NO_CONTROL)
#: What a name without an AAAA or HTTPS record has is no failure of anybody.
_HARMLESS = (None, Failure.DNS_NO_ANSWER)
#: Address facts that a further connection cannot change.
_PASSED = (AddressFact.OPEN, AddressFact.SAME_FAILURE, AddressFact.NOT_TRIED)


async def measure_site(case: Case) -> None:
    """Everything that is observed of one target; the observations are in the case afterwards."""
    early.watch(case)
    first = case.view().first_legs
    await _look(case, first)
    await _settle_all(case, first)
    await together(quic_tests.test_quic(case, leg) for leg in first)
    legs, following = [*first], _followed(case, first)
    while following is not None and following.hop <= MAX_HOPS:
        legs.append(following)
        await _look(case, (following,))
        await _settle_all(case, (following,))
        await quic_tests.test_quic(case, following)
        following = case.view().next_leg(following)
    if case.shared.settings.limits.throttling:
        await throttle.test_speed(case)
    late = await _ask_late(case, legs)
    await case.catch_up(0.05)
    await case.finish()
    _drop_what_convicts(case, late)


def _followed(case: Case, first: tuple[Leg, ...]) -> Leg | None:
    """The first redirect to follow: that of https, or of http where the host has no https or was typed so."""
    view = case.view()
    for leg in first:
        following = view.next_leg(leg)
        if following is not None:
            return following
        if view.page(leg) is not None:
            return None
    return None


async def _look(case: Case, legs: tuple[Leg, ...]) -> None:
    """Resolve once, then look at every leg while the helpers do the same from outside."""
    leg = legs[0]
    seen = {dns.qname for dns in case.view().dns}
    if not leg.is_ip and leg.host not in seen and not (case.target.ip and leg.hop == 0):
        await resolve(case, leg.host, leg.hop)
    addresses = candidate_addresses(case, leg)
    looks = asyncio.gather(*(look_at(case, each, addresses) for each in legs))
    try:
        if leg.hop == 0:
            await _compare(case, leg, addresses, looks)
        await looks
    finally:
        looks.cancel()
    await case.listen(0.0)  # a second, different answer has had the whole look to come in


async def _compare(case: Case, leg: Leg, addresses: list[str], looks: "asyncio.Future[list[None]]") -> None:
    """Ask the helpers at once; but while other targets have not begun, a site that opens at once lets them go first."""
    endpoints = endpoints_for(case, leg, addresses)
    if case.may_give_way:
        await asyncio.wait((looks,), timeout=OPENS_SOON_S)
        if looks.done() and _has_opened(case):
            await case.listen(0.0)
            await case.give_way()
    await together((ask_own_again(case, leg), ask_about(case, leg, endpoints)))


def _has_opened(case: Case) -> bool:
    """A valid chain proves the site, and nothing failed: no control can make a block of that any more."""
    proven = any(isinstance(o, TlsObservation) and o.valid for o in case.observations)
    return proven and all(o.failure in _HARMLESS for o in case.observations)


async def _settle_all(case: Case, legs: tuple[Leg, ...]) -> None:
    """Settle what is open: the name once for all legs, then each leg's own layers side by side."""
    await case.end_early()
    open_legs = [leg for leg in legs if not _is_clean(case.view(), leg)]
    if not open_legs:
        return
    case.step_aside()
    await asyncio.gather(case.shared.whole_line(), case.catch_up(case.session.timeout_s))
    await asyncio.gather(*(
        ask_helpers(case, leg, candidate_addresses(case, leg)) for leg in open_legs if not was_asked(case, leg)
    ))  # fmt: skip
    if dns_tests.in_doubt(case.view(), open_legs[0]):
        await dns_tests.test_names(case, open_legs[0])
    await asyncio.gather(*(_settle(case, leg) for leg in open_legs))
    await case.end_early()


async def _settle(case: Case, leg: Leg) -> None:
    """Change one thing after another until nothing of this leg that could be tested is open."""
    await _look_at_true_addresses(case, leg)
    failed = address_tests.in_doubt(case.view(), leg)
    addresses = [address_tests.test_addresses(case, leg, failed)] if failed else []
    await asyncio.gather(*addresses, _test_names_on_the_wire(case, leg))
    if page_tests.in_doubt(case.view(), leg):
        await page_tests.test_page(case, leg)
    await _look_at_twin(case, leg)
    await _look_a_last_time(case, leg)


def _is_clean(view: View, leg: Leg) -> bool:
    """Nothing failed and nothing differed, so that no counterfactual could add anything."""
    judged = judge_leg(view, leg)
    facts = judged.findings.facts
    fine = facts.http in (HttpFact.REAL, HttpFact.REDIRECT, HttpFact.REFUSED)
    fine = fine and facts.address is AddressFact.OPEN and facts.tls in (TlsFact.VALID, TlsFact.NOT_TRIED)
    page = view.page(leg)
    if not leg.tls and page is not None and is_cut_short(page):
        return False
    if not fine or dns_tests.in_doubt(view, leg) or address_tests.in_doubt(view, leg):
        return False
    return not (name_tests.tls_in_doubt(view, leg) if leg.tls else name_tests.http_in_doubt(view, leg))


async def _look_at_true_addresses(case: Case, leg: Leg) -> None:
    """Where the resolver lies, look at the site's true addresses too: a second mechanism may wait there."""
    view = case.view()
    tried = {t.address for t in view.tcp if t.port == leg.port and t.why.listed and connects(view, leg, t.address)}
    true = [address for address in sorted(view.real_addresses(leg)) if address not in tried]
    if true and not tried & view.real_addresses(leg):
        await look_at(case, leg, limited(case, leg, true))


async def _test_names_on_the_wire(case: Case, leg: Leg) -> None:
    """The square, for the first address where the name failed; silence is told from loss by the attempts so far."""
    view = case.view()
    doubts = name_tests.tls_in_doubt(view, leg) if leg.tls else name_tests.http_in_doubt(view, leg)
    tester = name_tests.SniTester(case, leg) if leg.tls else name_tests.HostTester(case, leg)
    if not doubts:
        if not leg.is_ip and address_tests.none_opens(view, leg):
            await tester.at_echo(silent=False)  # a dead site may be blocked by name all the same
        return
    address, silent = doubts[0]
    await tester.run(address, silent=silent)


async def _look_a_last_time(case: Case, leg: Leg) -> None:
    """Where nothing was proven the failure may have passed meanwhile, an outage of the line for one: look once more."""
    judged = judge_leg(case.view(), leg)
    facts = judged.findings.facts
    if judged.state is not State.INCONCLUSIVE:
        return
    if facts.http in _NO_PAGE and (leg.tls or not _has_page(case, leg)):
        await look_at(case, leg, _opened(case.view(), leg)[-1:])
    if facts.address in _PASSED:
        return
    addresses = address_tests.in_doubt(case.view(), leg)[:2]
    opened = [address for address in await asyncio.gather(*(_reopens(case, leg, a) for a in addresses)) if address]
    await look_at(case, leg, opened[:1])


def _has_page(case: Case, leg: Leg) -> bool:
    page = case.view().page(leg)
    return page is not None and page.status is not None


def _opened(view: View, leg: Leg) -> list[str]:
    """Addresses that proved to be the site's; in cleartext, that accepted a connection."""
    if leg.tls:
        return [t.address for t in view.tls if t.valid and t.why.hop == leg.hop and t.port == leg.port]
    here = (t for t in view.tcp if t.why.place is Place.ORIGIN and t.why.hop == leg.hop and t.port == leg.port)
    return [t.address for t in here if t.failure is None]


async def _ask_late(case: Case, legs: Sequence[Leg]) -> tuple[Control, ...]:
    """Ask once more for something to hold a page against that has come, last of all; the controls that this added."""
    before = len(case.controls)
    alone = [leg for leg in legs if _has_page(case, leg) and not case.view().controls(leg)]
    if alone and _may_answer_now(case):
        open_legs = [leg for leg in alone if judge_leg(case.view(), leg).state is State.INCONCLUSIVE]
        await together(ask_helpers(case, leg, candidate_addresses(case, leg)) for leg in open_legs)
    return tuple(case.controls[before:])


def _drop_what_convicts(case: Case, late: tuple[Control, ...]) -> None:
    """A control belongs to the seconds of the look: a late one may clear a site, and accuses nobody."""
    if not late:
        return
    verdict = judge_view(case.view())
    if verdict.state is State.BLOCKED or verdict.interference:
        case.controls[:] = [control for control in case.controls if not any(control is one for one in late)]


def _may_answer_now(case: Case) -> bool:
    """The helpers have answered others since; or the line's own resolvers or neutral sites were silent as well, and are
    no more: what kept the helpers from answering may be over."""
    began = case.session.began + min((control.t0_s for control in case.controls), default=0.0)
    if any(helper.answered_at is not None and helper.answered_at > began for helper in case.shared.helpers):
        return True
    seen = [
        (o.t_s, is_silent(o.failure))
        for o in case.observations
        if (isinstance(o, DnsObservation) and o.why.place is Place.RESOLVER)
        or (isinstance(o, TcpObservation) and o.why.place is Place.NEUTRAL)
    ]
    return any(silent for _, silent in seen) and not max(seen)[1]


async def _reopens(case: Case, leg: Leg, address: str) -> str | None:
    """The address, if it connects now; a neutral connection after it, as after every attempt that may be silent."""
    _, stream = await connect_once(case, leg, address, case.shared.settings.limits.attempts)
    if stream is None:
        await case.neutral_connects(family_of(address) or 4)
        return None
    stream.reset()
    return address


async def _look_at_twin(case: Case, leg: Leg) -> None:
    """Where http:// is blocked on the wire, see whether https:// of the same host is open (parity)."""
    if leg.tls or case.target.bare or leg.port != 80 or leg.is_ip:
        return
    judged: JudgedLeg = judge_leg(case.view(), leg)
    if judged.state is not State.BLOCKED or not judged.rule.id.startswith("http."):
        return
    twin = Leg(hop=leg.hop, url=f"https://{leg.host}/", scheme="https", host=leg.host, port=443, is_ip=False)
    await look_at(case, twin, candidate_addresses(case, leg)[:2])
    await _test_names_on_the_wire(case, twin)
