"""Web proxies that the operator names: they fetch a page and show it under their own name.

Their certificate proves who they are and nothing of the page. So only the page's text counts, held against what the
control got; and neutral sites, fetched directly first, must come through in the same way.
"""

import json
from dataclasses import dataclass, field, replace
from urllib.parse import quote, urljoin

from blockprobe.measure.bypass.bench import Bench
from blockprobe.measure.bypass.road import LINE, MAX_HOPS, PER_FAMILY, hello_of, request_of, visit
from blockprobe.measure.bypass.walk import BEST, Spot, Stop, Walk
from blockprobe.measure.bypass.ways import MAX_WAYS, NotAvailable, Way, Ways
from blockprobe.model.bypass import Shown
from blockprobe.model.observation import HttpObservation, Place
from blockprobe.net.echo import new_nonce
from blockprobe.net.tcp import Endpoint, connect
from blockprobe.net.tls import handshake
from blockprobe.verdict.copies import read_copy, telling
from blockprobe.verdict.leg import Leg, leg_of
from blockprobe.verdict.site_proof import Reading

_PURPOSE = "measuring point of blockprobe"


async def ways(bench: Bench) -> Ways:
    """Every web proxy."""
    templates = bench.settings.bypass.web_proxies
    if not templates:
        return NotAvailable(because="no web proxy is configured in bypass.web_proxies")
    pages = [page for found in bench.site.proof.pages.values() for page in found]
    if not telling(pages):
        return NotAvailable(because="no page with enough text was seen outside, to know the site by behind a web proxy")
    return tuple(Way(means=template, walk=WebProxy(template)) for template in templates[:MAX_WAYS])


def address_of(template: str, url: str) -> str:
    """Where a proxy shows `url`: percent-encoded as a whole in a query, as it stands in a path."""
    before, _, after = template.partition("{url}")
    return before + (quote(url, safe="") if "?" in before else url) + after


@dataclass(slots=True)
class WebProxy:
    """One web proxy; `relays` says whether it showed our helper's echo (None: not tried, or no echo to try with)."""

    template: str
    relays: bool | None = None
    _asked: bool = field(default=False)

    async def __call__(self, walk: Walk) -> Stop | Reading:
        """One try at the walk's site."""
        known = walk.site.proof.pages
        if not walk.site.listed:
            if not walk.bench.is_seen(walk.site.host):
                await visit(Walk(walk.bench, walk.site, walk.round), LINE)
            known = walk.bench.again(walk.site).proof.pages
        shown = await self._show(walk, walk.site.url)
        pages = [page for found in known.values() for page in found]
        came = shown if isinstance(shown, Stop) else read_copy(shown, pages, through="the web proxy")
        if walk.site.listed and came.shown is not Shown.REAL:
            return replace(came, because=came.because + await self._relaying(walk))
        return came

    async def _show(self, walk: Walk, url: str) -> HttpObservation | Stop:
        """What the proxy shows for `url`, its redirects followed."""
        at = address_of(self.template, url)
        for hop in range(MAX_HOPS):
            leg = leg_of(at, hop)
            if leg is None:
                return Stop(shown=Shown.MEANS, because="the web proxy leads to what is no URL")
            page = await _fetch(walk, leg)
            if isinstance(page, Stop):
                return page
            following = read_copy(page, (), through="the web proxy").following
            if following is None:
                return page
            try:
                at = urljoin(at, following)
            except ValueError:
                return Stop(shown=Shown.MEANS, because="the web proxy redirects to what is no URL")
        return Stop(shown=Shown.MEANS, because=f"the web proxy redirects more than {MAX_HOPS} times")

    async def _relaying(self, walk: Walk) -> str:
        """In words whether it fetches anything at all: our echo shows the path it was asked for."""
        echoes = walk.bench.shared.echoes
        if not self._asked and echoes:
            self._asked = True
            nonce = new_nonce()
            page = await self._show(walk, f"http://{_bracketed(echoes[0].address)}/{nonce}")
            self.relays = isinstance(page, HttpObservation) and _is_echo(page, nonce)
        if self.relays is None:
            return ""
        return "; it does show our helper's echo" if self.relays else "; nor does it show our helper's echo"


def _is_echo(page: HttpObservation, nonce: str) -> bool:
    """The echo's own answer to this path, not a page that repeats the address it was asked for."""
    try:
        said = json.loads(page.body)
    except (ValueError, RecursionError):
        return _PURPOSE in page.body and f'"target": "/{nonce}"' in page.body
    return isinstance(said, dict) and said.get("target") == f"/{nonce}" and _PURPOSE in str(said.get("purpose"))


async def _fetch(walk: Walk, leg: Leg) -> HttpObservation | Stop:
    """One page of the proxy itself, from the first of its addresses that gives one."""
    found = (leg.host,) if leg.is_ip else await LINE.find(walk, leg.host)
    if isinstance(found, Stop):
        return replace(found, shown=Shown.MEANS, because=f"the web proxy's name: {found.because}")
    stops = []
    for address in [a for a in found if a is not None][:PER_FAMILY]:
        came = await _fetch_at(walk, Spot(leg=leg, address=address))
        if isinstance(came, HttpObservation):
            return came
        stops.append(came)
    return min(stops, key=lambda stop: BEST.index(stop.shown))


async def _fetch_at(walk: Walk, spot: Spot) -> HttpObservation | Stop:
    """One page; the proxy's own certificate is judged by its own name."""
    assert spot.address is not None
    why, session = walk.why(Place.PROXY), walk.session
    endpoint = Endpoint(address=spot.address, port=spot.leg.port)
    opened, stream = await connect(session, why, endpoint, host=spot.leg.host)
    walk.note(opened)
    if stream is not None and spot.leg.tls:
        secured, stream = await handshake(session, why, stream, hello_of(spot.leg), walk.bench.shared.tls)
        walk.note(secured)
        if stream is None:
            return Stop(shown=Shown.MEANS, because=f"TLS with the web proxy failed ({secured.failure})")
    if stream is None:
        return Stop(shown=Shown.MEANS, because=f"the web proxy cannot be reached ({opened.failure})")
    return await walk.fetch(stream, request_of(spot.leg))


def _bracketed(address: str) -> str:
    return f"[{address}]" if ":" in address else address
