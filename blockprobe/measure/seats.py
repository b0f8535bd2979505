"""How many targets are measured at a time: those that are in doubt mostly wait, and make room meanwhile."""

import asyncio

from blockprobe.model.settings import LimitSettings

#: For each seat, this many targets more may be in doubt at the same time.
ASIDE_PER_SEAT = 3


class Seats:
    """`count` targets are looked at, three times as many may stand aside; together they bound memory and sockets."""

    def __init__(self, count: int, *, aside: int = ASIDE_PER_SEAT) -> None:
        """`count` is `limits.concurrency`; `aside` for each of them may wait beside."""
        self.most = count * (1 + aside)
        self._free = asyncio.Semaphore(count)
        self._room_aside = count * aside

    @classmethod
    def for_limits(cls, limits: LimitSettings, *, most: int | None = None) -> "Seats":
        """As configured, at most `most`; one target alone where speed is measured: downloads disturb all else."""
        if limits.throttling:
            return cls(1, aside=0)
        return cls(limits.concurrency if most is None else min(most, limits.concurrency))

    async def take(self) -> "Seat":
        """Wait for a seat; every seat taken must be left."""
        await self._free.acquire()
        return Seat(self)

    def move_aside(self) -> bool:
        """Give up a seat for a stand aside; false when there is no more room there."""
        if not self._room_aside:
            return False
        self._room_aside -= 1
        self._free.release()
        return True

    def release(self, *, aside: bool) -> None:
        """A target is done."""
        if aside:
            self._room_aside += 1
        else:
            self._free.release()


class Seat:
    """One target's seat."""

    def __init__(self, seats: Seats) -> None:
        self._seats = seats
        self._aside = False

    def step_aside(self) -> None:
        """From here on there is more waiting than work: let another target begin. May be called again."""
        self._aside = self._aside or self._seats.move_aside()

    def leave(self) -> None:
        """The target is done; called once."""
        self._seats.release(aside=self._aside)
