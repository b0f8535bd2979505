"""The map: seven network namespaces, the links between them and the routes over each link.

probe --access-- isp1 --core-- isp2 ---- transit --origin-- world
  `- - - - - - - tunnel - - - - - - - - - -'  `----- ctl

The tunnel is there only for a scenario that has one: a VPN, as far as the probe can tell.
"""

from dataclasses import dataclass, field
from typing import Any, Final, Literal

from blockprobe.lab import addresses as at
from blockprobe.lab import kernel

NAMESPACES: Final = ("probe", "isp1", "isp2", "transit", "world", "ctl", "wires")
WIRES: Final = ("access", "core", "origin")
Family = Literal[4, 6]

_SYSCTL: Final = {
    "net/ipv4/ip_forward": "1",
    "net/ipv6/conf/all/forwarding": "1",
    "net/ipv4/conf/all/rp_filter": "0",
    "net/ipv4/conf/default/rp_filter": "0",
    "net/ipv4/icmp_ratelimit": "0",
    "net/ipv6/conf/default/accept_dad": "0",
    "net/ipv6/conf/default/accept_ra": "0",
    "net/ipv6/ip_nonlocal_bind": "1",
    "net/ipv4/ip_nonlocal_bind": "1",
}
_SYSCTL_OPTIONAL: Final = {
    "net/ipv4/icmp_ratemask": "0",  # also lifts the limit of the whole machine, which has no switch of its own
    "net/ipv6/icmp/ratelimit": "0",
    "net/ipv6/icmp/ratemask": "127",
    "net/ipv4/ip_unprivileged_port_start": "0",
    # Windows small enough for a burst to fit into a wire's ring.
    "net/ipv4/tcp_rmem": "4096 131072 1048576",
    "net/ipv4/tcp_wmem": "4096 65536 1048576",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class End:
    """One end of a link: namespace, interface, its addresses, and the prefixes reached through the other end (with a
    `metric`: only by those who ask for the interface, as long as there is another way)."""

    ns: str
    name: str
    v4: str
    v6: str
    routes: tuple[str, ...]
    metric: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """Two ends; `near` is the subscriber's side. Links named after a wire may have one put into them."""

    name: str
    near: End
    far: End


_DEFAULT: Final = ("0.0.0.0/0", "::/0")
_CUSTOMERS: Final = ("198.51.100.0/24", "2001:db8:10::/47")
_CORE: Final = ("198.18.0.0/30", "2001:db8:f0:1::/64")

LINKS: Final = (
    Link(
        name="access",
        near=End(ns="probe", name="eth0", v4=f"{at.PROBE_V4}/25", v6=f"{at.PROBE_V6}/64", routes=_DEFAULT),
        far=End(ns="isp1", name="line", v4="198.51.100.1/25", v6="2001:db8:10::1/64", routes=()),
    ),
    Link(
        name="core",
        near=End(ns="isp1", name="core", v4="198.18.0.1/30", v6="2001:db8:f0:1::1/64", routes=_DEFAULT),
        far=End(ns="isp2", name="core", v4="198.18.0.2/30", v6="2001:db8:f0:1::2/64", routes=_CUSTOMERS),
    ),
    Link(
        name="upstream",
        near=End(ns="isp2", name="up", v4="198.18.0.5/30", v6="2001:db8:f0:2::1/64", routes=_DEFAULT),
        far=End(ns="transit", name="isp", v4="198.18.0.6/30", v6="2001:db8:f0:2::2/64", routes=(*_CUSTOMERS, *_CORE)),
    ),
    Link(
        name="origin",
        near=End(ns="transit", name="world", v4="198.18.0.9/30", v6="2001:db8:f0:3::1/64", routes=at.WORLD_NETS),
        far=End(ns="world", name="eth0", v4="198.18.0.10/30", v6="2001:db8:f0:3::2/64", routes=_DEFAULT),
    ),
    Link(
        name="helper",
        near=End(ns="transit", name="ctl", v4="198.18.0.13/30", v6="2001:db8:f0:4::1/64", routes=at.HELPER_NETS),
        far=End(ns="ctl", name="eth0", v4="198.18.0.14/30", v6="2001:db8:f0:4::2/64", routes=_DEFAULT),
    ),
)
TUNNEL: Final = Link(
    name="tunnel",
    near=End(ns="probe", name="wg0", v4="198.18.0.18/30", v6="2001:db8:f0:5::2/64", routes=_DEFAULT, metric=4096),
    far=End(ns="transit", name="vpn", v4="198.18.0.17/30", v6="2001:db8:f0:5::1/64", routes=()),
)
_LOCAL: Final = {"world": at.WORLD_NETS, "ctl": at.HELPER_NETS, "isp1": at.ISP_NETS}


@dataclass(frozen=True, slots=True, kw_only=True)
class Unroute:
    """A route on a router that answers with the kernel's own error: RTN_BLACKHOLE is silent, RTN_PROHIBIT says
    `communication administratively prohibited`, RTN_UNREACHABLE says `host unreachable` (no route in IPv6)."""

    prefix: str
    kind: Literal["blackhole", "prohibit", "unreachable"] = "blackhole"
    router: Literal["isp1", "isp2", "transit", "world"] = "isp2"


@dataclass(frozen=True, slots=True, kw_only=True)
class Plumbing:
    """What a scenario needs of the map: wires to put in, families the line has, routes to nowhere, and a `tunnel` from
    the probe past the ISP."""

    wires: frozenset[str] = frozenset()
    families: tuple[Family, ...] = (4, 6)
    unroutes: tuple[Unroute, ...] = ()
    tunnel: bool = False


@dataclass(slots=True)
class Topology:
    """Builds and rebuilds the map of `namespaces` (descriptors); `sockets` holds a netlink socket for each (pyroute2
    has no types). The process that calls changes namespace on the way."""

    namespaces: dict[str, int]
    sockets: dict[str, Any] = field(default_factory=dict)
    plumbing: Plumbing = field(default_factory=Plumbing)

    def build(self) -> None:
        """Set up every namespace and join them by plain links."""
        from pyroute2.iproute.linux import IPRoute  # 0.1 s to import: only the process that builds pays

        for name, descriptor in self.namespaces.items():
            kernel.setns(descriptor, kernel.CLONE_NEWNET)
            _prepare(name)
            self.sockets[name] = IPRoute()
            for prefix in _LOCAL.get(name, ()):
                self._route(name, prefix, type="local", table=255, oif=1, scope=254)
        self._route("world", at.SILENT_NET, type="blackhole", table=255)
        for index, link in enumerate(LINKS):
            self._connect(index, link)

    def change(self, wanted: Plumbing) -> None:
        """Rebuild what differs from the present plumbing."""
        now, self.plumbing = self.plumbing, wanted
        for index, link in enumerate(LINKS):
            rewired = (link.name in now.wires) != (link.name in wanted.wires)
            if rewired or (link.name == "access" and now.families != wanted.families):
                self._disconnect(link, wired=link.name in now.wires)
                self._connect(index, link)
        if now.tunnel and not wanted.tunnel:
            self._disconnect(TUNNEL, wired=False)
        elif wanted.tunnel and not now.tunnel:
            self._connect(len(LINKS), TUNNEL)
        for old in set(now.unroutes) - set(wanted.unroutes):
            self._unroute("del", old)
        for new in set(wanted.unroutes) - set(now.unroutes):
            self._unroute("add", new)

    def _unroute(self, command: str, route: Unroute) -> None:
        # Below the metric of any other route, and in table local where the world has its own addresses.
        table = 255 if route.router == "world" else 254
        self.sockets[route.router].route(
            command, dst=route.prefix, type=route.kind, table=table, priority=1, family=_family(route.prefix)
        )

    def _disconnect(self, link: Link, *, wired: bool) -> None:
        for end in (link.near, link.far) if wired else (link.near,):
            socket = self.sockets[end.ns]
            socket.link("del", index=socket.link_lookup(ifname=end.name)[0])

    def _connect(self, index: int, link: Link) -> None:
        macs = f"02:00:00:00:{index:02x}:01", f"02:00:00:00:{index:02x}:02"
        if link.name in self.plumbing.wires:
            self._veth((link.near.ns, link.near.name, macs[0]), ("wires", f"{link.name}.near", None))
            self._veth((link.far.ns, link.far.name, macs[1]), ("wires", f"{link.name}.far", None))
        else:
            self._veth((link.near.ns, link.near.name, macs[0]), (link.far.ns, link.far.name, macs[1]))
        self._configure(link.near, link.far, macs[1])
        self._configure(link.far, link.near, macs[0])

    def _veth(self, one: tuple[str, str, str | None], other: tuple[str, str, str | None]) -> None:
        ends = []
        for ns, name, mac in (one, other):
            ends.append({"ifname": name, "net_ns_fd": self.namespaces[ns]} | ({"address": mac} if mac else {}))
        self.sockets[one[0]].link("add", kind="veth", peer=ends[1], **ends[0])
        for ns, name, _ in (one, other):
            socket = self.sockets[ns]
            kernel.setns(self.namespaces[ns], kernel.CLONE_NEWNET)
            if "wires" in (one[0], other[0]):
                kernel.offloads_off(name)
            socket.link("set", index=socket.link_lookup(ifname=name)[0], state="up")

    def _configure(self, end: End, peer: End, peer_mac: str) -> None:
        socket = self.sockets[end.ns]
        index = socket.link_lookup(ifname=end.name)[0]
        families = self.plumbing.families if end.ns == "probe" else (4, 6)
        for own, other, family in ((end.v4, peer.v4, 4), (end.v6, peer.v6, 6)):
            if family not in families:
                continue
            address, _, length = own.partition("/")
            flags = {} if family == 4 else {"flags": 2}  # IFA_F_NODAD: usable at once
            socket.addr("add", index=index, address=address, prefixlen=int(length), **flags)
            gateway = other.partition("/")[0]
            number = 2 if family == 4 else 10
            # Permanent neighbours: no ARP, so that loss on a wire never costs a second of waiting for it; "replace",
            # because the other end may have been heard already.
            socket.neigh("replace", dst=gateway, lladdr=peer_mac, ifindex=index, state="permanent", family=number)
            metric = {} if end.metric is None else {"priority": end.metric}
            for prefix in end.routes:
                if _family(prefix) == number:
                    socket.route("add", dst=prefix, gateway=gateway, oif=index, family=number, **metric)

    def _route(self, ns: str, prefix: str, **options: object) -> None:
        if _family(prefix) == 10:
            options.pop("scope", None)
        self.sockets[ns].route("add", dst=prefix, family=_family(prefix), **options)


def _family(prefix: str) -> int:
    return 10 if ":" in prefix else 2


def _prepare(name: str) -> None:
    kernel.loopback_up()
    if name == "wires":
        kernel.sysctl({"net/ipv6/conf/default/disable_ipv6": "1"})
        return
    kernel.sysctl(_SYSCTL)
    kernel.sysctl(_SYSCTL_OPTIONAL, optional=True)
