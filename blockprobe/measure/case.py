"""One target being measured: its session, what was observed so far, and the operations it may use."""

import asyncio
import random
import string
from collections.abc import Callable, Coroutine
from dataclasses import replace
from datetime import datetime
from operator import is_
from typing import Any, TypeVar

from blockprobe.measure.seats import Seat
from blockprobe.measure.shared import Crowd, Shared
from blockprobe.model.addresses import family_of, wide_network
from blockprobe.model.control import Control
from blockprobe.model.failure import Failure
from blockprobe.model.line import Line, NeutralCheck
from blockprobe.model.observation import (
    DnsObservation,
    HttpObservation,
    Observation,
    Place,
    TcpObservation,
    Test,
    TlsObservation,
    Why,
)
from blockprobe.model.record import Measurement, Target, Vantage
from blockprobe.model.words import Layer
from blockprobe.net.dial import TcpOptions
from blockprobe.net.dns import Pending, Question
from blockprobe.net.http import Request, fetch
from blockprobe.net.resolver import Resolver
from blockprobe.net.session import Session
from blockprobe.net.stream import Stream
from blockprobe.net.tcp import Endpoint, connect
from blockprobe.net.tls import Hello, handshake
from blockprobe.verdict.leg import Leg
from blockprobe.verdict.view import View

T = TypeVar("T")
NO_OPTIONS = TcpOptions()


class Case:
    """A target with everything observed of it so far; observations are only ever added."""

    def __init__(
        self, shared: Shared, target: Target, vantage: Vantage, case_id: str, *, seat: Seat | None = None
    ) -> None:
        self.shared = shared
        self.target = target
        self.vantage = vantage
        self.id = case_id
        self.session: Session = shared.session()
        self.measured_at: datetime = shared.clock.now()
        self.observations: list[Observation] = []
        self.controls: list[Control] = []
        self._ears: list[tuple[int, Pending]] = []
        self._background: set[asyncio.Task[Any]] = set()
        self._seat = seat
        self._checks: tuple[int, tuple[NeutralCheck, ...]] = (0, ())
        self._line: Line | None = None
        self._line_parts: tuple[object, ...] = ()
        self._view: View | None = None
        #: Called with this case where the last attempt at an address begins (measure/early.py); what held the case
        #: itself would make a circle of it, and all its bodies would wait for the collector.
        self.when_silent: Callable[[Case, Layer, Leg, str], None] | None = None
        self._early: dict[tuple[Layer, Leg, str], asyncio.Task[bool | None]] = {}

    # -- writing down ---------------------------------------------------------------------------------------------

    def note(self, observation: Observation) -> None:
        """Add one observation."""
        self.observations.append(observation)

    def line(self) -> Line:
        """The line as this record shows it: times relative to its beginning, and what the crowd betrayed."""
        began, shared = self.session.began, self.shared
        if self._checks[0] != len(shared.checks):
            latest = tuple(_seen_from(began, at, check) for at, check in shared.checks[-40:])
            self._checks = len(shared.checks), latest
        silent = tuple(shared.crowd.silent.values())[-20:]
        bodies = tuple(shared.crowd.bodies.values())[-20:]
        counts = _counts(shared.crowd) if silent else (0, 0)  # no other target shows in a record without need
        parts = (shared.line, self._checks[1], silent, bodies, shared.ledger.entries(began), counts)
        if self._line is None or parts != self._line_parts:
            self._line_parts = parts
            self._line = replace(
                shared.line, neutral=parts[1], silent_listed=silent, shared_bodies=bodies, ledger=parts[4],
                listed_silent=counts[0], listed_open=counts[1],
            )  # fmt: skip
        return self._line

    def runtime_s(self) -> float:
        """How long it has taken so far (seconds)."""
        return self.session.elapsed()

    def measurement(self) -> Measurement:
        """All that is known so far."""
        return Measurement(
            id=self.id,
            measured_at=self.measured_at,
            runtime_s=self.runtime_s(),
            target=self.target,
            vantage=self.vantage,
            line=self.line(),
            observations=tuple(self.observations),
            control=tuple(self.controls),
        )

    def view(self) -> View:
        """What is known so far, ready to be asked; the same view as before while nothing was added."""
        view = self._view
        if view is None or not self._is_all(view.measurement):
            view = self._view = View(self.measurement(), self.shared.fingerprints)
        return view

    def _is_all(self, known: Measurement) -> bool:
        """Whether a measurement of this case holds the very same objects; only the time has gone on."""
        if self.line() is not known.line or len(self.observations) != len(known.observations):
            return False
        if len(self.controls) != len(known.control):
            return False
        return all(map(is_, self.observations, known.observations)) and all(map(is_, self.controls, known.control))

    def step_aside(self) -> None:
        """Something is in doubt: what follows is mostly waiting, so let another target begin."""
        if self._seat is not None:
            self._seat.step_aside()

    @property
    def may_give_way(self) -> bool:
        """Whether other targets could begin while this one waits."""
        return self._seat is not None and self._seat.may_give_way

    async def give_way(self) -> None:
        """Nothing is in doubt, and what is left can wait some seconds: let other targets begin."""
        if self._seat is not None:
            await self._seat.give_way()

    # -- counterfactuals begun early ------------------------------------------------------------------------------

    def foresee(self, layer: Layer, leg: Leg, address: str) -> None:
        """The last attempt at the address begins."""
        if self.when_silent is not None:
            self.when_silent(self, layer, leg, address)

    def begin_early(self, layer: Layer, leg: Leg, address: str, work: Coroutine[Any, Any, bool | None]) -> None:
        """Start what `early` will be asked for; its observations are kept whatever becomes of the last attempt."""
        self._early[layer, leg, address] = self.spawn(work)

    def early_at(self, layer: Layer, leg: Leg) -> tuple[str, ...]:
        """The addresses for which something of the layer was begun early."""
        return tuple(key[2] for key in self._early if key[:2] == (layer, leg))

    async def early(self, layer: Layer, leg: Leg, address: str) -> bool | None:
        """What was begun early gave, when it has ended; None where nothing was begun, or nothing came of it."""
        task = self._early.get((layer, leg, address))
        return None if task is None else await task

    async def end_early(self) -> None:
        """Wait for what was begun early: cut off, it would leave an echo that others must take for punished."""
        for task in list(self._early.values()):
            await asyncio.shield(task)

    # -- work in the background -----------------------------------------------------------------------------------

    def spawn(self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        """Start something that need not be waited for; `finish` ends it."""
        task = asyncio.ensure_future(work)
        self._background.add(task)
        task.add_done_callback(self._background.discard)
        return task

    async def catch_up(self, timeout_s: float) -> None:
        """Wait for what is in the background, but not longer than that."""
        if self._background:
            await asyncio.wait(set(self._background), timeout=timeout_s)

    async def finish(self, *, listen_s: float = 0.0) -> None:
        """Close ears and end background work; a doubt is worth listening longer for a second answer."""
        await self.listen(listen_s)
        for task in list(self._background):
            task.cancel()
        if self._background:
            await asyncio.gather(*self._background, return_exceptions=True)

    def abandon(self) -> None:
        """Close everything at once, without waiting (cancellation)."""
        for _, pending in self._ears:
            pending.close()
        for task in self._background:
            task.cancel()

    # -- operations -----------------------------------------------------------------------------------------------

    async def ask(self, why: Why, resolver: Resolver, question: Question) -> DnsObservation:
        """One question, and an ear left open for a second answer."""
        pending = await self.shared.dns.query_and_listen(self.session, why, resolver, question)
        self._ears.append((len(self.observations), pending))
        self.note(pending.first)
        return pending.first

    async def ask_many(self, why: Why, resolver: Resolver, questions: list[Question]) -> list[DnsObservation]:
        """Several questions to one stream resolver."""
        found = await self.shared.dns.query_many(self.session, why, resolver, questions)
        for observation in found:
            self.note(observation)
        return found

    async def listen(self, listen_s: float) -> None:
        """Hear out every open ear for at least that long after its first answer, then close it."""
        ears, self._ears = self._ears, []
        for index, pending in ears:
            self.observations[index] = await pending.settle(listen_s)

    async def connect(
        self, why: Why, address: str, port: int, *, host: str | None = None, options: TcpOptions = NO_OPTIONS
    ) -> tuple[TcpObservation, Stream | None]:
        """One connection attempt; the caller closes the stream."""
        endpoint = Endpoint(address=address, port=port)
        observation, stream = await connect(self.session, why, endpoint, host=host, options=options)
        self.note(observation)
        if stream is not None and why.listed and why.place is Place.ORIGIN:
            self.shared.crowd.open_networks.add(wide_network(address))
        return observation, stream

    async def handshake(self, why: Why, stream: Stream, hello: Hello) -> tuple[TlsObservation, Stream | None]:
        """One handshake on an open connection."""
        observation, secured = await handshake(self.session, why, stream, hello, self.shared.tls)
        self.note(observation)
        return observation, secured

    async def fetch(self, why: Why, stream: Stream, request: Request) -> HttpObservation:
        """One exchange; closes the stream."""
        try:
            observation = await fetch(self.session, why, stream, request)
        finally:
            stream.close()
        self.note(observation)
        return observation

    async def neutral_connect(self, family: int) -> bool | None:
        """One connection to a neutral site, so that silence elsewhere is not the line's; None: no such site."""
        found = self.shared.next_neutral(family)
        if found is None:
            return None
        site, address = found
        observation, stream = await self.connect(
            Why(test=Test.NEUTRAL, place=Place.NEUTRAL, listed=False), address, 443, host=site.host
        )
        if stream is not None:
            stream.reset()
        return observation.failure is None

    async def neutral_connects(self, family: int, attempts: int = 3) -> bool:
        """Like `neutral_connect`, until one succeeds or the attempts are used up."""
        for _ in range(attempts):
            if await self.neutral_connect(family):
                return True
        return False


def _counts(crowd: Crowd) -> tuple[int, int]:
    """In how many networks listed addresses were silent, and in how many they opened."""
    silent = {wide_network(address) for address in crowd.silent}
    return len(silent), len(crowd.open_networks - silent)


def _seen_from(began: float, at: float, check: NeutralCheck) -> NeutralCheck:
    """The check with its time relative to `began` (`replace` takes twice as long, and there are many)."""
    return NeutralCheck(url=check.url, family=check.family, t_s=round(at - began, 6), ok=check.ok)


def neutral_like(host: str) -> str:
    """A random name, as long and under the same top-level domain: nobody can have listed it (docs/method.md, 3.5)."""
    rest, _, tld = host.rpartition(".")
    letters = max(1, min(62 if len(rest) == 64 else 63, len(rest)))  # 64: a full label would leave none for the next
    label = "".join(random.choices(string.ascii_lowercase, k=letters))  # noqa: S311 - a label, not a secret
    if len(rest) > 63:
        label += "." + "".join(random.choices(string.ascii_lowercase, k=min(63, len(rest) - letters - 1)))  # noqa: S311
    return f"{label}.{tld}" if tld and family_of(host) is None else f"{label}.example"


def is_silent(failure: Failure | None) -> bool:
    """Whether nothing came back."""
    return failure is Failure.GENERIC_TIMEOUT_ERROR
