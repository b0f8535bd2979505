"""The daemon around the agent: signals, the rhythm, systemd, and an end that loses nothing.

SIGHUP reads everything again, SIGTERM and SIGINT end it. What is configured wrong at the start ends it with a line for
every fault; what goes wrong later is told, and what was in force before goes on.
"""

import asyncio
import contextlib
import logging
import signal
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from blockprobe.agent.agent import Agent
from blockprobe.agent.cycle import SEATS
from blockprobe.agent.face import Face
from blockprobe.agent.memory import give_back
from blockprobe.agent.reload import Reader
from blockprobe.model.errors import ConfigError
from blockprobe.model.settings import MetricsSettings
from blockprobe.net.clock import Clock, SystemClock

_LOG = logging.getLogger(__name__)
#: What is under way when SIGTERM comes has so long (seconds); then it is dropped unreported.
STOP_S = 10.0
#: Without a sign of progress for so long the loop stands still (seconds): the watchdog is not told that all is well.
STALL_S = 900.0
_BEAT_S = 30.0
#: After a cycle, connections need this time to be closed on both ends; then what they held goes back as well (seconds).
_SETTLE_S = 3.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What was typed: `once`, everything that is planned now and no more; `textfile` for the metrics."""

    once: bool = False
    textfile: str | None = None


async def run_agent(
    read: Reader,
    wish: Wish | None = None,
    *,
    clock: Clock | None = None,
    ready: Callable[[Agent], None] | None = None,
) -> None:
    """Work until SIGTERM or SIGINT, or once. `ready` is called when everything is open.

    Raises ConfigError or StoreError when it cannot begin.
    """
    wish, clock = wish or Wish(), clock or SystemClock()
    agent = Agent.open(read, clock)
    daemon = Daemon(agent, wish, clock)
    try:
        await daemon.run(ready or _nobody)
    finally:
        await agent.aclose()
        daemon.say_goodbye()


class Daemon:
    """One life of an agent."""

    def __init__(self, agent: Agent, wish: Wish, clock: Clock) -> None:
        """Nothing runs yet."""
        self._agent = agent
        self._wish = wish
        self._clock = clock
        self._face = Face(agent, clock, self.is_moving, textfile=wish.textfile)
        self._stop, self._hangup = asyncio.Event(), asyncio.Event()

    async def run(self, ready: Callable[[Agent], None]) -> None:
        """Until the end; raises ConfigError when the metrics cannot be served at the start."""
        agent, face = self._agent, self._face
        settings = agent.figures.loaded.settings.metrics
        await face.use(settings if not self._wish.once else _silent(settings))
        work = asyncio.ensure_future(self._work())
        beat = asyncio.ensure_future(self._beat())
        try:
            with _signals(self._stop, self._hangup):
                give_back()
                face.write_status(at_once=True)
                face.notifier.ready(f"{len(agent.figures.schedule)} targets in turn")
                where = agent.figures.metrics_url
                _LOG.info("ready: %d targets in turn, metrics %s", len(agent.figures.schedule), where or "not served")
                _tell_emptiness(len(agent.figures.schedule), agent.figures.loaded.settings.agent.plans)
                _tell_seats(agent.figures.loaded.settings.limits.concurrency)
                ready(agent)
                await self._until_stopped(work)
        finally:
            for task in (work, beat):
                task.cancel()
            await asyncio.gather(work, beat, return_exceptions=True)
            await face.aclose()

    def is_moving(self) -> bool:
        """Whether the loop has shown a sign of progress lately."""
        quiet_s = self._clock.monotonic() - self._agent.progress
        return quiet_s < STALL_S + self._agent.figures.loaded.settings.agent.cycle_s

    def say_goodbye(self) -> None:
        """The last word in the status file, when everything is closed."""
        self._agent.figures.past.stopped = True
        self._face.write_status(at_once=True)

    async def _until_stopped(self, work: "asyncio.Future[None]") -> None:
        stop = asyncio.ensure_future(self._stop.wait())
        await asyncio.wait((work, stop), return_when=asyncio.FIRST_COMPLETED)
        stop.cancel()
        if work.done():
            work.result()
            return
        self._face.notifier.stopping()
        self._agent.stop()
        await asyncio.wait((work,), timeout=STOP_S)
        if work.done():
            work.result()

    async def _work(self) -> None:
        if self._wish.once:
            await self._work_once()
            return
        while not self._stop.is_set():
            began = self._clock.monotonic()
            if self._hangup.is_set():
                await self._reload()
            try:
                if await self._agent.look():
                    self._face.after_cycle()
                    asyncio.get_running_loop().call_later(_SETTLE_S, give_back)
            except Exception:  # it ends this look, not the agent
                _LOG.exception("a fault of this program; the next look tries again")
            await self._rest(began)

    async def _work_once(self) -> None:
        """Everything that is planned now, in as many cycles as the patience of hosts demands."""
        began = self._clock.now()
        await self._agent.look(everything=True)
        while self._agent.is_behind(began) and not self._stop.is_set():
            await self._rest(self._clock.monotonic())
            await self._agent.look()
        self._face.after_cycle()

    async def _rest(self, began: float) -> None:
        """Until the schedule is to be looked at again, or somebody wants something."""
        cycle_s = self._agent.figures.loaded.settings.agent.cycle_s
        left_s = max(0.0, cycle_s - (self._clock.monotonic() - began))
        waits = [asyncio.ensure_future(event.wait()) for event in (self._stop, self._hangup)]
        try:
            await asyncio.wait(waits, timeout=left_s, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()

    async def _reload(self) -> None:
        self._hangup.clear()
        face, agent = self._face, self._agent
        face.notifier.reloading(self._clock.monotonic())
        await agent.reload()
        past = agent.figures.past
        if past.reload_fault is None:
            try:
                await face.use(agent.figures.loaded.settings.metrics)
            except ConfigError as error:
                past.reload_fault = str(error)
                _LOG.error("not reloaded: %s", error)
        face.write_status(at_once=True)
        face.notifier.ready("reloaded" if past.reload_fault is None else f"not reloaded: {past.reload_fault}")

    async def _beat(self) -> None:
        """Tell the watchdog that all is well, and keep the status file young, while the loop moves."""
        pause_s = min(_BEAT_S, self._face.notifier.watchdog_s or _BEAT_S)
        while True:
            if self.is_moving():
                self._face.notifier.alive()
                self._face.write_status()
            await asyncio.sleep(pause_s)


def _silent(settings: MetricsSettings) -> MetricsSettings:
    """A single cycle is over before anybody would scrape it."""
    return replace(settings, listen="")


def _tell_emptiness(targets: int, plans: Sequence[str]) -> None:
    """An agent that has nothing to do may be meant so, for lists come and go; most often an order is not found."""
    if not targets:
        text = (
            "nothing to measure: no target in the plans (%s) now; see [catalogue] paths and `blockprobe orders check`"
        )
        _LOG.warning(text, ", ".join(plans))


def _tell_seats(concurrency: int) -> None:
    if concurrency > SEATS:
        text = "[limits] concurrency is %d, an agent looks at %d targets side by side: more would only cost memory"
        _LOG.info(text, concurrency, SEATS)


@contextlib.contextmanager
def _signals(stop: asyncio.Event, hangup: asyncio.Event) -> Iterator[None]:
    loop = asyncio.get_running_loop()
    wanted = {signal.SIGTERM: stop, signal.SIGINT: stop, signal.SIGHUP: hangup}
    for number, event in wanted.items():
        loop.add_signal_handler(number, event.set)
    try:
        yield
    finally:
        for number in wanted:
            loop.remove_signal_handler(number)


def _nobody(agent: Agent) -> None:
    """Nobody waits for the start."""
