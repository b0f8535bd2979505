"""The addresses of the laboratory: fixed, from documentation and benchmarking ranges (RFC 5737, 2544, 3849, 6598)."""

from ipaddress import IPv6Network, ip_address, ip_network
from typing import Final

PROBE_V4: Final = "198.51.100.10"
PROBE_V6: Final = "2001:db8:10::10"
PROBE_NETS: Final = ("198.51.100.0/25", "2001:db8:10::/64")

RESOLVERS: Final = ("198.51.100.153", "198.51.100.154", "198.51.100.155")
RESOLVER_V6: Final = "2001:db8:11::53"
BLOCK_PAGE: Final = "198.51.100.180"
PAGE_451: Final = "198.51.100.181"
PORTAL: Final = "198.51.100.182"
MITM: Final = "198.51.100.183"
PROXY: Final = "198.51.100.184"
BLOCK_PAGE_V6: Final = "2001:db8:11::180"
PAGE_451_V6: Final = "2001:db8:11::181"
PORTAL_V6: Final = "2001:db8:11::182"
MITM_V6: Final = "2001:db8:11::183"
PROXY_V6: Final = "2001:db8:11::184"
ISP_NETS: Final = ("198.51.100.128/25", "2001:db8:11::/64")

PUBLIC_RESOLVER: Final = "203.0.113.208"
PUBLIC_RESOLVER_V6: Final = "2001:db8:8000::208"
PUBLIC_RESOLVER_NAME: Final = "dns.example"
HELPER_RESOLVER: Final = "203.0.113.209"
"""What the helper asks: honest in every scenario, as a resolver out of the censor's reach is."""
SILENT: Final = ("203.0.113.200", "203.0.113.201", "203.0.113.202", "203.0.113.203")
SILENT_NET: Final = "203.0.113.200/30"
NAT64_PREFIX: Final = "64:ff9b::/96"  # RFC 6052
WORLD_NETS: Final = (
    "203.0.113.0/25",
    "203.0.113.192/26",
    "198.18.128.0/17",
    "198.19.0.0/16",
    "100.64.0.0/10",
    "2001:db8:8000::/33",
    NAT64_PREFIX,
)

ELSEWHERE: Final = "203.0.113.60"
ELSEWHERE_V6: Final = "2001:db8:8000::60"
"""A machine of the world that is no site: proxies live there."""
HELPER: Final = "203.0.113.130"
HELPER_V6: Final = "2001:db8:81::130"
HELPER_NAME: Final = "ctl.example"
HELPER_ZONE: Final = "w.ctl.example"
ECHOES: Final = tuple(f"203.0.113.{n}" for n in range(131, 139))
ECHOES_V6: Final = tuple(f"2001:db8:81::{n}" for n in range(131, 139))
HELPER_NETS: Final = ("203.0.113.128/26", "2001:db8:81::/64")
HELPER_SOURCES: Final = (*HELPER_NETS, "198.18.0.12/30", "2001:db8:f0:4::/64")
"""Where the helper's own packets come from: its networks, and the link that they leave by (lab.topology)."""

PUBLIC_NETS: Final = (
    "198.51.100.0/24",
    "203.0.113.0/24",
    "198.18.0.0/15",
    "100.64.0.0/10",
    "2001:db8::/32",
)
"""What `[addresses] public` must list here: reserved ranges that this world uses as public ones."""

_WHO: Final = tuple(
    (who, ip_network(net))
    for who, nets in (("probe", PROBE_NETS), ("isp", (*ISP_NETS, "198.18.0.0/30")), ("helper", HELPER_SOURCES))
    for net in nets
)


def is_literal(host: str) -> bool:
    """Is it an address rather than a name?"""
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def client_network(address: str) -> str:
    """Where a client of a site sits: probe, isp, helper or other."""
    parsed = ip_address(address.partition("%")[0])
    for who, net in _WHO:
        if parsed.version == net.version and parsed in net:
            return who
    return "other"


def embedded_v4(address: str) -> str | None:
    """The IPv4 address inside a NAT64 address of the well-known prefix (RFC 6052), or None."""
    parsed = ip_address(address)
    if parsed.version == 6 and parsed in IPv6Network(NAT64_PREFIX):
        return str(ip_address(int(parsed) & 0xFFFFFFFF))
    return None
