"""The probe itself as series: versions, counters, cycles, plans, archive and line. About 200, whatever is measured."""

import platform
from collections import Counter
from collections.abc import Iterable
from datetime import datetime

from blockprobe.metrics.counters import Counts
from blockprobe.metrics.snapshot import Snapshot
from blockprobe.metrics.table import BY_NAME
from blockprobe.metrics.text import Page, histogram
from blockprobe.model.history import History
from blockprobe.model.words import State

#: The state of a target that has not been measured yet.
NEVER = "never"
#: Every state a target can be in, in the order of docs/metrics.md.
STATES = (*(state.value for state in State), NEVER)


def state_of(history: History | None) -> str:
    """The state of the latest measurement, inconclusive included; `never` before the first."""
    return NEVER if history is None or history.last is None else history.last.value


def write_probe(page: Page, snapshot: Snapshot) -> None:
    """Everything of the tier but the figures of the exposition itself."""
    _who(page, snapshot)
    _counters(page, snapshot.counts)
    _work(page, snapshot)
    _targets(page, snapshot)
    _archive(page, snapshot)
    _line(page, snapshot)


def _who(page: Page, snapshot: Snapshot) -> None:
    page.add("build_info", 1, snapshot.blockprobe, str(snapshot.rules), platform.python_version())
    where = snapshot.vantage
    asn = "" if where.asn is None else str(where.asn)
    stated = (where.name or "", where.isp or "", asn, where.country or "", where.access, where.filters)
    page.add("probe_info", 1, *stated)


def _counters(page: Page, counts: Counts) -> None:
    for (step, outcome), count in counts.measurements.items():
        page.add("measurements_total", count, step, outcome)
    duration = BY_NAME["blockprobe_step_duration_seconds"]
    for step, durations in counts.durations.items():
        page.extend("step_duration_seconds", histogram(duration, (step,), durations.buckets, durations.total_s))
    for state, count in counts.records.items():
        page.add("records_total", count, state)
    for held, count in counts.cycles.items():
        page.add("cycles_total", count, "ok" if held else "failed")
    page.add("network_changes_total", counts.network_changes)


def _work(page: Page, snapshot: Snapshot) -> None:
    cycle = snapshot.cycle
    _optional(page, "cycle_duration_seconds", cycle.duration_s)
    _moment(page, "cycle_last_completed_timestamp_seconds", cycle.completed_at)
    _optional(page, "cycle_controls_ok", cycle.controls_ok)
    _optional(page, "schedule_lag_seconds", cycle.lag_s)
    page.add("config_last_reload_successful", snapshot.reload.ok)
    _moment(page, "config_last_reload_success_timestamp_seconds", snapshot.reload.succeeded_at)


def _targets(page: Page, snapshot: Snapshot) -> None:
    """A plan in use without a target has its zeros, so that an alert can see it."""
    tallies: dict[str, Counter[str]] = {plan: Counter() for plan in snapshot.plans}
    for watched in snapshot.watched:
        tallies.setdefault(watched.plan, Counter())[state_of(snapshot.history_of(watched.target))] += 1
    for plan in sorted(tallies):
        page.add("targets", tallies[plan].total(), plan)
        for state in STATES:
            page.add("targets_by_state", tallies[plan][state], plan, state)


def _archive(page: Page, snapshot: Snapshot) -> None:
    store = snapshot.store
    page.add("store_bytes", store.size_bytes)
    if store.max_bytes is not None:
        page.add("store_max_bytes", store.max_bytes)
    page.add("store_records_waiting", store.waiting)
    for reason, count in sorted(store.dropped.items()):
        page.add("store_dropped_total", count, reason)
    _moment(page, "store_last_durable_timestamp_seconds", store.durable_at)


def _line(page: Page, snapshot: Snapshot) -> None:
    line = snapshot.line
    _optional(page, "clock_offset_seconds", line.clock_offset_s)
    _optional(page, "resolver_own", line.resolver_own)
    _optional(page, "resolver_hijack_suspected", line.hijack_suspected)
    _by_kind(page, "control_reachable", line.controls.items())
    _by_kind(page, "line_selftest_ok", line.selftest.items())


def _by_kind(page: Page, name: str, found: Iterable[tuple[str, bool]]) -> None:
    for kind, good in sorted(found):
        page.add(name, good, kind)


def _optional(page: Page, name: str, value: float | None) -> None:
    if value is not None:
        page.add(name, value)


def _moment(page: Page, name: str, at: datetime | None) -> None:
    if at is not None:
        page.add(name, at.timestamp())
