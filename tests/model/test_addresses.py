import pytest

from blockprobe.model.addresses import is_bogon


@pytest.mark.parametrize(
    "address",
    ["0.0.0.0", "10.1.2.3", "100.64.0.1", "127.0.0.1", "169.254.1.1", "172.31.0.1", "192.168.1.1", "198.18.0.1",
     "203.0.113.9", "224.0.0.1", "255.255.255.255", "::", "::1", "fe80::1%eth0", "fd00::1", "ff02::1", "2001:db8::1",
     "3fff::1", "100::1", "::ffff:10.0.0.1", "64:ff9b::10.0.0.1", "2002:a00:1::1"],
)  # fmt: skip
def test_no_public_site_lives_at(address):
    assert is_bogon(address)


@pytest.mark.parametrize(
    "address",
    ["1.1.1.1", "172.32.0.1", "100.128.0.1", "2606:4700::1111", "2a00::1", "::ffff:8.8.8.8", "64:ff9b::8.8.8.8",
     "64:ff9b:1::a00:1", "2002:808:808::1", "no address", ""],
)  # fmt: skip
def test_a_public_site_may_live_at(address):
    assert not is_bogon(address)


def test_ranges_that_the_operator_calls_public_are_no_bogons():
    public = ("203.0.113.0/24", "2001:db8::/32")
    assert not is_bogon("203.0.113.5", public)
    assert not is_bogon("64:ff9b::203.0.113.5", public)
    assert not is_bogon("2001:db8::5", public)
    assert is_bogon("198.51.100.5", public)
    assert not is_bogon("64:ff9b::a00:1", ("64:ff9b::/96",))
