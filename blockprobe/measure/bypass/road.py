"""A road to a site: find it, connect, shake hands, ask for the page, follow its redirects, prove it.

The default is the line's own. A technique changes one step of it and nothing else, and the same road leads to neutral
sites: that is how a block is told from a road that leads nowhere.
"""

import asyncio
from collections.abc import Coroutine, Iterable
from typing import Any

from blockprobe.measure.bypass.bench import Bench
from blockprobe.measure.bypass.residual import cool, triggered
from blockprobe.measure.bypass.walk import BEST, Spot, Stop, Walk, hello_of, request_of
from blockprobe.measure.persist import persist
from blockprobe.model.addresses import family_of
from blockprobe.model.bypass import Shown
from blockprobe.net.http import Request
from blockprobe.net.stream import Stream
from blockprobe.net.together import together
from blockprobe.verdict.leg import Leg, leg_of
from blockprobe.verdict.site_proof import Reading

__all__ = ["LINE", "Road", "ask_own", "hello_of", "request_of", "visit"]

#: Redirects that a walk follows.
MAX_HOPS = 5
#: Addresses of each family that a walk tries.
PER_FAMILY = 2
#: Overlapping attempts at one address before it counts as silent; each sends three SYNs (docs/bypass.md).
ATTEMPTS = 3


class Road:
    """The line's own way to a site, as a browser goes it; a technique overrides the one step that it changes.

    A step returns what the next one needs, or a `Stop`.
    """

    async def find(self, walk: Walk, host: str) -> tuple[str | None, ...] | Stop:
        """The host's addresses; `(None,)` where the road needs none. Here: all that the line's own resolvers give."""
        return await ask_own(walk, host)

    async def connect(self, walk: Walk, spot: Spot) -> Stream | Stop:
        """A connection over which the spot's server is spoken to."""
        return await walk.connect(spot)

    async def secure(self, walk: Walk, stream: Stream, spot: Spot) -> Stream | Stop:
        """TLS on it, with a chain valid for the leg's host."""
        return await walk.handshake(stream, hello_of(spot.leg))

    def request(self, request: Request) -> Request:
        """The request as it goes out."""
        return request


LINE = Road()


async def ask_own(walk: Walk, host: str, *, only: int | None = None) -> tuple[str, ...] | Stop:
    """What all of the line's own resolvers give for the host together; addresses of one family, if `only` names it."""
    answers = await together(walk.ask(resolver, host, only=only) for resolver in walk.bench.shared.own)
    found = tuple(dict.fromkeys(a for answer in answers if not isinstance(answer, Stop) for a in answer))
    stops = [answer for answer in answers if isinstance(answer, Stop)]
    if found or not stops:
        return found or Stop(shown=Shown.MEANS, because="this line has no resolver")
    return min(stops, key=lambda stop: BEST.index(stop.shown))


async def visit(walk: Walk, road: Road = LINE) -> Stop | Reading:
    """Go to the walk's site by the road, and on to where the site's own redirects lead."""
    url = walk.site.url
    for hop in range(MAX_HOPS):
        leg = leg_of(url, hop)
        if leg is None:
            return Stop(shown=Shown.UNPROVEN, because="a redirect to what is no URL")
        came = await _open(walk, road, leg)
        if isinstance(came, Stop) or came.following is None:
            return came
        url = came.following
    return Stop(shown=Shown.UNPROVEN, because=f"more than {MAX_HOPS} redirects")


async def _open(walk: Walk, road: Road, leg: Leg) -> Stop | Reading:
    """One leg: every address at once, until one shows the site."""
    found = (leg.host,) if leg.is_ip else await road.find(walk, leg.host)
    if isinstance(found, Stop):
        return found
    spots = [Spot(leg=leg, address=address) for address in _some(walk.bench, found)]
    if not spots:
        return Stop(shown=Shown.MEANS, because="no address of a family that works on this line")
    shown = await _until_real([_persist(walk, road, spot) for spot in spots])
    return min(shown, key=lambda one: BEST.index(one.shown))


async def _until_real(work: list[Coroutine[Any, Any, Stop | Reading]]) -> list[Stop | Reading]:
    """What the attempts gave; once one shows the real site the others are given up."""
    tasks = {asyncio.ensure_future(one) for one in work}
    done: set[asyncio.Future[Stop | Reading]] = set()
    try:
        while tasks and not any(task.result().shown is Shown.REAL for task in done):
            fresh, tasks = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            done |= fresh
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, *done, return_exceptions=True)  # of those that failed together too
    return [task.result() for task in done]


def _some(bench: Bench, found: Iterable[str | None]) -> list[str | None]:
    """The first few of each family that works here, IPv6 first; None stands for itself."""
    kept: dict[int | None, list[str | None]] = {6: [], 4: [], None: []}
    for address in found:
        family = None if address is None else family_of(address)
        if family is not None and not bench.usable(family):
            continue
        if len(kept[family]) < PER_FAMILY:
            kept[family].append(address)
    return [address for each in kept.values() for address in each]


async def _persist(walk: Walk, road: Road, spot: Spot) -> Stop | Reading:
    """One address, again while it is silent."""
    await cool(walk, spot)
    results = await persist(
        lambda number: _once(walk, road, spot), lambda came: came.shown is not Shown.SILENCE, attempts=ATTEMPTS
    )
    came = min(results, key=lambda one: BEST.index(one.shown))
    if came.shown in (Shown.OTHER, Shown.SILENCE):
        triggered(walk, spot)
    return came


async def _once(walk: Walk, road: Road, spot: Spot) -> Stop | Reading:
    stream = await road.connect(walk, spot)
    if isinstance(stream, Stop):
        return stream
    if spot.leg.tls:
        secured = await road.secure(walk, stream, spot)
        if isinstance(secured, Stop):
            return secured
        stream = secured
    page = await walk.fetch(stream, road.request(request_of(spot.leg)))
    return walk.read(page, proven=spot.leg.tls)
