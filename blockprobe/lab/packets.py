"""Ethernet frames: what a censor must read of them, and the packets it makes up."""

import struct
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Final

TCP: Final = 6
UDP: Final = 17
FIN: Final = 0x01
SYN: Final = 0x02
RST: Final = 0x04
PSH: Final = 0x08
ACK: Final = 0x10
_V4: Final = b"\x08\x00"
_V6: Final = b"\x86\xdd"


@dataclass(slots=True)
class Packet:
    """The fields of one TCP, UDP or other IP packet; ports are 0 where there are none. Addresses are packed."""

    frame: bytes
    protocol: int
    src: bytes
    dst: bytes
    l4: int
    end: int
    sport: int
    dport: int
    seq: int = 0
    ack: int = 0
    flags: int = 0
    body: int = 0

    @property
    def payload(self) -> bytes:
        """What TCP or UDP carries."""
        return self.frame[self.body : self.end]


def parse(frame: bytes) -> Packet | None:
    """The packet in a frame; None for anything that is not IP, and for fragments."""
    kind = frame[12:14]
    if kind == _V4 and len(frame) >= 34:
        if frame[20] & 0x3F or frame[21]:
            return None
        l4, end = 14 + (frame[14] & 15) * 4, 14 + (frame[16] << 8 | frame[17])
        packet = Packet(frame, frame[23], frame[26:30], frame[30:34], l4, end, 0, 0)
    elif kind == _V6 and len(frame) >= 54:
        end = 54 + (frame[18] << 8 | frame[19])
        packet = Packet(frame, frame[20], frame[22:38], frame[38:54], 54, end, 0, 0)
    else:
        return None
    return _ports(packet)


def _ports(packet: Packet) -> Packet:
    frame, l4 = packet.frame, packet.l4
    if packet.protocol == TCP and len(frame) >= l4 + 20:
        packet.sport, packet.dport, packet.seq, packet.ack, offset, packet.flags = struct.unpack_from(
            "!HHIIBB", frame, l4
        )
        packet.body = l4 + (offset >> 4) * 4
    elif packet.protocol == UDP and len(frame) >= l4 + 8:
        packet.sport, packet.dport = struct.unpack_from("!HH", frame, l4)
        packet.body = l4 + 8
    else:
        packet.body = packet.end
    return packet


def checksum(data: bytes) -> int:
    """The Internet checksum (RFC 1071)."""
    if len(data) % 2:
        data += b"\0"
    total: int = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


@dataclass(slots=True, kw_only=True)
class Segment:
    """A TCP segment to make up: `from_client` packets reuse the frame's direction, others go against it."""

    seq: int
    ack: int
    flags: int
    payload: bytes = b""


def answer_tcp(packet: Packet, segment: Segment) -> bytes:
    """A frame against the direction of `packet`."""
    header = _tcp_header(packet.dport, packet.sport, segment)
    return _frame(packet, (packet.dst, packet.src), TCP, _checked(packet.dst, packet.src, TCP, header, 16))


def forward_tcp(packet: Packet, segment: Segment) -> bytes:
    """A frame in the direction of `packet`."""
    header = _tcp_header(packet.sport, packet.dport, segment)
    data = _checked(packet.src, packet.dst, TCP, header, 16)
    return packet.frame[:14] + _ip(packet.src, packet.dst, TCP, len(data)) + data


def answer_udp(packet: Packet, payload: bytes) -> bytes:
    """A datagram against the direction of `packet`."""
    header = struct.pack("!HHHH", packet.dport, packet.sport, 8 + len(payload), 0) + payload
    return _frame(packet, (packet.dst, packet.src), UDP, _checked(packet.dst, packet.src, UDP, header, 6))


def reset(packet: Packet) -> bytes:
    """The RST that a host without that connection sends (RFC 9293, 3.10.7.1)."""
    length = packet.end - packet.body + bool(packet.flags & (SYN | FIN))
    if packet.flags & ACK:
        return answer_tcp(packet, Segment(seq=packet.ack, ack=(packet.seq + length) & 0xFFFFFFFF, flags=RST | ACK))
    return answer_tcp(packet, Segment(seq=0, ack=(packet.seq + length) & 0xFFFFFFFF, flags=RST | ACK))


def icmp_error(packet: Packet, router: str, kind: int, code: int) -> bytes:
    """An ICMP error about `packet` from a router, with what fits of the packet (RFC 792, 4443)."""
    source = ip_address(router).packed
    quoted = packet.frame[14 : min(packet.end, 14 + (548 if len(source) == 4 else 1232))]
    message = struct.pack("!BBHI", kind, code, 0, 0) + quoted
    if len(source) == 16:
        return _frame(packet, (source, packet.src), 58, _checked(source, packet.src, 58, message, 2))
    summed = message[:2] + struct.pack("!H", checksum(message)) + message[4:]
    return _frame(packet, (source, packet.src), 1, summed)


def readdress(packet: Packet, *, src: tuple[bytes, int] | None = None, dst: tuple[bytes, int] | None = None) -> bytes:
    """The same packet with another source or destination (address, port), checksums made anew."""
    old_src, old_dst = (packet.src, packet.sport), (packet.dst, packet.dport)
    (source, sport), (target, dport) = src or old_src, dst or old_dst
    frame = bytearray(packet.frame[: packet.end])
    size = len(source)
    start = 26 if size == 4 else 22
    frame[start : start + 2 * size] = source + target
    if size == 4:
        frame[24:26] = b"\0\0"
        frame[24:26] = struct.pack("!H", checksum(bytes(frame[14 : packet.l4])))
    struct.pack_into("!HH", frame, packet.l4, sport, dport)
    at = 16 if packet.protocol == TCP else 6
    struct.pack_into("!H", frame, packet.l4 + at, 0)
    frame[packet.l4 :] = _checked(source, target, packet.protocol, bytes(frame[packet.l4 :]), at)
    return bytes(frame)


def _tcp_header(sport: int, dport: int, segment: Segment) -> bytes:
    fixed = struct.pack("!HHIIBBHHH", sport, dport, segment.seq, segment.ack, 5 << 4, segment.flags, 65535, 0, 0)
    return fixed + segment.payload


def _checked(src: bytes, dst: bytes, protocol: int, data: bytes, at: int) -> bytes:
    if len(src) == 4:
        pseudo = src + dst + struct.pack("!BBH", 0, protocol, len(data))
    else:
        pseudo = src + dst + struct.pack("!II", len(data), protocol)
    value = checksum(pseudo + data) or 0xFFFF
    return data[:at] + struct.pack("!H", value) + data[at + 2 :]


def _frame(packet: Packet, ends: tuple[bytes, bytes], protocol: int, data: bytes) -> bytes:
    ethernet = packet.frame[6:12] + packet.frame[0:6] + packet.frame[12:14]
    return ethernet + _ip(ends[0], ends[1], protocol, len(data)) + data


def _ip(src: bytes, dst: bytes, protocol: int, length: int) -> bytes:
    if len(src) == 16:
        return struct.pack("!IHBB", 6 << 28, length, protocol, 64) + src + dst
    head = struct.pack("!BBHHHBBH", 0x45, 0, 20 + length, 0, 0x4000, 64, protocol, 0) + src + dst
    return head[:10] + struct.pack("!H", checksum(head)) + head[12:]
