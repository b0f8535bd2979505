"""Packets taken apart: the facts of each kind, and no byte that raises."""

import io
import struct
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from blockprobe.raw.dissect import dissect, flow_of, sent, writer

from .test_bpf import US4, US6, V4, V6, error, ip

SEGMENT = {"hops_left": 61, "window": 512, "number": 2}


def tcp(sport: int, dport: int, flags: int, payload: bytes = b"", *, options: bytes = b"") -> bytes:
    offset = (5 + len(options) // 4) << 4
    return struct.pack("!HHIIBBHHH", sport, dport, 1, 2, offset, flags, 512, 0, 0) + options + payload


def udp(sport: int, dport: int, payload: bytes = b"") -> bytes:
    return struct.pack("!HHHH", sport, dport, 8 + len(payload), 0) + payload


def flow(protocol: str, address: str, port: int) -> dict[str, Any]:
    return {"protocol": protocol, "address": address, "port": port, "source_port": 40_000}


@pytest.mark.parametrize(
    ("packet", "facts"),
    [
        (ip(V4, US4, 6, tcp(443, 40_000, 0x14)),
         flow("tcp", V4, 443) | SEGMENT | {"sender": V4, "ip_id": 7, "flags": "RA", "size": 0}),
        (ip(V4, US4, 6, tcp(443, 40_000, 0x18, b"hello", options=bytes(12))),
         flow("tcp", V4, 443) | SEGMENT | {"sender": V4, "ip_id": 7, "flags": "PA", "size": 5}),
        (ip(V6, US6, 6, tcp(443, 40_000, 0x12)),
         flow("tcp", V6, 443) | SEGMENT | {"sender": V6, "flags": "SA", "size": 0}),
        (ip(V4, US4, 17, udp(53, 40_000, b"answer")),
         flow("udp", V4, 53) | {"sender": V4, "hops_left": 61, "ip_id": 7, "size": 6}),
        (error("198.18.0.2", US4, ip(US4, V4, 6, tcp(40_000, 443, 2)[:8])),
         flow("tcp", V4, 443) | {"sender": "198.18.0.2", "hops_left": 61, "ip_id": 7, "number": 1, "icmp": "exceeded"}),
        (error("2001:db8:f0::2", US6, ip(US6, V6, 17, udp(40_000, 53))),
         flow("udp", V6, 53) | {"sender": "2001:db8:f0::2", "hops_left": 61, "icmp": "exceeded"}),
        (error("198.18.0.2", US4, ip(US4, V4, 1, bytes(8))), None),
        (ip(V4, US4, 1, b"\x08\x00" + bytes(6)), None),
        (ip(V4, US4, 6, b"\x01"), None),
        (b"", None),
        (b"\x45" * 19, None),
    ],
)  # fmt: skip
def test_the_facts_of_a_packet(packet: bytes, facts: dict[str, Any] | None) -> None:
    assert dissect(packet) == facts


@pytest.mark.parametrize(
    ("kind", "code", "word"), [(3, 13, "prohibited"), (3, 1, "unreachable"), (3, 3, "port"), (8, 0, None)]
)
def test_icmp_in_words(kind: int, code: int, word: str | None) -> None:
    quoted = ip(US4, V4, 17, udp(40_000, 53))
    packet = ip("198.18.0.2", US4, 1, struct.pack("!BBHI", kind, code, 0, 0) + quoted)
    found = dissect(packet)
    assert (found["icmp"] if found else None) == word


def test_both_directions_of_a_flow_are_the_same_flow() -> None:
    facts = dissect(ip(V4, US4, 6, tcp(443, 40_000, 0x12)))
    assert facts is not None
    assert (flow_of(facts), 1) == sent(ip(US4, V4, 6, tcp(40_000, 443, 2)))
    assert (flow_of(facts), None) == sent(ip(US4, V4, 6, tcp(40_000, 443, 0x10)))
    assert sent(ip(US4, V4, 1, bytes(8))) is None


@settings(max_examples=500, deadline=None)
@given(st.one_of(
    st.binary(max_size=120),
    st.builds(lambda head, rest: head + rest, st.sampled_from([b"\x45", b"\x4f", b"\x60"]), st.binary(max_size=120)),
    st.builds(lambda cut, packet: packet[:cut], st.integers(0, 80), st.sampled_from([
        error("198.18.0.2", US4, ip(US4, V4, 6, tcp(40_000, 443, 2))), ip(V6, US6, 6, tcp(443, 40_000, 0x12, b"x")),
        error("2001:db8:f0::2", US6, ip(US6, V6, 17, udp(40_000, 53))),
    ])),
))  # fmt: skip
def test_no_bytes_raise(data: bytes) -> None:
    facts = dissect(data)
    sent(data)
    assert facts is None or len(flow_of(facts)) == 4


def test_a_pcap_file_holds_whole_packets() -> None:
    file, packet = io.BytesIO(), ip(V4, US4, 17, udp(53, 40_000, b"answer"))
    made = writer(file)
    made.write_packet(packet)
    data = file.getvalue()
    assert struct.unpack("<IHHiIII", data[:24])[0::6] == (0xA1B2C3D4, 101)
    assert data.endswith(packet)
