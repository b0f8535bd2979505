"""DNS over TLS (RFC 7858): the questions of all targets pipelined over one kept connection to a resolver.

One, not several: answers come in any order, so a second would help only against loss. While a connection on which
something stayed silent drains, a new one takes the new questions; there are never more than two.
"""

import asyncio

from blockprobe.model.observation import Why
from blockprobe.net.dns_open import IDLE_S, NotOpened, Opener, SharedOpening
from blockprobe.net.dns_stream import DnsStream
from blockprobe.net.resolver import Resolver
from blockprobe.net.session import Session


class DotConnections:
    """The kept connection to one resolver."""

    def __init__(self, resolver: Resolver, opener: Opener) -> None:
        self._resolver = resolver
        self._opener = opener
        self._opening: SharedOpening[DnsStream] = SharedOpening()
        self._current: DnsStream | None = None
        self._open_ones: set[DnsStream] = set()
        self._idle: asyncio.TimerHandle | None = None

    async def get(self, session: Session, why: Why) -> DnsStream | NotOpened:
        """The kept connection, or the one that is being opened, or a new one."""
        self._stop_idling()
        if self._current is not None and not self._current.dead:
            return self._current
        return await self._opening.join(lambda: self._open(why, session.timeout_s))

    async def give_back(self, connection: DnsStream) -> None:
        """After the questions of one caller: close what is dead, and what stays idle after a while."""
        if connection.dead and not connection.load:
            self._open_ones.discard(connection)
            await connection.aclose()
        elif not connection.load:
            self._stop_idling()
            self._idle = asyncio.get_running_loop().call_later(IDLE_S, connection.close)

    async def aclose(self) -> None:
        """Close every connection and give up the one being opened."""
        self._stop_idling()
        ended, self._open_ones = self._open_ones, set()
        for connection in ended:
            connection.close()  # all at once, so that nothing stays open where we are cancelled below
        await self._opening.aclose()
        for connection in (*ended, *self._open_ones):
            await connection.aclose()
        self._open_ones.clear()

    async def _open(self, why: Why, timeout_s: float) -> DnsStream | NotOpened:
        stream = await self._opener.open(self._resolver, why, timeout_s, ())
        if isinstance(stream, NotOpened):
            return stream
        self._open_ones = {connection for connection in self._open_ones if not connection.closed}
        self._current = DnsStream(stream)
        self._open_ones.add(self._current)
        return self._current

    def _stop_idling(self) -> None:
        if self._idle is not None:
            self._idle.cancel()
            self._idle = None
