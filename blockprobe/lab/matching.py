"""Compiled `Match`es: does a packet concern a rule? Built once, asked for every packet."""

from dataclasses import dataclass
from ipaddress import ip_network

from blockprobe.lab.censor import Match
from blockprobe.lab.packets import TCP, UDP, Packet


@dataclass(frozen=True, slots=True)
class Prefixes:
    """A set of addresses and prefixes, for packed addresses."""

    hosts: frozenset[bytes]
    nets: tuple[tuple[int, int, int], ...]

    @classmethod
    def of(cls, texts: tuple[str, ...]) -> "Prefixes":
        """Parse `203.0.113.5`, `203.0.113.0/24`, `2001:db8::/32` and the like. Raises ValueError."""
        hosts, nets = [], []
        for net in map(ip_network, texts):
            if net.prefixlen == net.max_prefixlen:
                hosts.append(net.network_address.packed)
            else:
                shift = net.max_prefixlen - net.prefixlen
                nets.append((len(net.network_address.packed), int(net.network_address) >> shift, shift))
        return cls(frozenset(hosts), tuple(nets))

    def covers(self, address: bytes) -> bool:
        """Is the packed address in the set?"""
        if address in self.hosts:
            return True
        return any(
            len(address) == size and int.from_bytes(address) >> shift == value for size, value, shift in self.nets
        )


class Matcher:
    """One `Match`, compiled."""

    __slots__ = ("_ports", "_protocol", "_size", "_sources", "far")

    def __init__(self, match: Match) -> None:
        self.far = Prefixes.of(match.addresses) if match.addresses else None
        self._sources = Prefixes.of(match.sources) if match.sources else None
        self._ports = frozenset(match.ports)
        self._protocol = {"tcp": TCP, "udp": UDP, None: 0}[match.protocol]
        self._size = {4: 4, 6: 16, None: 0}[match.family]

    def __call__(self, packet: Packet, near: bytes, far: bytes, far_port: int) -> bool:
        """Does the packet between these ends concern the rule?"""
        if self.far is not None and not self.far.covers(far):
            return False
        if self._ports and far_port not in self._ports:
            return False
        if self._protocol and packet.protocol != self._protocol:
            return False
        if self._size and len(far) != self._size:
            return False
        return self._sources is None or self._sources.covers(near)
