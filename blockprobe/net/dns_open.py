"""Connections to resolvers: opened, proven where encrypted, and opened by one question for all that wait."""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from blockprobe.model.addresses import family_of
from blockprobe.model.failure import Failure
from blockprobe.model.observation import Why
from blockprobe.net.clock import Clock
from blockprobe.net.dial import Dialer
from blockprobe.net.dns_outcome import Outcome
from blockprobe.net.resolver import Resolver
from blockprobe.net.session import Session
from blockprobe.net.stream import Stream
from blockprobe.net.tcp import Endpoint, connect
from blockprobe.net.tls import Hello, TlsContexts, handshake

#: The connection is gone: what a question meets on a kept connection that the resolver closed meanwhile.
ENDINGS = frozenset({Failure.EOF_ERROR, Failure.CONNECTION_RESET, Failure.CONNECTION_ABORTED})
#: A kept connection is closed when nothing was asked for so long, seconds (RFC 7766, 6.2.3: "a few seconds").
IDLE_S = 10.0

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class NotOpened:
    """Why there is no connection; `packets` were sent to the silence."""

    failure: Failure
    packets: int
    detail: str

    def outcome(self, session: Session, t0_s: float) -> Outcome:
        """The outcome of a question that was to go over it."""
        now = session.elapsed()
        return Outcome(t0_s=t0_s, t_s=now, failure=self.failure, packets=self.packets, detail=self.detail)


async def open_tcp(session: Session, why: Why, resolver: Resolver) -> Stream | NotOpened:
    """A connection to the resolver."""
    endpoint = Endpoint(address=resolver.address, port=resolver.port)
    observation, stream = await connect(session, why, endpoint)
    if stream is not None:
        return stream
    failure = observation.failure or Failure.UNKNOWN_FAILURE
    return NotOpened(failure=failure, packets=observation.packets, detail="connecting")


@dataclass(frozen=True, slots=True)
class Opener:
    """Opens encrypted connections, which outlive the target that happened to need them first."""

    dialer: Dialer
    clock: Clock
    contexts: TlsContexts

    async def open(self, resolver: Resolver, why: Why, timeout_s: float, alpn: tuple[str, ...]) -> Stream | NotOpened:
        """A connection whose certificate proves the resolver's name; without that proof, none."""
        began = self.clock.monotonic()
        session = Session(clock=self.clock, dialer=self.dialer, began=began, timeout_s=timeout_s)
        stream = await open_tcp(session, why, resolver)
        if isinstance(stream, NotOpened):
            return stream
        name = resolver.server_name or resolver.address
        server_name = name if family_of(name) is None else None
        hello = Hello(server_name=server_name, verify_name=name, alpn=alpn)
        proven = False
        try:
            observation, encrypted = await handshake(session, why, stream, hello, self.contexts)
            proven = observation.failure is None and observation.valid is True
        finally:
            if not proven:
                stream.close()
        if proven and encrypted is not None:
            return encrypted
        failure = observation.failure or Failure.SSL_INVALID_CERTIFICATE
        return NotOpened(failure=failure, packets=observation.packets, detail="TLS handshake")


class SharedOpening(Generic[T]):
    """One opening at a time, joined by all who need a connection meanwhile: a blocked resolver costs one wait.

    The opening belongs to nobody: it goes on when those who wait are cancelled. `aclose` gives it up, and for those
    who wait it is then interrupted.
    """

    def __init__(self) -> None:
        self._task: asyncio.Task[T | NotOpened] | None = None

    async def join(self, start: Callable[[], Coroutine[Any, Any, T | NotOpened]]) -> T | NotOpened:
        """The result of the opening under way, or of a new one."""
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(start())
        task = self._task
        await asyncio.wait((task,))  # unlike `await task`, passes on neither our cancellation nor the task's
        if task.cancelled():
            return NotOpened(failure=Failure.INTERRUPTED, packets=0, detail="closed")
        return task.result()

    async def aclose(self) -> None:
        """Give up the opening under way."""
        if self._task is not None and not self._task.done():
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
