"""The square {listed, neutral} x {origin, echo} for one name: the order of the work, whatever carries the name.

Neutral first, then listed, then neutral again; an echo is used by one target at a time; a place that was triggered is
not trusted until something neutral works there (the ledger).
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import partial

from blockprobe.measure.case import Case, is_silent, neutral_like
from blockprobe.measure.ledger import LONGEST_RESIDUAL_S
from blockprobe.measure.shared import Echo, first_free
from blockprobe.model.addresses import family_of
from blockprobe.model.failure import Failure
from blockprobe.model.observation import (
    HttpObservation,
    Place,
    QuicObservation,
    TcpObservation,
    Test,
    TlsObservation,
    Why,
)
from blockprobe.model.words import Layer
from blockprobe.net.dial import TcpOptions
from blockprobe.net.path import Opening, trace_opening
from blockprobe.net.stream import Stream
from blockprobe.net.tcp import Endpoint
from blockprobe.verdict.leg import Leg
from blockprobe.verdict.name_square import control_open, fails, nobody_else, works

#: Segments small enough to pass any path-MTU black hole met in practice (bytes).
SMALL_MSS = 1000
#: How often the listed name is sent to the echo: silence needs more attempts than a reset.
RESET_ATTEMPTS, SILENT_ATTEMPTS = 2, 3
#: A server that turns neutral names away at once is not asked for longer than this (seconds).
IMPATIENT_S = 3.0

Exchange = TlsObservation | HttpObservation | QuicObservation


class NameTester:
    """The square for one leg; subclasses say how a name is put on the wire."""

    port: int
    layer: Layer

    def __init__(self, case: Case, leg: Leg) -> None:
        self.case = case
        self.leg = leg

    async def speak(self, why: Why, stream: Stream, name: str) -> Exchange:
        """Put `name` on the open stream and observe what comes; closes the stream."""
        raise NotImplementedError

    async def at(self, why: Why, address: str, name: str, *, options: TcpOptions | None = None) -> Exchange | None:
        """Connect, speak; None when not even the connection came about."""
        port = self.port if why.place is Place.ECHO else self.leg.port
        _, stream = await self.case.connect(why, address, port, host=name, options=options or TcpOptions())
        return None if stream is None else await self.speak(why, stream, name)

    async def run(self, address: str, *, silent: bool) -> None:
        """The whole square for one address of the leg where the listed name failed."""
        followed = await self._foreseen()
        if followed is None:
            followed = await self.at_echo(silent=silent)
        view = self.case.view()
        if not followed and (control_open(view, self.leg, address) or nobody_else(view, self.leg)):
            await self._at_origin(address, silent=silent)

    async def run_early(self, address: str) -> bool:
        """What can be done while the last attempt at the silent address still waits; whether the failure followed."""
        return await self.at_echo(silent=True)

    async def _foreseen(self) -> bool | None:
        """What `run_early` gave, for whichever address of the leg; None when it was not begun."""
        begun = self.case.early_at(self.layer, self.leg)
        return await self.case.early(self.layer, self.leg, begun[0]) if begun else None

    # -- at the echo ------------------------------------------------------------------------------------------------

    async def at_echo(self, *, silent: bool) -> bool:
        """Whether the failure follows the name to our own server, tried at one clean echo, then at others."""
        wanted = SILENT_ATTEMPTS if silent else RESET_ATTEMPTS
        failed = tried = 0
        for _ in range(3):
            async with self._clean_echo() as echo:
                if echo is None:
                    break
                outcome = await self._sandwich(echo, wanted - failed, together=silent and not failed)
                if outcome is None:
                    continue
                failed, tried = failed + outcome[0], tried + outcome[1]
                if not outcome[0]:
                    break
            if failed and is_silent(self._last_at_echo()):
                wanted = SILENT_ATTEMPTS
            if failed >= wanted and outcome[2]:
                break
        await self.case.neutral_connects(4)
        return failed > 0

    def _last_at_echo(self) -> Failure | None:
        """How the latest listed attempt at an echo failed."""
        kinds = (TlsObservation, HttpObservation)
        mine = (o for o in reversed(self.case.observations) if isinstance(o, kinds) and o.why.place is Place.ECHO)
        return next((o.failure for o in mine if o.why.listed and o.why.hop == self.leg.hop), None)

    async def _sandwich(self, echo: Echo, count: int, *, together: bool) -> tuple[int, int, bool] | None:
        """Neutral, listed `count` times, neutral: (failed, tried, the echo works afterwards); None: it never worked.

        Where the failure is silence the listed attempts run side by side, to save the user's time.
        """
        if not await self._neutral(echo.address, Place.ECHO, attempts=3):
            return None
        listed = Why(test=Test.SQUARE, place=Place.ECHO, hop=self.leg.hop)
        place = (echo.address, self.port)
        self.case.shared.ledger.trigger(place)
        results: list[Exchange | None] = []
        if together:
            attempts = [self.at(replace(listed, attempt=n), echo.address, self.leg.host) for n in range(count)]
            results = list(await asyncio.gather(*attempts))
        else:
            for number in range(max(1, count)):
                results.append(await self.at(replace(listed, attempt=number), echo.address, self.leg.host))
                if number + 1 < count:
                    await self._neutral(echo.address, Place.ECHO, attempts=1)
        after = await self._neutral(echo.address, Place.ECHO, attempts=2)
        if after:
            self.case.shared.ledger.worked(place)
        spoke = [result for result in results if result is not None]
        return sum(fails(result) for result in spoke), len(spoke), after

    @asynccontextmanager
    async def _clean_echo(self) -> AsyncIterator[Echo | None]:
        """An echo that nobody else uses and that is not punished; waits for one in use, for it may be clean after."""
        while echoes := self._promising_echoes():
            locks = {echo.lock(self.port): echo for echo in echoes}
            lock = await first_free(list(locks))
            try:
                if not self.case.shared.ledger.is_hot((locks[lock].address, self.port)):
                    yield locks[lock]
                    return
            finally:
                lock.release()
        yield None

    def _promising_echoes(self) -> list[Echo]:
        """A free and clean echo, else those that are in use; none when all are punished."""
        ledger = self.case.shared.ledger
        usable = [e for e in self.case.shared.echoes if self._usable(e)]
        busy = [e for e in usable if e.lock(self.port).locked()]
        free = [e for e in usable if not e.lock(self.port).locked() and not ledger.is_hot((e.address, self.port))]
        return free[:1] or busy

    def _usable(self, echo: Echo) -> bool:
        return self.case.shared.line.families.get(str(family_of(echo.address))) is not False

    async def _neutral(self, address: str, place: Place, *, attempts: int) -> bool:
        """Whether a neutral name of the listed one's length works at the place."""
        for number in range(attempts):
            why = Why(test=Test.SQUARE, place=place, listed=False, hop=self.leg.hop, attempt=number)
            result = await self.at(why, address, neutral_like(self.leg.host))
            if result is not None and works(result):
                return True
        return False

    # -- at the origin ----------------------------------------------------------------------------------------------

    async def _at_origin(self, address: str, *, silent: bool) -> None:
        """The failure does not follow the name alone: is it name and address, a punished place, or the server?"""
        ledger, place = self.case.shared.ledger, (address, self.leg.port)
        if not await self._neutral(address, Place.ORIGIN, attempts=1):
            ledger.trigger(place)
            patience_s = LONGEST_RESIDUAL_S if self._is_like_punishment(address) else IMPATIENT_S
            attempt = partial(self._neutral, address, Place.ORIGIN, attempts=1)
            if not await ledger.recover(place, attempt, limit_s=patience_s):
                return
        ledger.worked(place)
        again = Why(test=Test.REPEAT, place=Place.ORIGIN, hop=self.leg.hop, attempt=2)
        result = await self.at(again, address, self.leg.host)
        if result is not None and not fails(result):
            return
        await self._small_segments(address)
        await self.along_the_path(address)

    def _is_like_punishment(self, address: str) -> bool:
        """The neutral name met silence or not even a connection: a server that dislikes the name answers at once."""
        kinds = (TcpObservation, TlsObservation, HttpObservation)
        recent = [o for o in self.case.observations if isinstance(o, kinds) and o.address == address]
        last = next((o for o in reversed(recent) if not o.why.listed), None)
        return last is None or is_silent(last.failure) or isinstance(last, TcpObservation)

    async def _small_segments(self, address: str) -> None:
        why = Why(test=Test.SMALL_MSS, place=Place.ORIGIN, hop=self.leg.hop)
        await self.at(why, address, self.leg.host, options=TcpOptions(maxseg=SMALL_MSS))

    async def along_the_path(self, address: str) -> None:
        """Listed and neutral name with the hop limits of the common path, three times each."""
        family = family_of(address)
        ttls = [hop.ttl for hop in self.case.shared.line.common_path if hop.family == family]
        if not ttls:
            return
        endpoint = Endpoint(address=address, port=self.leg.port)
        for name, listed in ((neutral_like(self.leg.host), False), (self.leg.host, True)):
            why = Why(test=Test.PATH, place=Place.ORIGIN, listed=listed, hop=self.leg.hop)
            opening = self.opening(name)
            self.case.note(await trace_opening(self.case.session, why, endpoint, ttls, opening))

    def opening(self, name: str) -> Opening:
        """The message that carries the name, for TTL-limited sending."""
        raise NotImplementedError
