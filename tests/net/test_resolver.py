import pytest

from blockprobe.model.errors import ConfigError
from blockprobe.model.observation import ResolverGroup
from blockprobe.net.resolver import parse_resolver

ISP = ResolverGroup.ISP


@pytest.mark.parametrize(
    ("text", "url", "address", "port", "server_name"),
    [
        ("198.51.100.153", "udp://198.51.100.153:53", "198.51.100.153", 53, None),
        ("2001:db8::53", "udp://[2001:db8::53]:53", "2001:db8::53", 53, None),
        ("[2001:DB8::53]", "udp://[2001:db8::53]:53", "2001:db8::53", 53, None),
        (" udp://198.51.100.153 ", "udp://198.51.100.153:53", "198.51.100.153", 53, None),
        ("tcp://[2001:db8:0::53]:5353", "tcp://[2001:db8::53]:5353", "2001:db8::53", 5353, None),
        ("tls://Dns.Example", "tls://dns.example", "", 853, "dns.example"),
        ("tls://203.0.113.208:8853", "tls://203.0.113.208:8853", "203.0.113.208", 8853, "203.0.113.208"),
        ("https://dns.example", "https://dns.example/dns-query", "", 443, "dns.example"),
        ("https://dns.example:8443/q?x=1", "https://dns.example:8443/q?x=1", "", 8443, "dns.example"),
        (
            "https://[2001:db8::1]/dns-query",
            "https://[2001:db8::1]/dns-query",
            "2001:db8::1",
            443,
            "2001:db8::1",
        ),
    ],
)
def test_every_way_to_write_a_resolver_becomes_its_archived_name(text, url, address, port, server_name):
    resolver = parse_resolver(text, ISP)
    assert (resolver.url, resolver.address, resolver.port) == (url, address, port)
    assert resolver.server_name == server_name
    assert resolver.encrypted == (server_name is not None)
    assert parse_resolver(resolver.url, ISP, address or None) == resolver


def test_a_fixed_address_spares_the_bootstrap_and_leaves_the_name_to_be_proven():
    resolver = parse_resolver("https://dns.example/dns-query", ResolverGroup.ENCRYPTED, "203.0.113.208")
    assert (resolver.address, resolver.server_name, resolver.path) == ("203.0.113.208", "dns.example", "/dns-query")
    assert resolver.scheme == "https"


def test_a_name_without_an_address_takes_one_later():
    resolver = parse_resolver("tls://dns.example", ResolverGroup.ENCRYPTED)
    assert resolver.address == ""
    assert resolver.with_address("2001:DB8::1").address == "2001:db8::1"


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "no scheme"),
        ("dns.example", "no scheme"),
        ("quic://dns.example", "no scheme"),
        ("udp://dns.example", "needs an IP address"),
        ("udp://", "host is missing"),
        ("udp://198.51.100.153:0", "from 1 to 65535"),
        ("udp://198.51.100.153:70000", "from 1 to 65535"),
        ("udp://198.51.100.153:dns", "from 1 to 65535"),
        ("udp://198.51.100.153/path", "only https:// has a path"),
        ("https://user:secret@dns.example/", "passwords"),
        ("https://dns.example/#x", "remove '#x'"),
        ("https://dns.exämple/", "punycode"),
        ("https://dns example/", "blanks"),
        ("tls://dns..example", "label of the name is empty"),
        ("udp://[2001:db8::1", "Invalid IPv6 URL"),
    ],
)
def test_a_bad_resolver_is_refused_with_one_line_that_names_it(text, complaint):
    with pytest.raises(ConfigError, match=complaint) as caught:
        parse_resolver(text, ISP)
    assert repr(text) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_fixed_address_that_is_a_name_is_refused():
    with pytest.raises(ConfigError, match=r"'dns\.example' is no IP address"):
        parse_resolver("https://dns.example/", ISP, "dns.example")
