"""What becomes of the request: the real page, a refusal by the site, a block page, or silence."""

from dataclasses import replace

from blockprobe.model.addresses import family_of
from blockprobe.model.failure import Failure
from blockprobe.model.observation import HttpObservation, Place, Test
from blockprobe.model.record import Interference
from blockprobe.model.words import Grade, Mechanism, Reason, Scope
from blockprobe.verdict.address_facts import judged_addresses
from blockprobe.verdict.exchange import Exchange
from blockprobe.verdict.facts import Finding, HttpFact
from blockprobe.verdict.forgery import proof_of_forgery
from blockprobe.verdict.leg import Leg
from blockprobe.verdict.name_square import NameScope, square
from blockprobe.verdict.pages import resembles, same_place
from blockprobe.verdict.refusals import refusal_of, refuses
from blockprobe.verdict.view import REDIRECTS, View

MECHANISMS = {
    Failure.CONNECTION_RESET: Mechanism.HTTP_RESET_HOST,
    Failure.CONNECTION_ABORTED: Mechanism.HTTP_RESET_HOST,
    Failure.GENERIC_TIMEOUT_ERROR: Mechanism.HTTP_TIMEOUT_HOST,
    Failure.EOF_ERROR: Mechanism.HTTP_EOF_HOST,
}

_SCOPES = {
    NameScope.NAME: (HttpFact.NAME_PROVEN, Scope.NAME),
    NameScope.NAME_PARTIAL: (HttpFact.NAME_PARTIAL, Scope.NAME),
    NameScope.ADDRESS_AND_NAME: (HttpFact.ADDRESS_AND_NAME_PROVEN, Scope.ADDRESS_AND_NAME),
    NameScope.NAME_HERE: (HttpFact.ADDRESS_AND_NAME_PROVEN, None),
}


def http_finding(view: View, leg: Leg) -> Finding:
    """The fact of the HTTP layer for the leg."""
    page = view.page(leg)
    if page is None:
        return Finding(fact=HttpFact.NOT_TRIED)
    if leg.tls:
        return _over_tls(view, leg, page)
    return _in_cleartext(view, leg)


# -- under a valid chain: origin or CDN speaks, so nothing here is ever a block ------------------------------------


def _over_tls(view: View, leg: Leg, page: HttpObservation) -> Finding:
    if page.status is None:
        return _unanswered(view, leg, page)
    if page.status in REDIRECTS:
        usable = view.next_leg(leg) is not None
        fact = HttpFact.REDIRECT if usable else HttpFact.SERVER_ERROR
        return Finding(fact=fact, reason=None if usable else Reason.UNEXPECTED_REDIRECT)
    if refuses(page):
        return Finding(fact=HttpFact.REFUSED, refusal=refusal_of(page), detail=f"status {page.status}")
    if page.status >= 500:
        control = view.control_page(leg)
        same = control is not None and (control.failure is not None or (control.status or 0) >= 500)
        return Finding(fact=HttpFact.SAME_FAILURE if same else HttpFact.SERVER_ERROR, detail=f"status {page.status}",
                       reason=None if same else Reason.SERVER_OR_NETWORK)  # fmt: skip
    return Finding(fact=HttpFact.REAL)


def _unanswered(view: View, leg: Leg, page: HttpObservation) -> Finding:
    control = view.control_page(leg)
    detail = f"no answer to the request ({page.failure})"
    if control is None:
        return Finding(fact=HttpFact.NO_CONTROL, reason=Reason.NO_CONTROL, detail=detail)
    if control.failure is not None:
        return Finding(fact=HttpFact.SAME_FAILURE, detail=detail)
    return Finding(fact=HttpFact.UNPROVEN, reason=Reason.SERVER_OR_NETWORK, detail=detail)


# -- in cleartext anybody on the path may have spoken ---------------------------------------------------------------


def _in_cleartext(view: View, leg: Leg) -> Finding:
    addresses = judged_addresses(view, leg)
    pages = [p for p in view.pages(leg) if p.address in addresses and view.usable(family_of(p.address))]
    shape = square(view, leg, _exchanges(view, leg))
    if not pages and shape.scope not in (NameScope.NAME, NameScope.NAME_PARTIAL):
        return Finding(fact=HttpFact.NOT_TRIED)
    answered = [p for p in pages if p.status is not None]
    if shape.scope is not NameScope.UNPROVEN and (not answered or shape.scope is NameScope.NAME_PARTIAL):
        fact, scope = _SCOPES[shape.scope]
        mechanism = MECHANISMS.get(shape.failure or Failure.UNKNOWN_FAILURE, Mechanism.HTTP_RESET_HOST)
        found = tuple(
            Interference(mechanism=mechanism, hop=leg.hop, host=leg.host, family=family, port=leg.port, scope=scope,
                         k=shape.k, n=shape.n)
            for family in sorted({family_of(p.address) or 4 for p in pages if p.status is None}) or (None,)
        )  # fmt: skip
        return Finding(fact=fact, mechanisms=(mechanism,), interference=found, grade=Grade.COUNTERFACTUAL)
    if answered:
        readings = [_read_page(view, leg, page) for page in answered]
        good = next((r for r in readings if r.fact in (HttpFact.REAL, HttpFact.REFUSED, HttpFact.REDIRECT)), None)
        bad = [r for r in readings if r.fact in (HttpFact.PAGE_ARTEFACT, HttpFact.PAGE_PROVEN)]
        if good is not None and bad:
            found = tuple(i for r in bad for i in r.interference)
            return Finding(fact=good.fact, refusal=good.refusal, interference=found)
        return good or (bad[-1] if bad else readings[-1])
    finding = _unanswered(view, leg, pages[-1])
    suspected = MECHANISMS.get(pages[-1].failure or Failure.UNKNOWN_FAILURE)
    return Finding(fact=finding.fact, reason=finding.reason, detail=finding.detail,
                   suspected=(suspected,) if suspected else ())  # fmt: skip


def _exchanges(view: View, leg: Leg) -> list[Exchange]:
    return [p for p in view.http if p.why.hop == leg.hop and not p.tls]


def _read_page(view: View, leg: Leg, page: HttpObservation) -> Finding:
    if is_cut_short(page) and _echo_was_faster(view, page):
        suspected = (Mechanism.HTTP_THROTTLE_HOST,)
        return Finding(fact=HttpFact.UNPROVEN, reason=Reason.SERVER_OR_NETWORK, suspected=suspected,
                       detail=f"only {page.body_bytes} bytes came in time, while the line carries more")  # fmt: skip
    control = view.control_page(leg)
    if any(theirs.failure is None and resembles(page, theirs) for theirs in view.control_pages(leg)):
        return _same_as_control(page)
    redirect = page.status in REDIRECTS
    if redirect and same_place(page.url, page.location, page.url) and view.next_leg(leg) is not None:
        return Finding(fact=HttpFact.REDIRECT)  # to its own https or www: judged by what comes there
    twin = _https_twin(view, leg)
    if twin is not None and resembles(page, twin):
        return _same_as_control(page)
    notice = view.notice_of(page)
    if notice is not None:
        return _block_page(leg, page, Grade.ARTEFACT, artefact=f"block page {notice}", fingerprint=notice)
    proof = proof_of_forgery(view, leg, page)
    if proof is not None:
        return replace(_block_page(leg, page, Grade.COUNTERFACTUAL), detail=proof)
    if control is None or (control.failure is not None and not redirect):
        return Finding(fact=HttpFact.NO_CONTROL if control is None else HttpFact.CONTENT_UNPROVEN,
                       reason=Reason.NO_CONTROL if control is None else Reason.UNPROVEN_CONTENT)  # fmt: skip
    if redirect:
        where = (page.location or "")[:200]
        return Finding(fact=HttpFact.REDIRECT_UNEXPECTED, reason=Reason.UNEXPECTED_REDIRECT,
                       suspected=(Mechanism.HTTP_REDIRECT_BLOCKPAGE,), detail=f"to {where}")  # fmt: skip
    return Finding(fact=HttpFact.CONTENT_UNPROVEN, reason=Reason.UNPROVEN_CONTENT,
                   suspected=(Mechanism.HTTP_451 if page.status == 451 else Mechanism.HTTP_BLOCKPAGE,))  # fmt: skip


def is_cut_short(page: HttpObservation) -> bool:
    """Whether the page began and the rest did not come in time."""
    return page.status is not None and page.failure is Failure.GENERIC_TIMEOUT_ERROR


def _echo_was_faster(view: View, page: HttpObservation) -> bool:
    """Whether our own echo sent as much over this line in half the time: then the line is not what is slow."""
    took = page.t_s - page.t0_s
    sent = [o for o in view.http if o.why.place is Place.ECHO and not o.why.listed and o.failure is None]
    return any(o.body_bytes >= page.body_bytes and 2 * (o.t_s - o.t0_s) < took for o in sent)


def _same_as_control(page: HttpObservation) -> Finding:
    if page.status in REDIRECTS:
        return Finding(fact=HttpFact.REDIRECT)
    if refuses(page):
        return Finding(fact=HttpFact.REFUSED, refusal=refusal_of(page))
    return Finding(fact=HttpFact.SAME_FAILURE if (page.status or 0) >= 500 else HttpFact.REAL)


def _https_twin(view: View, leg: Leg) -> HttpObservation | None:
    """The page of the same host under a valid chain: what stands there is the site's own."""
    return next(
        (p for p in reversed(view.http)
         if p.tls and p.why.hop == leg.hop and p.why.place is Place.ORIGIN and p.why.listed and p.status is not None
         and p.why.test in (Test.LOOK, Test.REPEAT, Test.PROOF) and p.host.partition(":")[0] == leg.host),
        None,
    )  # fmt: skip


def _block_page(
    leg: Leg, page: HttpObservation, grade: Grade, *, artefact: str | None = None, fingerprint: str | None = None
) -> Finding:
    mechanism = Mechanism.HTTP_BLOCKPAGE
    if page.status in REDIRECTS:
        mechanism = Mechanism.HTTP_REDIRECT_BLOCKPAGE
    elif page.status == 451:
        mechanism = Mechanism.HTTP_451
    found = Interference(mechanism=mechanism, hop=leg.hop, host=leg.host, family=family_of(page.address), port=leg.port,
                         scope=None if grade is Grade.ARTEFACT else Scope.NAME)  # fmt: skip
    return Finding(
        fact=HttpFact.PAGE_ARTEFACT if grade is Grade.ARTEFACT else HttpFact.PAGE_PROVEN,
        mechanisms=(mechanism,),
        interference=(found,),
        grade=grade,
        artefacts=(artefact,) if artefact else (),
        fingerprint=fingerprint,
    )
