"""Questions to resolvers over UDP, TCP, TLS and HTTPS: one observation each, whatever the network does.

One client is shared by all targets of a run: it bounds what is under way and keeps the encrypted connections.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace

from blockprobe.model.failure import Failure
from blockprobe.model.observation import DnsObservation, Why
from blockprobe.net.classify import failure_of
from blockprobe.net.clock import Clock
from blockprobe.net.dial import Dialer
from blockprobe.net.dns_names import UnaskableName, name_to_wire
from blockprobe.net.dns_open import Opener
from blockprobe.net.dns_outcome import Outcome, joined, observe, with_later
from blockprobe.net.dns_stream import FreshTcp, ask_through
from blockprobe.net.dns_tls import DotConnections
from blockprobe.net.dns_udp import UdpExchange
from blockprobe.net.dns_wire import Question, ask
from blockprobe.net.doh import DohPool
from blockprobe.net.resolver import Resolver
from blockprobe.net.session import Session
from blockprobe.net.tls import TlsContexts
from blockprobe.net.together import together

__all__ = ["DnsClient", "Pending", "Question"]

#: Questions over UDP at a time: more overflow the default socket buffers of small machines and resolvers.
MAX_UDP = 128


class Pending:
    """A question that has its first reply, and an ear that is still open for a second, different one."""

    def __init__(self, first: DnsObservation, exchange: UdpExchange | None, session: Session) -> None:
        self.first = first
        self._exchange = exchange
        self._session = session

    async def settle(self, min_listen_s: float) -> DnsObservation:
        """`first` with what else came until at least `min_listen_s` after it; closes the socket.

        Without an open ear (no reply, or not over UDP) it returns at once.
        """
        if self._exchange is None:
            return self.first
        left_s = self.first.t_s + min_listen_s - self._session.elapsed()
        try:
            if left_s > 0.0:
                await asyncio.sleep(left_s)
            self._exchange.hear()
        finally:
            self.close()
        return with_later(self.first, self._exchange.asked, self._exchange.later)

    def close(self) -> None:
        """Stop listening; may be called again."""
        if self._exchange is not None:
            self._exchange.close()


class DnsClient:
    """Asks questions; see the module. `aclose` ends every socket it opened."""

    def __init__(self, dialer: Dialer, clock: Clock, tls: TlsContexts) -> None:
        """`dialer` and `clock` are for the kept connections, which belong to no target's session."""
        self._opener = Opener(dialer, clock, tls)
        self._udp_slots = asyncio.Semaphore(MAX_UDP)
        self._exchanges: set[UdpExchange] = set()
        self._dot: dict[Resolver, DotConnections] = {}
        self._doh: dict[Resolver, DohPool] = {}

    async def query(self, session: Session, why: Why, resolver: Resolver, question: Question) -> DnsObservation:
        """The first reply to one question."""
        pending = await self.query_and_listen(session, why, resolver, question)
        pending.close()
        return pending.first

    async def query_and_listen(self, session: Session, why: Why, resolver: Resolver, question: Question) -> Pending:
        """The first reply to one question, and over UDP an ear for more: settle or close what is returned."""
        if resolver.scheme != "udp":
            return Pending((await self.query_many(session, why, resolver, [question]))[0], None, session)
        async with self._udp_slots:
            outcome, exchange = await self._over_udp(session, resolver, question)
        pending = Pending(observe(why, resolver, question, outcome), exchange, session)
        if outcome.message is not None and outcome.message.reply.truncated:
            try:
                pending.first = await self._again_over_tcp(session, resolver, question, pending.first)
            except BaseException:
                pending.close()
                raise
        return pending

    async def query_many(
        self, session: Session, why: Why, resolver: Resolver, questions: Sequence[Question]
    ) -> list[DnsObservation]:
        """The first reply to each question, in their order; over TCP and TLS all go out at once on one connection."""
        if resolver.scheme == "udp":
            return await together(self.query(session, why, resolver, question) for question in questions)
        faults = [_fault(resolver, question) for question in questions]
        good = [question for question, fault in zip(questions, faults, strict=True) if fault is None]
        outcomes = iter(await self._over_connections(session, why, resolver, good) if good else ())
        return [
            observe(why, resolver, question, next(outcomes) if fault is None else _not_sent(session, fault))
            for question, fault in zip(questions, faults, strict=True)
        ]

    async def aclose(self) -> None:
        """Close every kept connection and open ear; what is under way there fails as interrupted.

        Questions over TCP have connections of their own and end by themselves, or when cancelled.
        """
        for exchange in list(self._exchanges):
            exchange.close()
        for kept in self._dot.values():
            await kept.aclose()
        for pool in self._doh.values():
            await pool.aclose()

    async def _over_udp(
        self, session: Session, resolver: Resolver, question: Question
    ) -> tuple[Outcome, UdpExchange | None]:
        fault = _fault(resolver, question)
        if fault is not None:
            return _not_sent(session, fault), None
        try:
            sock = session.dialer.udp(resolver.address, resolver.port)
        except OSError as error:  # no route to that family, or no more descriptors
            return _not_sent(session, _Fault(failure_of(error), str(error))), None
        exchange = UdpExchange(session, sock, ask(question), self._exchanges)
        outcome = await exchange.first()
        return outcome, exchange if outcome.message else None

    async def _again_over_tcp(
        self, session: Session, resolver: Resolver, question: Question, first: DnsObservation
    ) -> DnsObservation:
        """RFC 7766, 5: a truncated reply is asked for again over TCP, whose reply counts."""
        outcome = (await ask_through(FreshTcp(resolver), session, first.why, [question]))[0]
        again = observe(first.why, resolver, question, outcome)
        detail = joined("truncated over UDP, asked again over TCP", first.detail, again.detail)
        reply = again.reply or first.reply
        return replace(again, t0_s=first.t0_s, packets=first.packets, reply=reply, detail=detail)

    async def _over_connections(
        self, session: Session, why: Why, resolver: Resolver, questions: Sequence[Question]
    ) -> Sequence[Outcome]:
        if resolver.scheme == "tcp":
            return await ask_through(FreshTcp(resolver), session, why, questions)
        if resolver.scheme == "tls":
            if resolver not in self._dot:
                self._dot[resolver] = DotConnections(resolver, self._opener)
            return await ask_through(self._dot[resolver], session, why, questions)
        if resolver not in self._doh:
            self._doh[resolver] = DohPool(resolver, self._opener)
        pool = self._doh[resolver]
        return await together(pool.ask(session, why, question) for question in questions)


@dataclass(frozen=True, slots=True)
class _Fault:
    """Why a question was never sent."""

    failure: Failure
    detail: str


def _fault(resolver: Resolver, question: Question) -> _Fault | None:
    if not resolver.address:
        return _Fault(Failure.ADDRESS_NOT_AVAILABLE, f"no address is known for {resolver.server_name}")
    try:
        name_to_wire(question.qname)
    except UnaskableName as error:  # the network can send us there: by a redirect to such a name
        return _Fault(Failure.UNKNOWN_FAILURE, str(error))
    return None


def _not_sent(session: Session, fault: _Fault) -> Outcome:
    now = session.elapsed()
    return Outcome(t0_s=now, t_s=now, failure=fault.failure, packets=0, detail=fault.detail)
