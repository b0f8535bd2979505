"""What becomes of a look: counted, archived, and believed or not; and when all of that is durable.

The state is written after the archive, never before: what a crash loses of it is in the archive.
"""

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial

from blockprobe.agent.cycle import Looks
from blockprobe.agent.mirror_keeper import MirrorKeeper
from blockprobe.agent.schedule import Key
from blockprobe.metrics.counters import Counters
from blockprobe.model.bypass import Bypass
from blockprobe.model.errors import StoreError
from blockprobe.model.history import History, Transition
from blockprobe.model.mirror_life import Life
from blockprobe.model.order import Network
from blockprobe.model.plan import Plan
from blockprobe.model.record import Record
from blockprobe.model.words import Reason, State
from blockprobe.net.clock import Clock
from blockprobe.store.archive import Archive
from blockprobe.store.bypass_log import BypassLog
from blockprobe.store.policy import wants_full
from blockprobe.store.state import LineChange, StateDb
from blockprobe.verdict.bypass import seen_of_bypass
from blockprobe.verdict.history import advance, seen_of

_LOG = logging.getLogger(__name__)
#: How often the whole state is written (seconds): SD cards wear, and all of it can be won from the archive again.
SAVE_S = 600.0


@dataclass(slots=True, kw_only=True)
class Ground:
    """On what looks are judged: the line's network (its id, and what the catalogue knows of it), and how many more
    looks a change of each target needs."""

    network: str | None = None
    known: Network | None = None
    confirm: Mapping[str, int] = field(default_factory=dict)


@dataclass(slots=True, kw_only=True)
class _Unsaved:
    """What the state does not know yet; `urgent` are targets whose state is another one."""

    histories: dict[str, History] = field(default_factory=dict)
    transitions: list[Transition] = field(default_factory=list)
    urgent: set[str] = field(default_factory=set)


class Keeper:
    """Archive, state and counters of one agent."""

    def __init__(self, archive: Archive, state: StateDb, counters: Counters, clock: Clock) -> None:
        """`archive` and `state` are open, and closed by `close`."""
        self.archive = archive
        self.state = state
        self.counters = counters
        self.batteries: BypassLog | None = None
        self.mirrors: MirrorKeeper | None = None
        self.ground = Ground()
        self.histories: dict[str, History] = state.histories()
        self.trouble: str | None = None
        self.on_durable: Callable[[tuple[str, ...]], None] = _nobody
        self._clock = clock
        self._unsaved = _Unsaved()
        self._saved_at = clock.monotonic()
        self._lists = state.lists()

    def more_looks(self, key: str, latest: Record, number: int) -> bool:
        """Whether the target must be looked at once more: `latest`, the `number`-th look now, shows another state."""
        if number > self.ground.confirm.get(key, 0):
            return False
        return self._differs(self.histories.get(key), latest.verdict.state)

    def take(self, looks: Looks) -> None:
        """Keep all looks of one target; a change that was not confirmed is kept and not believed."""
        key = looks.wanted.key
        history = self.histories.get(key) or History(target=key)
        believed = self._is_believed(history, looks.records)
        before = history.state
        for record in looks.records:
            history = self._advanced(history, record, believed=believed)
        if history.state is not before:
            self._unsaved.urgent.add(key)
        self.histories[key] = self._unsaved.histories[key] = history
        if self.mirrors is not None:
            self.mirrors.take(looks, believed=believed)
        if looks.bypass is not None and looks.controls_ok:
            self._take_battery(key, looks.bypass)

    def is_blocked(self, key: str) -> bool:
        """Whether the target was blocked when it was last measured conclusively on this network."""
        history = self.histories.get(key)
        return history is not None and history.state is State.BLOCKED and history.network == self.ground.network

    def _take_battery(self, key: str, bypass: Bypass) -> None:
        """Keep a battery's result, and what it says for figures; where nothing was blocked, that there is nothing."""
        log = self.batteries
        if log is None:
            return

        def write() -> None:
            if bypass.trials:
                log.append(bypass)
                log.prune(self._clock.now())
            log.remember(key, seen_of_bypass(bypass, key, self.ground.network))

        self._try(write)

    @property
    def watched_mirrors(self) -> Mapping[str, Sequence[Life]]:
        """The names that each plan watches, by the plan's id."""
        return {} if self.mirrors is None else self.mirrors.plans

    @property
    def mirror_faults(self) -> tuple[str, ...]:
        """What is wrong with the files of mirrors, a line each."""
        return () if self.mirrors is None else self.mirrors.faults

    def refresh_mirrors(self, plans: Sequence[Plan]) -> bool:
        """Read what has changed in the files of mirrors; whether any names changed."""
        return self.mirrors is not None and self.mirrors.refresh(plans, self._clock.now())

    def mirror_wait_s(self, name: str) -> float:
        """How long a look at a mirror has time (seconds; 0.0: it is due)."""
        return 0.0 if self.mirrors is None else self.mirrors.wait_s(name, self._clock.now())

    def take_aside(self, record: Record) -> None:
        """Keep a record that is about the line: archived in full and counted, but no target's history."""
        self.counters.take(record)
        self.archive.append(record, full=True, last_full=None)

    def flush(self) -> None:
        """Make the records that wait durable; a disk that does not take them is told once, and tried again."""
        self._try(self._write)

    def save(self, due: Mapping[Key, datetime], *, at_once: bool = False) -> bool:
        """At the end of a cycle: what waits, the histories whose state changed, and once in a while all of it with the
        schedule. Whether anything was written."""
        now = self._clock.monotonic()
        whole = at_once or now - self._saved_at >= SAVE_S
        mirrors = self.mirrors
        urgent = bool(self._unsaved.urgent) or (mirrors is not None and mirrors.urgent)
        if not (whole or self.archive.waiting or urgent):
            return False
        if whole:
            self._saved_at = now

        def write() -> None:
            self._write()
            if self.archive.waiting:
                return
            targets = set(self._unsaved.histories) if whole else set(self._unsaved.urgent)
            if targets:
                self._write_state(targets)
            if whole:
                self.state.save_schedule(due)
            if mirrors is not None and (whole or mirrors.urgent):
                mirrors.save()

        self._try(write)
        return True

    def keep_lists(self, counts: Mapping[str, int]) -> None:
        """Remember how many entries each public list has."""
        new = {name: count for name, count in counts.items() if self._lists.get(name) != count}

        def write() -> None:
            for name, count in new.items():
                self.state.save_list(name, count)
                self._lists[name] = count

        if new:
            self._try(write)

    def note_line(self, change: LineChange) -> None:
        """Stamp a change of network into the state."""
        self._try(lambda: self.state.add_line_change(change))

    def close(self, due: Mapping[Key, datetime]) -> None:
        """Write everything, seal the segment and close both; what cannot be written any more is told."""
        self.save(due, at_once=True)
        if not self.archive.waiting and not self._unsaved.histories:
            self._try(self.state.end)
        self._try(self.archive.close)
        self._try(self.state.close)

    def forget(self, targets: Iterable[str]) -> None:
        """Histories of targets that nobody names any more; their records and transitions stay."""
        gone = [target for target in targets if self.histories.pop(target, None) is not None]
        for target in gone:
            self._unsaved.histories.pop(target, None)
            self._unsaved.urgent.discard(target)
        if gone:
            self._try(lambda: self.state.forget(gone))
        if self.batteries is not None:
            for target in gone:
                self._try(partial(self.batteries.remember, target, None))

    def _write(self) -> None:
        durable = self.archive.flush()
        if durable:
            self.on_durable(durable)

    def _write_state(self, targets: set[str]) -> None:
        unsaved = self._unsaved
        self.state.save([unsaved.histories[target] for target in targets], unsaved.transitions)
        rest = {target: history for target, history in unsaved.histories.items() if target not in targets}
        self._unsaved = _Unsaved(histories=rest, urgent=unsaved.urgent - targets)

    def _try(self, work: Callable[[], None]) -> None:
        try:
            work()
        except StoreError as error:
            if str(error) != self.trouble:  # said when it begins or changes, not every minute
                _LOG.error("%s; measuring goes on, records wait in memory", error)
            self.trouble = str(error)
        else:
            if self.trouble is not None and not self.archive.waiting:
                _LOG.info("the store can be written to again")
                self.trouble = None

    def _advanced(self, history: History, record: Record, *, believed: bool) -> History:
        self.counters.take(record)
        full = wants_full(history, record, self._clock.now())
        self.archive.append(record, full=full, last_full=history.last_full)
        seen = seen_of(record, self.ground.known)
        if not believed and self._differs(history, seen.state):
            seen = replace(seen, state=State.INCONCLUSIVE, reasons=(Reason.FLAPPING,))
        history, transition = advance(history, seen, network=self.ground.network)
        if transition is not None:
            self._unsaved.transitions.append(transition)
        return replace(history, last_full=record.id, last_full_at=record.measured_at) if full else history

    def _is_believed(self, history: History, records: tuple[Record, ...]) -> bool:
        """Whether all looks that were asked for agree on a change; no change needs no belief."""
        changed = [record.verdict.state for record in records if self._differs(history, record.verdict.state)]
        if not changed:
            return True
        needed = 1 + self.ground.confirm.get(history.target, 0)
        return len(changed) == len(records) >= needed and len(set(changed)) == 1

    def _differs(self, history: History | None, state: State) -> bool:
        """Whether a conclusive state is another than the one that was known on this network."""
        if history is None or history.state is None or history.network != self.ground.network:
            return False
        return state is not State.INCONCLUSIVE and state is not history.state


def _nobody(ids: tuple[str, ...]) -> None:
    """Nobody wants to know which records are durable."""
