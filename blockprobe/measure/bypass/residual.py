"""Does this line's filter punish an address after it saw the name? Then one technique would spoil the next.

Neutral name, listed name, neutral name, at one of the target's own addresses: punished is what passed before only.
"""

from dataclasses import replace
from functools import partial

from blockprobe.measure.bypass.bench import Bench
from blockprobe.measure.bypass.walk import Spot, Stop, Walk, hello_of, request_of
from blockprobe.measure.case import neutral_like

#: A punished place is waited for this long (seconds).
RECOVERY_LIMIT_S = 90.0


async def punishes(bench: Bench) -> bool:
    """Whether a neutral name passed before the listed one was sent, and not at once after it."""
    leg = bench.known.leg
    address = next(iter(bench.known.own), None)
    if address is None or leg.is_ip:
        return False
    spot = Spot(leg=leg, address=address)
    walk = Walk(bench, bench.site, 0)
    if not await neutral_passes(walk, spot):
        return False
    await _name_it(walk, spot)
    if await neutral_passes(walk, spot):
        return False
    bench.shared.ledger.trigger((address, leg.port))
    return True


def triggered(walk: Walk, spot: Spot) -> None:
    """The listed name failed at the spot: where the filter punishes, nothing is believed there for now."""
    if walk.bench.careful and walk.site.listed and spot.address:
        walk.bench.shared.ledger.trigger((spot.address, spot.leg.port))


async def cool(walk: Walk, spot: Spot) -> None:
    """Where the filter punishes, wait until a neutral name passes at the spot again."""
    place = (spot.address or "", spot.leg.port)
    ledger = walk.bench.shared.ledger
    if walk.bench.careful and walk.site.listed and ledger.is_hot(place):
        await ledger.recover(place, partial(neutral_passes, walk, spot), limit_s=RECOVERY_LIMIT_S)


async def neutral_passes(walk: Walk, spot: Spot) -> bool:
    """Whether anything answers a neutral name at the spot."""
    name = neutral_like(spot.leg.host)
    stream = await walk.connect(spot)
    if isinstance(stream, Stop):
        return False
    if spot.leg.tls:
        return await walk.passes(stream, name)
    page = await walk.fetch(stream, replace(request_of(spot.leg), host=name))
    return page.bytes_received > 0


async def _name_it(walk: Walk, spot: Spot) -> None:
    stream = await walk.connect(spot)
    if isinstance(stream, Stop):
        return
    if not spot.leg.tls:
        await walk.fetch(stream, request_of(spot.leg))
        return
    secured = await walk.handshake(stream, hello_of(spot.leg))
    if not isinstance(secured, Stop):
        secured.reset()
