"""What became of a target over time: one row a target and plan, and what changed when.

A probe looks now and then, and a look takes a while. So a change lies in an interval: after the beginning of the last
measurement that saw the old state, and not later than the end of the first that saw the new one. Inconclusive
measurements change nothing.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from blockprobe.model.words import AttributionBy, AttributionCause, Mechanism, Reason, State


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What one record says, as far as histories are concerned; `own_resolver`: it was the ISP's own that answered.

    The look began at `at` and took `took_s`: nobody knows at which moment in between it met what it tells of.

    `implemented_by` are mechanisms met on the path an order may demand (the line's own resolvers included), also
    where the browser's path was open. `not_by_order`: what was met is a parental, malware or local filter's doing.
    """

    record: str
    at: datetime
    took_s: float = 0.0
    state: State
    mechanisms: tuple[Mechanism, ...] = ()
    suspected: tuple[Mechanism, ...] = ()
    implemented_by: tuple[Mechanism, ...] = ()
    reasons: tuple[Reason, ...] = ()
    by: AttributionBy = AttributionBy.UNKNOWN
    cause: AttributionCause = AttributionCause.UNKNOWN
    not_by_order: bool = False
    via_redirect: bool = False
    parity_gap: bool = False
    partial: bool = False
    own_resolver: bool | None = None

    @property
    def until(self) -> datetime:
        """When the look was over (UTC): what it tells of was so by then."""
        return self.at + timedelta(seconds=self.took_s)


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """When something changed: after `after` (None: before anybody looked), and not later than `until` (both UTC)."""

    after: datetime | None
    until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Spell:
    """Conclusive looks in a row that said the same: the first was over at `first_at`, the last began at `last_at`.

    Of a single look `first_at` is the later one. What happened between two spells happened after the `last_at` of one
    and not later than the `first_at` of the next.
    """

    state: State
    implemented_by: tuple[Mechanism, ...] = ()
    not_by_order: bool = False
    third_party: bool = False
    first_at: datetime
    last_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Transition:
    """A change of a target's conclusive state; `network` is the line's at that time."""

    target: str
    when: Interval
    before: State | None
    now: State
    mechanisms: tuple[Mechanism, ...] = ()
    record: str
    network: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """Where a target stands. `state` is the last conclusive one, `since` the interval in which it began.

    `last` is the latest record's own state, which may be inconclusive; `last_full` the id of the latest record that
    was archived with its full evidence. `changes` counts the transitions of the last seven days (flapping). `spells`
    are the latest runs of equal conclusive looks, oldest first, bounded in number: figures over time come from them.
    """

    target: str
    network: str | None = None
    state: State | None = None
    since: Interval | None = None
    mechanisms: tuple[Mechanism, ...] = ()
    implemented_by: tuple[Mechanism, ...] = ()
    by: AttributionBy = AttributionBy.UNKNOWN
    cause: AttributionCause = AttributionCause.UNKNOWN
    not_by_order: bool = False
    via_redirect: bool = False
    parity_gap: bool = False
    partial: bool = False
    own_resolver: bool | None = None
    last: State | None = None
    last_at: datetime | None = None
    last_conclusive_at: datetime | None = None
    last_open_at: datetime | None = None
    last_blocked_at: datetime | None = None
    first_blocked: Interval | None = None
    changes: tuple[datetime, ...] = ()
    spells: tuple[Spell, ...] = ()
    last_full: str | None = None
    last_full_at: datetime | None = None
