"""An on-path censor: it sees a copy of what the subscriber sends and races the true answer with a forged one.

Run as a program inside the first router: `tap.py INTERFACE`. Each line on standard input is a JSON list that replaces
all rules; each is answered with `ready`. Standard library only. It never holds a packet back, so it wins only on a
line with some delay (2 ms and more).
"""

import contextlib
import json
import os
import random
import select
import socket
import struct
import sys
from dataclasses import dataclass

_OUTGOING = 4
_FIN, _SYN, _RST, _PSH, _ACK = 1, 2, 4, 8, 16


@dataclass(frozen=True, slots=True)
class Packet:
    """An IPv4 or IPv6 packet of TCP or UDP: addresses are packed, `segment` begins with the transport header."""

    source: bytes
    target: bytes
    protocol: int
    segment: bytes


def parse(data: bytes) -> Packet | None:
    if len(data) > 40 and data[0] >> 4 == 6 and data[6] in (6, 17):
        return Packet(data[8:24], data[24:40], data[6], data[40 : 40 + int.from_bytes(data[4:6], "big")])
    if len(data) > 28 and data[0] >> 4 == 4 and data[9] in (6, 17):
        head = (data[0] & 15) * 4
        return Packet(data[12:16], data[16:20], data[9], data[head : int.from_bytes(data[2:4], "big")])
    return None


def _flow(packet: Packet) -> bytes:
    """Both addresses, both ports."""
    return packet.source + packet.target + packet.segment[:4]


def _checksum(data: bytes) -> int:
    words = struct.unpack(f"!{(len(data) + 1) // 2}H", data + bytes(len(data) % 2))
    total: int = sum(words)
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def forge(source: bytes, target: bytes, protocol: int, segment: bytes) -> bytes:
    """A whole IP packet around a transport segment whose checksum field is still zero."""
    pseudo = source + target + struct.pack("!IxxxB", len(segment), protocol)
    at = 16 if protocol == 6 else 6
    total = _checksum(pseudo + segment) or 0xFFFF
    segment = segment[:at] + struct.pack("!H", total) + segment[at + 2 :]
    if len(source) == 16:
        return struct.pack("!IHBB", 6 << 28, len(segment), protocol, 57) + source + target + segment
    head = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(segment), random.randrange(65536), 0, 57, protocol, 0)
    return head + source + target + segment


def _tcp(ports: tuple[int, int], sequence: int, acknowledged: int, flags: int, data: bytes = b"") -> bytes:
    return struct.pack("!HHIIBBHHH", *ports, sequence % 2**32, acknowledged % 2**32, 5 << 4, flags, 65535, 0, 0) + data


def _question_end(message: bytes) -> int:
    at = 12
    while at < len(message) and message[at]:
        at += message[at] + 1
    return at + 5


def dns_answer(message: bytes, rule: dict[str, object]) -> bytes | None:
    """The forged answer if the question is for the rule's name or below it."""
    end = _question_end(message)
    question = message[12:end]
    name = str(rule["name"])
    wire = b"".join(bytes([len(label)]) + label.encode() for label in name.split(".")) + b"\0"
    below = question[:-4].lower()
    if not (below == wire or below.endswith(wire)):
        return None
    kind = int.from_bytes(question[-4:-2], "big")
    family, addresses = {1: (socket.AF_INET, rule["v4"]), 28: (socket.AF_INET6, rule["v6"])}.get(kind, (None, []))
    if family is None:
        return None
    assert isinstance(addresses, list)
    records = b""
    for address in addresses:
        packed = socket.inet_pton(family, address)
        records += struct.pack("!HHHIH", 0xC00C, kind, 1, 60, len(packed)) + packed
    flags = 0x8180 | int(str(rule["rcode"]))
    return message[:2] + struct.pack("!HHHHH", flags, 1, len(addresses), 0, 0) + question + records


def sni_pattern(name: str) -> bytes:
    raw = name.encode()
    return struct.pack("!HHHBH", 0, len(raw) + 5, len(raw) + 3, 0, len(raw)) + raw


def join_records(data: bytes) -> bytes:
    """The contents of TLS handshake records (RFC 8446, 5.1), joined; other bytes as they are."""
    joined, at = b"", 0
    while data[at : at + 1] == b"\x16" and at + 5 <= len(data):
        length = int.from_bytes(data[at + 3 : at + 5], "big")
        joined, at = joined + data[at + 5 : at + 5 + length], at + 5 + length
    return joined or data


class Streams:
    """What each of the last connections has said so far, in the order of its sequence numbers.

    Only so is a name found whose first half comes twice, because its acknowledgement was lost.
    """

    def __init__(self) -> None:
        self._segments: dict[bytes, dict[int, bytes]] = {}

    def add(self, flow: bytes, sequence: int, payload: bytes) -> bytes:
        """One more segment; all that the connection said. The longest of those that begin alike counts."""
        segments = self._segments.setdefault(flow, {})
        segments[sequence] = max(payload, segments.get(sequence, b""), key=len)
        if len(segments) > 16:
            del segments[min(segments)]
        if len(self._segments) > 512:
            self.forget(next(iter(self._segments)))
        return _joined(segments)

    def forget(self, flow: bytes) -> None:
        self._segments.pop(flow, None)


def _joined(segments: dict[int, bytes]) -> bytes:
    joined, end = b"", min(segments)
    for start, data in sorted(segments.items()):
        joined += data[max(0, end - start) :]
        end = max(end, start + len(data))
    return joined


def _page(rule: dict[str, object]) -> bytes:
    if rule["how"] == "redirect":
        return f"HTTP/1.1 302 Found\r\nLocation: {rule['location']}\r\nContent-Length: 0\r\n\r\n".encode()
    body = str(rule["body"])
    return f"HTTP/1.0 200 OK\r\nContent-Type: text/html\r\n\r\n{body}".encode()


class Tap:
    """The rules and what they do with a packet."""

    def __init__(self) -> None:
        self.rules: list[dict[str, object]] = []
        self._streams = Streams()
        self._v4 = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
        self._v6 = socket.socket(socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_RAW)

    def _send(self, packet: bytes, target: bytes) -> None:
        if len(target) == 4:
            self._v4.sendto(packet, (socket.inet_ntop(socket.AF_INET, target), 0))
        else:
            self._v6.sendto(packet, (socket.inet_ntop(socket.AF_INET6, target), 0))

    def see(self, packet: Packet) -> None:
        source, target = struct.unpack_from("!HH", packet.segment)
        if packet.protocol == 17 and target == 53:
            self._dns(packet, source)
        elif packet.protocol == 6 and target in (80, 443):
            if packet.segment[13] & _SYN:
                self._streams.forget(_flow(packet))
            payload = packet.segment[(packet.segment[12] >> 4) * 4 :]
            if payload:
                self._stream(packet, payload, source, target)

    def _dns(self, packet: Packet, port: int) -> None:
        for rule in self.rules:
            if rule["do"] != "dns" or random.random() > float(str(rule["share"])):
                continue
            answer = dns_answer(packet.segment[8:], rule)
            if answer is not None:
                segment = struct.pack("!HHHH", 53, port, 8 + len(answer), 0) + answer
                for _ in range(int(str(rule["copies"]))):
                    self._send(forge(packet.target, packet.source, 17, segment), packet.source)
                return

    def _stream(self, packet: Packet, payload: bytes, source: int, target: int) -> None:
        flow = _flow(packet)
        whole = self._streams.add(flow, int.from_bytes(packet.segment[4:8], "big"), payload)
        for rule in self.rules:
            text = whole if rule.get("reassemble") else payload
            text = join_records(text) if rule.get("records") else text
            name = str(rule["name"])
            is_tls = rule["do"] == "tls" and target == 443 and sni_pattern(name) in text
            if is_tls or (rule["do"] == "http" and target == 80 and f"host: {name}\r\n".encode() in text.lower()):
                self._streams.forget(flow)
                self._cut(packet, payload, (source, target), rule)
                return

    def _cut(self, packet: Packet, payload: bytes, ports: tuple[int, int], rule: dict[str, object]) -> None:
        sequence, acknowledged = struct.unpack_from("!II", packet.segment, 4)
        flags = {"rst": _RST | _ACK, "fin": _FIN | _ACK}.get(str(rule["how"]), _PSH | _FIN | _ACK)
        data = _page(rule) if rule["how"] in ("page", "redirect") else b""
        answer = _tcp(ports[::-1], acknowledged, sequence + len(payload), flags, data)
        self._send(forge(packet.target, packet.source, 6, answer), packet.source)
        reset = _tcp(ports, sequence, acknowledged, _RST | _ACK)
        self._send(forge(packet.source, packet.target, 6, reset), packet.target)


def main() -> None:
    line = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(3))
    line.bind((sys.argv[1], 3))
    tap = Tap()
    with contextlib.suppress(OSError):  # on a busy machine it would lose its races
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(10))
    print("ready", flush=True)
    while True:
        readable, _, _ = select.select([line, sys.stdin], [], [])
        if sys.stdin in readable:
            order = sys.stdin.readline()
            if not order:
                return
            tap.rules = json.loads(order)
            print("ready", flush=True)
        if line in readable:
            data, where = line.recvfrom(65536)
            packet = parse(data) if tap.rules and where[2] != _OUTGOING else None
            if packet:
                tap.see(packet)


if __name__ == "__main__":
    main()
