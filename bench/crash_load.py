"""The load of bench/crash.py: the agent's own keeper, fed with looks at some targets, and a clock that jumps."""

import random
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from store_bytes import BLOCKED, HEALTHY, Maker

from blockprobe.agent.cycle import Looks, Wanted
from blockprobe.agent.keeper import Keeper
from blockprobe.metrics.counters import Counters
from blockprobe.model.settings import StoreSettings
from blockprobe.run import new_id
from blockprobe.store.archive import Archive
from blockprobe.store.state import StateDb

TARGETS = 300


class JumpingClock:
    """The machine's clock, whose wall time can be made to jump."""

    def __init__(self) -> None:
        self.skew_s = 0.0

    def now(self) -> datetime:
        """UTC, skewed."""
        return datetime.now(UTC) + timedelta(seconds=self.skew_s)

    def monotonic(self) -> float:
        """Seconds that never go back."""
        return time.monotonic()


class Load:
    """Looks at a fixed set of targets, most of them open, as a cycle would hand them over."""

    def __init__(self, seed: int) -> None:
        maker, began = Maker(seed), datetime.now(UTC)
        kinds = [HEALTHY] * 6 + list(BLOCKED)
        self._models = [maker.record(number, kind, maker.host(), began) for number, kind in enumerate(kinds)]
        self.dice = random.Random(seed)

    def looks(self, clock: JumpingClock) -> Looks:
        """One target, one record."""
        number, now = self.dice.randrange(TARGETS), clock.now()
        healthy = number % 8 or self.dice.random() < 0.5  # an eighth of the targets comes and goes
        model = self._models[number % 6 if healthy else 6 + number % (len(self._models) - 6)]
        name = f"site{number}.example"
        record = replace(model, id=new_id(now), measured_at=now, target=replace(model.target, input=name))
        return Looks(wanted=Wanted(key=name, target=record.target), records=(record,), controls_ok=True)


def open_keeper(folder: Path, clock: JumpingClock, tell: Callable[[tuple[str, ...]], None]) -> Keeper:
    """The agent's store, as the agent opens it."""
    settings = StoreSettings(dir=str(folder), max_bytes=4_000_000_000)
    archive = Archive.open(settings, name="crash", clock=clock)
    keeper = Keeper(archive, StateDb.open(folder), Counters(), clock)
    keeper.on_durable = tell
    return keeper


def due_of(clock: JumpingClock) -> dict[tuple[str, str], datetime]:
    """A schedule as large as the load's."""
    return {("demo", f"site{n}.example"): clock.now() + timedelta(seconds=n) for n in range(TARGETS)}
