"""Is what came the real site? One proof for every way of getting there (docs/method.md, 4)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urljoin, urlsplit

from blockprobe.model.bypass import Shown
from blockprobe.model.control import ControlHttp
from blockprobe.model.failure import Failure
from blockprobe.model.observation import HttpObservation
from blockprobe.verdict.pages import resembles, same_place
from blockprobe.verdict.refusals import refuses
from blockprobe.verdict.view import REDIRECTS

Page = ControlHttp | HttpObservation


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """What the real site is known by.

    `pages`: what was seen of it outside or under a valid chain, by `place_of` its URL. `block_pages`: what this line
    showed in its place. `own_chain`: whether its certificate proves the name for the control (None: nobody knows).
    `same_as`: where another name is asked for, its page must be like one of these.
    """

    pages: Mapping[tuple[str, str], tuple[Page, ...]] = field(default_factory=dict)
    block_pages: tuple[HttpObservation, ...] = ()
    own_chain: bool | None = None
    same_as: tuple[Page, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What a page showed; `following` is where the site's own redirect leads, and then `shown` is not the last word."""

    shown: Shown
    because: str
    following: str | None = None


def place_of(url: str) -> tuple[str, str]:
    """Host and path of a URL, whatever its scheme; of what is no URL, nothing."""
    try:
        parts = urlsplit(url)
        return (parts.hostname or "").rstrip("."), (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    except ValueError:
        return "", ""


def read_page(page: HttpObservation, proof: Proof, *, proven: bool, notice: str | None) -> Reading:
    """What the page is. `proven`: it came under a chain valid for its name; `notice`: a block page's fingerprint."""
    if page.status is None:
        return _unanswered(page)
    known = proof.pages.get(place_of(page.url), ())
    like = any(one.status is not None and resembles(page, one) for one in known)
    if page.status in REDIRECTS:
        return _redirect(page, ours=proven or like, notice=notice)
    if proven:
        return _under_a_valid_chain(page, proof, known)
    return _in_cleartext(page, proof, like=like, notice=notice)


def _unanswered(page: HttpObservation) -> Reading:
    if page.failure is Failure.GENERIC_TIMEOUT_ERROR:
        return Reading(shown=Shown.SILENCE, because="no answer to the request")
    return Reading(shown=Shown.OTHER, because=f"no answer to the request ({page.failure})")


def _redirect(page: HttpObservation, *, ours: bool, notice: str | None) -> Reading:
    if not page.location:
        return Reading(shown=Shown.UNPROVEN, because="a redirect to nowhere")
    if not ours and notice is not None:
        return Reading(shown=Shown.OTHER, because=f"a redirect to the block page {notice}")
    if not ours and not same_place(page.url, page.location, page.url):
        return Reading(shown=Shown.UNPROVEN, because=f"a redirect that the control never saw, to {page.location[:200]}")
    try:
        following = urljoin(page.url, page.location)
    except ValueError:
        return Reading(shown=Shown.UNPROVEN, because="a redirect to what is no URL")
    return Reading(shown=Shown.REAL, because="the site's own redirect", following=following)


def _under_a_valid_chain(page: HttpObservation, proof: Proof, known: tuple[Page, ...]) -> Reading:
    if proof.same_as and not any(resembles(page, one) for one in proof.same_as):
        return Reading(shown=Shown.UNPROVEN, because="a valid certificate, but the page is not like the site's")
    if refuses(page):
        if any(one.status == page.status for one in known):
            return Reading(shown=Shown.REAL, because=f"status {page.status} from the site itself, as for the control")
        return Reading(shown=Shown.REFUSED, because=f"the site itself turned us away with status {page.status}")
    if page.status is not None and page.status >= 500:
        return Reading(shown=Shown.UNPROVEN, because=f"the site's own server failed with status {page.status}")
    if proof.same_as:
        return Reading(shown=Shown.REAL, because="a certificate valid for that name, and a page like the site's")
    return Reading(shown=Shown.REAL, because="a certificate valid for the name")


def _in_cleartext(page: HttpObservation, proof: Proof, *, like: bool, notice: str | None) -> Reading:
    if like and (not proof.same_as or any(resembles(page, one) for one in proof.same_as)):
        return Reading(shown=Shown.REAL, because="the page that the control got")
    if notice is not None:
        return Reading(shown=Shown.OTHER, because=f"the block page {notice}")
    if any(resembles(page, one) for one in proof.block_pages):
        return Reading(shown=Shown.OTHER, because="the page that this line shows in the site's place")
    if not proof.pages:
        return Reading(shown=Shown.UNPROVEN, because="a page in cleartext, and no control to hold it against")
    return Reading(shown=Shown.UNPROVEN, because="a page in cleartext that is not the one that the control got")
