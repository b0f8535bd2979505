"""An echo to try a name at: one that nobody punishes, when it is one's turn (measure/echoes.py)."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial
from operator import itemgetter

from blockprobe.measure.echoes import Echo, MayShare, first_open
from blockprobe.measure.shared import Shared
from blockprobe.model.addresses import family_of

#: Whether something neutral works at an echo now.
Attempt = Callable[[Echo], Awaitable[bool]]


def usable(shared: Shared, echo: Echo) -> bool:
    """Whether the echo's family works on this line, or nobody knows."""
    return shared.line.families.get(str(family_of(echo.address))) is not False


class CleanEchoes:
    """The echoes of a run at one port, for one target; `attempt` says whether a punished one works again."""

    def __init__(self, shared: Shared, port: int, attempt: Attempt) -> None:
        self._shared = shared
        self._port = port
        self._attempt = attempt

    @asynccontextmanager
    async def enter(self, may_share: MayShare, until: float) -> AsyncIterator[tuple[Echo, bool] | None]:
        """An echo that nobody else uses, or only those who share it (then true), and that is not punished.

        Waits for one in use, for it may be clean after, and for a punished one at most `until` (the clock's monotonic
        seconds).
        """
        left = [echo for echo in self._shared.echoes if usable(self._shared, echo)]
        while left:
            places = {echo.turns(self._port): echo for echo in self._promising(left, may_share)}
            turns = await first_open(list(places), may_share)
            echo = places[turns]
            try:
                if turns.inside > 1 or not self._is_hot(echo):
                    yield echo, turns.shared
                    return
            finally:
                turns.leave()
            if not await self._recovers(left, until):
                left.remove(echo)
        yield None

    def _promising(self, echoes: list[Echo], may_share: MayShare) -> list[Echo]:
        """An open and clean echo, the one with the fewest guests; else those in use; else those that are punished."""
        known = [(echo.turns(self._port), echo) for echo in echoes]
        clean = [(turns.inside, echo) for turns, echo in known if turns.is_open(may_share)
                 and (turns.inside or not self._is_hot(echo))]  # fmt: skip
        if clean:
            return [min(clean, key=itemgetter(0))[1]]
        return [echo for turns, echo in known if turns.inside] or echoes

    async def _recovers(self, echoes: list[Echo], until: float) -> bool:
        """Wait for one of the echoes to be clean, in nobody's way; false when there is no time left."""
        patience_s = until - self._shared.clock.monotonic()
        if patience_s <= 0:
            return False
        waits = [asyncio.ensure_future(self._recovery(echo, patience_s)) for echo in echoes]
        try:
            done, _ = await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
            return any(wait.result() for wait in done)
        finally:
            for wait in waits:
                wait.cancel()
            await asyncio.gather(*waits, return_exceptions=True)

    async def _recovery(self, echo: Echo, patience_s: float) -> bool:
        attempt = partial(self._attempt, echo)
        return await self._shared.ledger.recover((echo.address, self._port), attempt, limit_s=patience_s)

    def _is_hot(self, echo: Echo) -> bool:
        return self._shared.ledger.is_hot((echo.address, self._port))
