"""Every rule about addresses, seen from the probe and, for what only the ISP does, from the helper's place."""

import socket
import time

import dns.message
import pytest

from . import plan
from .eyes import ask, connect, get, handshake, hops
from .real import ACCESS_DELAY_MS, RealLab, rule
from .sites import SITES

SITE = SITES["s1.example"]
V4, V6 = SITE.v4[0], SITE.v6[0]
NEIGHBOUR = "100.65.7.11"
ON = [
    (rule("ip-drop", "s1.example"), "timeout", "timeout"),
    (rule("ip-drop", "s1.example", family=4), "timeout", "ok"),
    (rule("ip-drop", "s1.example", port=443), "timeout", "timeout"),
    (rule("ip-rst", "s1.example"), "ECONNREFUSED", "ECONNREFUSED"),
    (rule("ip-rst", "s1.example", family=6), "ok", "ECONNREFUSED"),
    (rule("ip-icmp", "s1.example"), "EHOSTUNREACH", "EACCES"),
    (rule("origin-drop", "s1.example"), "timeout", "timeout"),
]


@pytest.mark.parametrize(("filter_", "v4", "v6"), ON, ids=[f"{each[0].kind}-{n}" for n, each in enumerate(ON)])
def test_an_address_is_filtered(lab: RealLab, filter_: object, v4: str, v6: str) -> None:
    see = lab.probe.see
    assert (see(connect, V4), see(connect, V6)) == ("ok", "ok")
    with lab.rules(filter_):  # type: ignore[arg-type]
        assert (see(connect, V4), see(connect, V6)) == (v4, v6)
        assert see(connect, NEIGHBOUR) == "ok"
        assert lab.control.see(connect, V4) == "ok"
    assert (see(connect, V4), see(connect, V6)) == ("ok", "ok")


def test_one_port_only(lab: RealLab) -> None:
    lab.rule_on("ip-drop", "s1.example", port=443)
    assert lab.probe.see(connect, V4, 80) == "ok"


def test_a_whole_network(lab: RealLab) -> None:
    lab.rule_on("ip-drop", "s1.example", prefix=24, family=4)
    assert [lab.probe.see(connect, each) for each in (V4, NEIGHBOUR, "100.65.8.10")] == ["timeout", "timeout", "ok"]


def test_one_address_of_two(lab: RealLab) -> None:
    first, second = SITES["multi.example"].v4
    lab.rule_on("ip-drop", "multi.example", address=first)
    assert [lab.probe.see(connect, each) for each in (first, second)] == ["timeout", "ok"]


def test_where_the_path_ends(lab: RealLab) -> None:
    """The ISP's filter stops a SYN between its two routers, the origin's own firewall only behind transit."""
    see, ttls = lab.probe.see, range(1, 5)
    routers = ["198.51.100.1", "198.18.0.2", "198.18.0.6"]
    assert see(hops, NEIGHBOUR, ttls) == [[routers[0]], [routers[1]], [routers[2]], ["open"]]
    lab.rule_on("ip-drop", "s1.example")
    assert see(hops, V4, ttls) == [[routers[0]], ["timeout"], ["timeout"], ["timeout"]]
    lab.switch([rule("origin-drop", "s1.example")])
    assert see(hops, V4, ttls) == [[routers[0]], [routers[1]], [routers[2]], ["timeout"]]
    lab.switch([rule("ip-rst", "s1.example")])
    assert see(hops, V4, range(1, 3)) == [[routers[0]], ["ECONNREFUSED"]]
    lab.switch([rule("ip-icmp", "s1.example")])
    assert see(hops, V4, range(2, 3)) == [[routers[0]]]


def test_routers_do_not_ration_their_errors(lab: RealLab) -> None:
    assert lab.probe.see(hops, V4, range(1, 4), per_ttl=6) == [
        [router] * 6 for router in ("198.51.100.1", "198.18.0.2", "198.18.0.6")
    ]


def test_loss(lab: RealLab) -> None:
    lab.rule_on("loss", permille=300)
    assert 60 <= _pings_answered(lab) <= 140  # 0.7 x 0.7 of 200 is 98
    assert all(0.15 < lost / sent < 0.45 for lost, sent in lab.losses().values())
    lab.rule_off("loss")
    assert any(_pings_answered(lab) == 200 for _ in range(3))  # a busy machine may lose one by itself


def _pings_answered(lab: RealLab) -> int:
    """How many of 200 pings were answered; of those sent faster than answers come, ping does not hear out the last."""
    every = f"{1.2 * ACCESS_DELAY_MS / 1000}"
    heard = lab.run_in_probe(["ping", "-n", "-q", "-i", every, "-c", "200", "-W", "1", V4]).stdout
    return int(heard.split(" received")[0].rpartition(" ")[2])


def test_of_what_the_line_loses_neither_end_is_told_and_no_censor_dies(lab: RealLab) -> None:
    """A packet that netfilter drops where it was sent is an error of its sender's."""
    lie = rule("dns-inject", "s4.example", copies=3)
    questions = [dns.message.make_query("s4.example", "A").to_wire()] * 200

    def send_all() -> list[OSError]:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            return [error for question in questions if (error := _failure(s, question))]

    with lab.rules(rule("loss", permille=300), lie):
        assert lab.probe.see(send_all) == []
    with lab.rules(lie):
        assert lab.probe.see(ask, "s4.example", plan.PUBLIC_RESOLVER).addresses == (plan.BLOCK_PAGE,)


def _failure(s: socket.socket, question: bytes) -> OSError | None:
    try:
        s.sendto(question, (plan.PUBLIC_RESOLVER, 53))
    except OSError as error:
        return error
    return None


def test_throttle(lab: RealLab) -> None:
    address = SITES["large.example"].v4[0]

    def seconds() -> float:
        began = time.monotonic()
        assert lab.probe.see(get, address, "large.example").status == 200  # reads one MiB of it
        return time.monotonic() - began

    assert seconds() < 1
    lab.rule_on("throttle", "large.example", kbytes=512)
    assert seconds() > 1


def test_the_delay_is_there(lab: RealLab) -> None:
    heard = lab.run_in_probe(["ping", "-n", "-q", "-i", "0.01", "-c", "20", V4]).stdout
    least = float(heard.rpartition("= ")[2].split("/")[0])
    assert ACCESS_DELAY_MS <= least < 2 * ACCESS_DELAY_MS


def test_tls_works_where_nothing_is_filtered(lab: RealLab) -> None:
    assert lab.probe.see(handshake, V4, "s1.example", lab.trust()) == "ok"
