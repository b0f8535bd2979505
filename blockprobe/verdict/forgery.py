"""Who made this cleartext page? What shows that it is not the server's but somebody's on the path."""

from blockprobe.model.addresses import family_of, wide_network
from blockprobe.model.observation import HttpObservation, PathReply, Place, Test
from blockprobe.verdict.at_echo import AT_ECHO
from blockprobe.verdict.leg import Leg, leg_of
from blockprobe.verdict.refusals import is_bot_wall
from blockprobe.verdict.view import View


def proof_of_forgery(view: View, leg: Leg, page: HttpObservation) -> str | None:
    """What shows that the page is not the server's, as a clause; None: nothing does."""
    if _forged_at_echo(view, leg):
        return "our own server, asked for the name, seems to answer with a page that it never sent"
    if _answered_on_path(view, leg, page.address):
        return "it came although the request could not leave this network"
    if _shared(view, leg, page):
        return "another listed name brought the very same page, and elsewhere the two differ"
    return None


def _at_echo(view: View, leg: Leg) -> list[HttpObservation]:
    """The cleartext requests to the helper's echo for the leg."""
    asked = [p for p in view.http if p.why.place is Place.ECHO and p.why.test in AT_ECHO and not p.tls]
    return [p for p in asked if p.why.hop == leg.hop]


def _forged_at_echo(view: View, leg: Leg) -> bool:
    """The listed Host sent to the helper's HTTP echo comes back unsigned, while a neutral Host is signed, before and
    after: somebody on the path answers for the name.

    One of the neutral names must be a real site's: a transparent proxy fetches every name that exists from where it
    lives. An overloaded echo that turns requests away is no forgery.
    """
    asked = [p for p in _at_echo(view, leg) if p.why.test is Test.SQUARE]  # shared, it may be another name's doing
    forged = [p for p in asked if p.why.listed and p.authentic is False and p.status is not None]
    forged = [p for p in forged if p.status != 429 and (p.status or 0) < 500]
    neutral = [p for p in asked if not p.why.listed]
    if len(forged) < 2 or len(neutral) < 2 or not all(p.authentic for p in neutral):
        return False
    around = min(p.t0_s for p in neutral) <= forged[0].t0_s and max(p.t0_s for p in neutral) >= forged[-1].t0_s
    real = {site.host for check in view.line.neutral if (site := leg_of(check.url, 0)) is not None}
    return around and any(p.host in real for p in neutral)


def _answered_on_path(view: View, leg: Leg, address: str) -> bool:
    """The listed Host is answered although the request cannot leave the common path; a neutral one expires there."""
    paths = [p for p in view.path if p.address == address and p.port == leg.port and p.carrying == "http_request"]
    limits = {hop.ttl for hop in view.line.common_path if hop.family == family_of(address)}
    for limit in limits:
        listed = [r for p in paths if p.why.listed for h in p.hops if h.ttl == limit for r in h.replies]
        neutral = [r for p in paths if not p.why.listed for h in p.hops if h.ttl == limit for r in h.replies]
        came = listed.count(PathReply.CONNECTED)
        if came >= 2 and PathReply.TIME_EXCEEDED in neutral and PathReply.CONNECTED not in neutral:
            return True
    return False


def _shared(view: View, leg: Leg, page: HttpObservation) -> bool:
    """The same cleartext body for two listed names whose control bodies differ, while neutral names are clean.

    Only a whole page in its own right: empty bodies, and the errors and refusals that servers ship with, are alike
    anywhere. And only from networks far apart, and where our own server was not reached under the name: one operator
    or one hoster shows all its sites' visitors from here the same page as well.
    """
    if view.line.portal is not False or page.body_sha256 is None or page.failure is not None:
        return False
    if page.body_bytes == 0 or page.status is None or page.status // 100 != 2 or is_bot_wall(page):
        return False
    if any(p.authentic for p in _at_echo(view, leg) if p.why.listed):
        return False
    same = [b for b in view.line.shared_bodies if b.body_sha256 == page.body_sha256]
    same = [b for b in same if b.host == leg.host or _apart(page.address, b.served_by)]
    hosts = {b.host for b in same}
    controls = {b.control_sha256 for b in same}
    return leg.host in hosts and len(hosts) >= 2 and len(controls) == len(hosts) and None not in controls


def _apart(ours: str, theirs: str | None) -> bool:
    """Whether two servers are of one family and of networks far apart. Old records do not say (None): no proof."""
    if theirs is None:
        return False
    return family_of(ours) == family_of(theirs) and wide_network(ours) != wide_network(theirs)
