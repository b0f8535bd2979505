"""DNS over a connection (RFC 7766): questions pipelined, answers in any order, matched by their ids."""

import asyncio
import struct
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from blockprobe.model.failure import Failure
from blockprobe.model.observation import Why
from blockprobe.net.classify import failure_of
from blockprobe.net.dns_open import ENDINGS, NotOpened, open_tcp
from blockprobe.net.dns_outcome import Outcome, Strays, joined
from blockprobe.net.dns_wire import Asked, Question, ask, read_reply
from blockprobe.net.resolver import Resolver
from blockprobe.net.session import Session
from blockprobe.net.stream import Stream

_LENGTH = struct.Struct("!H")
_CHUNK = 65536


@dataclass(slots=True, eq=False)
class _Waiting:
    """A question on its way; `done` says that `outcome` is final."""

    session: Session
    asked: Asked
    t0_s: float
    strays: Strays = field(default_factory=Strays)
    done: asyncio.Event = field(default_factory=asyncio.Event)
    outcome: Outcome | None = None

    def take(self, frame: bytes) -> None:
        message = read_reply(self.asked, frame)
        if isinstance(message, Failure):
            self.strays.add(message)
            return
        detail = joined(self.strays.note)
        now = self.session.elapsed()
        self._settle(Outcome(t0_s=self.t0_s, t_s=now, asked=self.asked, message=message, detail=detail))

    def fail(self, failure: Failure) -> None:
        now = self.session.elapsed()
        word = self.strays.closest or failure
        detail = joined(self.strays.note)
        self._settle(Outcome(t0_s=self.t0_s, t_s=now, asked=self.asked, failure=word, detail=detail))

    def _settle(self, outcome: Outcome) -> None:
        if self.outcome is None:
            self.outcome = outcome
            self.done.set()


class DnsStream:
    """One connection that carries questions; `used` says whether it has answered any, `dead` that it has ended."""

    def __init__(self, stream: Stream) -> None:
        self.used = False
        self.dead = False
        self._stream = stream
        self._waiting: dict[int, _Waiting] = {}
        self._sending = asyncio.Lock()
        self._reader: asyncio.Task[None] | None = asyncio.create_task(self._read())
        self._reader.add_done_callback(self._forget)

    @property
    def load(self) -> int:
        """Questions without an answer yet."""
        return len(self._waiting)

    async def ask_all(self, session: Session, questions: Sequence[Question], t0_s: float) -> list[Outcome]:
        """Write all questions at once and wait for each answer until the timeout; raises UnaskableName.

        The outcomes begin at `t0_s`.
        """
        entries = [self._enter(session, question, t0_s) for question in questions]
        try:
            async with asyncio.timeout(session.timeout_s):
                await self._send(entries)
                for entry in entries:
                    await entry.done.wait()
        except TimeoutError:
            self.dead = True  # silent once: later questions begin on a new connection
            self._fail(entries, Failure.GENERIC_TIMEOUT_ERROR)
        finally:
            for entry in entries:
                self._waiting.pop(entry.asked.qid, None)
        return [entry.outcome for entry in entries if entry.outcome is not None]

    @property
    def closed(self) -> bool:
        """Whether the socket is gone."""
        return self._stream.closed

    def close(self) -> None:
        """Close the connection; what still waits fails as interrupted. May be called again."""
        self._end(Failure.INTERRUPTED)
        if self._reader is not None:
            self._reader.cancel()

    async def aclose(self) -> None:
        """`close`, and wait until it is done."""
        self.close()
        if self._reader is not None:
            await asyncio.gather(self._reader, return_exceptions=True)
        self._stream.close()  # for a reader that was cancelled before it began

    def _enter(self, session: Session, question: Question, t0_s: float) -> _Waiting:
        asked = ask(question)
        while asked.qid in self._waiting:
            asked = ask(question)
        entry = _Waiting(session, asked, t0_s)
        self._waiting[asked.qid] = entry
        return entry

    async def _send(self, entries: list[_Waiting]) -> None:
        if self.dead:
            self._fail(entries, Failure.EOF_ERROR)
            return
        frames = b"".join(_LENGTH.pack(len(e.asked.wire)) + e.asked.wire for e in entries)
        try:
            async with self._sending:
                await self._stream.sendall(frames)
        except OSError as error:
            self._end(failure_of(error))

    async def _read(self) -> None:
        buffer = bytearray()
        try:
            while data := await self._stream.recv(_CHUNK):
                buffer += data
                self._frames(buffer)
            self._end(Failure.EOF_ERROR)
        except Exception as error:  # whatever the network did ends the connection; `failure_of` has the word
            self._end(failure_of(error))
        finally:
            self._stream.close()

    def _forget(self, _: asyncio.Task[None]) -> None:
        self._reader = None  # a task that was cancelled keeps its frames, and they keep this

    def _frames(self, buffer: bytearray) -> None:
        while len(buffer) >= _LENGTH.size:
            end = _LENGTH.size + _LENGTH.unpack_from(buffer)[0]
            if len(buffer) < end:
                return
            self._dispatch(bytes(buffer[_LENGTH.size : end]))
            del buffer[:end]

    def _dispatch(self, frame: bytes) -> None:
        entry = self._waiting.get(int.from_bytes(frame[:2])) if len(frame) >= 2 else None
        for waiting in (entry,) if entry else self._waiting.values():
            waiting.take(frame)
        self.used = True

    def _end(self, failure: Failure) -> None:
        self.dead = True
        self._fail(list(self._waiting.values()), failure)

    @staticmethod
    def _fail(entries: Sequence[_Waiting], failure: Failure) -> None:
        for entry in entries:
            entry.fail(failure)


class Connections(Protocol):
    """Where connections to one resolver come from."""

    async def get(self, session: Session, why: Why) -> DnsStream | NotOpened:
        """A connection to ask on."""
        ...

    async def give_back(self, connection: DnsStream) -> None:
        """Called once for each connection got."""
        ...


@dataclass(frozen=True, slots=True)
class FreshTcp:
    """A new connection for each caller, closed when it has its answers."""

    resolver: Resolver

    async def get(self, session: Session, why: Why) -> DnsStream | NotOpened:
        """A connection of the caller's own."""
        stream = await open_tcp(session, why, self.resolver)
        return stream if isinstance(stream, NotOpened) else DnsStream(stream)

    async def give_back(self, connection: DnsStream) -> None:
        """Close it."""
        await connection.aclose()


async def ask_through(
    connections: Connections, session: Session, why: Why, questions: Sequence[Question]
) -> list[Outcome]:
    """An outcome a question, in their order; raises UnaskableName.

    What a connection did not answer is asked again on the next one when that is no answer in itself: see `_again`.
    """
    t0_s = session.elapsed()
    outcomes: dict[int, Outcome] = {}
    left = list(range(len(questions)))
    while left:
        connection = await connections.get(session, why)
        if isinstance(connection, NotOpened):
            outcomes |= dict.fromkeys(left, connection.outcome(session, t0_s))
            break
        kept = connection.used
        try:
            fresh = await connection.ask_all(session, [questions[number] for number in left], t0_s)
        finally:
            await connections.give_back(connection)
        outcomes |= dict(zip(left, fresh, strict=True))
        left = [left[number] for number in _again(fresh, kept=kept)]
    return [outcomes[number] for number in range(len(questions))]


def _again(outcomes: Sequence[Outcome], *, kept: bool) -> list[int]:
    """Which questions deserve another connection: this one ended without their answers, but not because of them.

    That is so for a kept connection (the resolver had closed it as idle, RFC 7766, 6.2.3) and for one that answered
    some of its questions (servers that take one question a connection).
    """
    ended = [number for number, outcome in enumerate(outcomes) if outcome.failure in ENDINGS]
    return ended if kept or len(ended) < len(outcomes) else []
