"""What every network operation is handed: the clock, the dialer and the limits of one measurement."""

from dataclasses import dataclass

from blockprobe.net.clock import Clock
from blockprobe.net.dial import Dialer


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """One measurement's means and limits.

    `began` is the clock's monotonic time at the record's `measured_at`; `timeout_s` bounds one attempt of one
    operation; `body_bytes` bounds what is read of a page.
    """

    clock: Clock
    dialer: Dialer
    began: float
    timeout_s: float = 4.0
    body_bytes: int = 524_288

    def elapsed(self) -> float:
        """Seconds since the measurement began, the time base of every observation; in whole microseconds, so that a
        record reads back the same (and in a quarter of the time that `round` takes)."""
        return int((self.clock.monotonic() - self.began) * 1e6 + 0.5) / 1e6
