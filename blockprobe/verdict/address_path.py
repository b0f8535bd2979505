"""Where packets to an address end: on the path that this line shares with unrelated sites, or beyond it?"""

from ipaddress import ip_address

from blockprobe.model.addresses import family_of
from blockprobe.model.failure import Failure
from blockprobe.model.observation import PathHop, PathObservation, PathReply, Place
from blockprobe.verdict.leg import Leg
from blockprobe.verdict.view import View

#: A router's silence about the target is believed after so many packets: 6e-5 where 10 % are lost each way.
WITHHELD_PACKETS = 6
#: What is sent to the target and to its neighbour in one round begins within this time (seconds).
_SAME_TIME_S = 0.5


def common_routers(view: View, address: str) -> set[str]:
    """The routers that unrelated neutral targets share, of the address's family."""
    return {hop.address for hop in view.line.common_path if hop.family == family_of(address)}


def working_neighbours(view: View, address: str) -> set[str]:
    """Neighbours of this very address that answer here; a refusal by the neighbour itself is an answer too."""
    answers = (None, Failure.CONNECTION_REFUSED)
    return {
        t.address
        for t in view.tcp
        if t.why.place is Place.NEIGHBOUR and t.failure in answers and _is_neighbour(address, t.address)
    }


def _is_neighbour(address: str, other: str) -> bool:
    """As near as neighbours are looked for: the same /21 of IPv4, the same /60 of IPv6."""
    return _same_bits(address, other, 21, 60)


def same_prefix(address: str, other: str) -> bool:
    """Whether the two share the smallest prefix that networks announce to each other (/24), or an IPv6 link (/64)."""
    return _same_bits(address, other, 24, 64)


def _same_bits(one: str, other: str, bits4: int, bits6: int) -> bool:
    first, second = ip_address(one), ip_address(other)
    if first.version != second.version:
        return False
    shift = 32 - bits4 if first.version == 4 else 128 - bits6
    return int(first) >> shift == int(second) >> shift


def path_proves(view: View, leg: Leg, address: str, *, alive: bool = True) -> bool:
    """Whether the common path itself drops, resets or rejects what goes to the address.

    Only where a neighbour's packets with the same hop limit expire at the common path's router: else the target may
    stand inside this very network, so near that its own firewall answers. Of an address that is not `alive` elsewhere
    either, only a reset or a prohibition is proof: one under attack is dropped for everybody by its hoster's transit
    (RFC 5635), which may be on the common path, while its neighbours go on working.
    """
    ours = [p for p in view.path if p.address == address and p.port == leg.port and p.carrying == "syn"]
    neighbours = [p for p in view.path if p.carrying == "syn" and p.why.place is Place.NEIGHBOUR]
    neighbours = [p for p in neighbours if _is_neighbour(address, p.address)]
    near = any(same_prefix(address, neighbour) for neighbour in working_neighbours(view, address))
    routers = common_routers(view, address)
    for hop in view.line.common_path:
        mine = [h for p in ours for h in p.hops if h.ttl == hop.ttl]
        shown = [h for p in neighbours for h in p.hops if h.ttl == hop.ttl]
        if hop.family != family_of(address) or not mine or not shown:
            continue
        shows = any(all_exceeded(h, routers) for h in shown)
        if alive and shows and _withheld_beside(ours, neighbours, hop.ttl) and not leaves_common_path(view, address):
            return True
        expired = any(r is PathReply.TIME_EXCEEDED for h in shown for r in h.replies)
        if expired and _answered_early(mine, routers, unreachable_counts=alive and near):
            return True
    return False


def leaves_common_path(view: View, address: str) -> bool:
    """Whether a packet to the address was seen to pass the whole common path: then what stops it is farther out."""
    family = family_of(address)
    last = max((hop.ttl for hop in view.line.common_path if hop.family == family), default=None)
    routers = common_routers(view, address)
    return any(
        reply is PathReply.TIME_EXCEEDED and sender in routers
        for path in view.path
        if path.address == address and path.carrying == "syn"
        for hop in path.hops
        if hop.ttl == last
        for reply, sender in zip(hop.replies, hop.senders, strict=True)
    )


def all_exceeded(hop: PathHop, routers: set[str]) -> bool:
    """Three of three "time exceeded", from a router of the common path."""
    exceeded = len(hop.replies) >= 3 and all(reply is PathReply.TIME_EXCEEDED for reply in hop.replies)
    return exceeded and all(sender in routers for sender in hop.senders)


def withheld(hops: list[PathHop]) -> bool:
    """Never an answer at this hop limit, over so many packets that loss cannot explain it."""
    replies = [reply for hop in hops for reply in hop.replies]
    return len(replies) >= WITHHELD_PACKETS and all(reply is PathReply.NONE for reply in replies)


def _withheld_beside(ours: list[PathObservation], neighbours: list[PathObservation], ttl: int) -> bool:
    """`withheld`, counting only packets beside which the neighbour's, sent at the same time, mostly expired: in an
    outage both vanish."""
    beside = [
        hop
        for path in ours
        if any(abs(other.t0_s - path.t0_s) < _SAME_TIME_S and _mostly_exceeded(other, ttl) for other in neighbours)
        for hop in path.hops
        if hop.ttl == ttl
    ]
    return withheld(beside) and withheld([hop for path in ours for hop in path.hops if hop.ttl == ttl])


def _mostly_exceeded(path: PathObservation, ttl: int) -> bool:
    replies = [reply for hop in path.hops if hop.ttl == ttl for reply in hop.replies]
    return 3 * replies.count(PathReply.TIME_EXCEEDED) >= 2 * len(replies) > 0


def _answered_early(hops: list[PathHop], routers: set[str], *, unreachable_counts: bool) -> bool:
    """A reset or rejection at a hop limit that cannot reach beyond the common path; losses apart, every time.

    "Unreachable" counts only beside a neighbour of the same prefix that is reached: a withdrawn route says so as well.
    """
    rejecting = {PathReply.PROHIBITED} | ({PathReply.UNREACHABLE} if unreachable_counts else set())
    heard = [
        (reply, sender)
        for hop in hops
        for reply, sender in zip(hop.replies, hop.senders, strict=True)
        if reply is not PathReply.NONE
    ]
    resets = [reply for reply, _ in heard if reply in (PathReply.REFUSED, PathReply.RESET)]
    rejections = [
        reply for reply, sender in heard
        if reply in rejecting and sender in routers
    ]  # fmt: skip
    return len(heard) >= 2 and (len(resets) == len(heard) or len(rejections) == len(heard))
