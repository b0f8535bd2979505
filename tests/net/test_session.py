from datetime import UTC, datetime

from blockprobe.net.dial import Dialer
from blockprobe.net.session import Session


class _Clock:
    def now(self) -> datetime:
        return datetime(2026, 11, 21, tzinfo=UTC)

    def monotonic(self) -> float:
        return 107.5


def test_times_are_seconds_since_the_measurement_began() -> None:
    session = Session(clock=_Clock(), dialer=Dialer(), began=100.0)
    assert session.elapsed() == 7.5


def test_the_limits_are_those_of_the_design() -> None:
    session = Session(clock=_Clock(), dialer=Dialer(), began=0.0)
    assert (session.timeout_s, session.body_bytes) == (4.0, 512 * 1024)
