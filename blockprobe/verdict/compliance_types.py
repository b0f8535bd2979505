"""The figures of one order and one respondent, and the words in them; docs/compliance.md explains each."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Literal

from blockprobe.model.history import Interval
from blockprobe.model.order import OrderFlag, TimeSource
from blockprobe.model.plan import Window
from blockprobe.model.words import AttributionCause, Mechanism
from blockprobe.verdict.counting import Span

SCHEMA = "blockprobe.compliance/1"

#: A ratio on fewer conclusive targets is not given.
FEWEST = 5


class Refused(StrEnum):
    """Why no figure is given, although there may be counts."""

    LINE_PROBLEM = "line_problem"
    NETWORK_UNKNOWN = "network_unknown"
    OTHER_NETWORK = "other_network"
    CONTROL_VANTAGE = "control_vantage"
    NO_SUBSCRIBER_LINE = "no_subscriber_line"
    THIRD_PARTY_RESOLVER = "third_party_resolver"
    RESOLVER_UNKNOWN = "resolver_unknown"
    FILTERS_ON = "filters_on"
    NOTHING_IN_FORCE = "nothing_in_force"
    STALE = "stale"


class Abstained(StrEnum):
    """Why a target counts neither way."""

    NEVER = "never"
    STALE = "stale"
    INCONCLUSIVE = "inconclusive"
    DOWN = "down"
    REFUSED = "refused"
    NOT_BY_ORDER = "not_by_order"
    THIRD_PARTY_RESOLVER = "third_party_resolver"


class Met(StrEnum):
    """Whether a deadline was met."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"


class Ended(StrEnum):
    """What ended, so that a target must be open again."""

    ORDER = "order"
    TARGET = "target"
    WINDOW = "window"


class Stale(StrEnum):
    """What is wrong with an entry of the order, or with its block, as time went by."""

    BLOCKED_AFTER_END = "blocked_after_end"
    DOWN = "down"
    PARKED = "parked"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True, kw_only=True)
class LineClaim:
    """What is known of the line for which figures are asked, and how often it looks.

    `network` is the catalogue's id of the network it is on; `own_resolver`: whether its answers come from the network's
    own resolvers; `problem`: one sentence on why no figure may be given. `stale_after_s` is two intervals of the plan.
    `neighbours` and `windows` are the operator's: names beside blocked ones, and when live orders were in force.
    """

    network: str | None
    own_resolver: bool | None = None
    filters: Literal["on", "off", "unknown"] = "unknown"
    problem: str | None = None
    access: Literal["fixed", "mobile", "vps", "vpn", "control"] = "fixed"
    stale_after_s: float = 7200.0
    neighbours: tuple[str, ...] = ()
    windows: tuple[Window, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """A census of the targets in force: blocked + open + abstained + flagged = total.

    `lower` and `upper` are the least and the greatest share of unflagged targets that can be blocked; `ratio` is
    blocked / (blocked + open). All three are None where figures are refused, `ratio` also on fewer than five.
    """

    blocked: int
    open: int
    abstained: int
    flagged: int
    total: int
    abstained_why: dict[Abstained, int] = field(default_factory=dict)
    lower: float | None = None
    upper: float | None = None
    ratio: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetTime:
    """When a target came to be blocked: `first_seen` is the interval, `seconds` counts from `notice_at`.

    `seconds` is None where no notice with a public source is known. `deadline` is the one that holds for this target.
    """

    target: str
    time_source: TimeSource | None = None
    notice_at: datetime | None = None
    first_seen: Interval | None = None
    seconds: Span | None = None
    deadline: datetime | None = None
    deadline_met: Met = Met.UNKNOWN


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetLag:
    """How long a target stayed blocked after `ended_at`; `seconds.upper` None: it was still blocked when last seen."""

    target: str
    ended: Ended
    ended_at: datetime
    seconds: Span


@dataclass(frozen=True, slots=True, kw_only=True)
class StaleEntry:
    """An entry that should be looked at by a person, and why."""

    target: str
    why: Stale


@dataclass(frozen=True, slots=True, kw_only=True)
class Collateral:
    """A neighbour that is blocked although no order here lists it."""

    target: str
    since: Interval | None
    mechanisms: tuple[Mechanism, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Compliance:
    """What one line can say of one order and one respondent at `at`; `implemented` and `reach` are never merged.

    `refused` is why no ratio or bound is given (counts still are), `refused_because` the same in a sentence.
    """

    schema: Literal["blockprobe.compliance/1"] = "blockprobe.compliance/1"
    order: str
    network: str
    at: datetime
    refused: Refused | None = None
    refused_because: str | None = None
    implemented: Count
    reach: Count
    last_conclusive_at: datetime | None = None
    deadline: datetime | None = None
    time_to_block: tuple[TargetTime, ...] = ()
    median_time_to_block: Span | None = None
    late: tuple[str, ...] = ()
    unblock_lag: tuple[TargetLag, ...] = ()
    median_unblock_lag: Span | None = None
    mechanisms: dict[Mechanism, int] = field(default_factory=dict)
    causes: dict[AttributionCause, int] = field(default_factory=dict)
    partial: tuple[str, ...] = ()
    parity_gaps: tuple[str, ...] = ()
    scope_gaps: tuple[str, ...] = ()
    other_means: tuple[str, ...] = ()
    reopened: tuple[str, ...] = ()
    flags: dict[OrderFlag, int] = field(default_factory=dict)
    flagged_blocked: tuple[str, ...] = ()
    stale: tuple[StaleEntry, ...] = ()
    collateral: tuple[Collateral, ...] = ()
