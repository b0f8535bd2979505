"""The truth: when a censor's rule was switched, and when the whole line was dead."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime


def now() -> datetime:
    """The clock that the agent reads too."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Switch:
    """A rule against `target` was loaded or removed: not before `began`, and it held at `ended`."""

    target: str
    blocked: bool
    began: datetime
    ended: datetime


@dataclass(slots=True)
class Truth:
    """Every target is open until its first switch."""

    switches: list[Switch] = field(default_factory=list)
    outages: list[tuple[datetime, datetime]] = field(default_factory=list)

    @contextmanager
    def switching(self, *, on: Iterable[str] = (), off: Iterable[str] = ()) -> Iterator[None]:
        """The rules are switched within."""
        began = now()
        yield
        ended = now()
        for targets, blocked in ((on, True), (off, False)):
            self.switches += [Switch(target=one, blocked=blocked, began=began, ended=ended) for one in targets]

    @contextmanager
    def outage(self) -> Iterator[None]:
        """The line is dead within."""
        began = now()
        yield
        self.outages.append((began, now()))

    def of(self, target: str) -> list[Switch]:
        """The switches of one target, in order."""
        return [switch for switch in self.switches if switch.target == target]

    def held(self, target: str, begin: datetime, end: datetime) -> set[bool]:
        """Whether it was blocked at any time between the two, whether it was open; both, if it was switched."""
        found, state = set(), False
        for switch in self.of(target):
            if switch.began > end:
                break
            if switch.ended > begin:
                found.add(state)
            state = switch.blocked
        return found | {state}

    def outage_s(self, begin: datetime, end: datetime) -> float:
        """How long the line was dead between the two (seconds)."""
        spans = ((min(end, ended) - max(begin, began)).total_seconds() for began, ended in self.outages)
        return sum(max(0.0, span) for span in spans)

    def visible_at(self, switch: Switch, shown: datetime) -> datetime:
        """From when on a look could see what was shown then: every outage on the way hides it."""
        hidden = [end for begin, end in self.outages if begin < shown and end > switch.began]
        return max([switch.ended, *hidden])
