"""No way in: addresses, ports, hosts and URLs that the helper must not follow, and those that it must."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from blockprobe.helper.guard import Guard, endpoint_of, endpoint_text, host_allowed, place_of, port_allowed

INTERNET = Guard(own=frozenset({"9.9.9.10"}))

REFUSED = [
    "0.0.0.0",
    "0.1.2.3",
    "10.0.0.1",
    "10.255.255.255",
    "100.64.0.1",
    "100.100.100.200",
    "127.0.0.1",
    "127.255.255.254",
    "169.254.169.254",
    "169.254.170.2",
    "172.16.0.1",
    "172.31.255.255",
    "192.0.0.1",
    "192.0.0.192",
    "192.0.2.1",
    "192.168.0.1",
    "198.18.0.1",
    "198.51.100.1",
    "203.0.113.1",
    "224.0.0.1",
    "239.255.255.255",
    "240.0.0.1",
    "255.255.255.255",
    "168.63.129.16",
    "9.9.9.10",
    "::",
    "::1",
    "::127.0.0.1",
    "::ffff:127.0.0.1",
    "::ffff:8.8.8.8",
    "::ffff:0:8.8.8.8",
    "fe80::1",
    "fe80::1%eth0",
    "fec0::1",
    "fc00::1",
    "fd00:ec2::254",
    "ff02::1",
    "100::1",
    "2001::1",
    "2001:db8::1",
    "3fff::1",
    "5f00::1",
    "2002:7f00:1::",
    "2002:a00:1::",
    "2002:a9fe:a9fe::",
    "64:ff9b::7f00:1",
    "64:ff9b::10.0.0.1",
    "64:ff9b::169.254.169.254",
    "64:ff9b::9.9.9.10",
    "64:ff9b:1::1",
    "localhost",
    "127.1",
    "0x7f000001",
    "2130706433",
    "0177.0.0.1",
    "1.1.1.1.1",
    "[::1]",
]

ALLOWED = [
    "1.1.1.1",
    "8.8.8.8",
    "93.184.216.34",
    "2606:4700::1111",
    "2a00:1450::1",
    "64:ff9b::808:808",
    "2002:808:808::1",
]


@pytest.mark.parametrize("address", REFUSED)
def test_refused(address: str) -> None:
    assert not INTERNET.allows(address)


@pytest.mark.parametrize("address", ALLOWED)
def test_allowed(address: str) -> None:
    assert INTERNET.allows(address)


def test_nothing_of_this_machine() -> None:
    """An address of an interface, whatever range it is in, is behind the machine's firewall."""
    assert not Guard(public=()).allows("127.0.0.1")


def test_laboratory_ranges_open_only_themselves() -> None:
    laboratory = Guard(public=("203.0.113.0/25", "2001:db8:8000::/33"), own=frozenset({"203.0.113.7"}))
    assert laboratory.allows("203.0.113.5")
    assert laboratory.allows("2001:db8:8000::5")
    assert not laboratory.allows("203.0.113.130")
    assert not laboratory.allows("10.0.0.1")
    assert not laboratory.allows("203.0.113.7"), "its own address, however it is written or reached"
    assert laboratory.filter(["203.0.113.5", "junk", "203.0.113.5", "10.0.0.1"]) == ("203.0.113.5",)


@pytest.mark.parametrize(("port", "allowed"), [(80, True), (443, True), (8080, True), (8443, True), (50_000, True)])
def test_ports_of_the_web(port: int, allowed: bool) -> None:
    assert port_allowed(port) is allowed


@pytest.mark.parametrize("port", [0, 1, 22, 25, 53, 110, 143, 587, 993, 2375, 3306, 6379, 6667, 9200, 11211, 65_536])
def test_ports_of_other_services(port: int) -> None:
    assert not port_allowed(port)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "x",
        "ftp://a.example/",
        "file:///etc/passwd",
        "gopher://a.example/",
        "http://",
        "http:///x",
        "http://u@a.example/",
        "http://u:p@a.example/",
        "http://a.example:22/",
        "http://a.example:99999/",
        "http://a.example:x/",
        "http://127.1/",
        "http://0x7f.1/",
        "http://2130706433/",
        "http://a.example/ x",
        "http://a.example/\r\nX: y",
        "http://a..example/",
        "http://[::1/",
        "http://[fe80::1%25eth0]/",
        "http://a_very_" + "long" * 20 + ".example/",
        "http://a\u2025b.example:0/",
        "http://a/b@c\x00/",
    ],
)
def test_urls_that_lead_nowhere(url: str) -> None:
    assert place_of(url) is None


def test_places() -> None:
    place = place_of("https://B\u00fccher.example:8443/a?b=c#d")
    assert place is not None
    assert (place.host, place.port, place.tls, place.target) == ("xn--bcher-kva.example", 8443, True, "/a?b=c")
    assert place.authority == "xn--bcher-kva.example:8443"
    six = place_of("http://[2001:db8::1]")
    assert six is not None
    assert (six.host, six.port, six.literal, six.target, six.authority) == (
        "2001:db8::1",
        80,
        True,
        "/",
        "[2001:db8::1]",
    )


@given(st.text(max_size=40) | st.builds("http://{}/".format, st.text(max_size=30)))
def test_any_text_is_judged(text: str) -> None:
    place = place_of(text)
    if place is not None:
        assert host_allowed(place.host)
        assert port_allowed(place.port)
        assert place.host.isascii()
        assert place.target.startswith(("/", "?"))
    endpoint = endpoint_of(text)
    assert endpoint is None or endpoint_of(endpoint_text(*endpoint)) == endpoint


@pytest.mark.parametrize("text", ["1.2.3.4:443", "[2001:db8::1]:80"])
def test_endpoints_round_trip(text: str) -> None:
    found = endpoint_of(text)
    assert found is not None
    assert endpoint_text(*found) == text


@pytest.mark.parametrize(
    "text", ["", ":80", "1.2.3.4", "1.2.3.4:0", "1.2.3.4:65536", "::1:80", "a.example:80", "[1.2.3.4"]
)
def test_no_endpoints(text: str) -> None:
    assert endpoint_of(text) is None
