"""Packets taken apart with scapy, and matched with our flows; every byte may be an attacker's."""

import struct
from collections.abc import Mapping
from typing import IO, Any

from scapy.layers.inet import ICMP, IP, TCP, UDP
from scapy.layers.inet6 import ICMPv6DestUnreach, ICMPv6TimeExceeded, IPv6
from scapy.packet import Packet
from scapy.utils import RawPcapWriter

from blockprobe.raw.flows import Flow

_LINKTYPE_RAW = 101  # packets begin with the IP header
_PROTOCOLS = {6: "tcp", 17: "udp"}
_PROHIBITED_V4, _PROHIBITED_V6 = (9, 10, 13), (1, 5, 6)
_IPV6_HEADER_BYTES = 40


def dissect(data: bytes) -> dict[str, Any] | None:
    """The facts of one packet towards us, with the flow it belongs to; None where it has none.

    Keys: protocol, address and port of the far end, source_port (ours), sender, hops_left, and with them ip_id,
    window, flags, size, or `icmp` (exceeded, prohibited, port, unreachable). `number` tells which connection of the
    flow it belongs to: what a segment acknowledges, or the sequence number that an ICMP error quotes.
    """
    try:
        return _dissect(data)
    except Exception:  # scapy raises what it likes for what the network sends
        return None


def flow_of(facts: Mapping[str, Any]) -> Flow:
    """The flow of a packet's facts."""
    return facts["protocol"], facts["address"], facts["port"], facts["source_port"]


def sent(data: bytes) -> tuple[Flow, int | None] | None:
    """The flow of a packet that we sent, and the first sequence number of the connection that it asks for, if any."""
    try:
        packet = _parse(data)
        layer = packet.getlayer(TCP) or packet.getlayer(UDP) if packet is not None else None
        if packet is None or layer is None:
            return None
        flow = ("tcp" if TCP in packet else "udp"), str(packet.dst), int(layer.dport), int(layer.sport)
        return flow, int(layer.seq) if TCP in packet and str(layer.flags) == "S" else None
    except Exception:  # as above
        return None


def writer(file: IO[bytes]) -> RawPcapWriter:
    """A pcap file of packets from their IP header on."""
    made = RawPcapWriter(file, linktype=_LINKTYPE_RAW, sync=True)
    made.write_header(None)
    return made


def _parse(data: bytes) -> Packet | None:
    version = data[0] >> 4 if data else 0
    if version == 4 and len(data) >= 20:
        return IP(data)
    return IPv6(data) if version == 6 and len(data) >= _IPV6_HEADER_BYTES else None


def _dissect(data: bytes) -> dict[str, Any] | None:
    packet = _parse(data)
    if packet is None:
        return None
    v4 = IP in packet
    facts: dict[str, Any] = {"sender": str(packet.src), "hops_left": int(packet.ttl if v4 else packet.hlim)}
    if v4:
        if packet.frag:
            return None
        facts["ip_id"] = int(packet.id)
    word = _icmp(packet, v4)
    if word is not None:
        quoted = _quoted(data, packet, v4)
        return None if quoted is None else facts | quoted | {"icmp": word}
    return _transport(packet, facts, len(data))


def _transport(packet: Packet, facts: dict[str, Any], length: int) -> dict[str, Any] | None:
    if TCP in packet:
        tcp = packet[TCP]
        size = max(0, length - _offset(packet, TCP) - 4 * int(tcp.dataofs or 5))
        more: dict[str, Any] = {"protocol": "tcp", "window": int(tcp.window), "flags": str(tcp.flags), "size": size}
        if "A" in more["flags"]:
            more["number"] = int(tcp.ack)
        layer = tcp
    elif UDP in packet:
        layer = packet[UDP]
        more = {"protocol": "udp", "size": max(0, int(layer.len) - 8)}
    else:
        return None
    return facts | more | {"address": facts["sender"], "port": int(layer.sport), "source_port": int(layer.dport)}


def _offset(packet: Packet, layer: type[Packet]) -> int:
    """Where a layer begins, counted in the bytes of those before it."""
    at, one = 0, packet
    while not isinstance(one, layer):
        at += len(one.original) - len(one.payload.original)
        one = one.payload
    return at


def _icmp(packet: Packet, v4: bool) -> str | None:  # noqa: FBT001 - private, one caller
    """What an ICMP error says; None for anything else."""
    if v4 and ICMP in packet:
        kind, code = int(packet[ICMP].type), int(packet[ICMP].code)
        if kind == 11:
            return "exceeded"
        if kind == 3:
            return "prohibited" if code in _PROHIBITED_V4 else "port" if code == 3 else "unreachable"
    if ICMPv6TimeExceeded in packet:
        return "exceeded"
    if ICMPv6DestUnreach in packet:
        code = int(packet[ICMPv6DestUnreach].code)
        return "prohibited" if code in _PROHIBITED_V6 else "port" if code == 4 else "unreachable"
    return None


def _quoted(data: bytes, packet: Packet, v4: bool) -> dict[str, Any] | None:  # noqa: FBT001 - private, one caller
    """The flow that an ICMP error is about; by hand, for a router may quote no more than eight bytes of its header."""
    start = 4 * int(packet.ihl) + 8 if v4 else _IPV6_HEADER_BYTES + 8
    inner = data[start:]
    if v4:
        protocol, address, head = inner[9], IP(inner[:20]).dst, 4 * (inner[0] & 15)
    else:
        protocol, address, head = inner[6], IPv6(inner[:_IPV6_HEADER_BYTES]).dst, _IPV6_HEADER_BYTES
    ours, theirs = struct.unpack_from("!HH", inner, head)
    if protocol not in _PROTOCOLS:
        return None
    found = {"protocol": _PROTOCOLS[protocol], "address": str(address), "port": theirs, "source_port": ours}
    return found | {"number": struct.unpack_from("!I", inner, head + 4)[0]} if found["protocol"] == "tcp" else found
