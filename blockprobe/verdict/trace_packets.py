"""What packets betray of their sender: hop limit on arrival, IP-ID, window (raw sight only)."""

from collections.abc import Iterable

from blockprobe.model.trace import Heard as H
from blockprobe.model.trace import Packet, Part, Spot, Try

#: What systems begin with; who sees a packet arrive can count back to the next of them.
_INITIAL_HOPS = (64, 128, 255)
_ENDS = frozenset({H.RESET, H.REFUSED, H.CLOSED, H.DATA, H.ANSWER, H.CONNECTED})
_OWN = frozenset({H.CONNECTED, H.DATA})


def of_server(tries: Iterable[Try]) -> list[Packet]:
    """What the far end itself sent: answers to SYNs without a hop limit and data, in tries that met no interference."""
    return [packet for one in tries for packet in one.packets if packet.what in _OWN]


def of_injector(tries: Iterable[Try], words: frozenset[H], server: list[Packet]) -> list[Packet]:
    """Packets of the forged kind; of these, if some arrive with other hop limits than the server's own, only those."""
    found = [packet for one in tries for packet in one.packets if packet.what in words & _ENDS]
    own = {packet.hops_left for packet in server}
    foreign = [packet for packet in found if packet.hops_left not in own]
    return foreign if own and foreign else found


def marks(forged: list[Packet], server: list[Packet]) -> tuple[str, ...]:
    """One sentence for each way in which what was injected differs from what the server sends."""
    told = []
    speaking = [packet for packet in forged if packet.what is not H.RESET]  # every system's resets have odd windows
    for word, theirs, own in (
        ("hop limit on arrival", _values(forged, "hops_left"), _values(server, "hops_left")),
        ("IP-ID", _values(forged, "ip_id"), _values(server, "ip_id")),
        ("window", _values(speaking, "window"), _values(server, "window")),
    ):
        if theirs and own and not theirs & own and (word != "IP-ID" or theirs == {0} or own == {0}):
            told.append(f"{word} {_some(theirs)}, the server's own {_some(own)}")
    return tuple(told)


def _values(packets: list[Packet], field: str) -> set[int]:
    return {value for packet in packets if (value := getattr(packet, field)) is not None}


def _some(values: set[int]) -> str:
    return ", ".join(map(str, sorted(values)[:3])) + (" …" if len(values) > 3 else "")


def sender_fits(forged: list[Packet], part: Part) -> Spot | None:
    """The one of the two hops that the forged packets' hop limit fits, if each began with a usual one.

    What hop N sends passes N - 1 routers on its way to us. A box on the wire before hop N, or behind hop N - 1, may
    send with any hop limit it likes, so that this is a hint and no proof.
    """
    arrived = {packet.hops_left for packet in forged}
    if len(arrived) != 1:
        return None
    left = arrived.pop()
    passed = next((initial - left for initial in _INITIAL_HOPS if initial >= left), None)
    return next((spot for spot in (part.last, part.first) if spot.ttl and spot.ttl - 1 == passed), None)


def server_was_heard(one: Try, server: list[Packet], words: frozenset[H]) -> bool:
    """Whether the server's own data arrived in a try that met a forged answer as well.

    Of a forged page the hop limit must tell the two apart.
    """
    data = [packet for packet in one.packets if packet.what is H.DATA]
    if H.DATA not in words:
        return bool(data)
    own = {packet.hops_left for packet in server}
    return bool(own) and any(p.hops_left in own for p in data) and any(p.hops_left not in own for p in data)
