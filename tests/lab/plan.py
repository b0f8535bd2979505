"""The address plan: who lives where. Documentation and benchmark ranges only, and never 192.0.2.0/24 or fd00::/64."""

from dataclasses import dataclass

PROBE_V4 = "198.51.100.10"
PROBE_V6 = "2001:db8:10::10"
PROBE_NETS = ("198.51.100.0/24", "2001:db8:10::/64")

RESOLVER = "198.51.100.153"
RESOLVERS = (RESOLVER, "198.51.100.154", "198.51.100.155", "2001:db8:11::53")
VALIDATORS = ("198.51.100.157", "198.51.100.158")
"""Two more resolvers of the ISP, which validate (DNSSEC): only the second says why it fails (RFC 8914)."""
RATIONING = {"REFUSED": "198.51.100.161", "drop": "198.51.100.162"}
"""And two that serve one client only so often a second, by what becomes of the other questions."""
BLOCK_PAGE = "198.51.100.180"
BLOCK_PAGE_V6 = "2001:db8:11::180"
LEGAL_PAGE = "198.51.100.181"
REDIRECTOR = "198.51.100.182"
MITM_FORGED = "198.51.100.183"
PORTAL = "198.51.100.186"
MITM_NAME = "198.51.100.185"
ISP_SERVICES_V6 = "2001:db8:11::"
"""The IPv6 twin of 198.51.100.N is this prefix followed by N in decimal digits."""

AUTHORITY = "203.0.113.5"
AUTHORITY_V6 = "2001:db8:80::5"
PUBLIC_RESOLVER = "203.0.113.208"
PUBLIC_RESOLVER_V6 = "2001:db8:82::208"
PUBLIC_RESOLVER_NAME = "dns.example"
SILENT = ("203.0.113.200", "203.0.113.201", "203.0.113.202", "203.0.113.203")
SILENT_V6 = "2001:db8:83::200"
HELPER = "203.0.113.130"
HELPER_NAME = "ctl.example"
ECHOES = ("203.0.113.131", "203.0.113.132", "203.0.113.133", "203.0.113.134")
ECHOES_V6 = ("2001:db8:81::131", "2001:db8:81::132", "2001:db8:81::133", "2001:db8:81::134")
TOOLS, TOOLS_V6 = "203.0.113.140", "2001:db8:81::140"
"""Where the proxies of the world are (tools.py)."""
ECH, ECH_V6 = "203.0.113.145", "2001:db8:81::145"
"""Where the site with Encrypted ClientHello is (ech_world.py)."""
TOOLS_NAMES = ("proxy.example", "webproxy.example")
BLOCK_NAME = "block.isp.example"
PORTAL_NAME = "portal.isp.example"

PUBLIC = ("198.51.100.0/24", "203.0.113.0/24", "198.18.0.0/15", "100.64.0.0/10", "2001:db8::/32")
"""Reserved ranges that count as public here: the `[addresses] public` of the probe and of the helper."""

NAMESPACES = ("probe", "isp1", "isp2", "transit", "web", "ctl", "pubdns")


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """One wire: two namespaces, the interface each gets (named after its peer), the addresses at both ends."""

    left: str
    right: str
    v4: tuple[str, str]
    v6: tuple[str, str]


def _infra(left: str, right: str, number: int) -> Link:
    first = 4 * number + 1
    return Link(
        left=left,
        right=right,
        v4=(f"198.18.0.{first}/30", f"198.18.0.{first + 1}/30"),
        v6=(f"2001:db8:f0:{number}::1/64", f"2001:db8:f0:{number}::2/64"),
    )


LINKS = (
    Link(
        left="probe",
        right="isp1",
        v4=(f"{PROBE_V4}/24", "198.51.100.1/25"),
        v6=(f"{PROBE_V6}/64", "2001:db8:10::1/64"),
    ),
    _infra("isp1", "isp2", 0),
    _infra("isp2", "transit", 1),
    _infra("transit", "web", 2),
    _infra("transit", "ctl", 3),
    _infra("transit", "pubdns", 4),
)

WORLD_V4 = ("203.0.113.0/25", "198.18.128.0/17", "198.19.0.0/16", "100.64.0.0/10")
WORLD_V6 = ("2001:db8:80::/64", "2001:db8:8000::/33")

ANY_IP = {
    "isp1": ("198.51.100.128/25", "2001:db8:11::/64"),
    "web": (*WORLD_V4, *WORLD_V6),
    "ctl": ("203.0.113.128/26", "2001:db8:81::/64"),
    "pubdns": ("203.0.113.192/26", "2001:db8:82::/64"),
}
"""Whole ranges that a namespace answers for (`ip route add local`), so that every neighbour of a site is alive."""

_SIDES = (("web", ANY_IP["web"]), ("ctl", ANY_IP["ctl"]), ("pubdns", ANY_IP["pubdns"]))
_PROBE_SIDE = ("198.51.100.0/24", "2001:db8:10::/64", "2001:db8:11::/64", "198.18.0.0/30", "2001:db8:f0::/64")

ROUTES: dict[str, tuple[tuple[str, str], ...]] = {
    "probe": (("default", "isp1"), ("::/0", "isp1")),
    "isp1": (("default", "isp2"), ("::/0", "isp2")),
    "isp2": (
        ("default", "transit"),
        ("::/0", "transit"),
        *((network, "isp1") for network in ("198.51.100.0/24", "2001:db8:10::/64", "2001:db8:11::/64")),
    ),
    "transit": (
        *((network, side) for side, networks in _SIDES for network in networks),
        *((network, "isp2") for network in _PROBE_SIDE),
    ),
    "web": (("default", "transit"), ("::/0", "transit")),
    "ctl": (("default", "transit"), ("::/0", "transit")),
    "pubdns": (("default", "transit"), ("::/0", "transit")),
}
"""Transit is the end of the world: it alone has no default route, so what is not in this plan has nowhere to go."""

BLACKHOLES = ("203.0.113.200/30", "2001:db8:83::/64")
"""Dropped by transit without a word."""
