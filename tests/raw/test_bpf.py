"""The socket filter, run here as the kernel would run it: whose packets pass, and whose do not."""

import ipaddress
import struct

import pytest

from blockprobe.raw.bpf import INSTRUCTION, packed, program

V4, V6, OTHER4, OTHER6, US4, US6 = (
    "203.0.113.9",
    "2001:db8::9",
    "203.0.113.8",
    "2001:db8::8",
    "198.51.100.10",
    "2001:db8:10::1",
)


def ip(source: str, target: str, protocol: int, payload: bytes, *, options: int = 0) -> bytes:
    """A packet; `options` are words of IPv4 header beyond the usual five."""
    ends = ipaddress.ip_address(source).packed + ipaddress.ip_address(target).packed
    if ":" in source:
        return struct.pack("!IHBB", 6 << 28, len(payload), protocol, 61) + ends + payload
    head = struct.pack("!BBHHHBBH", 0x45 + options, 0, 20 + 4 * options + len(payload), 7, 0, 61, protocol, 0)
    return head + ends + bytes(4 * options) + payload


def error(router: str, us: str, quoted: bytes, *, options: int = 0) -> bytes:
    kind = 3 if ":" in router else 11
    return ip(router, us, 58 if ":" in router else 1, struct.pack("!BBHI", kind, 0, 0, 0) + quoted, options=options)


def passes(addresses: list[str], packet: bytes) -> bool:
    """A machine for the handful of instructions that the filter uses; loads beyond the packet reject, as in Linux."""
    code = program(addresses)
    assert packed(code) == b"".join(INSTRUCTION.pack(*one) for one in code)
    at = a = x = 0
    while True:
        op, jt, jf, k = code[at]
        at += 1
        if op in (0x30, 0x20, 0x40):
            start, size = (k + x if op == 0x40 else k), (1 if op == 0x30 else 4)
            if start + size > len(packet):
                return False
            a = int.from_bytes(packet[start : start + size])
        elif op == 0xB1:
            x = 4 * (packet[k] & 15)
        elif op == 0x74:
            a >>= k
        elif op == 0x15:
            at += jt if a == k else jf
        elif op == 0x05:
            at += k
        else:
            assert op == 0x06
            return bool(k)


UDP4, UDP6 = ip(US4, V4, 17, bytes(8)), ip(US6, V6, 17, bytes(8))
PASSING = [
    ip(V4, US4, 6, bytes(20)), UDP4, ip(V6, US6, 6, bytes(20)), UDP6, error("198.18.0.2", US4, UDP4),
    error("198.18.0.2", US4, UDP4, options=2), error("2001:db8:f0::2", US6, UDP6),
]  # fmt: skip
OTHERS = [
    ip(OTHER4, US4, 6, bytes(20)), ip(US4, OTHER4, 17, bytes(8)), ip(OTHER6, US6, 6, bytes(20)),
    error("198.18.0.2", US4, ip(US4, OTHER4, 17, bytes(8))),
    error("2001:db8:f0::2", US6, ip(US6, OTHER6, 17, bytes(8))),
    b"", b"\x00" * 40, b"\x45", b"\x60" + bytes(20),
]  # fmt: skip


@pytest.mark.parametrize("addresses", [[V4, V6], [V6, "203.0.113.77", V4, "2001:db8::77"]])
def test_our_own_flows_pass_and_nobody_elses(addresses: list[str]) -> None:
    assert [passes(addresses, packet) for packet in PASSING] == [True] * len(PASSING)
    assert [passes(addresses, packet) for packet in OTHERS] == [False] * len(OTHERS)


def test_one_family_alone() -> None:
    assert [passes([V4], packet) for packet in PASSING] == [True, True, False, False, True, True, False]
    assert [passes([V6], packet) for packet in PASSING] == [False, False, True, True, False, False, True]
