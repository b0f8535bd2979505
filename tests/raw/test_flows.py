"""The order that the process takes: anything else is refused, whatever it is."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from blockprobe.raw.flows import MAX_FLOWS, MAX_ORDER_BYTES, OrderError, read_order

FLOW = ["tcp", "203.0.113.9", 443, 40_000]


def order(**changed: object) -> bytes:
    return json.dumps({"flows": [FLOW], "max_packets": 10, "max_seconds": 5, **changed}).encode()


def test_an_order_is_read() -> None:
    found = read_order(order(flows=[FLOW, ["udp", "2001:DB8:0::9", 53, 40_001]]))
    assert found.flows == {("tcp", "203.0.113.9", 443, 40_000), ("udp", "2001:db8::9", 53, 40_001)}
    assert (found.max_packets, found.max_seconds, found.addresses) == (10, 5.0, ["2001:db8::9", "203.0.113.9"])


@pytest.mark.parametrize(
    "line",
    [
        b"", b"{}", b"[]", b"nonsense", b"\xff", order(flows=[]), order(flows="tcp"), order(flows=[FLOW[:3]]),
        order(flows=[["icmp", *FLOW[1:]]]), order(flows=[["tcp", "a.example", 1, 2]]), order(flows=[[*FLOW[:3], 0]]),
        order(flows=[[*FLOW[:2], 65_536, 1]]), order(flows=[[*FLOW[:3], n + 1] for n in range(MAX_FLOWS + 1)]),
        order(max_packets=0), order(max_packets=10**9), order(max_seconds=0), order(max_seconds=1e9),
        order(max_seconds="nan"), order() + b" " * MAX_ORDER_BYTES, b"[" * 60_000,
    ],
)  # fmt: skip
def test_anything_else_is_refused(line: bytes) -> None:
    with pytest.raises(OrderError):
        read_order(line)


@given(st.binary(max_size=300))
def test_no_bytes_raise_anything_else(line: bytes) -> None:
    with pytest.raises(OrderError):
        read_order(line)
