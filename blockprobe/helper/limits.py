"""The time that one control measurement may take, dealt out to its steps."""

from dataclasses import dataclass

from blockprobe.net.clock import Clock
from blockprobe.net.dial import Dialer
from blockprobe.net.session import Session

#: Seconds for one control measurement as a whole, and the most for one step of it (docs/helper.md).
TOTAL_S = 14.5
DNS_S = 4.0
CONNECT_S = 4.0
HANDSHAKE_S = 4.0
FETCH_S = 8.0
#: What is read of a page: the same as a probe reads, or the hashes would differ.
BODY_BYTES = 524_288


@dataclass(frozen=True, slots=True, kw_only=True)
class Deadline:
    """When a measurement began (the clock's monotonic seconds), and how much of its time is left."""

    clock: Clock
    began: float

    def session(self, most_s: float) -> Session:
        """Means for one step, which may take `most_s` seconds or what is left of the whole."""
        return Session(
            clock=self.clock,
            dialer=Dialer(),
            began=self.began,
            timeout_s=max(0.01, min(most_s, self.left())),
            body_bytes=BODY_BYTES,
        )

    def left(self) -> float:
        """Seconds until the whole must be over; negative when it is."""
        return self.began + TOTAL_S - self.clock.monotonic()
