"""Plans: what the agent measures how often; and windows, in which live plans run."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from blockprobe.model.order import TargetKind


class PlanKind(StrEnum):
    """When a plan runs: always, or only in the windows of the calendar."""

    WEBSITE = "website"
    LIVE = "live"


class Battery(StrEnum):
    """What a plan does beyond a look."""

    BYPASS = "bypass"


@dataclass(frozen=True, slots=True, kw_only=True)
class CsvList:
    """A public list: `path` (a file, the operator fetches it), which column holds what, and the order it belongs to.

    `name` tells lists apart (None: the path does). `value`, `from_at`, `until_at` and `where` name columns by the
    header, or by number from 1 where there is no `header`. `kind` is what every value is (None: an address, a URL
    with a path or a domain, as it looks). Only rows whose column `where` holds one of `equals` count. Times without an
    offset are of `timezone` (None: they are faults), in `time_format` (strptime; None: ISO 8601).
    `shrink_limit`: a new list with fewer than this share of the last one's entries is refused until confirmed.
    """

    path: str
    name: str | None = None
    order: str | None = None
    value: str = "domain"
    kind: TargetKind | None = None
    from_at: str | None = None
    until_at: str | None = None
    where: str | None = None
    equals: tuple[str, ...] = ()
    time_format: str | None = None
    timezone: str | None = None
    header: bool = True
    delimiter: str = ","
    encoding: str = "utf-8"
    shrink_limit: float = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """One plan of the catalogue (`plans/*.toml`).

    `orders` and `jurisdictions` choose orders from the catalogue, of those that bind this line's network (of all with
    `all_networks`); `orders = ["*"]` is every order of the plan's kind, live ones or the others. `targets` are domains
    and URLs of its own, `lists` are public lists, `neighbours` are sites on no list that may be hit as well.
    `interval_s` is the time between two looks at one target,
    spread by `jitter` (a share of it). `per_host_s` is the least time between two looks at one host or address over
    all plans. `budget` bounds the looks of one cycle (None: none). `confirm`: a change of state is looked at again at
    once, that many times, before it is believed. `before_s`, `after_s`: how long a live plan runs around a window.
    `battery`: targets that are known to be blocked are tried with it; others are left to other plans. `mirrors` are
    files of names that may lead to other sites of the catalogue; they are watched with the sites they name.
    """

    id: str
    kind: PlanKind = PlanKind.WEBSITE
    orders: tuple[str, ...] = ()
    jurisdictions: tuple[str, ...] = ()
    all_networks: bool = False
    targets: tuple[str, ...] = ()
    lists: tuple[CsvList, ...] = ()
    neighbours: tuple[str, ...] = ()
    interval_s: float = 3600.0
    jitter: float = 0.1
    per_host_s: float = 60.0
    budget: int | None = None
    confirm: int = 1
    before_s: float = 900.0
    after_s: float = 3600.0
    battery: Battery | None = None
    mirrors: tuple[str, ...] = ()

    @property
    def only_mirrors(self) -> bool:
        """Whether it watches mirrors and nothing else."""
        others = (self.orders, self.jurisdictions, self.targets, self.lists, self.neighbours)
        return bool(self.mirrors) and not any(others)


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """A match, from the operator's calendar file: when a live order is in force and how often to look (seconds)."""

    id: str
    start: datetime
    end: datetime
    cadence_s: float = 300.0
    orders: tuple[str, ...] = ()
