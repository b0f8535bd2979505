"""Whose neighbours are connected to, and how many of them."""

from ipaddress import IPv4Address, ip_address

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from blockprobe.measure import address_tests
from blockprobe.measure.address_tests import neighbours_of


@given(address=st.ip_addresses().map(str))
@example(address="0.0.0.0")
@example(address="255.255.255.255")
@example(address="::")
def test_an_address_has_at_most_three_neighbours_and_is_none_of_them(address: str) -> None:
    found = neighbours_of(address)

    assert 1 <= len(found) <= 3
    assert len({*found, address}) == len(found) + 1
    assert {ip_address(one).version for one in found} == {ip_address(address).version}


@pytest.mark.parametrize("address", ["203.0.113.7", "203.0.113.255", "2001:db8::5"])
def test_the_first_neighbour_is_in_the_same_prefix_and_the_others_beyond_it(address: str) -> None:
    near, *others = neighbours_of(address)

    bits = 24 if isinstance(ip_address(address), IPv4Address) else 64
    size = ip_address(address).max_prefixlen - bits
    prefixes = [int(ip_address(one)) >> size for one in (address, near, *others)]
    assert prefixes[0] == prefixes[1]
    assert len(set(prefixes[1:])) == 3


@pytest.mark.parametrize("address", ["203.0.113.7", "2001:db8::5"])
def test_no_more_are_connected_to_than_the_limit_says(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    all_of_them = neighbours_of(address)
    assert len(all_of_them) == address_tests.MAX_NEIGHBOURS == 3

    monkeypatch.setattr(address_tests, "MAX_NEIGHBOURS", 1)
    assert neighbours_of(address) == all_of_them[:1]
