"""One cycle: controls, what is due, controls; many targets side by side, few records waiting.

The sandwich is closed every `BATCH` targets, while others are measured on: so memory does not grow with the number of
targets, and an outage costs one batch and not the hour.
"""

import asyncio
import logging
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Protocol

from blockprobe.agent.controls import Controls, controls_of, look_at_controls, settled, stand_on
from blockprobe.agent.line_watch import SelfTest
from blockprobe.measure.seats import Seat, Seats
from blockprobe.model.bypass import Bypass
from blockprobe.model.record import Record, Target
from blockprobe.run import Run, fewer_collections

_LOG = logging.getLogger(__name__)
#: Targets between two looks at the controls. Their records wait in memory, a tenth of a megabyte each.
BATCH = 50
#: Targets side by side at most: an agent has time, and more would only cost memory (docs/agent.md).
SEATS = 16
#: How many targets are measured at all while the controls fail: enough to show it, not to fill the archive with it.
SAMPLE = 32
#: No look takes as long as this, confirmations included (seconds): what does is given up, so that the cycle ends.
LOOK_S = 600.0
#: Batteries side by side: each has up to eight tries under way.
BATTERIES = 2
#: How long what is under way may take after a stop (seconds).
GRACE_S = 6.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """One target to look at; `key` is what it is called in plans and histories. `test`: it is a test of the line.
    `battery`: it is to be tried with every technique (docs/bypass.md)."""

    key: str
    target: Target
    test: SelfTest | None = None
    battery: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Looks:
    """All records of one target of this cycle, in their order: more than one where a change had to be confirmed.

    `controls_ok`: the controls held before and after. `bypass`: the battery whose records they are, if there was one.
    """

    wanted: Wanted
    records: tuple[Record, ...]
    controls_ok: bool
    bypass: Bypass | None = None


@dataclass(slots=True, kw_only=True)
class Report:
    """What became of a cycle. `problem` says why its controls failed; `failed`: what could not be measured because of
    a fault of this program."""

    measured: int = 0
    failed: list[Wanted] = field(default_factory=list)
    problem: str | None = None


@dataclass(slots=True, kw_only=True)
class _Waiting:
    wanted: Wanted
    records: tuple[Record, ...]
    done: float
    bypass: Bypass | None


@dataclass(slots=True, kw_only=True)
class _Room:
    """Records that wait for the controls after them; nobody begins while there are too many."""

    waiting: list[_Waiting] = field(default_factory=list)
    free: asyncio.Event = field(default_factory=asyncio.Event)


class Listener(Protocol):
    """Who learns what a cycle finds; every method is quick and raises nothing."""

    def more_looks(self, key: str, latest: Record, number: int) -> bool:
        """Whether to look once more before `latest`, the `number`-th look, is believed."""
        ...

    def take_controls(self, controls: Controls) -> None:
        """A look at the controls, before any result that it decides on."""
        ...

    def take(self, looks: Looks) -> None:
        """All looks at one target."""
        ...


class Cycle:
    """One cycle over one open run."""

    def __init__(self, run: Run, listener: Listener) -> None:
        """Nothing is sent yet."""
        self._run = run
        self._listener = listener
        self._room = _Room()
        self._closing: asyncio.Task[None] | None = None
        self._halt = asyncio.Event()
        self._batteries = asyncio.Semaphore(BATTERIES)
        self.report = Report()

    def stop(self) -> None:
        """Begin nothing new; what is under way may end."""
        self._halt.set()
        self._room.free.set()

    async def run(self, wanted: Iterable[Wanted], *, fresh: bool) -> Report:
        """Measure all of it; raises nothing for the network, nor for one target that cannot be measured.

        `fresh`: the run's own check of the line is just over and serves as the controls before.
        """
        shared = self._run.shared
        before = controls_of(shared) if fresh else await look_at_controls(shared)
        stand_on(shared, before)
        self._note(before)
        self._room.free.set()
        try:
            with fewer_collections():
                await self._measure(iter(wanted) if before.works else _first(wanted, SAMPLE))
            if self._closing is not None:
                await self._closing
            await self._close_sandwich()
        finally:
            if self._closing is not None:
                self._closing.cancel()
        return self.report

    def _note(self, controls: Controls) -> None:
        self.report.problem = self.report.problem or controls.problem
        self._listener.take_controls(controls)

    async def _measure(self, wanted: Iterator[Wanted]) -> None:
        seats = Seats.for_limits(self._run.shared.settings.limits, most=SEATS)
        workers = [asyncio.ensure_future(self._work(wanted, seats)) for _ in range(seats.most)]
        stopping = asyncio.ensure_future(self._stopped(workers))
        try:
            await asyncio.gather(*workers, return_exceptions=True)
        finally:
            for task in (*workers, stopping):
                task.cancel()
            await asyncio.gather(*workers, stopping, return_exceptions=True)

    async def _stopped(self, workers: list[asyncio.Task[None]]) -> None:
        """Once told to stop, what is under way has its time, and is then dropped."""
        await self._halt.wait()
        await asyncio.wait(workers, timeout=GRACE_S)
        for task in workers:
            task.cancel()

    async def _work(self, wanted: Iterator[Wanted], seats: Seats) -> None:
        while True:
            await self._room.free.wait()
            seat = await seats.take()
            try:
                one = None if self._halt.is_set() else next(wanted, None)
                if one is None:
                    return
                await self._look(one, seat)
            finally:
                seat.leave()

    async def _look(self, one: Wanted, seat: Seat) -> None:
        """Measure one target, again where a change must be confirmed; what cannot be measured is told and left out."""
        try:
            async with asyncio.timeout(LOOK_S):
                records, bypass = await self._first_looks(one, seat)
                while one.test is None and self._listener.more_looks(one.key, records[-1], len(records)):
                    records.append(await self._run.measure(one.target, seat))
        except Exception:  # one target must not end the others
            _LOG.exception("%s: not measured, a fault of this program", one.key)
            self.report.failed.append(one)
            return
        now = self._run.shared.clock.monotonic()
        self.report.measured += 1
        self._room.waiting.append(_Waiting(wanted=one, records=tuple(records), done=now, bypass=bypass))
        waiting = len(self._room.waiting)
        if waiting >= BATCH and (self._closing is None or self._closing.done()):
            self._closing = asyncio.ensure_future(self._close_sandwich())
        if waiting >= 2 * BATCH:
            self._room.free.clear()

    async def _first_looks(self, one: Wanted, seat: Seat) -> tuple[list[Record], Bypass | None]:
        """One look; or those of a battery, before and after it."""
        if not one.battery:
            return [await self._run.measure(one.target, seat)], None
        from blockprobe.bypass import get_around  # few agents run batteries

        seat.step_aside()
        async with self._batteries:
            around = await get_around(self._run, one.target)
        return list(around.records), around.bypass

    async def _close_sandwich(self) -> None:
        """Look at the controls again and hand out everything that was measured before this look began."""
        room = self._room
        batch, room.waiting = room.waiting, []
        if not batch:
            return
        if self.report.problem is None:
            after = await look_at_controls(self._run.shared)
            stand_on(self._run.shared, after)
            self._note(after)
            if not after.works:
                self._halt.set()  # the rest stays due: it would prove nothing now
            batch = [self._settled(each, after) for each in batch]
        for each in batch:
            works = self.report.problem is None
            looks = Looks(wanted=each.wanted, records=each.records, controls_ok=works, bypass=each.bypass)
            self._listener.take(looks)
        room.free.set()

    def _settled(self, each: _Waiting, after: Controls) -> _Waiting:
        known = self._run.shared.fingerprints
        records = tuple(settled(record, after, done=each.done, known=known) for record in each.records)
        return replace(each, records=records)


def _first(wanted: Iterable[Wanted], count: int) -> Iterator[Wanted]:
    return (one for _, one in zip(range(count), wanted, strict=False))
