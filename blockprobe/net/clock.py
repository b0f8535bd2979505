"""The one clock, handed in: tests own the time."""

import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """Wall-clock time in UTC, and monotonic seconds for durations."""

    def now(self) -> datetime:
        """The time, UTC."""
        ...

    def monotonic(self) -> float:
        """Seconds that never go back."""
        ...


@dataclass(frozen=True, slots=True)
class SystemClock:
    """The machine's clock; `skew_s` shifts the wall clock, for tests of a clock that is wrong."""

    skew_s: float = 0.0

    def now(self) -> datetime:
        """The time, UTC."""
        return datetime.fromtimestamp(time.time() + self.skew_s, UTC)

    def monotonic(self) -> float:
        """Seconds that never go back."""
        return time.monotonic()
