"""The agent between two looks at the clock: what is due, one cycle over it, and what follows from it.

Nothing here measures or judges, and nothing here waits for a signal or a timer: that is the daemon's.
"""

import gc
import logging
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

from blockprobe.agent.controls import Controls
from blockprobe.agent.cycle import Cycle, Looks, Report, Wanted
from blockprobe.agent.figures import Figures, Past
from blockprobe.agent.keeper import Ground, Keeper
from blockprobe.agent.line_watch import LineWatch, SelfTest, self_tests
from blockprobe.agent.lists import ListBook
from blockprobe.agent.memory import give_back
from blockprobe.agent.opening import open_keeper
from blockprobe.agent.reload import Loaded, Reader, load
from blockprobe.agent.schedule import Schedule, Turn
from blockprobe.agent.signs_file import SignsFile
from blockprobe.agent.turns import wanted_of
from blockprobe.agent.worklist import live_windows, worklist
from blockprobe.catalogue.system import system_resolvers
from blockprobe.model.errors import BlockprobeError, ConfigError
from blockprobe.model.record import Record
from blockprobe.model.target import parse_target
from blockprobe.net.clock import Clock
from blockprobe.store.state import LineChange

_LOG = logging.getLogger(__name__)
#: A cycle begins no new look after this time, or after `cycle_s` where that is longer (seconds): live targets wait.
CYCLE_S = 60.0
#: A look that proved nothing, because the controls failed, is repeated after this time at the latest (seconds).
AGAIN_S = 300.0
#: How often targets are worked out anew, for orders that begin and end (seconds); windows are noticed at once.
PLAN_S = 600.0
#: With nothing due for longer than this the run is closed; the next cycle checks the line anew.
REST = timedelta(seconds=30)
#: Histories of targets that nobody names any more are forgotten after this time; records and transitions are not.
FORGET_AFTER = timedelta(days=90)


class Agent:
    """One agent on its store; `figures` are what it shows."""

    def __init__(self, read: Reader, loaded: Loaded, keeper: Keeper, clock: Clock) -> None:
        """Use `Agent.open`."""
        folder = Path(loaded.settings.store.dir)
        now = clock.now()
        self._read = read
        self._clock = clock
        self._keeper = keeper
        self._signs = SignsFile(folder)
        self._lists = ListBook(folder, public=loaded.settings.addresses.public, counts=keeper.state.lists())
        self._lists.refresh(loaded.plans)
        keeper.refresh_mirrors(loaded.plans)
        line = LineWatch(loaded, clock, key=self._signs.key, signs=self._signs.signs)
        schedule = Schedule(seed=loaded.settings.vantage.name or "", due=keeper.state.due())
        self.figures = Figures(
            loaded=loaded,
            keeper=keeper,
            line=line,
            schedule=schedule,
            work=worklist(loaded, self._lists.targets, now, keeper.watched_mirrors),
            past=Past(started_at=now, reloaded_at=now),
        )
        self._turns: dict[str, Turn] = {}
        self._cycle: Cycle | None = None
        self._stopped = False
        self.progress = clock.monotonic()
        self._plan()

    @classmethod
    def open(cls, read: Reader, clock: Clock) -> "Agent":
        """Read everything and open the store; raises ConfigError or StoreError, a line for every fault."""
        loaded = load(read)
        keeper = open_keeper(loaded, clock)
        try:
            return cls(read, loaded, keeper, clock)
        except BaseException:
            keeper.archive.close()
            raise

    async def aclose(self) -> None:
        """Close the line, write everything, seal the store."""
        await self.figures.line.aclose()
        self._keep_signs()
        self._keeper.close(self.figures.schedule.due)

    def stop(self) -> None:
        """Begin nothing new; a cycle under way ends soon."""
        self._stopped = True
        if self._cycle is not None:
            self._cycle.stop()

    # -- one look at the schedule --------------------------------------------------------------------------------

    async def look(self, *, everything: bool = False) -> bool:
        """Run a cycle if anything is due, or over `everything` at once; whether one was run."""
        figures = self.figures
        self.progress = self._clock.monotonic()
        if system_resolvers() != figures.loaded.system:
            await self.reload()
        self._tell_time()
        plans = figures.loaded.plans
        changed = (self._lists.refresh(plans), self._keeper.refresh_mirrors(plans))
        if any(changed) or self._plan_is_old():
            self._plan()
        now = self._clock.now()
        if everything:
            figures.schedule.all_due(now)
        turns = figures.schedule.take(now)
        if turns and not self._stopped:
            await self._run_cycle(turns, limit_s=None if everything else max(CYCLE_S, self._cycle_s))
        saved = self._keeper.save(figures.schedule.due)
        if turns or saved:
            give_back()
        return bool(turns)

    def is_behind(self, since: datetime) -> bool:
        """Whether something that was due at `since` has not been looked at, though the line would allow it."""
        next_at = self.figures.schedule.next_at()
        return next_at is not None and next_at <= since and self.figures.past.controls_ok is not False

    async def reload(self) -> None:
        """Read everything afresh; with any fault nothing changes, and the fault is told."""
        past = self.figures.past
        try:
            loaded = load(self._read)
        except BlockprobeError as error:
            faults = str(error).splitlines() or ["unknown fault"]
            for fault in faults:
                _LOG.error("not reloaded: %s", fault)
            past.reload_fault = faults[0]
            return
        if loaded.settings.store != self.figures.loaded.settings.store:
            _LOG.warning("[store] changed: that takes effect with the next start")
        self.figures.loaded = loaded
        past.reload_fault, past.reloaded_at = None, self._clock.now()
        await self.figures.line.use(loaded)
        self._lists.use(public=loaded.settings.addresses.public)
        self._lists.refresh(loaded.plans)
        self._keeper.refresh_mirrors(loaded.plans)
        self._plan()
        _LOG.info("reloaded: %d plans, %d targets due in turn", len(loaded.plans), len(self.figures.schedule))

    # -- plans ---------------------------------------------------------------------------------------------------

    @property
    def _cycle_s(self) -> float:
        return self.figures.loaded.settings.agent.cycle_s

    def _tell_time(self) -> None:
        jump_s = self.figures.schedule.tell_time(self._clock.now(), self._clock.monotonic())
        if jump_s:
            _LOG.warning("the clock jumped by %+.0f s; the schedule moves with it", jump_s)
            self._plan()

    def _plan_is_old(self) -> bool:
        live = live_windows(self.figures.loaded, self._clock.now())
        return live != self._live or self._clock.monotonic() - self._planned_at >= PLAN_S

    def _plan(self) -> None:
        """Work out the targets and tell everybody."""
        figures, now = self.figures, self._clock.now()
        loaded, keeper = figures.loaded, self._keeper
        self._planned_at, self._live = self._clock.monotonic(), live_windows(loaded, now)
        figures.work = worklist(loaded, self._lists.targets, now, keeper.watched_mirrors)
        figures.list_faults = (*self._lists.faults, *keeper.mirror_faults)
        figures.schedule.update(figures.work.jobs, now)
        figures.schedule.forget_hosts(now)
        plans = {plan.id: plan.confirm for plan in loaded.plans}
        confirm: dict[str, int] = {}
        for one in figures.work.watched:
            confirm[one.target] = max(confirm.get(one.target, 0), plans[one.plan])
        network = loaded.settings.vantage.isp
        keeper.ground = Ground(network=network, known=loaded.catalogue.networks.get(network or ""), confirm=confirm)
        keeper.keep_lists(self._lists.counts)
        old = now - FORGET_AFTER
        keeper.forget([
            target
            for target, history in keeper.histories.items()
            if target not in confirm and (history.last_at is None or history.last_at < old)
        ])  # fmt: skip

    # -- one cycle -----------------------------------------------------------------------------------------------

    async def _run_cycle(self, turns: list[Turn], *, limit_s: float | None) -> None:
        figures, began = self.figures, self._clock.monotonic()
        self._note_move(figures.line.moved())
        try:
            run, fresh = await figures.line.open()
        except ConfigError as error:
            _LOG.error("no cycle: %s", error)
            figures.past.reload_fault = str(error)
            return
        self._turns = {turn.target: turn for turn in turns}
        tests = self_tests(figures.loaded.settings.vantage) if fresh else ()
        self._cycle = Cycle(run, self)
        if self._stopped:
            self._cycle.stop()
        until = None if limit_s is None else began + limit_s
        try:
            report = await self._cycle.run(self._wanted(turns, tests, until), fresh=fresh)
        finally:
            self._cycle = None
        await self._finish(report, took_s=self._clock.monotonic() - began)

    def _wanted(self, turns: list[Turn], tests: tuple[SelfTest, ...], until: float | None) -> Iterator[Wanted]:
        """The line's self-tests, then what is due, until the cycle has had its time."""
        for test in tests:
            yield Wanted(key=test.target, target=parse_target(test.target), test=test)
        for turn in turns:
            if until is not None and self._clock.monotonic() >= until:
                return
            wanted, rest = wanted_of(turn, self.figures, self._clock.now())
            if wanted is None:
                del self._turns[turn.target]
            else:
                self._turns[turn.target] = rest
                yield wanted

    def more_looks(self, key: str, latest: Record, number: int) -> bool:
        """See `Keeper.more_looks`."""
        return self._keeper.more_looks(key, latest, number)

    def take_controls(self, controls: Controls) -> None:
        """Know at once what the next results are worth."""
        past = self.figures.past
        if not controls.works and past.controls_ok is not False:
            _LOG.warning("the controls failed (%s): what is measured with them proves nothing", controls.problem)
        elif controls.works and past.controls_ok is False:
            _LOG.info("the controls hold again")
        past.controls_ok = controls.works
        self.figures.line.take_controls(controls)

    def take(self, looks: Looks) -> None:
        """Results come in batches, each after the controls that followed it."""
        self.progress = self._clock.monotonic()
        self.figures.past.measured += 1
        wanted = looks.wanted
        if wanted.test is not None:
            self.figures.line.take_self_test(wanted.test, looks.records[-1])
            self._keeper.take_aside(looks.records[-1])
            return
        self._keeper.take(looks)
        self._done(wanted.key, again_s=None if looks.controls_ok else AGAIN_S)
        if self._keeper.archive.due:
            self._keeper.flush()
            gc.collect()  # a cycle collects seldom (run.fewer_collections); garbage of a whole one would keep its pages

    def _done(self, target: str, *, again_s: float | None = None) -> None:
        turn = self._turns.pop(target, None)
        if turn is not None:
            self.figures.schedule.done(turn, self._clock.now(), again_s=again_s)

    async def _finish(self, report: Report, *, took_s: float) -> None:
        figures = self.figures
        past = figures.past
        for wanted in report.failed:
            self._done(wanted.key)
        self._turns = {}
        figures.schedule.forget_hosts(self._clock.now())
        self._keeper.counters.cycle(controls_ok=report.problem is None)
        past.cycles += 1
        past.last_cycle_at, past.last_cycle_s = self._clock.now(), took_s
        _LOG.debug("cycle %d: %d targets in %.1f s", past.cycles, report.measured, took_s)
        self._note_move(await figures.line.after_cycle())
        next_at = figures.schedule.next_at()
        if next_at is None or next_at - self._clock.now() > REST:
            await figures.line.aclose()  # its clients and caches are large, and nobody needs them now

    def _note_move(self, signs: tuple[str, ...]) -> None:
        """A change of network: counted, stamped into the state, told."""
        self._keep_signs()
        if not signs:
            return
        network = self.figures.loaded.settings.vantage.isp
        _LOG.warning("the line hangs on another network (%s); is [vantage] still right?", ", ".join(signs))
        self._keeper.counters.network_changed()
        self._keeper.note_line(LineChange(at=self._clock.now(), before=network, after=network, signs=signs))

    def _keep_signs(self) -> None:
        try:
            self._signs.keep(self.figures.line.signs)
        except OSError as error:
            _LOG.debug("%s", error)  # the store tells that it cannot be written to
