"""What the process is asked to watch: a few flows of ours, and how much of them it may tell. Input is not trusted."""

import ipaddress
import json
from dataclasses import dataclass
from typing import Any

#: The order is one line of at most so many bytes.
MAX_ORDER_BYTES = 65_536
MAX_FLOWS = 256
MAX_PACKETS, MAX_SECONDS = 100_000, 3600

Flow = tuple[str, str, int, int]
"""Protocol (udp, tcp), far address, far port, local port."""


class OrderError(ValueError):
    """The order cannot be understood."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What to watch, and the limits."""

    flows: frozenset[Flow]
    max_packets: int
    max_seconds: float

    @property
    def addresses(self) -> list[str]:
        """The far addresses, each once."""
        return sorted({address for _, address, _, _ in self.flows})


def read_order(line: bytes) -> Order:
    """The order in one line of JSON; raises OrderError."""
    if len(line) > MAX_ORDER_BYTES:
        raise OrderError(f"an order of more than {MAX_ORDER_BYTES} bytes")
    try:
        told = json.loads(line)
        flows = frozenset(_flow(one) for one in told["flows"])
        packets, seconds = int(told["max_packets"]), float(told["max_seconds"])
    except (ValueError, KeyError, TypeError, RecursionError, OverflowError) as error:
        raise OrderError(f"an order that makes no sense: {type(error).__name__}") from None
    if not 0 < len(flows) <= MAX_FLOWS or not 0 < packets <= MAX_PACKETS or not 0 < seconds <= MAX_SECONDS:
        raise OrderError(f"limits: 1 to {MAX_FLOWS} flows, {MAX_PACKETS} packets, {MAX_SECONDS} seconds")
    return Order(flows=flows, max_packets=packets, max_seconds=seconds)


def _flow(told: Any) -> Flow:
    protocol, address, port, source_port = told
    if protocol not in ("udp", "tcp"):
        raise ValueError("protocol")
    ports = int(port), int(source_port)
    if not all(0 < one < 65_536 for one in ports):
        raise ValueError("port")
    return str(protocol), str(ipaddress.ip_address(str(address))), ports[0], ports[1]
