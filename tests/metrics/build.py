"""Snapshots by hand: what a test does not mention is an agent that has just started."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from prometheus_client.parser import text_string_to_metric_families

from blockprobe.catalogue.due import Planned
from blockprobe.metrics.counters import Counters
from blockprobe.metrics.render import Renderer
from blockprobe.metrics.snapshot import ReloadFigures, Snapshot
from blockprobe.model.history import History, Interval
from blockprobe.model.order import Order, Source
from blockprobe.model.record import Vantage
from blockprobe.model.settings import MetricsSettings
from blockprobe.model.words import Mechanism, State
from blockprobe.verdict.compliance_types import Compliance, Count

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
ORDER, NETWORK = "gb/film-one", "gb/example"
Labels = dict[str, str]


def snapshot(**changed: Any) -> Snapshot:
    """An agent that has just started, with these changes."""
    fresh = Snapshot(
        at=NOW,
        vantage=Vantage(),
        blockprobe="1.0",
        rules=1,
        counts=Counters().counts(),
        reload=ReloadFigures(ok=True, succeeded_at=NOW),
    )
    return replace(fresh, **changed)


def watching(*histories: History, orders: tuple[str, ...] = (), plan: str = "website") -> dict[str, Any]:
    """The targets of these histories, watched under one plan."""
    return {
        "watched": tuple(Planned(target=one.target, plan=plan, orders=orders) for one in histories),
        "histories": {one.target: one for one in histories},
    }


def history(target: str, state: State = State.ACCESSIBLE, **changed: Any) -> History:
    """A target in this state for an hour."""
    blocked = state is State.BLOCKED
    stands = History(
        target=target,
        state=state,
        since=Interval(after=None, until=NOW - HOUR),
        mechanisms=(Mechanism.DNS_NXDOMAIN,) if blocked else (),
        last=state,
        last_at=NOW,
        last_conclusive_at=NOW,
        last_open_at=NOW if state is State.ACCESSIBLE else None,
    )
    return replace(stands, **changed)


def order(**changed: Any) -> Order:
    """An order that nobody made."""
    made = Order(
        id=ORDER,
        jurisdiction="gb",
        title="Film One",
        court="Laboratory Court",
        legal_basis="none",
        sources=(Source(text="made up"),),
    )
    return replace(made, **changed)


def count(**changed: Any) -> Count:
    """Eight entries: six blocked, one open, one of which nothing is known."""
    usual = Count(blocked=6, open=1, abstained=1, flagged=0, total=8, lower=0.75, upper=0.875, ratio=6 / 7)
    return replace(usual, **changed)


def compliance(**changed: Any) -> Compliance:
    """The figures of ORDER on NETWORK."""
    usual = Compliance(order=ORDER, network=NETWORK, at=NOW, implemented=count(), reach=count(), last_conclusive_at=NOW)
    return replace(usual, **changed)


def exposition(moment: Snapshot, **settings: Any) -> bytes:
    """What Prometheus gets; per_site = "all" unless said otherwise."""
    return Renderer(MetricsSettings(**({"per_site": "all"} | settings)), process=False).render(moment)


def series(text: bytes) -> list[tuple[str, Labels, float]]:
    """Every sample, as prometheus-client's own parser reads it."""
    return [
        (sample.name, sample.labels, sample.value)
        for family in text_string_to_metric_families(text.decode())
        for sample in family.samples
    ]


def values(moment: Snapshot, name: str, **settings: Any) -> dict[tuple[str, ...], float]:
    """The samples of one metric (without prefix), by the values of their labels in the order written."""
    found = series(exposition(moment, **settings))
    return {tuple(labels.values()): value for one, labels, value in found if one == f"blockprobe_{name}"}
