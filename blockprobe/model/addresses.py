"""Addresses as numbers: their family, what a NAT64 address stands for, and where no public site can live.

The table of bogons is our own, from the IANA special-purpose registries (RFC 6890), because what `ipaddress` calls
private or reserved changes between Python versions, and a record must judge alike on all of them.
"""

import ipaddress
from functools import lru_cache

_V4 = tuple(
    ipaddress.IPv4Network(text)
    for text in (
        "0.0.0.0/8",  # this host
        "10.0.0.0/8",  # RFC 1918
        "100.64.0.0/10",  # RFC 6598, carrier-grade NAT
        "127.0.0.0/8",
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",  # RFC 5737, documentation
        "192.168.0.0/16",
        "198.18.0.0/15",  # RFC 2544, benchmarks
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/4",
        "240.0.0.0/4",
    )
)
_V4_NUMBERS = tuple((int(network.network_address), int(network.netmask)) for network in _V4)
_V6_GLOBAL = ipaddress.IPv6Network("2000::/3")
_V6 = tuple(
    ipaddress.IPv6Network(text)
    for text in (
        "2001::/23",  # RFC 2928: Teredo, ORCHID, benchmarks
        "2001:db8::/32",  # RFC 3849, documentation
        "3fff::/20",  # RFC 9637, documentation
    )
)
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")  # RFC 6052
#: RFC 8215: an operator's own translation prefix. Where the IPv4 address sits in it depends on the prefix length, so
#: nothing can be said, and nothing is.
_NAT64_LOCAL = ipaddress.IPv6Network("64:ff9b:1::/48")

_Address = ipaddress.IPv4Address | ipaddress.IPv6Address


@lru_cache(maxsize=512)
def parsed(text: str) -> _Address | None:
    """The address, or None when it is none."""
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None


@lru_cache(maxsize=512)
def family_of(address: str) -> int | None:
    """4 or 6, or None when it is no address."""
    found = parsed(address)
    return found.version if found is not None else None


@lru_cache(maxsize=512)
def without_nat64(address: str, prefix: str | None) -> str:
    """The IPv4 address inside one synthesised under `prefix` (RFC 6052, /96 only), or the address itself."""
    if prefix is None:
        return address
    try:
        network = _network(prefix)
    except ValueError:
        return address
    found = parsed(address)
    if isinstance(found, ipaddress.IPv6Address) and network.prefixlen == 96 and found in network:
        return str(ipaddress.IPv4Address(int(found) & 0xFFFFFFFF))
    return address


@lru_cache(maxsize=512)
def is_bogon(address: str, public: tuple[str, ...] = ()) -> bool:
    """Whether `address` cannot be a public site's; `public` lists CIDR ranges to trust regardless (laboratories).

    IPv4-mapped, NAT64 (64:ff9b::/96) and 6to4 addresses are what the IPv4 address inside them is. What is no IP
    address is no bogon either: false. Raises ValueError when an entry of `public` is no range.
    """
    outer = parsed(address)
    if outer is None:
        return False
    inner = _embedded(outer)
    if any(_inside(candidate, public) for candidate in (outer, inner)):
        return False
    if isinstance(inner, ipaddress.IPv4Address):
        number = int(inner)
        return any(number & mask == first for first, mask in _V4_NUMBERS)
    return inner not in _NAT64_LOCAL and (inner not in _V6_GLOBAL or any(inner in network for network in _V6))


def wide_network(address: str) -> str:
    """The /16 (IPv4) or /32 (IPv6) of a numeric address, as text: what one hoster mostly has in one piece."""
    return ":".join(address.split(":")[:2]) if ":" in address else ".".join(address.split(".")[:2])


def _embedded(address: _Address) -> _Address:
    if isinstance(address, ipaddress.IPv4Address):
        return address
    if address in _NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour or address


def _inside(address: _Address, ranges: tuple[str, ...]) -> bool:
    return any(address in _network(text) for text in ranges)


@lru_cache(maxsize=256)
def _network(text: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network:
    return ipaddress.ip_network(text, strict=False)
