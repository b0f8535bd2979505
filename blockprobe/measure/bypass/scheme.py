"""The other scheme: https:// for an http:// target, and the reverse (which is a matter of parity)."""

from dataclasses import replace

from blockprobe.measure.bypass.bench import Bench
from blockprobe.measure.bypass.outside import seen_outside
from blockprobe.measure.bypass.road import LINE
from blockprobe.measure.bypass.ways import NotAvailable, Ways, by_road


async def https_ways(bench: Bench) -> Ways:
    """https:// in place of http://."""
    if bench.known.leg.tls:
        return NotAvailable(because="the target is measured over https already")
    return await _other(bench, "https")


async def http_ways(bench: Bench) -> Ways:
    """http:// in place of https://."""
    if not bench.known.leg.tls:
        return NotAvailable(because="the target is measured over http already")
    return await _other(bench, "http")


async def _other(bench: Bench, scheme: str) -> Ways:
    leg = bench.known.leg
    if leg.port not in (80, 443):
        return NotAvailable(because=f"the target names the port {leg.port}, which serves one scheme only")
    url = f"{scheme}://" + leg.url.partition("://")[2]
    outside = await seen_outside(bench, url)
    if outside.opens is False:
        return NotAvailable(because=f"the site has no {scheme}, as far as the control sees")
    site = replace(
        bench.site, url=url, proof=replace(bench.site.proof, pages={**bench.site.proof.pages, **outside.pages})
    )
    return (by_road(url, LINE, site=site, open_outside=outside.opens),)
