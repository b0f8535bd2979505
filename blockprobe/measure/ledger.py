"""Residual blocking: some filters punish (source, address, port) for a while after a trigger (docs/method.md, 3.8).

The ledger is shared by all targets of a run, so that one target's trigger does not become another's block.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from blockprobe.model.line import LedgerEntry

Place = tuple[str, int]

#: How long to wait for a punished place (seconds); published filters punish for up to 60 or 90.
LONGEST_RESIDUAL_S = 100.0
#: Pause between two attempts at a punished place (seconds).
RETRY_S = 2.0


@dataclass(slots=True, kw_only=True)
class _Trigger:
    at: float
    recovered_at: float | None = None


class Ledger:
    """Which places were triggered, when, and since when they work again; times are the clock's monotonic seconds."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._triggers: dict[Place, _Trigger] = {}
        self._locks: dict[Place, asyncio.Lock] = {}

    def trigger(self, place: Place) -> None:
        """A listed name or address failed here: what follows at this place may be punishment."""
        self._triggers[place] = _Trigger(at=self._monotonic())

    def worked(self, place: Place) -> None:
        """Something neutral worked here."""
        entry = self._triggers.get(place)
        if entry is not None and entry.recovered_at is None:
            entry.recovered_at = self._monotonic()

    def failed_again(self, place: Place) -> None:
        """Something neutral failed here: if the place was triggered, it had not recovered after all.

        Not so long after the trigger that no filter punishes any more: then something else is the matter.
        """
        entry = self._triggers.get(place)
        if entry is not None and self._monotonic() - entry.at <= LONGEST_RESIDUAL_S:
            entry.recovered_at = None

    def is_hot(self, place: Place) -> bool:
        """Whether the place was triggered and has not been seen to work since."""
        entry = self._triggers.get(place)
        return entry is not None and entry.recovered_at is None

    async def recover(
        self, place: Place, attempt: Callable[[], Awaitable[bool]], *, limit_s: float = LONGEST_RESIDUAL_S
    ) -> bool:
        """Wait until `attempt`, a neutral test, works at the place; one waiter tries for all. False: it never did."""
        deadline = self._monotonic() + limit_s
        while self.is_hot(place):
            async with self._locks.setdefault(place, asyncio.Lock()):
                if not self.is_hot(place):
                    return True
                if await attempt():
                    self.worked(place)
                    return True
            if self._monotonic() >= deadline:
                return False
            await asyncio.sleep(RETRY_S)
        return True

    def entries(self, began: float, *, min_residual_s: float = 1.0) -> tuple[LedgerEntry, ...]:
        """The punished places, times relative to `began`; places that worked again at once were not punished."""
        return tuple(
            LedgerEntry(
                address=place[0],
                port=place[1],
                triggered_t_s=round(entry.at - began, 6),
                residual_s=None if entry.recovered_at is None else round(entry.recovered_at - entry.at, 6),
            )
            for place, entry in self._triggers.items()
            if entry.recovered_at is None or entry.recovered_at - entry.at >= min_residual_s
        )
