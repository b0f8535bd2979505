"""The censor's engine alone: what it costs, and that made-up packets are well formed."""

import struct
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from blockprobe.lab import packets
from blockprobe.lab.censor import Action, Drop, Freeze, Host, Match, QuicSni, Rate, Sni
from blockprobe.lab.engine import Engine
from blockprobe.lab.packets import ACK, PSH, Segment, answer_tcp, checksum, parse, readdress
from blockprobe.lab.shaping import shapers
from blockprobe.lab.sniff import host_name, server_name
from blockprobe.net.quic_wire import first_datagram


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


ASK = b"GET / HTTP/1.1\r\nHost: %b\r\n\r\n"


def returned(packet, payload):
    """A frame of the server's in answer to the client's."""
    return answer_tcp(parse(packet), Segment(seq=2000, ack=1000, flags=ACK, payload=payload))


@pytest.mark.parametrize(("action", "resets"), [(Action.DROP, 0), (Action.RESET, 2)])
def test_a_connection_that_named_a_listed_host_dies_after_so_many_bytes(action, resets):
    engine = Engine((Freeze(names=("a.example",), after_bytes=2500, action=action),), time.monotonic)
    asked = frame(ASK % b"www.A.example")
    assert engine.handle(asked, up=True) == asked
    passed = [engine.handle(returned(asked, b"x" * 1000), up=False) is not None for _ in range(4)]
    assert passed == [True, True, False, False]
    assert len(engine.injected) == resets
    assert all(is_sound(made) for _, made in engine.injected)
    assert engine.handle(frame(b"more"), up=True) is None, "dead both ways"


def test_a_connection_that_named_another_host_lives_on():
    engine = Engine((Freeze(names=("a.example",), after_bytes=100),), time.monotonic)
    asked = frame(ASK % b"b.example")
    engine.handle(asked, up=True)
    assert all(engine.handle(returned(asked, b"x" * 1000), up=False) for _ in range(4))


def test_only_connections_that_named_a_listed_host_are_slow():
    (shaper,) = shapers((Rate(kbit=8.0, queue_ms=2500.0, names=("a.example",)),))
    listed, other = frame(ASK % b"a.example"), frame(ASK % b"b.example")
    assert shaper(other, 0.0, True) == 0.0
    assert shaper(returned(other, b"x" * 946), 0.0, False) == 0.0
    assert shaper(listed, 0.0, True) > 0.0
    answer = returned(listed, b"x" * 946)
    assert [shaper(answer, 0.0, False) for _ in range(4)] == [1.0, 2.0, 3.0, None], "1000 bytes a second, then full"
    assert shaper(frame(flags=2), 9.0, True) == 0.0, "a new connection from the same port has named nobody yet"


def test_each_connection_may_have_a_bottleneck_of_its_own():
    (shared,), (own,) = shapers((Rate(kbit=8.0, queue_ms=3000),)), shapers((Rate(kbit=8.0, per_flow=True),))
    one, two = frame(b"x" * 946), frame(b"x" * 946, v6=True)[:-20]
    assert [shared(one, 0.0, True), shared(two, 0.0, True)] == [1.0, 2.0]
    assert [own(one, 0.0, True), own(two, 0.0, True)] == [1.0, 1.0]


def test_a_quic_filter_keeps_back_initials_that_name_a_listed_host_and_nothing_else():
    engine = Engine((QuicSni(names=("listed.example",)),), time.monotonic)

    def passes(datagram, port=443):
        udp = struct.pack("!HHHH", 4000, port, 8 + len(datagram), 0) + datagram
        head = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(udp), 0, 0x4000, 64, 17, 0) + b"\x0a" * 4 + b"\x0b" * 4
        return engine.handle(b"\x02" * 12 + b"\x08\x00" + head + udp, up=True) is not None

    assert engine.active
    assert not passes(first_datagram("listed.example"))
    assert not passes(first_datagram("www.listed.example"))
    assert passes(first_datagram("another.example"))
    assert passes(first_datagram("listed.example"), port=8443)
    assert passes(b"\xc3\x00\x00\x00\x01" + bytes(1300))
    assert passes(b"short")
