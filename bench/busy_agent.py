"""An agent that has a lot to show: 5,000 targets on one network and 50 orders, for benchmarks of what shows it."""

import time
from datetime import UTC, datetime, timedelta

import common  # noqa: F401  # puts the project on the path

from blockprobe.catalogue.due import Planned
from blockprobe.metrics.counters import Counters
from blockprobe.metrics.snapshot import CycleFigures, LineFigures, ReloadFigures, Snapshot, StoreFigures
from blockprobe.model.history import History, Interval, Seen
from blockprobe.model.order import Order, OrderTarget, Respondent, Source, TimeSource
from blockprobe.model.record import Vantage
from blockprobe.model.words import Mechanism, State
from blockprobe.verdict.compliance import LineClaim, compliances
from blockprobe.verdict.history import advance

TARGETS, ORDERS = 5_000, 50
NETWORK = "gb/example"
NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
NOTICE = NOW - timedelta(days=3)


def busy_agent() -> tuple[Snapshot, float]:
    """An agent after a few days: three fifths of the sites blocked since the day before, all of them open before that.

    Histories and figures are made by the functions that the agent uses; the second value is what the figures cost.
    """
    names = [f"site-{n:05d}.example" for n in range(TARGETS)]
    orders = tuple(_order(n, names[n::ORDERS]) for n in range(ORDERS))
    histories = {name: _history(name, blocked=n // ORDERS % 5 < 3) for n, name in enumerate(names)}
    watched = tuple(
        Planned(target=one.value, plan="website", order=order.id, orders=(order.id,))
        for order in orders
        for one in order.targets
    )
    began = time.perf_counter()
    figures = compliances(orders, histories, LineClaim(network=NETWORK, own_resolver=True, filters="off"), NOW)
    took = time.perf_counter() - began
    moment = Snapshot(
        at=NOW,
        vantage=Vantage(name="bench", isp=NETWORK, asn=64500, country="GB", filters="off"),
        network=NETWORK,
        blockprobe="0",
        rules=1,
        counts=Counters().counts(),
        reload=ReloadFigures(ok=True, succeeded_at=NOW),
        cycle=CycleFigures(duration_s=100.0, completed_at=NOW, controls_ok=True, lag_s=0.0),
        line=LineFigures(
            clock_offset_s=0.01,
            controls={"helper": True, "neutral_ipv4": True, "neutral_ipv6": True},
            resolver_own=True,
            hijack_suspected=False,
            selftest={"must_open": True, "must_block": True},
        ),
        store=StoreFigures(size_bytes=10**8, max_bytes=5 * 10**8, waiting=7, dropped={"max_bytes": 1}, durable_at=NOW),
        plans=("website",),
        watched=watched,
        histories=histories,
        orders=orders,
        compliances=figures,
    )
    return moment, took


def _order(n: int, names: list[str]) -> Order:
    return Order(
        id=f"gb/order-{n:02d}",
        jurisdiction="gb",
        title=f"Order {n} of a benchmark, with a title of the usual length",
        court="Laboratory Court",
        legal_basis="none",
        sources=(Source(text="made up"),),
        respondents=(
            Respondent(
                network=NETWORK,
                served_at=NOTICE,
                notice_at=NOTICE,
                deadline=NOW - timedelta(hours=30),
                time_source=TimeSource.COURT,
                source=Source(text="made up"),
            ),
        ),
        targets=tuple(OrderTarget(value=name) for name in names),
    )


def _history(name: str, *, blocked: bool) -> History:
    looks = [(NOTICE + timedelta(hours=1), State.ACCESSIBLE)]
    looks += [(NOW - timedelta(hours=age), State.BLOCKED if blocked else State.ACCESSIBLE) for age in (24, 1, 0)]
    history = History(target=name)
    for at, state in looks:
        met = (Mechanism.DNS_NXDOMAIN,) if state is State.BLOCKED else ()
        seen = Seen(record="01BENCH", at=at, state=state, mechanisms=met, implemented_by=met, own_resolver=True)
        history, _ = advance(history, seen, network=NETWORK)
    assert isinstance(history.since, Interval)
    return history
