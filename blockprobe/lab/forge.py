"""The packets that a censor makes up: resets, closes, alerts, pages, DNS answers and ICMP errors."""

from ipaddress import ip_address
from typing import Final, NamedTuple

from blockprobe.lab.censor import Action, DnsInject, IcmpReject
from blockprobe.lab.dnswire import Answer, Query, Type, address_record, build
from blockprobe.lab.packets import ACK, FIN, PSH, RST, Packet, Segment, answer_tcp, forward_tcp, icmp_error

_ALERT: Final = b"\x15\x03\x03\x00\x02\x02\x31"  # fatal, access_denied (RFC 8446, 6)
_SEGMENT: Final = 1200
_MASK: Final = 0xFFFFFFFF
_ICMP_V4: Final = {"net": 0, "host": 1, "port": 3, "admin": 13}
_ICMP_V6: Final = {"net": 0, "admin": 1, "host": 3, "port": 4}

Injected = tuple[bool, bytes]
"""Towards the far side? and the frame."""


class Strike(NamedTuple):
    """What to do to a connection; see `censor.Sni`."""

    action: Action
    response: bytes
    in_path: bool
    both_ends: bool


def strike(packet: Packet, how: Strike) -> list[Injected]:
    """The packets that end the connection of a client's `packet`."""
    if how.action is Action.DROP:
        return []
    seq, ack = packet.ack, (packet.seq + packet.end - packet.body) & _MASK
    frames: list[Injected] = []
    if how.action is Action.RESET:
        frames.append((False, answer_tcp(packet, Segment(seq=seq, ack=ack, flags=RST | ACK))))
    else:
        body = {Action.FIN: b"", Action.ALERT: _ALERT, Action.RESPOND: how.response}[how.action]
        frames += [(False, frame) for frame in _closing(packet, body, seq, ack)]
    if how.in_path or how.both_ends:
        # What the server expects next: the packet itself if it was kept back, else what follows it.
        expected = packet.seq if how.in_path else ack
        frames.append((True, forward_tcp(packet, Segment(seq=expected, ack=packet.ack, flags=RST | ACK))))
    return frames


def cut(packet: Packet) -> list[Injected]:
    """The resets, to both ends, that end a connection in the place of a server's `packet`."""
    onwards = forward_tcp(packet, Segment(seq=packet.seq, ack=packet.ack, flags=RST | ACK))
    back = answer_tcp(packet, Segment(seq=packet.ack, ack=packet.seq, flags=RST | ACK))
    return [(False, onwards), (True, back)]


def _closing(packet: Packet, body: bytes, seq: int, ack: int) -> list[bytes]:
    parts = [body[i : i + _SEGMENT] for i in range(0, len(body), _SEGMENT)] or [b""]
    frames = []
    for number, part in enumerate(parts, start=1):
        flags = (ACK | FIN if number == len(parts) else ACK) | (PSH if part else 0)
        frames.append(answer_tcp(packet, Segment(seq=seq, ack=ack, flags=flags, payload=part)))
        seq = (seq + len(part)) & _MASK
    return frames


def forged_dns(query: Query, rule: DnsInject) -> bytes:
    """The injector's answer: no EDNS, no authority, as simple devices write it."""
    wanted = {Type.A: 4, Type.AAAA: 6}.get(Type(query.type)) if query.type in (Type.A, Type.AAAA) else None
    records = tuple(
        address_record(query.name, address, rule.ttl)
        for address in rule.answers
        if rule.rcode == 0 and ip_address(address).version == wanted
    )
    plain = Query(
        id=query.id,
        name=query.name,
        type=query.type,
        rd=query.rd,
        cd=False,
        edns_size=None,
        question=query.question,
    )
    return build(plain, Answer(rcode=rule.rcode, answers=records))


def icmp_reject(packet: Packet, rule: IcmpReject) -> bytes:
    """Destination unreachable, from the rule's router."""
    if len(packet.src) == 4:
        return icmp_error(packet, rule.router_v4, 3, _ICMP_V4[rule.reason])
    return icmp_error(packet, rule.router_v6, 1, _ICMP_V6[rule.reason])
