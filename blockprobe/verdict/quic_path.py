"""Where QUIC to an address ends: on the path that this line shares with unrelated sites, or beyond it? PURE."""

from blockprobe.model.addresses import family_of
from blockprobe.model.evidence import PathHop
from blockprobe.model.observation import Place
from blockprobe.verdict.address_path import all_exceeded, common_routers, withheld
from blockprobe.verdict.leg import Leg
from blockprobe.verdict.view import View


def path_withholds_quic(view: View, leg: Leg, address: str) -> bool:
    """Whether the common path itself drops Initials to the address, whatever name is in them.

    At one hop limit a router of the common path must report, three of three, what goes to somebody else over QUIC and
    what goes to this address over TCP, and never what goes to this address over QUIC; nor may any router behind it.
    """
    routers = common_routers(view, address)
    mine = _hops(view, "quic_initial", leg, address)
    over_tcp = _hops(view, "syn", leg, address)
    others = [
        hop
        for path in view.path
        if path.carrying == "quic_initial" and path.why.place in (Place.ECHO, Place.NEUTRAL)
        if family_of(path.address) == family_of(address)
        for hop in path.hops
    ]
    for limit in sorted(hop.ttl for hop in view.line.common_path if hop.family == family_of(address)):
        beyond = [hop for hop in mine if hop.ttl >= limit]
        if not withheld([hop for hop in beyond if hop.ttl == limit]) or not withheld(beyond):
            continue
        shown = any(hop.ttl == limit and all_exceeded(hop, routers) for hop in others)
        if shown and any(hop.ttl == limit and all_exceeded(hop, routers) for hop in over_tcp):
            return True
    return False


def _hops(view: View, carrying: str, leg: Leg, address: str) -> list[PathHop]:
    """What the hop limits brought for packets of one kind to the address, on the leg's port."""
    paths = (p for p in view.path if p.address == address and p.port == leg.port and p.carrying == carrying)
    return [hop for path in paths for hop in path.hops]
