"""The life of a mirror or proxy as intervals: first seen alive, blocked on this line, dead for everybody.

Two ends are kept apart and never added up: *blocked* is what this line does, *dead* what the helper sees as well.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from blockprobe.model.history import Interval
from blockprobe.model.mirror import MirrorClass, Source
from blockprobe.model.words import State


class LifeState(StrEnum):
    """Where a mirror stands; the label `state` of blockprobe_mirrors."""

    OPEN = "open"  # alive, and this line opens it
    BLOCKED = "blocked"  # alive, and this line blocks it
    UNKNOWN = "unknown"  # alive, and we do not know what this line does
    DEAD = "dead"  # it was alive, and is not any more
    NEVER = "never"  # a name that was never seen alive


@dataclass(frozen=True, slots=True, kw_only=True)
class MirrorLook:
    """One look at a mirror. It began at `at` (UTC) and took `took_s`.

    `alive`: whether something that counts as the mirror answered where the censor is not (None: nobody could look).
    `line`: what `check` says of it here (None: not checked). `kind` is None where it was not classified this time.
    """

    at: datetime
    took_s: float = 0.0
    alive: bool | None
    line: State | None = None
    kind: MirrorClass | None = None

    @property
    def until(self) -> datetime:
        """When the look was over."""
        return self.at + timedelta(seconds=self.took_s)


@dataclass(frozen=True, slots=True, kw_only=True)
class Life:
    """What is known of one mirror of one site.

    `line` is the last conclusive state here, `last_open_at` the beginning of the last look that opened it. `dead` and
    `blocked` are the intervals of the change now in force (None: it is not in force). `doubt` is the first look of a
    row that found it dead, before that is believed. `revivals` and `unblocks` count what was taken back. `last_line_at`
    is the beginning of the last look that was conclusive here. `page` and `page_at` are the sketch of its page as
    helpers last saw it, and when; only a site's own life has them.
    """

    name: str
    site: str
    source: Source
    kind: MirrorClass = MirrorClass.UNDETERMINED
    known_at: datetime
    first_alive: Interval | None = None
    last_alive_at: datetime | None = None
    last_open_at: datetime | None = None
    last_at: datetime | None = None
    line: State | None = None
    blocked: Interval | None = None
    dead: Interval | None = None
    doubt: datetime | None = None
    dead_looks: int = 0
    revivals: int = 0
    unblocks: int = 0
    last_line_at: datetime | None = None
    page: tuple[int, ...] = ()
    page_at: datetime | None = None

    @property
    def state(self) -> LifeState:
        """Where it stands now. A block of a dead mirror is kept in `blocked`, but counts for nothing alive."""
        if self.first_alive is None:
            return LifeState.NEVER
        if self.dead is not None:
            return LifeState.DEAD
        if self.blocked is not None:
            return LifeState.BLOCKED
        return LifeState.OPEN if self.line is State.ACCESSIBLE else LifeState.UNKNOWN
