"""How many targets are measured at a time, and who goes first.

Targets in doubt mostly wait, and make room meanwhile. Those of a list that opened under a valid chain can wait some
seconds for the comparison: among those that have not begun some are silent, and silence takes longest.
"""

import asyncio
import time
from collections import deque
from collections.abc import Callable
from enum import Enum, auto
from typing import assert_never

from blockprobe.model.settings import LimitSettings

#: For each seat, this many targets more may be in doubt at the same time.
ASIDE_PER_SEAT = 3
#: For each seat of a list, this many that have opened may wait for their comparison.
AHEAD_PER_SEAT = 12
#: They get every seat that comes free when the first of them has waited so long (seconds): look and control belong to
#: the same seconds.
LATEST_S = 8.0
#: And one seat in so many until then: records come steadily, and the helper works while we look.
SHARE = 8

Turn = asyncio.Future[None]


class Place(Enum):
    """Where a target is."""

    SEATED = auto()
    ASIDE = auto()
    AWAY = auto()
    BACK = auto()  # in a seat again, after it gave way


class Seats:
    """`count` targets are looked at, three times as many may stand aside; together they bound memory and sockets.

    `ahead`: for each seat so many may give way to targets that have not begun, until `no_more` of these are to come.
    """

    def __init__(
        self,
        count: int,
        *,
        aside: int = ASIDE_PER_SEAT,
        ahead: int = 0,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """`count` is `limits.concurrency`; `aside` for each of them may wait beside."""
        self.most = count * (1 + aside)
        self.more = ahead > 0
        self._free = count
        self._room_aside = count * aside
        self._room_ahead = count * ahead
        self._share = max(1, count // SHARE)
        self._back = 0
        self._monotonic = monotonic
        self._newcomers: deque[Turn] = deque()
        self._gave_way: deque[tuple[float, Turn]] = deque()

    @classmethod
    def for_limits(cls, limits: LimitSettings, *, most: int | None = None) -> "Seats":
        """As configured, at most `most`; one target alone where speed is measured: downloads disturb all else."""
        if limits.throttling:
            return cls(1, aside=0)
        return cls(limits.concurrency if most is None else min(most, limits.concurrency))

    @classmethod
    def for_list(cls, limits: LimitSettings, monotonic: Callable[[], float]) -> "Seats":
        """The same for a list that should be done soon; whoever hands it out says when there is `no_more`."""
        if limits.throttling:
            return cls.for_limits(limits)
        return cls(limits.concurrency, ahead=AHEAD_PER_SEAT, monotonic=monotonic)

    async def take(self) -> "Seat":
        """Wait for a seat; every seat taken must be left."""
        turn = asyncio.get_running_loop().create_future()
        self._newcomers.append(turn)
        self._let_in()
        await self._wait_for(turn, Place.SEATED)
        return Seat(self)

    def no_more(self) -> None:
        """All targets have begun: what is left of them has the seats."""
        self.more = False
        self._let_in()

    def room_aside(self) -> bool:
        """Take one of the stands aside; false when there is none."""
        if not self._room_aside:
            return False
        self._room_aside -= 1
        return True

    async def return_from(self, place: Place) -> None:
        """Leave the place, and wait for a seat again; whoever is cancelled meanwhile has none."""
        turn = asyncio.get_running_loop().create_future()
        self._gave_way.append((self._monotonic(), turn))
        self.leave(place)
        await self._wait_for(turn, Place.BACK)

    def leave(self, place: Place) -> None:
        """A target is done there."""
        match place:
            case Place.SEATED:
                self._free += 1
            case Place.BACK:
                self._free += 1
                self._back -= 1
            case Place.ASIDE:
                self._room_aside += 1
            case Place.AWAY:
                return
            case _:
                assert_never(place)
        self._let_in()

    async def _wait_for(self, turn: Turn, place: Place) -> None:
        try:
            await turn
        except asyncio.CancelledError:
            if not turn.cancelled():
                self.leave(place)  # let in, and gave up in the same moment
            raise

    def _let_in(self) -> None:
        while self._free:
            back = self._is_turn_of_those_who_gave_way()
            if not back and not self._newcomers:
                return
            turn = self._gave_way.popleft()[1] if back else self._newcomers.popleft()
            if not turn.done():
                self._free -= 1
                self._back += back
                turn.set_result(None)

    def _is_turn_of_those_who_gave_way(self) -> bool:
        if not self._gave_way:
            return False
        late = self._monotonic() - self._gave_way[0][0] >= LATEST_S
        return late or not self.more or self._back < self._share or len(self._gave_way) > self._room_ahead


class Seat:
    """One target's seat."""

    def __init__(self, seats: Seats) -> None:
        self._seats = seats
        self._place = Place.SEATED

    @property
    def may_give_way(self) -> bool:
        """Whether there are targets that have not begun and could go first."""
        return self._seats.more and self._place is Place.SEATED

    async def give_way(self) -> None:
        """What is left can wait for some seconds: let others begin."""
        if self.may_give_way:
            place, self._place = self._place, Place.AWAY
            await self._seats.return_from(place)
            self._place = Place.BACK

    def step_aside(self) -> None:
        """From here on there is more waiting than work: let another target begin. May be called again."""
        if self._place is not Place.ASIDE and self._seats.room_aside():
            place, self._place = self._place, Place.ASIDE
            self._seats.leave(place)

    def leave(self) -> None:
        """The target is done; called once."""
        self._seats.leave(self._place)
