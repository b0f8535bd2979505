"""The site's twin name: with www., or without it. It counts only where it is the same site outside."""

from blockprobe.measure.bypass.bench import Bench, Site
from blockprobe.measure.bypass.outside import seen_outside
from blockprobe.measure.bypass.road import LINE
from blockprobe.measure.bypass.ways import NotAvailable, Ways, by_road
from blockprobe.verdict.pages import resembles
from blockprobe.verdict.site_proof import Proof


async def www_ways(bench: Bench) -> Ways:
    """The name with www. before it."""
    if bench.known.leg.host.startswith("www."):
        return NotAvailable(because="the target's name begins with www. already")
    return await _twin(bench, f"www.{bench.known.leg.host}")


async def apex_ways(bench: Bench) -> Ways:
    """The name without its www."""
    host = bench.known.leg.host
    if not host.startswith("www.") or host.count(".") < 2:
        return NotAvailable(because="the target's name does not begin with www.")
    return await _twin(bench, host.removeprefix("www."))


async def _twin(bench: Bench, host: str) -> Ways:
    leg = bench.known.leg
    if leg.is_ip:
        return NotAvailable(because="the target is an address and has no other name")
    ours = tuple(page for pages in bench.site.proof.pages.values() for page in pages if page.status == 200)
    if not bench.helpers or not ours:
        return NotAvailable(because=f"no helper can say whether {host} is the same site")
    url = leg.url.replace(f"://{leg.host}", f"://{host}", 1)
    outside = await seen_outside(bench, url)
    if outside.opens is None:
        return NotAvailable(because=f"no helper can say whether {host} is the same site")
    if outside.exists is False:
        return NotAvailable(because=f"{host} does not exist, as far as the control sees")
    if not outside.opens:
        return NotAvailable(because=f"{host} shows no site, as far as the control sees")
    if not any(resembles(page, one) for page in outside.last for one in ours):
        return NotAvailable(because=f"{host} shows another site, as far as the control sees")
    proof = Proof(
        pages={**bench.site.proof.pages, **outside.pages}, block_pages=bench.site.proof.block_pages, same_as=ours
    )
    return (by_road(host, LINE, site=Site(url=url, host=host, listed=True, proof=proof), open_outside=outside.opens),)
