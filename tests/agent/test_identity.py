"""Which line this is, and whose resolvers answer."""

import pytest

from blockprobe.agent.identity import hijack_suspected, own_resolver, read_signs
from blockprobe.model.line import Line, ResolverEgress
from blockprobe.model.order import Network

KEY = b"a key of this probe"
ROUTE = """Iface Destination Gateway Flags RefCnt Use Metric Mask MTU Window IRTT
eth0 000200C0 00000000 0001 0 0 0 00FFFFFF 0 0 0
eth0 00000000 010200C0 0003 0 0 0 00000000 0 0 0
"""
ARP = """IP address HW type Flags HW address Mask Device
192.0.2.1 0x1 0x2 02:fc:00:00:00:05 * eth0
"""
ROUTE6 = f"{'0' * 32} 00 {'0' * 32} 00 fe80{'0' * 27}1 00000400 00000002 00000000 00000003 eth0\n"


@pytest.fixture
def home(tmp_path):
    (tmp_path / "route").write_text(ROUTE)
    (tmp_path / "arp").write_text(ARP)
    (tmp_path / "ipv6_route").write_text(ROUTE6)
    return tmp_path


def signs(home, *, resolvers=("192.0.2.53",), address="198.51.100.10"):
    return read_signs(resolvers, address, key=KEY, proc=home)


def test_the_same_line_looks_the_same(home):
    assert set(signs(home).hashes) == {"gateway4", "gateway6", "resolvers", "public4"}
    assert signs(home).changed(signs(home)) == ()


def test_no_address_can_be_read_from_the_signs(home):
    assert not any("192.0.2" in value or "198.51" in value for value in signs(home).hashes.values())
    assert signs(home) != read_signs(("192.0.2.53",), "198.51.100.10", key=b"another key", proc=home)


def test_another_router_with_the_same_address_is_another_line(home):
    before = signs(home)
    (home / "arp").write_text(ARP.replace("05", "06"))

    assert signs(home).changed(before) == ("gateway4",)


@pytest.mark.parametrize(
    ("address", "changed"),
    [("198.51.100.77", ()), ("203.0.113.5", ("public4",)), ("2001:db8::1", ()), (None, ())],
)
def test_a_new_address_of_the_same_network_is_no_change(home, address, changed):
    assert signs(home, address=address).changed(signs(home)) == changed


def test_other_resolvers_are_a_change_and_their_order_is_none(home):
    before = signs(home, resolvers=("192.0.2.53", "192.0.2.54"))

    assert signs(home, resolvers=("192.0.2.54", "192.0.2.53")).changed(before) == ()
    assert signs(home, resolvers=("192.0.2.54",)).changed(before) == ("resolvers",)


def test_what_nobody_could_see_this_time_is_remembered(home):
    before = signs(home)
    later = signs(home, address=None).over(before)

    assert later == before


def test_a_machine_without_a_route_has_no_gateway(tmp_path):
    assert set(signs(tmp_path).hashes) == {"resolvers", "public4"}


# -- resolvers ---------------------------------------------------------------------------------------------------

ISP = Network(id="gb/example", name="Example", country="gb", asns=(64500,), resolvers=("192.0.2.53",))
PUBLIC = ("203.0.113.208",)


def egress(resolver, address):
    return ResolverEgress(resolver=f"udp://{resolver}:53", address=address, transport="udp")


@pytest.mark.parametrize(
    ("resolvers", "seen", "own"),
    [
        (("udp://192.0.2.53:53",), (), True),
        (("192.0.2.53", "203.0.113.208"), (), False),
        (("192.168.1.1",), (), None),
        (("192.168.1.1",), (egress("192.168.1.1", "192.0.2.53"),), True),
        (("192.168.1.1",), (egress("192.168.1.1", "203.0.113.208"),), False),
        (("192.168.1.1",), (egress("192.168.1.1", "100.64.7.9"), egress("203.0.113.208", "100.64.7.12")), False),
        (("192.168.1.1",), (egress("192.168.1.1", "100.64.7.9"), egress("203.0.113.208", "100.65.7.12")), None),
        ((), (), None),
    ],
)
def test_whose_resolvers_answer(resolvers, seen, own):
    assert own_resolver(seen, resolvers, ISP, PUBLIC) is own


def test_of_an_unknown_network_only_third_parties_are_known():
    assert own_resolver((), ("192.0.2.53",), None, PUBLIC) is None
    assert own_resolver((), ("203.0.113.208",), None, PUBLIC) is False


@pytest.mark.parametrize(
    ("intercepted", "seen", "suspected"),
    [
        (None, (), None),
        (False, (), False),
        (True, (), True),
        (False, (egress("192.0.2.53", "192.0.2.9"), egress("203.0.113.208", "192.0.2.9")), True),
        (None, (egress("192.0.2.53", "192.0.2.9"), egress("203.0.113.208", "100.64.0.9")), False),
        (None, (egress("192.0.2.53", "192.0.2.9"),), None),
    ],
)
def test_questions_to_others_that_end_here_are_suspicious(intercepted, seen, suspected):
    assert hijack_suspected(Line(intercepted=intercepted), seen, ("192.0.2.53",)) is suspected
