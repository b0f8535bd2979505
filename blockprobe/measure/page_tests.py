"""Counterfactuals for cleartext pages: our own echo, the same host under a valid chain, what others were shown."""

from blockprobe.measure.case import Case
from blockprobe.measure.look import hello_for, request_for
from blockprobe.measure.name_tests import HostTester, forged_page_test, goodput_test
from blockprobe.model.addresses import family_of
from blockprobe.model.line import SharedBody
from blockprobe.model.observation import Place, Test, Why
from blockprobe.verdict.facts import HttpFact
from blockprobe.verdict.http_facts import http_finding, is_cut_short
from blockprobe.verdict.leg import Leg, leg_of
from blockprobe.verdict.view import View

_OPEN_QUESTIONS = (
    HttpFact.NO_CONTROL,
    HttpFact.CONTENT_UNPROVEN,
    HttpFact.REDIRECT_UNEXPECTED,
    HttpFact.PAGE_ARTEFACT,
)


def in_doubt(view: View, leg: Leg) -> bool:
    """Whether a cleartext page came that nothing shows to be the site's own."""
    if leg.tls:
        return False
    page = view.page(leg)
    return http_finding(view, leg).fact in _OPEN_QUESTIONS or (page is not None and is_cut_short(page))


async def test_page(case: Case, leg: Leg) -> None:
    """What the same host shows under a valid chain, and whether our echo is answered for as well."""
    page = case.view().page(leg)
    if page is not None and is_cut_short(page):
        await goodput_test(case, leg, page.body_bytes)
    await _fetch_twin(case, leg)
    if http_finding(case.view(), leg).fact in _OPEN_QUESTIONS:
        await forged_page_test(case, leg)
    page = case.view().page(leg)
    if page is not None and http_finding(case.view(), leg).fact in _OPEN_QUESTIONS:
        await HostTester(case, leg).along_the_path(page.address)
    _tell_crowd(case, leg)  # last: what several names share is no reason to leave anything untested


async def _fetch_twin(case: Case, leg: Leg) -> None:
    """The front page of the same host over https, at the address that gave the page, else at any proven one."""
    view = case.view()
    twin = leg_of(leg.url.replace("http://", "https://", 1), leg.hop)
    if twin is None or leg.is_ip or leg.port != 80:
        return
    page = view.page(leg)
    first = [page.address] if page is not None else []
    addresses = [a for a in (*first, *sorted(view.real_addresses(leg))) if view.usable(family_of(a))]
    why = Why(test=Test.PROOF, place=Place.ORIGIN, hop=leg.hop)
    for address in list(dict.fromkeys(addresses))[:3]:
        _, stream = await case.connect(why, address, 443, host=leg.host)
        if stream is None:
            continue
        _, secured = await case.handshake(why, stream, hello_for(case, twin))
        if secured is not None:
            await case.fetch(why, secured, request_for(case, twin))
            return


def _tell_crowd(case: Case, leg: Leg) -> None:
    view = case.view()
    page, control = view.page(leg), view.control_page(leg)
    if page is not None and page.body_sha256 is not None:
        case.shared.crowd.bodies[leg.host, page.body_sha256] = SharedBody(
            host=leg.host,
            body_sha256=page.body_sha256,
            control_sha256=control.body_sha256 if control is not None else None,
            served_by=page.address,
        )
