"""Packets as `blockprobe-raw` tells of them, and which try each belongs to. What is told may make no sense."""

from dataclasses import dataclass, replace
from typing import Any

from blockprobe.measure.trace.book import Flow
from blockprobe.model.trace import Heard, Packet

#: A connection's sequence numbers are at most so far from its first.
_SPAN = 1 << 20
#: How long after a try its packets may still come (seconds).
_LATE_S = 2.0
_ICMP = {
    "exceeded": Heard.TIME_EXCEEDED,
    "prohibited": Heard.PROHIBITED,
    "port": Heard.REFUSED,
    "unreachable": Heard.UNREACHABLE,
}

Key = tuple[str, str, int, int]
"""Protocol, far address, far port, local port."""


@dataclass(frozen=True, slots=True)
class _Seen:
    """A packet, when it came, and the number that says which connection it belongs to (None: it does not say)."""

    when: float
    packet: Packet
    number: int | None


class Packets:
    """All packets of one trace, by flow."""

    def __init__(self) -> None:
        """None yet."""
        self._seen: dict[Key, list[_Seen]] = {}
        self._begun: dict[Key, list[tuple[float, int]]] = {}

    def keep(self, told: dict[str, Any]) -> None:
        """Keep one packet, or that a connection of ours began; what makes no sense is left out."""
        try:
            key = (str(told["protocol"]), str(told["address"]), int(told["port"]), int(told["source_port"]))
            when = float(told["t"])
            if "first" in told:
                self._begun.setdefault(key, []).append((when, int(told["first"])))
                return
            packet = _packet(told)
            number = None if told.get("number") is None else int(told["number"])
        except (KeyError, TypeError, ValueError, OverflowError):
            return
        if packet is not None:
            self._seen.setdefault(key, []).append(_Seen(when, packet, number))

    def of(self, flow: Flow) -> tuple[Packet, ...]:
        """What came back for the flow in its time, and later for the very connection that was made in its time.

        All tries of a round share a source port, so that what an earlier one still brings must be told from the rest.
        Sockets for datagrams hear everything themselves; of these only the answers are of interest here.
        """
        key = ("udp" if flow.udp else "tcp", flow.address, flow.port, flow.source_port or 0)
        seen = self._seen.get(key, [])
        if flow.udp:
            found = [one for one in seen if flow.began <= one.when <= flow.ended and one.packet.what is Heard.ANSWER]
        else:
            firsts = [first for when, first in self._begun.get(key, []) if flow.began <= when <= flow.ended]
            found = [one for one in seen if _belongs(one, flow, firsts)]
        found.sort(key=lambda one: one.when)
        return tuple(replace(one.packet, t_s=round(one.when - flow.began, 6)) for one in found)


def _belongs(one: _Seen, flow: Flow, firsts: list[int]) -> bool:
    """Whether a packet belongs to a connection that began with one of these numbers; else its time must tell."""
    if one.number is None:
        return flow.began <= one.when <= flow.ended
    in_time = flow.began <= one.when <= flow.ended + _LATE_S
    return in_time and any((one.number - first) % (1 << 32) < _SPAN for first in firsts)


def _packet(told: dict[str, Any]) -> Packet | None:
    """What one line says, in the model's words; None for packets that mean nothing here (bare acknowledgements)."""
    what = _word(told)
    if what is None:
        return None
    return Packet(
        what=what,
        t_s=0.0,
        sender=str(told["sender"]),
        hops_left=int(told["hops_left"]),
        ip_id=told.get("ip_id"),
        window=told.get("window"),
        flags=told.get("flags"),
        size=int(told.get("size", 0)),
    )


def _word(told: dict[str, Any]) -> Heard | None:
    icmp = told.get("icmp")
    if icmp is not None:
        return _ICMP.get(str(icmp))
    if told["protocol"] == "udp":
        return Heard.ANSWER
    flags = str(told.get("flags", ""))
    if "R" in flags:
        return Heard.RESET
    if "S" in flags:
        return Heard.CONNECTED
    if told.get("size"):
        return Heard.DATA
    return Heard.CLOSED if "F" in flags else None
