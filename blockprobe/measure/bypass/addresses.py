"""Another address of the site, and one family alone."""

from blockprobe.measure.bypass.bench import Bench
from blockprobe.measure.bypass.road import Road, ask_own
from blockprobe.measure.bypass.walk import Stop, Walk
from blockprobe.measure.bypass.ways import MAX_WAYS, NotAvailable, Ways, by_road
from blockprobe.model.addresses import family_of
from blockprobe.model.bypass import Shown


class AddressRoad(Road):
    """The target's host is taken to live at one address; every other host is looked up as usual."""

    def __init__(self, address: str) -> None:
        """`address` is one of the target's."""
        self._address = address

    async def find(self, walk: Walk, host: str) -> tuple[str | None, ...] | Stop:
        """The address, for the target itself."""
        if walk.site.listed and host == walk.bench.site.host:
            return (self._address,)
        return await super().find(walk, host)


class FamilyRoad(Road):
    """Only addresses of one family are asked for: a silence about them must not look like an answer without them."""

    def __init__(self, family: int) -> None:
        """`family` is 4 or 6."""
        self._family = family

    async def find(self, walk: Walk, host: str) -> tuple[str | None, ...] | Stop:
        """What the line's own resolvers give, of the family."""
        found = await ask_own(walk, host, only=self._family)
        if isinstance(found, Stop):
            return found
        kept = tuple(address for address in found if family_of(address) == self._family)
        return kept or Stop(shown=Shown.OTHER, because=f"the line's own resolvers give no IPv{self._family} address")


async def other_address_ways(bench: Bench) -> Ways:
    """Addresses of the site that the line's own resolvers do not give: a browser here tries those that they give."""
    known = bench.known
    if known.leg.is_ip:
        return NotAvailable(because="the target is an address")
    if known.name_is_hidden or not any(address in known.true for address in known.own):
        return NotAvailable(because="the name itself is kept from this line; other resolvers are tried for that")
    others = [a for a in known.true if a not in known.own and bench.usable(family_of(a) or 4)]
    if not others:
        return NotAvailable(because="no other address of the site is known")
    return tuple(
        by_road(
            address, AddressRoad(address), family=family_of(address), open_outside=address in known.elsewhere or None
        )
        for address in others[:MAX_WAYS]
    )


async def other_family_ways(bench: Bench) -> Ways:
    """IPv6 alone and IPv4 alone, where the site and the line have both."""
    known = bench.known
    if known.leg.is_ip:
        return NotAvailable(because="the target is an address of one family")
    having = [f for f in (6, 4) if any(family_of(a) == f for a in (*known.true, *known.own))]
    if not having:
        return NotAvailable(because="no address of the site is known")
    lacking = {6, 4} - set(having)
    if lacking:
        return NotAvailable(because=f"the site has no IPv{lacking.pop()} address")
    broken = [family for family in having if not bench.usable(family)]
    if broken:
        return NotAvailable(because=f"this line has no IPv{broken[0]}")
    return tuple(by_road(f"IPv{family} alone", FamilyRoad(family), family=family) for family in having)
