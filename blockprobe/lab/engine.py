"""A censor at work: rules applied to frames. No sockets and no clock of its own: `wire.py` feeds it."""

from collections.abc import Callable, Iterable
from functools import cache
from ipaddress import ip_address
from typing import Final

from blockprobe.lab import censor, packets
from blockprobe.lab.dnswire import parse_query
from blockprobe.lab.forge import Strike, cut, forged_dns, icmp_reject, strike
from blockprobe.lab.matching import Matcher
from blockprobe.lab.naming import Flow, NameWatch
from blockprobe.lab.packets import ACK, RST, SYN, TCP, UDP, Packet
from blockprobe.lab.sniff import first_record, host_name, is_literal, is_under, server_name, starts_hello, whole_hello

_MANY_FLOWS: Final = 20_000


class Engine:
    """The state of one wire's censor. `injected` collects (towards the far side?, frame) to be sent by the wire."""

    def __init__(self, rules: Iterable[censor.Rule], clock: Callable[[], float]) -> None:
        self._clock = clock
        self.injected: list[tuple[bool, bytes]] = []
        self._marked: dict[Flow, censor.Action] = {}
        self._punished: dict[tuple[bytes, bytes, int], tuple[float, str]] = {}
        self._hellos: dict[Flow, tuple[int, bytes]] = {}
        self._translated: dict[tuple[int, bytes, int, bytes, int], tuple[bytes, int]] = {}
        self._plain: list[tuple[Matcher, censor.Drop | censor.Rst | censor.IcmpReject | censor.Mtu]] = []
        self._sni: list[tuple[Matcher, censor.Sni, frozenset[str]]] = []
        self._host: list[tuple[Matcher, censor.Host, frozenset[str]]] = []
        self._freeze: list[tuple[Matcher, censor.Freeze, NameWatch]] = []
        self._counted: dict[Flow, int] = {}
        self._quic: list[tuple[Matcher, censor.QuicSni, frozenset[str]]] = []
        self._dns: list[tuple[Matcher, censor.DnsInject, frozenset[str]]] = []
        self._dnat: list[tuple[Matcher, censor.Dnat, frozenset[str]]] = []
        for rule in rules:
            self._add(rule)
        self.active = any((self._plain, self._sni, self._quic, self._host, self._freeze, self._dns, self._dnat))

    def _add(self, rule: censor.Rule) -> None:
        if isinstance(rule, censor.Drop | censor.Rst | censor.IcmpReject | censor.Mtu):
            self._plain.append((Matcher(rule.match), rule))
        elif isinstance(rule, censor.Sni):
            self._sni.append((Matcher(rule.match), rule, _names(rule.names)))
        elif isinstance(rule, censor.Host):
            self._host.append((Matcher(rule.match), rule, _names(rule.names)))
        elif isinstance(rule, censor.QuicSni):
            self._quic.append((Matcher(rule.match), rule, _names(rule.names)))
        elif isinstance(rule, censor.Freeze):
            self._freeze.append((Matcher(rule.match), rule, NameWatch(rule.names, subdomains=rule.subdomains)))
        elif isinstance(rule, censor.DnsInject):
            self._dns.append((Matcher(rule.match), rule, _names(rule.names)))
        elif isinstance(rule, censor.Dnat):
            self._dnat.append((Matcher(rule.match), rule, _names(rule.names)))

    def handle(self, frame: bytes, *, up: bool) -> bytes | None:
        """What goes on in the frame's direction: the frame, another in its place, or nothing."""
        packet = packets.parse(frame)
        if packet is None:
            return frame
        if up:
            flow = (packet.src, packet.dst, packet.sport, packet.dport)
        else:
            flow = (packet.dst, packet.src, packet.dport, packet.sport)
        if self._marked and flow in self._marked and not self._reborn(packet, flow):
            self._refuse(packet, up, self._marked[flow] is censor.Action.RESET)
            return None
        if self._punished and self._is_punished(packet, flow):
            self._refuse(packet, up, self._punished[flow[0], flow[1], flow[3]][1] == "reset")
            return None
        for matcher, rule in self._plain:
            if matcher(packet, flow[0], flow[1], flow[3]) and self._stops(packet, rule, up):
                return None
        if self._freeze and self._freezes(packet, flow, up):
            return None
        if not up:
            return self._back(packet, flow) if self._translated else frame
        return self._look_inside(packet, flow)

    def _look_inside(self, packet: Packet, flow: Flow) -> bytes | None:
        if packet.protocol == TCP and packet.end > packet.body:
            if self._sni and not self._pass_tls(packet, flow):
                return None
            if self._host and not self._pass_http(packet, flow):
                return None
        elif packet.protocol == UDP:
            if self._dns and not self._pass_dns(packet, flow):
                return None
            if self._quic and not self._pass_quic(packet, flow):
                return None
        return self._translate(packet, flow) if self._dnat else packet.frame

    def _reborn(self, packet: Packet, flow: Flow) -> bool:
        # A new connection that happens to reuse the port is not the one that was struck.
        if packet.flags & (SYN | ACK) == SYN:
            del self._marked[flow]
            return True
        return False

    def _refuse(self, packet: Packet, up: bool, reset: bool) -> None:  # noqa: FBT001 - private, two callers
        if reset and up and not packet.flags & RST:
            self.injected.append((False, packets.reset(packet)))

    def _is_punished(self, packet: Packet, flow: Flow) -> bool:
        key = (flow[0], flow[1], flow[3])
        entry = self._punished.get(key)
        if entry is None or packet.protocol != TCP:
            return False
        if self._clock() > entry[0]:
            del self._punished[key]
            return False
        return True

    def _stops(self, packet: Packet, rule: object, up: bool) -> bool:  # noqa: FBT001 - private, one caller
        if isinstance(rule, censor.Mtu):
            return packet.end - 14 > rule.size
        if isinstance(rule, censor.Rst):
            if packet.protocol != TCP or (rule.syn_only and packet.flags & (SYN | ACK) != SYN):
                return False
            if up and not packet.flags & RST:
                self.injected.append((False, packets.reset(packet)))
        if isinstance(rule, censor.IcmpReject) and up:
            self.injected.append((False, icmp_reject(packet, rule)))
        return True

    def _pass_tls(self, packet: Packet, flow: Flow) -> bool:
        payload = packet.payload
        earlier = self._hellos.get(flow)
        if earlier is None and not starts_hello(payload):
            return True
        whole = self._joined(packet, flow, earlier, payload)
        for matcher, rule, names in self._sni:
            if not rule.reassemble and not whole_hello(payload):
                continue
            name, _ = server_name(whole if rule.reassemble_records else first_record(whole))
            if not name or not is_under(name, names, subdomains=rule.subdomains):
                continue
            if matcher(packet, flow[0], flow[1], flow[3]):
                self._hellos.pop(flow, None)
                return self._strike(packet, flow, rule)
        return True

    def _joined(self, packet: Packet, flow: Flow, earlier: tuple[int, bytes] | None, payload: bytes) -> bytes:
        if earlier is not None:
            start, data = earlier
            offset = (packet.seq - start) & 0xFFFFFFFF
            if offset > len(data):  # a gap: wait for the missing segment
                return data
            payload = data[:offset] + payload
        else:
            start = packet.seq
        if server_name(payload)[1]:
            if len(self._hellos) > _MANY_FLOWS:
                self._hellos.clear()
            self._hellos[flow] = (start, payload)
        else:
            self._hellos.pop(flow, None)
        return payload

    def _pass_http(self, packet: Packet, flow: Flow) -> bool:
        name = host_name(packet.payload)
        if name is None:
            return True
        for matcher, rule, names in self._host:
            if rule.literal and not is_literal(packet.payload, name):
                continue
            if is_under(name, names, subdomains=rule.subdomains) and matcher(packet, flow[0], flow[1], flow[3]):
                return self._strike(packet, flow, rule)
        return True

    def _pass_quic(self, packet: Packet, flow: Flow) -> bool:
        from blockprobe.net import quic_hello  # an extra

        for matcher, rule, names in self._quic:
            if matcher(packet, flow[0], flow[1], flow[3]):
                name = quic_hello.server_name(packet.payload)
                if name is not None and is_under(name, names, subdomains=rule.subdomains):
                    return False
        return True

    def _strike(self, packet: Packet, flow: Flow, rule: censor.Sni | censor.Host) -> bool:
        """Act on a named connection. True when the packet may pass."""
        response = rule.response if isinstance(rule, censor.Host) else b""
        copies = rule.copies if isinstance(rule, censor.Sni) else 1
        self.injected += copies * strike(packet, Strike(rule.action, response, rule.in_path, rule.both_ends))
        if rule.residual is not None:
            until = self._clock() + rule.residual.seconds
            self._punished[flow[0], flow[1], flow[3]] = (until, rule.residual.action)
        if not rule.in_path and rule.action is not censor.Action.DROP:
            return True
        if len(self._marked) > _MANY_FLOWS:
            self._marked.clear()
        reset = rule.action is censor.Action.RESET
        self._marked[flow] = censor.Action.RESET if reset else censor.Action.DROP
        return False

    def _freezes(self, packet: Packet, flow: Flow, up: bool) -> bool:  # noqa: FBT001 - private, one caller
        """Count what came down a named connection; when it is enough, the connection is dead."""
        for matcher, rule, watch in self._freeze:
            if not watch.is_listed(packet, flow, up=up) or not matcher(packet, flow[0], flow[1], flow[3]):
                continue
            if up:
                continue
            self._counted[flow] = self._counted.get(flow, 0) + packet.end - packet.body
            if self._counted[flow] > rule.after_bytes:
                del self._counted[flow]
                self._marked[flow] = rule.action
                if rule.action is censor.Action.RESET:
                    self.injected += cut(packet)
                return True
        return False

    def _pass_dns(self, packet: Packet, flow: Flow) -> bool:
        for matcher, rule, names in self._dns:
            if not matcher(packet, flow[0], flow[1], flow[3]):
                continue
            query = parse_query(packet.payload)
            if query and is_under(query.name, names, subdomains=rule.subdomains):
                self.injected += rule.copies * [(False, packets.answer_udp(packet, forged_dns(query, rule)))]
                return not rule.drop
        return True

    def _translate(self, packet: Packet, flow: Flow) -> bytes:
        for matcher, rule, names in self._dnat:
            if packet.protocol not in (TCP, UDP) or not matcher(packet, flow[0], flow[1], flow[3]):
                continue
            if names:
                query = parse_query(packet.payload)
                if query is None or not is_under(query.name, names, subdomains=True):
                    continue
            to = _packed(rule.to_v4 if len(packet.dst) == 4 else rule.to_v6)
            if len(self._translated) > _MANY_FLOWS:
                self._translated.clear()
            key = (packet.protocol, packet.src, packet.sport, to, packet.dport)
            self._translated[key] = (packet.dst, packet.dport)
            return packets.readdress(packet, dst=(to, packet.dport))
        return packet.frame

    def _back(self, packet: Packet, flow: Flow) -> bytes:
        original = self._translated.get((packet.protocol, flow[0], flow[2], flow[1], flow[3]))
        return packet.frame if original is None else packets.readdress(packet, src=original)


def _names(names: tuple[str, ...]) -> frozenset[str]:
    return frozenset(name.rstrip(".").lower() for name in names)


@cache
def _packed(address: str) -> bytes:
    return ip_address(address).packed
