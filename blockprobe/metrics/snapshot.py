"""What the agent hands over when somebody asks: frozen, so that it can be written out in slices while work goes on."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from blockprobe.metrics.counters import Counts
from blockprobe.mirrors.by_order import OrderMirrors
from blockprobe.model.bypass import BypassSeen
from blockprobe.model.history import History
from blockprobe.model.order import Order
from blockprobe.model.record import Vantage
from blockprobe.verdict.compliance_types import Compliance


class Watched(Protocol):
    """A target that a plan measures (`catalogue.due.Planned` is one): what to measure, and the orders that list it."""

    @property
    def target(self) -> str:
        """What `parse_target` takes; the key of its history."""
        ...

    @property
    def plan(self) -> str:
        """The plan's id."""
        ...

    @property
    def orders(self) -> tuple[str, ...]:
        """Ids of the orders that list it."""
        ...

    @property
    def in_force(self) -> bool:
        """Whether one of them, or a list of no order, lists it now."""
        ...

    @property
    def neighbour(self) -> bool:
        """On no list, and measured because a block may hit it as well."""
        ...

    @property
    def mirror_of(self) -> str | None:
        """On no list, and watched as a possible mirror of that site, or as the site itself; never named."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class CycleFigures:
    """The last cycle, None before the first: `controls_ok` before and after it; `lag_s` of the most overdue target."""

    duration_s: float | None = None
    completed_at: datetime | None = None
    controls_ok: bool | None = None
    lag_s: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LineFigures:
    """The last check of the line. `controls`: whether helper, neutral_ipv4, neutral_ipv6 answered; `selftest`:
    must_open, must_block as the operator stated. None, or no key: unknown, not tried, not stated."""

    clock_offset_s: float | None = None
    controls: Mapping[str, bool] = field(default_factory=dict)
    resolver_own: bool | None = None
    hijack_suspected: bool | None = None
    selftest: Mapping[str, bool] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreFigures:
    """The archive: bytes on disk and their limit, records not yet durable, records dropped by reason, and when it was
    last durable. None: not known, or never."""

    size_bytes: int = 0
    max_bytes: int | None = None
    waiting: int = 0
    dropped: Mapping[str, int] = field(default_factory=dict)
    durable_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReloadFigures:
    """Configuration and catalogue: whether the last reading went well, and when one last did."""

    ok: bool
    succeeded_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """One moment of the agent.

    `vantage` is what the operator states, `rules` the version of the rules. Only targets that are `watched` have
    series, whatever `histories` and `batteries` (by target) still know. `network` is the catalogue's id of the one that
    the line is on now; what was seen on another is not shown as this one's. None: unknown, nothing is left out.
    """

    at: datetime
    vantage: Vantage
    network: str | None = None
    blockprobe: str
    rules: int
    counts: Counts
    reload: ReloadFigures
    cycle: CycleFigures = CycleFigures()
    line: LineFigures = LineFigures()
    store: StoreFigures = StoreFigures()
    plans: tuple[str, ...] = ()
    watched: tuple[Watched, ...] = ()
    histories: Mapping[str, History] = field(default_factory=dict)
    orders: tuple[Order, ...] = ()
    compliances: tuple[Compliance, ...] = ()
    batteries: Mapping[str, BypassSeen] = field(default_factory=dict)
    mirrors: tuple[OrderMirrors, ...] = ()

    def history_of(self, target: str) -> History | None:
        """What is known of a target on the present network."""
        history = self.histories.get(target)
        elsewhere = history is not None and self.network is not None and history.network != self.network
        return None if elsewhere else history
