"""The square {listed, neutral} x {origin, echo} for one name: the order of the work, whatever carries the name.

Neutral first, then listed, then neutral again; an echo is used by one target at a time, or by several with a neutral
name beside each of theirs (measure/echoes.py); a place that was triggered is not trusted until something neutral works
there (the ledger).
"""

import asyncio
from dataclasses import replace
from functools import partial

from blockprobe.measure.case import Case, is_silent, neutral_like
from blockprobe.measure.clean_echo import CleanEchoes
from blockprobe.measure.echoes import Echo, never
from blockprobe.measure.ledger import LONGEST_RESIDUAL_S
from blockprobe.model.addresses import family_of
from blockprobe.model.failure import Failure
from blockprobe.model.observation import (
    HttpObservation,
    Place,
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
from blockprobe.verdict.exchange import Exchange, fails, works
from blockprobe.verdict.leg import Leg
from blockprobe.verdict.name_square import control_open, nobody_else

#: Segments small enough to pass any path-MTU black hole met in practice (bytes).
SMALL_MSS = 1000
#: How often the listed name is sent to the echo: silence needs more attempts than a reset.
RESET_ATTEMPTS, SILENT_ATTEMPTS = 2, 3
#: Where an echo is shared, neutral names are sent so long after the listed one (seconds). Whatever another target's
#: name brought upon the place, so that no packet of the listed one was answered in four seconds, fails one of them.
BESIDE_S = (0.5, 2.0)
#: A server that turns neutral names away at once is not asked for longer than this (seconds).
IMPATIENT_S = 3.0


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

    async def run_early(self, address: str) -> bool | None:
        """What can be done while the last attempt at the silent address still waits; whether the failure followed, None
        where no echo was to be had: one that is punished is not worth waiting for yet."""
        return await self.at_echo(silent=True, patience_s=0.0)

    async def _foreseen(self) -> bool | None:
        """What `run_early` gave, for whichever address of the leg; None when it was not begun."""
        begun = self.case.early_at(self.layer, self.leg)
        return await self.case.early(self.layer, self.leg, begun[0]) if begun else None

    # -- at the echo ------------------------------------------------------------------------------------------------

    async def at_echo(self, *, silent: bool, patience_s: float = LONGEST_RESIDUAL_S) -> bool | None:
        """Whether the failure follows the name to our own server, tried at one clean echo, then at others; None where
        none was to be had. A punished one is waited for `patience_s` seconds at most."""
        wanted = SILENT_ATTEMPTS if silent else RESET_ATTEMPTS
        failed, tried, alone, rounds = 0, False, not silent, 3
        until = self.case.shared.clock.monotonic() + patience_s
        clean = CleanEchoes(self.case.shared, self.port, self._is_over)
        while rounds:
            async with clean.enter(never if alone else self._nobody_is_punished, until) as found:
                if found is None:
                    break
                echo, shared = found
                if shared:
                    outcome = await self._shared_sandwich(echo)
                else:
                    outcome = await self._sandwich(echo, wanted - failed, together=silent and not failed)
            alone = True  # from now on
            if not shared:
                rounds -= 1
            tried = tried or not shared or outcome is not None
            if outcome is None:
                continue
            failed += outcome[0]
            if not outcome[0]:
                break
            if is_silent(self._last_at_echo()):
                wanted = SILENT_ATTEMPTS
            if failed >= wanted and outcome[1]:
                break
        await self.case.neutral_connects(4)
        return failed > 0 if tried else None

    def _nobody_is_punished(self) -> bool:
        return self.case.shared.punishes is False

    def _last_at_echo(self) -> Failure | None:
        """How the latest listed attempt at an echo failed."""
        kinds = (TlsObservation, HttpObservation)
        mine = (o for o in reversed(self.case.observations) if isinstance(o, kinds) and o.why.place is Place.ECHO)
        return next((o.failure for o in mine if o.why.listed and o.why.hop == self.leg.hop), None)

    async def _sandwich(self, echo: Echo, count: int, *, together: bool) -> tuple[int, bool] | None:
        """Neutral, listed `count` times, neutral: (failed, the echo works afterwards); None: it never worked.

        Where the failure is silence the listed attempts run side by side, to save the user's time.
        """
        shared, place = self.case.shared, (echo.address, self.port)
        if not await self._neutral(echo.address, Place.ECHO, attempts=3):
            shared.ledger.failed_again(place)
            return None
        shared.ledger.trigger(place)
        listed = Why(test=Test.SQUARE, place=Place.ECHO, hop=self.leg.hop)
        results: list[Exchange | None] = []
        if together:
            results = await self._side_by_side(echo, count, Test.SQUARE)
        else:
            for number in range(max(1, count)):
                results.append(await self.at(replace(listed, attempt=number), echo.address, self.leg.host))
                if number + 1 < count:
                    await self._neutral(echo.address, Place.ECHO, attempts=1)
        after = await self._neutral(echo.address, Place.ECHO, attempts=2)
        if after:
            shared.ledger.worked(place)
        else:
            shared.ledger.failed_again(place)  # whoever waits for it may have seen it work before the punishment
        failed = sum(fails(result) for result in results if result is not None)
        if failed:
            shared.punishes = bool(shared.punishes) or not after
        return failed, after

    async def _shared_sandwich(self, echo: Echo) -> tuple[int, bool] | None:
        """Like `_sandwich` where others are at the echo: neutral, listed with neutrals beside, neutral.

        None: a neutral name failed, or the listed one not by silence, so that nothing can be said of it. If none works
        before or afterwards, somebody is punished, and nobody shares an echo any more.
        """
        shared, place = self.case.shared, (echo.address, self.port)
        if not await self._neutral(echo.address, Place.ECHO, attempts=3, test=Test.SHARED):
            shared.ledger.failed_again(place)
            shared.punishes = True
            return None
        shared.ledger.trigger(place)
        listed = asyncio.ensure_future(self._side_by_side(echo, SILENT_ATTEMPTS, Test.SHARED))
        beside = asyncio.gather(*(self._beside(echo, after_s, listed) for after_s in BESIDE_S))
        results, answered = await asyncio.gather(listed, beside)
        if not await self._neutral(echo.address, Place.ECHO, attempts=2, test=Test.SHARED):
            shared.ledger.failed_again(place)  # another target may have seen it work meanwhile
            shared.punishes = True
            return None
        shared.ledger.worked(place)
        failed = [result for result in results if result is not None and fails(result)]
        if not all(answered) or not all(is_silent(result.failure) for result in failed):
            return None
        return len(failed), True

    async def _side_by_side(self, echo: Echo, count: int, test: Test) -> list[Exchange | None]:
        whys = [Why(test=test, place=Place.ECHO, hop=self.leg.hop, attempt=number) for number in range(count)]
        return list(await asyncio.gather(*(self.at(why, echo.address, self.leg.host) for why in whys)))

    async def _beside(self, echo: Echo, after_s: float, listed: "asyncio.Future[list[Exchange | None]]") -> bool:
        """Whether a neutral name is answered while the listed one still waits, or has been answered itself."""
        await asyncio.sleep(after_s)
        waiting = not listed.done()
        answered = await self._neutral(echo.address, Place.ECHO, attempts=1, test=Test.SHARED)
        return answered and not (waiting and listed.done())

    async def _is_over(self, echo: Echo) -> bool:
        """Whether what was punished at the echo is so no more."""
        return await self._neutral(echo.address, Place.ECHO, attempts=1, test=Test.RECOVERY)

    async def _neutral(self, address: str, place: Place, *, attempts: int, test: Test = Test.SQUARE) -> bool:
        """Whether a neutral name of the listed one's length works at the place."""
        for number in range(attempts):
            why = Why(test=test, place=place, listed=False, hop=self.leg.hop, attempt=number)
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
