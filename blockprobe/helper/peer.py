"""Who is at the other end of a socket, written in one way only, because a key and a code are bound to the text."""

import ipaddress
from functools import lru_cache


def peer_address(name: object) -> str:
    """The address in what `getpeername` gave, canonical, without scope id, an IPv4-mapped one as IPv4."""
    host = str(name[0]) if isinstance(name, tuple) and name else ""
    return canonical(host)


@lru_cache(maxsize=4096)
def canonical(address: str) -> str:
    """An address as every part of the helper writes it; what is none stays as it is."""
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    mapped = parsed.ipv4_mapped if isinstance(parsed, ipaddress.IPv6Address) else None
    return str(mapped or parsed)
