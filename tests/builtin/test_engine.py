"""The censor's engine alone: what it costs, and that made-up packets are well formed."""

import struct
import time

from hypothesis import given
from hypothesis import strategies as st

from blockprobe.lab import packets
from blockprobe.lab.censor import Drop, Host, Match, Sni
from blockprobe.lab.engine import Engine
from blockprobe.lab.packets import ACK, PSH, Segment, answer_tcp, checksum, parse, readdress
from blockprobe.lab.sniff import host_name, server_name


def frame(payload=b"", *, v6=False, flags=ACK | PSH):
    size, kind = (16, b"\x86\xdd") if v6 else (4, b"\x08\x00")
    src, dst = b"\x0a" * size, b"\x0b" * size
    segment = struct.pack("!HHIIBBHHH", 4000, 443, 1000, 2000, 5 << 4, flags, 65535, 0, 0) + payload
    if v6:
        head = struct.pack("!IHBB", 6 << 28, len(segment), 6, 64) + src + dst
    else:
        head = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(segment), 0, 0x4000, 64, 6, 0) + src + dst
    return b"\x02" * 12 + kind + head + segment


def is_sound(made):
    packet = parse(made)
    pseudo = packet.src + packet.dst
    length = packet.end - packet.l4
    pseudo += struct.pack("!BBH", 0, 6, length) if len(packet.src) == 4 else struct.pack("!II", length, 6)
    ip_sound = len(packet.src) == 16 or checksum(made[14 : packet.l4]) == 0
    return ip_sound and checksum(pseudo + made[packet.l4 : packet.end]) == 0


@given(st.binary(max_size=64), st.booleans(), st.integers(0, 2**32 - 1))
def test_made_up_segments_have_right_checksums(payload, v6, seq):
    packet = parse(frame(b"hello", v6=v6))
    assert is_sound(answer_tcp(packet, Segment(seq=seq, ack=7, flags=ACK, payload=payload)))
    assert is_sound(packets.reset(packet))
    other = b"\x0c" * len(packet.src)
    moved = parse(readdress(packet, dst=(other, 53)))
    assert (moved.dst, moved.dport, moved.src, moved.payload) == (other, 53, packet.src, b"hello")
    assert is_sound(moved.frame)


@given(st.binary(max_size=200))
def test_no_bytes_confuse_the_parsers(data):
    server_name(b"\x16\x03\x01" + data)
    host_name(b"GET " + data)
    engine = Engine((Sni(names=("a.example",)), Host(names=("a.example",))), time.monotonic)
    assert engine.handle(frame(b"\x16\x03" + data), up=True) is not None
    engine.handle(data, up=True)


def test_a_packet_that_concerns_no_rule_costs_little():
    rules = (
        Sni(names=tuple(f"s{n}.example" for n in range(1000))),
        Host(names=("a.example",)),
        Drop(match=Match(addresses=tuple(f"100.64.{n // 250}.{n % 250}" for n in range(1000)))),
    )
    engine = Engine(rules, time.monotonic)
    packet = frame(b"\x17" + b"x" * 1000)
    best = min(_seconds(engine, packet) for _ in range(5))
    assert best < 60e-6, f"{best * 1e6:.1f} µs a packet"  # 2 µs on an idle machine


def _seconds(engine, packet, times=2000):
    began = time.perf_counter()
    for _ in range(times):
        engine.handle(packet, up=True)
    return (time.perf_counter() - began) / times
