"""What the agent shows of itself: a snapshot for /metrics, its health, and the status file."""

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from blockprobe import __version__
from blockprobe.agent.keeper import Keeper
from blockprobe.agent.line_watch import LineWatch
from blockprobe.agent.reload import Loaded
from blockprobe.agent.schedule import Schedule
from blockprobe.agent.status import Status
from blockprobe.agent.worklist import Worklist
from blockprobe.metrics.server import Health
from blockprobe.metrics.snapshot import CycleFigures, LineFigures, ReloadFigures, Snapshot, StoreFigures
from blockprobe.mirrors.by_order import OrderMirrors, by_order
from blockprobe.model.plan import PlanKind
from blockprobe.model.record import Vantage
from blockprobe.verdict.compliance import Compliance, LineClaim, compliances
from blockprobe.verdict.rules import RULES_VERSION

#: How often the status file is written at least (seconds), and after how many times that it is too old.
STATUS_S, STATUS_LATE = 240.0, 4
#: How old figures about compliance may be that are shown again (seconds).
_FRESH_S = 30.0


@dataclass(slots=True, kw_only=True)
class Past:
    """What has happened so far, as far as it is shown."""

    started_at: datetime
    reloaded_at: datetime
    reload_fault: str | None = None
    cycles: int = 0
    last_cycle_at: datetime | None = None
    last_cycle_s: float | None = None
    controls_ok: bool | None = None
    measured: int = 0
    stopped: bool = False


@dataclass(slots=True, kw_only=True)
class Figures:
    """Everything that is shown, taken from the parts that know it."""

    loaded: Loaded
    keeper: Keeper
    line: LineWatch
    schedule: Schedule
    work: Worklist
    past: Past
    list_faults: tuple[str, ...] = ()
    metrics_url: str | None = None
    _compliances: tuple[Compliance, ...] = ()
    _computed: tuple[datetime, int] | None = field(default=None)
    _mirrors: tuple[OrderMirrors, ...] = ()
    _mirrors_at: tuple[datetime, int] | None = field(default=None)

    def snapshot(self, now: datetime) -> Snapshot:
        """One moment, for /metrics and the text file."""
        past, archive = self.past, self.keeper.archive
        return Snapshot(
            at=now,
            vantage=self._vantage(),
            network=self.loaded.settings.vantage.isp,
            blockprobe=__version__,
            rules=RULES_VERSION,
            counts=self.keeper.counters.counts(),
            reload=ReloadFigures(ok=past.reload_fault is None, succeeded_at=past.reloaded_at),
            cycle=CycleFigures(
                duration_s=past.last_cycle_s,
                completed_at=past.last_cycle_at,
                controls_ok=past.controls_ok,
                lag_s=self.schedule.lag_s(now),
            ),
            line=self._line(),
            store=StoreFigures(
                size_bytes=archive.bytes_used,
                max_bytes=self.loaded.settings.store.max_bytes,
                waiting=archive.waiting,
                dropped=archive.drops,
                durable_at=archive.last_durable_at,
            ),
            plans=tuple(plan.id for plan in self.loaded.plans),
            watched=self.work.watched,
            histories=dict(self.keeper.histories),  # pages are written in slices while looks come in
            orders=self.work.orders,
            compliances=self.compliances(now),
            batteries={} if self.keeper.batteries is None else self.keeper.batteries.latest,
            mirrors=self.mirrors(now),
        )

    def mirrors(self, now: datetime) -> tuple[OrderMirrors, ...]:
        """The figures of watched mirrors; computed again after a cycle, and as time goes by.

        What was seen longer ago than two intervals of their plan counts as unknown.
        """
        keeper, known = self.keeper.mirrors, self._mirrors_at
        if keeper is None or not keeper.plans:
            return ()
        if known is None or known[1] != self.past.cycles or abs((now - known[0]).total_seconds()) > _FRESH_S:
            longest_s = max((plan.interval_s for plan in self.loaded.plans if plan.mirrors), default=0.0)
            since = now - timedelta(seconds=2.0 * longest_s)
            self._mirrors = by_order(keeper.lives(), self.work.orders, now, since=since)
            self._mirrors_at = (now, self.past.cycles)
        return self._mirrors

    def compliances(self, now: datetime) -> tuple[Compliance, ...]:
        """The figures for this line's network; computed again after every cycle, and as time goes by."""
        known = self._computed
        stale = known is None or known[1] != self.past.cycles or abs((now - known[0]).total_seconds()) > _FRESH_S
        if stale:
            network = self.loaded.settings.vantage.isp
            found = compliances(self.work.orders, self.keeper.histories, self.claim(), now)
            self._compliances = tuple(one for one in found if network is None or one.network == network)
            self._computed = (now, self.past.cycles)
        return self._compliances

    def claim(self) -> LineClaim:
        """What may be said of the line."""
        stated, plans = self.loaded.settings.vantage, self.loaded.plans
        looking = (plan for plan in plans if plan.battery is None and not plan.only_mirrors)
        intervals = [plan.interval_s for plan in looking if plan.kind is not PlanKind.LIVE]
        return LineClaim(
            network=stated.isp,
            own_resolver=self.line.own_resolver(),
            filters=stated.filters,
            problem=self.line.problem(),
            access=stated.access,
            stale_after_s=2.0 * max(intervals, default=3600.0),
            neighbours=tuple(name for plan in plans for name in plan.neighbours),
            windows=self.loaded.windows,
        )

    def health(self, *, moving: bool) -> Health:
        """For /healthz: `moving`: the loop does its work."""
        trouble = self.keeper.trouble
        return Health(
            healthy=trouble is None and moving,
            last_cycle=self.past.last_cycle_at,
            store="ok" if trouble is None else trouble,
            controls=self.past.controls_ok,
        )

    def status(self, now: datetime) -> Status:
        """For the status file."""
        past, archive = self.past, self.keeper.archive
        next_at = self.schedule.next_at()
        problems = tuple(self._problems())
        failing = tuple(text for text, fails in problems if fails)
        return Status(
            version=__version__,
            pid=os.getpid(),
            started_at=past.started_at.isoformat(),
            written_at=now.isoformat(),
            late_after=(now + timedelta(seconds=STATUS_LATE * STATUS_S)).isoformat(),
            stopped=past.stopped,
            cycles=past.cycles,
            last_cycle_at=None if past.last_cycle_at is None else past.last_cycle_at.isoformat(),
            last_cycle_s=None if past.last_cycle_s is None else round(past.last_cycle_s, 3),
            measured=past.measured,
            controls_ok=past.controls_ok,
            targets=len(self.schedule),
            next_at=None if next_at is None else next_at.isoformat(),
            lag_s=round(self.schedule.lag_s(now), 1),
            plans=tuple(plan.id for plan in self.loaded.plans),
            network=self.loaded.settings.vantage.isp,
            own_resolver=self.line.own_resolver(),
            line_problem=self.line.problem(),
            waiting=archive.waiting,
            store_bytes=archive.bytes_used,
            metrics=self.metrics_url,
            problems=tuple(text for text, _ in problems),
            failing=failing,
        )

    def _problems(self) -> Iterator[tuple[str, bool]]:
        """What is wrong, a line each, and whether the health check fails for it."""
        if self.keeper.trouble is not None:
            yield self.keeper.trouble, True
        problem = self.line.problem()
        if problem is not None:
            yield problem, self.past.controls_ok is False
        if self.past.reload_fault is not None:
            yield f"not reloaded, the configuration before stays in force: {self.past.reload_fault}", False
        controls = self.line.controls
        if controls is not None and controls.clock_ok is False:
            yield f"this machine's clock is wrong: {controls.line.clock_offset_s:+.0f} s to the true time", False
        yield from ((fault, False) for fault in self.list_faults)
        targets = {one.plan for one in self.work.watched}
        for plan in self.loaded.plans:
            if plan.id not in targets:
                yield f"plan {plan.id}: no target on this line; check [vantage] isp and the plan's orders", False

    def _vantage(self) -> Vantage:
        stated = self.loaded.settings.vantage
        return Vantage(
            name=stated.name,
            isp=stated.isp,
            asn=stated.asn,
            country=stated.country,
            access=stated.access,
            filters=stated.filters,
            resolvers=self.loaded.settings.resolvers.isp,
        )

    def _line(self) -> LineFigures:
        controls = self.line.controls
        if controls is None:
            return LineFigures()
        answered = {
            f"neutral_ipv{family}": works for family, works in controls.line.families.items() if works is not None
        }
        if controls.helper is not None:
            answered["helper"] = controls.helper
        return LineFigures(
            clock_offset_s=controls.line.clock_offset_s,
            controls=answered,
            resolver_own=self.line.own_resolver(),
            hijack_suspected=self.line.hijack_suspected(),
            selftest=self.line.self_test(),
        )
