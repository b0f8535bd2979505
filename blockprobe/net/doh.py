"""DNS over HTTPS (RFC 8484) on our own measured streams: HTTP/1.1, a few kept connections a resolver.

httpx would hide times and certificate, and dnspython's DoH needs another client yet. An answer whose certificate does
not prove the resolver's name is never read.
"""

import asyncio
from functools import lru_cache

import h11

from blockprobe.model.failure import Failure
from blockprobe.model.observation import Why
from blockprobe.net.classify import failure_of
from blockprobe.net.dns_open import ENDINGS, IDLE_S, NotOpened, Opener, SharedOpening
from blockprobe.net.dns_outcome import Outcome
from blockprobe.net.dns_wire import Asked, Question, ask, read_reply
from blockprobe.net.http_head import plain_head
from blockprobe.net.resolver import Resolver
from blockprobe.net.session import Session
from blockprobe.net.stream import Stream

#: Connections to one resolver at a time: 64 targets at once would otherwise open 192 (90 MB of TLS state).
MAX_CONNECTIONS = 16
_CLOSED = NotOpened(failure=Failure.INTERRUPTED, packets=0, detail="closed")
_MAX_BODY = 65_536
_MAX_HEAD = 16_384
_MEDIA_TYPE = "application/dns-message"


class DohConnection:
    """One kept connection, one question at a time. `usable`: another may follow; `heard`: bytes of this answer came."""

    def __init__(self, stream: Stream, resolver: Resolver) -> None:
        self.usable = True
        self.used = False
        self.heard = False
        self._stream = stream
        self._resolver = resolver
        self._limit: asyncio.Timeout | None = None
        self._interrupted = False

    async def ask(self, session: Session, asked: Asked, t0_s: float) -> Outcome:
        """One exchange, within the session's timeout; the outcome begins at `t0_s`."""
        self.usable = self.heard = False
        try:
            async with asyncio.timeout(session.timeout_s) as self._limit:
                await self._stream.sendall(_head_wire(self._resolver, len(asked.wire)) + asked.wire)
                status, body = await self._response(asked.wire)
        except (OSError, EOFError, h11.RemoteProtocolError) as error:
            failure = Failure.INTERRUPTED if self._interrupted else failure_of(error)
            return Outcome(t0_s=t0_s, t_s=session.elapsed(), asked=asked, failure=failure)
        finally:
            self._limit = None
        self.used = True
        t_s = session.elapsed()
        if status != 200:
            failure, detail = Failure.DNS_SERVER_MISBEHAVING, f"HTTP status {status}"
            return Outcome(t0_s=t0_s, t_s=t_s, asked=asked, failure=failure, detail=detail)
        found = read_reply(asked, body)
        if isinstance(found, Failure):
            return Outcome(t0_s=t0_s, t_s=t_s, asked=asked, failure=found)
        return Outcome(t0_s=t0_s, t_s=t_s, asked=asked, message=found)

    def close(self) -> None:
        """Close the connection, or have the question under way end as interrupted. May be called again."""
        self.usable = False
        if self._limit is None:
            self._stream.close()
        else:  # the loop waits for the socket: it must not be closed under it
            self._interrupted = True
            self._limit.reschedule(asyncio.get_running_loop().time())

    async def _response(self, wire: bytes) -> tuple[int, bytes]:
        """Status and body of the answer to `wire`: by hand in the form that nearly all servers use, else by h11."""
        got = await self._more()
        while b"\r\n\r\n" not in got and len(got) <= _MAX_HEAD:
            got += await self._more()
        head = plain_head(got)
        if head is None or head.length is None or head.length > _MAX_BODY:
            return await self._unusual(wire, got)
        body = head.rest
        while len(body) < head.length:
            body += await self._more()
        self.usable = len(body) == head.length and not head.closes
        return head.status, body[: head.length]

    async def _unusual(self, wire: bytes, got: bytes) -> tuple[int, bytes]:
        http = h11.Connection(h11.CLIENT)
        for sent in (_head(self._resolver, len(wire)), h11.Data(data=wire), h11.EndOfMessage()):
            http.send(sent)
        http.receive_data(got)
        status, body = 0, bytearray()
        while True:
            event = http.next_event()
            if event is h11.NEED_DATA:
                http.receive_data(await self._more())
            elif isinstance(event, h11.Response):
                status = event.status_code
            elif isinstance(event, h11.Data):
                body += event.data
                if len(body) > _MAX_BODY:
                    return status, bytes(body[:_MAX_BODY])  # no DNS message is longer; the connection is not used again
            elif isinstance(event, h11.EndOfMessage):
                self.usable = http.their_state is h11.DONE and not http.trailing_data[0]
                return status, bytes(body)
            elif not isinstance(event, h11.InformationalResponse):
                raise EOFError

    async def _more(self) -> bytes:
        data = await self._stream.recv()
        if not data:
            raise EOFError
        self.heard = True
        return data


class DohPool:
    """The kept connections to one resolver; `close` when they were idle, or with `aclose`."""

    def __init__(self, resolver: Resolver, opener: Opener) -> None:
        self._resolver = resolver
        self._opener = opener
        self._opening: SharedOpening[DohConnection] = SharedOpening()
        self._slots = asyncio.Semaphore(MAX_CONNECTIONS)
        self._alive: set[DohConnection] = set()
        self._idle: list[DohConnection] = []
        self._timer: asyncio.TimerHandle | None = None
        self._closed = False

    async def ask(self, session: Session, why: Why, question: Question) -> Outcome:
        """The outcome of one question; raises UnaskableName. Waiting for a free connection is not in its times."""
        asked = ask(question, 0)
        t0_s = session.elapsed()
        if not self._alive:
            first = await self._opening.join(lambda: self._open(why, session.timeout_s))
            if isinstance(first, NotOpened):
                return first.outcome(session, t0_s)
        if self._slots.locked():
            async with self._slots:
                return await self._exchange(session, why, asked, session.elapsed())
        async with self._slots:
            return await self._exchange(session, why, asked, t0_s)

    async def aclose(self) -> None:
        """Close every connection and give up the one being opened."""
        self._closed = True  # first: what is opened or given back from now on is closed, also if we are cancelled here
        self._stop_timer()
        self._close_idle()
        for connection in self._alive:
            connection.close()  # given back by those who ask, in the next turn of the loop
        await self._opening.aclose()

    async def _exchange(self, session: Session, why: Why, asked: Asked, t0_s: float) -> Outcome:
        while not self._closed:
            self._stop_timer()
            connection = self._idle.pop() if self._idle else await self._another(session, why)
            if isinstance(connection, NotOpened):
                return connection.outcome(session, t0_s)
            kept = connection.used
            try:
                outcome = await connection.ask(session, asked, t0_s)
            finally:
                self._give_back(connection)
            # the resolver closed it as idle while we were about to ask: no failure of the question
            if not (kept and outcome.failure in ENDINGS and not connection.heard):
                return outcome
        return _CLOSED.outcome(session, t0_s)

    async def _another(self, session: Session, why: Why) -> DohConnection | NotOpened:
        opened = await self._open(why, session.timeout_s)
        if isinstance(opened, DohConnection):
            self._idle.remove(opened)
        return opened

    async def _open(self, why: Why, timeout_s: float) -> DohConnection | NotOpened:
        stream = await self._opener.open(self._resolver, why, timeout_s, ("http/1.1",))
        if isinstance(stream, NotOpened):
            return stream
        if self._closed:
            stream.close()
            return _CLOSED
        connection = DohConnection(stream, self._resolver)
        self._alive.add(connection)
        self._idle.append(connection)
        return connection

    def _give_back(self, connection: DohConnection) -> None:
        if connection.usable and not self._closed:
            self._idle.append(connection)
        else:
            connection.close()
            self._alive.discard(connection)
        if len(self._idle) == len(self._alive) > 0:
            self._stop_timer()
            self._timer = asyncio.get_running_loop().call_later(IDLE_S, self._close_idle)

    def _close_idle(self) -> None:
        for connection in self._idle:
            connection.close()
            self._alive.discard(connection)
        self._idle.clear()

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


@lru_cache(maxsize=256)
def _head(resolver: Resolver, length: int) -> h11.Request:
    """The head of a question of `length` bytes as h11 checked it: the same for every target."""
    headers = [
        ("Host", _authority(resolver)),
        ("Accept", _MEDIA_TYPE),
        ("Content-Type", _MEDIA_TYPE),
        ("Content-Length", f"{length}"),
    ]
    return h11.Request(method="POST", target=resolver.path, headers=headers)


@lru_cache(maxsize=256)
def _head_wire(resolver: Resolver, length: int) -> bytes:
    """`_head` as bytes."""
    return h11.Connection(h11.CLIENT).send(_head(resolver, length)) or b""


def _authority(resolver: Resolver) -> str:
    name = resolver.server_name or resolver.address
    host = f"[{name}]" if ":" in name else name
    return host if resolver.port == 443 else f"{host}:{resolver.port}"
