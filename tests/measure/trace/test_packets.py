"""Which try a packet belongs to, where several share their ports."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from blockprobe.measure.trace.book import Flow
from blockprobe.measure.trace.packets import Packets
from blockprobe.model.trace import Heard as H

SITE, ROUTER = "203.0.113.9", "198.18.0.2"
PLACE: dict[str, Any] = {"protocol": "tcp", "address": SITE, "port": 443, "source_port": 40_000}


def flow(began: float, ended: float, *, udp: bool = False) -> Flow:
    return Flow(udp=udp, address=SITE, port=443, source_port=40_000, began=began, ended=ended)


def begun(t: float, first: int) -> dict[str, Any]:
    return PLACE | {"t": t, "first": first}


def told(t: float, **more: Any) -> dict[str, Any]:
    return PLACE | {"t": t, "sender": SITE, "hops_left": 61} | more


def expired(t: float, number: int) -> dict[str, Any]:
    return told(t, sender=ROUTER, icmp="exceeded", number=number)


def kept(*lines: dict[str, Any]) -> Packets:
    packets = Packets()
    for line in lines:
        packets.keep(line)
    return packets


def words(packets: Packets, one: Flow) -> list[H]:
    return [packet.what for packet in packets.of(one)]


def test_what_an_earlier_connection_still_brings_is_not_the_next_ones() -> None:
    packets = kept(
        begun(1.0, 1000), begun(2.0, 9_000_000), expired(1.1, 1001), expired(2.1, 1001), expired(2.2, 9_000_001)
    )
    assert [packet.t_s for packet in packets.of(flow(1.0, 1.9))] == [0.1, 1.1], "the late one is its own"
    assert [packet.t_s for packet in packets.of(flow(2.0, 2.9))] == [0.2]


def test_numbers_wrap_around() -> None:
    assert words(kept(begun(1.0, 2**32 - 1), expired(1.1, 0)), flow(1.0, 2.0)) == [H.TIME_EXCEEDED]


def test_a_reset_without_a_number_belongs_to_its_time() -> None:
    packets = kept(begun(1.0, 1000), told(1.5, flags="R"), told(2.5, flags="R"))
    assert words(packets, flow(1.0, 2.0)) == [H.RESET]


@pytest.mark.parametrize(
    ("more", "word"),
    [
        ({"flags": "SA"}, H.CONNECTED), ({"flags": "RA"}, H.RESET), ({"flags": "PA", "size": 9}, H.DATA),
        ({"flags": "FPA", "size": 9}, H.DATA), ({"flags": "FA"}, H.CLOSED), ({"flags": "A"}, None),
        ({"icmp": "prohibited"}, H.PROHIBITED), ({"icmp": "unreachable"}, H.UNREACHABLE), ({"icmp": "port"}, H.REFUSED),
        ({"icmp": "echo"}, None),
    ],
)  # fmt: skip
def test_what_a_packet_is(more: dict[str, Any], word: H | None) -> None:
    assert words(kept(begun(1.0, 5), told(1.1, number=6, **more)), flow(1.0, 2.0)) == ([word] if word else [])


def test_of_datagrams_only_the_answers_of_their_time() -> None:
    place = {"protocol": "udp"}
    packets = kept(told(1.1, **place), told(2.1, **place), told(1.2, icmp="exceeded", **place))
    assert words(packets, flow(1.0, 2.0, udp=True)) == [H.ANSWER]


_VALUES = st.one_of(st.none(), st.integers(), st.text(max_size=5), st.floats(), st.lists(st.integers(), max_size=2))
_KEYS = st.sampled_from([*PLACE, "t", "first", "number", "sender", "hops_left", "icmp", "flags", "size"])


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.dictionaries(_KEYS, _VALUES), st.booleans())
def test_no_line_raises(line: dict[str, Any], whole: bool) -> None:
    packets = kept((told(1.0) | line) if whole else line)
    assert len(packets.of(flow(0.0, 2.0))) <= 1
