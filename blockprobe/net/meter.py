"""A dialer that counts what passes through its sockets, and stops where a budget ends."""

import socket
from dataclasses import dataclass, replace
from typing import Any

from blockprobe.net.dial import Dialer, TcpAttempt, TcpOptions

_PLAIN = TcpOptions()


class BudgetSpent(Exception):
    """No more may be sent or received; the text says which limit was reached. No network operation catches it."""


@dataclass(slots=True, kw_only=True)
class Meter:
    """Sockets opened and payload bytes both ways (TCP and UDP, without headers); None: no limit.

    What is counted here is counted in `above` as well, whose limits hold for all below it.
    """

    connections: int = 0
    bytes: int = 0
    most_connections: int | None = None
    most_bytes: int | None = None
    above: "Meter | None" = None

    def opened(self) -> None:
        """One more socket; raises BudgetSpent instead of going beyond a limit."""
        self.check(connections=1)
        meter: Meter | None = self
        while meter is not None:
            meter.connections += 1
            meter = meter.above

    def moved(self, count: int) -> None:
        """`count` bytes more, which have passed already; raises BudgetSpent once a limit is passed."""
        meter: Meter | None = self
        while meter is not None:
            meter.bytes += count
            meter = meter.above
        self.check()

    def check(self, *, connections: int = 0) -> None:
        """Raise BudgetSpent when no more is to be had: `connections` more sockets, or any more bytes."""
        meter: Meter | None = self
        while meter is not None:
            if meter.most_connections is not None and meter.connections + connections > meter.most_connections:
                raise BudgetSpent(f"the limit of {meter.most_connections} connections was reached")
            if meter.most_bytes is not None and meter.bytes > meter.most_bytes:
                raise BudgetSpent(f"the limit of {meter.most_bytes} bytes was reached")
            meter = meter.above


class _Counted(socket.socket):
    """A socket that tells its meter what passes."""

    meter: Meter

    def send(self, *arguments: Any) -> int:
        sent = super().send(*arguments)
        self.meter.moved(sent)
        return sent

    def recv(self, *arguments: Any) -> bytes:
        data = super().recv(*arguments)
        self.meter.moved(len(data))
        return data


class MeteredDialer(Dialer):
    """Opens sockets as `Dialer` does, and counts."""

    def __init__(self, meter: Meter) -> None:
        """`meter` is told of every socket and every byte."""
        self.meter = meter

    def udp(self, address: str, port: int) -> socket.socket:
        """A counted UDP socket; raises OSError, and BudgetSpent."""
        self.meter.opened()
        return self._counted(super().udp(address, port))

    async def attempt(self, address: str, port: int, *, timeout_s: float, options: TcpOptions = _PLAIN) -> TcpAttempt:
        """A counted connection; raises BudgetSpent."""
        self.meter.opened()
        attempt = await super().attempt(address, port, timeout_s=timeout_s, options=options)
        return attempt if attempt.sock is None else replace(attempt, sock=self._counted(attempt.sock))

    def _counted(self, sock: socket.socket) -> socket.socket:
        counted = _Counted(fileno=sock.detach())
        counted.setblocking(False)
        counted.meter = self.meter
        return counted
