"""What the control sees of an address that is not the target's own: does it exist, and what does it show?"""

import asyncio
from dataclasses import dataclass

from blockprobe.measure.bypass.bench import Bench
from blockprobe.verdict.site_proof import Page, place_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Outside:
    """`opens`: whether some helper got an answer to the URL (None: no helper could be asked). `pages`: what they got,
    hop by hop, by `place_of`; `last`: where their redirects ended. `exists`: whether the name has an address."""

    opens: bool | None
    exists: bool | None
    pages: dict[tuple[str, str], tuple[Page, ...]]
    last: tuple[Page, ...]


async def seen_outside(bench: Bench, url: str) -> Outside:
    """Ask every helper for the URL."""
    asked = await asyncio.gather(*(helper.control(bench.session, url, []) for helper in bench.helpers))
    answered = [control for control in asked if control.failure is None]
    pages: dict[tuple[str, str], tuple[Page, ...]] = {}
    last: list[Page] = []
    for control in answered:
        good = [hop for hop in control.hops if hop.failure is None]
        for hop in good:
            place = place_of(hop.url)
            pages[place] = (*pages.get(place, ()), hop)
        last += good[-1:]
    named = [bool(control.dns.addresses) for control in answered if control.dns is not None]
    return Outside(
        opens=any(_opened(control.hops) for control in answered) if answered else None,
        exists=any(named) if named else None,
        pages=pages,
        last=tuple(last),
    )


def _opened(hops: tuple[Page, ...]) -> bool:
    return bool(hops) and hops[0].failure is None
