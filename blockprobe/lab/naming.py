"""Which connections have named a listed host: what a censor remembers that slows or freezes them later."""

from typing import Final

from blockprobe.lab.packets import ACK, SYN, TCP, Packet
from blockprobe.lab.sniff import host_name, is_under, server_name, starts_hello

Flow = tuple[bytes, bytes, int, int]
"""Near address, far address, near port, far port."""
MANY_FLOWS: Final = 20_000


def flow_of(packet: Packet, *, up: bool) -> Flow:
    """The connection that a packet belongs to, whichever way it goes."""
    if up:
        return packet.src, packet.dst, packet.sport, packet.dport
    return packet.dst, packet.src, packet.dport, packet.sport


class NameWatch:
    """Reads SNI and Host of each connection as it begins; a ClientHello in several segments is put together."""

    def __init__(self, names: tuple[str, ...], *, subdomains: bool) -> None:
        self._names = frozenset(name.rstrip(".").lower() for name in names)
        self._subdomains = subdomains
        self._named: set[Flow] = set()
        self._begun: dict[Flow, bytes] = {}

    def is_listed(self, packet: Packet, flow: Flow, *, up: bool) -> bool:
        """Whether the connection has named a listed host, this packet included."""
        if packet.protocol != TCP:
            return False
        if packet.flags & (SYN | ACK) == SYN:
            self._named.discard(flow)  # a new connection that reuses the port
        elif up and flow not in self._named and packet.end > packet.body:
            self._read(packet.payload, flow)
        return flow in self._named

    def _read(self, payload: bytes, flow: Flow) -> None:
        stream = self._begun.pop(flow, b"") + payload
        more = False
        if starts_hello(stream):
            name, more = server_name(stream)
        else:
            name = host_name(stream)
        if more:
            self._remember(flow, stream)
        if name and is_under(name, self._names, subdomains=self._subdomains):
            if len(self._named) > MANY_FLOWS:
                self._named.clear()
            self._named.add(flow)

    def _remember(self, flow: Flow, stream: bytes) -> None:
        if len(self._begun) > MANY_FLOWS:
            self._begun.clear()
        self._begun[flow] = stream
