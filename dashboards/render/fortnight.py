"""The two probes of the story, hour by hour: looks become histories, histories figures, figures an exposition."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from math import sin
from pathlib import Path
from typing import Final

from blockprobe import __version__
from blockprobe.catalogue.due import Planned
from blockprobe.metrics.counters import Counters
from blockprobe.metrics.render import Renderer
from blockprobe.metrics.snapshot import CycleFigures, LineFigures, ReloadFigures, Snapshot, StoreFigures
from blockprobe.mirrors.by_order import by_order
from blockprobe.model.bypass import BypassSeen
from blockprobe.model.codec import load_record
from blockprobe.model.history import History
from blockprobe.model.record import Record, Vantage
from blockprobe.model.settings import MetricsSettings
from blockprobe.model.words import State
from blockprobe.verdict.compliance import LineClaim, compliances
from blockprobe.verdict.history import advance
from blockprobe.verdict.rules import RULES_VERSION

from .batteries import battery
from .mirrors import lives
from .story import NETWORK, SITES, orders, seen

_GOLDENS: Final = Path(__file__).parents[2] / "tests/goldens"
_RECORDS: Final = ("demo-news.example", "demo-forged.example", "demo-blockpage.example", "demo-news.example")
"""Real records of the laboratory, for the counters of steps."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A probe of the story. `own_resolver` False: its answers come from elsewhere, so its figures are refused.

    `phase` makes its curves its own. `beyond_orders`: its plans also run batteries and watch mirrors.
    """

    name: str
    asn: int
    own_resolver: bool = True
    phase: float = 0.0
    beyond_orders: bool = True
    looks_every: timedelta = timedelta(hours=1)


LINES: Final = (
    Line(name="leeds-3", asn=64500),
    Line(name="york-1", asn=64500, own_resolver=False, phase=1.5, beyond_orders=False),
)


def records() -> tuple[Record, ...]:
    """What the counters count."""
    return tuple(load_record((_GOLDENS / name / "record.json").read_bytes()) for name in _RECORDS)


@dataclass(slots=True, kw_only=True)
class Probe:
    """One line's state as the story goes on."""

    line: Line
    began: datetime
    records: tuple[Record, ...]
    histories: dict[str, History] = field(default_factory=dict)
    batteries: dict[str, BypassSeen] = field(default_factory=dict)
    counters: Counters = field(default_factory=Counters)
    cycles: int = 0
    renderer: Renderer = field(default_factory=lambda: Renderer(MetricsSettings(per_site="all", max_series=2000)))

    def look(self, at: datetime) -> None:
        """One cycle over all sites."""
        for site in SITES:
            look = replace(seen(site, self.began, at), own_resolver=self.line.own_resolver)
            history = self.histories.get(site.target, History(target=site.target))
            self.histories[site.target], _ = advance(history, look, network=NETWORK)
        if self.line.beyond_orders:
            self._try(at)
        for record in self.records[: 1 + self.cycles // 7 % len(self.records)]:
            self.counters.take(record)
        self.counters.cycle(controls_ok=self.cycles % 24 != 13)
        self.cycles += 1
        if self.cycles == 200:
            self.counters.network_changed()

    def snapshot(self, at: datetime, *, looked_at: datetime) -> Snapshot:
        """What the agent would hand over."""
        claim = LineClaim(
            network=NETWORK, own_resolver=self.line.own_resolver, filters="off",
            neighbours=tuple(site.target for site in SITES if site.neighbour),
        )  # fmt: skip
        made = orders(self.began)
        known = lives(self.began, at) if self.line.beyond_orders else ()
        return Snapshot(
            at=at,
            vantage=Vantage(name=self.line.name, isp=NETWORK, asn=self.line.asn, country="GB", filters="off"),
            network=NETWORK,
            blockprobe=__version__,
            rules=RULES_VERSION,
            counts=self.counters.counts(),
            reload=ReloadFigures(ok=True, succeeded_at=self.began),
            cycle=self._cycle(looked_at),
            line=self._line(),
            store=self._store(looked_at),
            plans=("orders", "website"),
            watched=_watched(),
            histories=dict(self.histories),
            orders=made,
            compliances=compliances(made, self.histories, claim, at),
            batteries=dict(self.batteries),
            mirrors=by_order(known, made, at, since=at - timedelta(hours=12)),
        )

    def _try(self, at: datetime) -> None:
        """A battery a day against everything that is blocked."""
        for target, history in self.histories.items():
            last = self.batteries.get(target)
            due = last is None or at - last.at >= timedelta(days=1)
            if due and history.state is State.BLOCKED and history.mechanisms:
                self.batteries[target] = battery(target, history.mechanisms[0].layer, at)

    def exposition(self, at: datetime, *, looked_at: datetime) -> bytes:
        """What Prometheus would get."""
        return self.renderer.render(self.snapshot(at, looked_at=looked_at))

    def _cycle(self, looked_at: datetime) -> CycleFigures:
        wave = abs(sin(self.cycles / 5 + self.line.phase))
        return CycleFigures(duration_s=40 + 35 * wave, completed_at=looked_at, controls_ok=True, lag_s=20 * wave)

    def _line(self) -> LineFigures:
        return LineFigures(
            clock_offset_s=0.4 * sin(self.cycles / 40 + self.line.phase),
            controls={"helper": True, "neutral_ipv4": True, "neutral_ipv6": self.line.own_resolver},
            resolver_own=self.line.own_resolver,
            hijack_suspected=False,
            selftest={"must_open": True, "must_block": True},
        )

    def _store(self, looked_at: datetime) -> StoreFigures:
        """It fills, and one probe's oldest segments go when it is full."""
        size = round(380_000_000 - 60_000_000 * self.line.phase) + self.cycles * 600_000
        full = max(0, size - 499_000_000) // 600_000
        return StoreFigures(
            size_bytes=min(size, 499_000_000),
            max_bytes=500_000_000,
            waiting=17 if self.cycles % 60 == 31 else 0,  # now and then a scrape falls into a cycle
            durable_at=looked_at,
            dropped={"cap": 40 * full} if full else {},
        )


def fortnight(line: Line, began: datetime, until: datetime) -> Iterator[tuple[datetime, Probe]]:
    """The probe after each of its cycles."""
    probe = Probe(line=line, began=began, records=records())
    at = began
    while at <= until:
        probe.look(at)
        yield at, probe
        at += line.looks_every


def _watched() -> tuple[Planned, ...]:
    return tuple(
        Planned(
            target=site.target, plan="orders" if site.order else "website", order=site.order, flags=site.flags,
            orders=(site.order,) if site.order else (), neighbour=site.neighbour,
        )
        for site in SITES
    )  # fmt: skip
