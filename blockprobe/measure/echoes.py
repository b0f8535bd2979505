"""Our helper's echoes, and who may use a port of one of them, and with whom.

What a filter punishes there after one target's name must not be taken for a failure of another's. So a target is alone
at a port of an echo, at first. Once a neutral name was seen to work after a name that had been cut, so that nobody is
punished, targets whose names meet silence share: at four seconds each, one after another, a court's list would take
hours. Each of them then has a neutral name under way beside its own (measure/square_tests.py).
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

#: So many targets share a port of an echo at most, and of all echoes together: each has up to five connections there.
AT_ONE, AT_ALL = 16, 64


MayShare = Callable[[], bool]


def never() -> bool:
    """Whoever must be alone shares never."""
    return False


class Turns:
    """One port of one echo: one target alone, or several that share it; whoever came first is let in first.

    Whether a target shares is asked when it is let in: while it waited, others may have found out.
    """

    def __init__(self, *, room: int = AT_ONE) -> None:
        """So many may share it."""
        self.inside = 0
        self._room = room
        self.shared = False
        self._queue: deque[tuple[asyncio.Future[None], MayShare]] = deque()

    def is_open(self, may_share: MayShare = never) -> bool:
        """Whether a newcomer would be let in at once."""
        return self._has_room(may_share) and all(turn.done() for turn, _ in self._queue)

    async def enter(self, may_share: MayShare = never) -> None:
        """Wait for one's turn; whoever was let in must leave, and finds in `shared` on which terms it is there."""
        if self.is_open(may_share):
            self._let_in(may_share)
            return
        turn = asyncio.get_running_loop().create_future()
        self._queue.append((turn, may_share))
        try:
            await turn
        except asyncio.CancelledError:
            if turn.cancelled():
                self._admit()  # those behind may have waited for this one only
            else:
                self.leave()  # let in, and gave up in the same moment
            raise

    def leave(self) -> None:
        """Let in whoever has waited longest, and those behind who may share with it."""
        self.inside -= 1
        self._admit()

    def _admit(self) -> None:
        while self._queue and (self._queue[0][0].done() or self._has_room(self._queue[0][1])):
            turn, may_share = self._queue.popleft()
            if not turn.done():
                self._let_in(may_share)
                turn.set_result(None)

    def _has_room(self, may_share: MayShare) -> bool:
        return not self.inside or (self.shared and self.inside < self._room and may_share())

    def _let_in(self, may_share: MayShare) -> None:
        self.shared = may_share()
        self.inside += 1


@dataclass(slots=True, kw_only=True)
class Echo:
    """One address of our helper's echo; what a filter punishes has a port as well, so turns are taken at each.

    `room`: how many may share a port.
    """

    address: str
    room: int = AT_ONE
    _turns: dict[int, Turns] = field(default_factory=dict)

    def turns(self, port: int) -> Turns:
        """Those of one port."""
        if port not in self._turns:
            self._turns[port] = Turns(room=self.room)
        return self._turns[port]

    @asynccontextmanager
    async def alone(self, port: int) -> AsyncIterator[None]:
        """Nobody else is at the port meanwhile."""
        turns = self.turns(port)
        await turns.enter()
        try:
            yield
        finally:
            turns.leave()


def echoes_at(addresses: Sequence[str]) -> list[Echo]:
    """Echoes at the addresses, with room for a few at each and not too many at all of them."""
    room = max(1, min(AT_ONE, AT_ALL // max(1, len(addresses))))
    return [Echo(address=address, room=room) for address in addresses]


async def first_open(turns: list[Turns], may_share: MayShare = never) -> Turns:
    """Enter whichever can be entered first; the caller leaves it."""
    for one in turns:
        if one.is_open(may_share):  # at once: nobody else can come between
            await one.enter(may_share)
            return one
    waits = {asyncio.ensure_future(one.enter(may_share)): one for one in turns}
    got: Turns | None = None
    try:
        done, _ = await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        got = next(one for wait, one in waits.items() if wait in done)
        return got
    finally:
        for wait, one in waits.items():
            if one is not got and not wait.cancel():
                one.leave()
