"""Known mirrors, as the operator names them: another address that shows a copy of the site."""

from urllib.parse import urlsplit

from blockprobe.measure.bypass.bench import Bench, Site
from blockprobe.measure.bypass.road import LINE
from blockprobe.measure.bypass.ways import MAX_WAYS, NotAvailable, Way, Ways, by_road
from blockprobe.verdict.site_proof import Page, Proof, place_of

#: What a copy is and what it is not: the words that go with every result.
COPY = "another address, not proven to be the same operator's"


async def ways(bench: Bench) -> Ways:
    """Every mirror of the target."""
    host = bench.known.leg.host
    named = [pair.partition("=")[2] for pair in bench.settings.bypass.mirrors if pair.partition("=")[0] == host]
    if not named:
        return NotAvailable(because=f"bypass.mirrors names no mirror of {host}")
    ours = tuple(page for pages in bench.site.proof.pages.values() for page in pages if page.status == 200)
    if not ours:
        return NotAvailable(because="no page of the site was seen outside, to hold a mirror against")
    return tuple(_way(bench, mirror, ours) for mirror in named[:MAX_WAYS])


def _way(bench: Bench, mirror: str, ours: tuple[Page, ...]) -> Way:
    """The mirror by the target's scheme and path. What makes it count is its page: a chain proves its name alone."""
    leg = bench.known.leg
    parts = urlsplit(leg.url)
    shown = f"[{mirror}]" if ":" in mirror else mirror
    url = parts._replace(netloc=shown).geturl()
    proof = Proof(pages={place_of(url): ours}, block_pages=bench.site.proof.block_pages, same_as=ours)
    site = Site(url=url, host=mirror, listed=True, proof=proof)
    return by_road(f"{mirror} ({COPY})", LINE, site=site, shows="a copy of the site")
