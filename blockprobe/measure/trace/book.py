"""All tries of one path as they are made, so that an interrupted trace still tells what is known."""

from dataclasses import dataclass, replace
from typing import Protocol

from blockprobe.model.trace import Carrier, Heard, Ladder, Packet, Subject, Try


@dataclass(frozen=True, slots=True, kw_only=True)
class Rail:
    """What all tries of a ladder have in common."""

    carrier: Carrier
    subject: Subject
    address: str
    port: int
    name: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Flow:
    """A flow of ours, and when (the clock's monotonic seconds): what packets seen on the wire are matched with."""

    udp: bool
    address: str
    port: int
    source_port: int | None
    began: float
    ended: float


class Witness(Protocol):
    """Who saw packets on the wire."""

    def packets_of(self, flow: Flow) -> tuple[Packet, ...]:
        """What came back for the flow in that time."""
        ...


class Book:
    """Tries by ladder, in the order in which they were made; `sent` counts them."""

    def __init__(self) -> None:
        """Nothing was tried yet."""
        self._rows: dict[Rail, list[tuple[Try, float, float]]] = {}
        self.sent = 0

    def add(self, rail: Rail, one: Try, began: float, ended: float) -> None:
        """Keep a try and when it was made (the clock's monotonic seconds)."""
        self._rows.setdefault(rail, []).append((one, began, ended))
        self.sent += 1

    def ladders(self, witness: Witness | None = None) -> tuple[Ladder, ...]:
        """Everything so far, with what the witness saw of it."""
        return tuple(_ladder(rail, row, witness) for rail, row in self._rows.items())


def _ladder(rail: Rail, row: list[tuple[Try, float, float]], witness: Witness | None) -> Ladder:
    udp = rail.carrier in (Carrier.UDP, Carrier.DNS, Carrier.DNS_ADDRESS)
    tries = []
    for one, began, ended in row:
        if witness is not None:
            flow = Flow(udp=udp, address=rail.address, port=rail.port, source_port=one.source_port, began=began,
                        ended=ended)  # fmt: skip
            answered = any(event.what is Heard.ANSWER for event in one.heard)
            one = replace(one, packets=witness.packets_of(flow) if answered or not udp else ())
        tries.append(one)
    return Ladder(
        carrier=rail.carrier,
        subject=rail.subject,
        address=rail.address,
        port=rail.port,
        name=rail.name,
        tries=tuple(tries),
    )
