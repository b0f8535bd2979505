"""Speed: the same bytes from the same server with the listed name and with a neutral one, in pairs, until the pairs
agree or the budget is spent (docs/throttling.md).

Listed and neutral take turns in an order that chance mirrors, so that a line whose speed drifts favours neither; what
the pairs mean, and whether more are needed, is for `verdict.throttle` to say.
"""

import random
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass

from blockprobe.measure.case import Case, neutral_like
from blockprobe.measure.echoes import Echo
from blockprobe.measure.look import request_for
from blockprobe.model.addresses import family_of
from blockprobe.model.observation import HttpObservation, Place, Test, TransferObservation, Why
from blockprobe.model.words import State
from blockprobe.net.echo import EchoKey
from blockprobe.net.goodput import Bulk, transfer
from blockprobe.net.tcp import Endpoint, connect
from blockprobe.net.tls import Hello, handshake
from blockprobe.verdict.facts import AddressFact, HttpFact
from blockprobe.verdict.judge import deciding_leg
from blockprobe.verdict.leg import Leg
from blockprobe.verdict.speed_facts import pairs_at
from blockprobe.verdict.throttle import MAX_PAIRS, MIN_BYTES, MIN_PAIRS, Pace, compare

#: A transfer asks for so many bytes: at the warm-up's speed they take `TAKE_S`, within these bounds.
WARM_UP_BYTES, FEWEST_BYTES, MOST_BYTES = 128_000, 256_000, 1_000_000
TAKE_S = 0.5
#: A transfer is watched for so many times what it would take at the warm-up's speed, within these bounds (seconds).
PATIENCE, SHORTEST_S, LONGEST_S = 6.0, 2.5, 8.0
#: What the speed of one target may cost: bytes asked for, seconds; no transfer begins beyond.
BUDGET_BYTES, BUDGET_S = 25_000_000, 150.0
#: So many sides of pairs may fail to take place before it is given up.
MAX_MISSED = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where the bytes come from. `host` and `path` None: as the helper's echo has them, signed with `key`."""

    place: Place
    address: str
    port: int
    key: EchoKey | None = None
    host: str | None = None
    path: str | None = None


async def test_speed(case: Case) -> None:
    """Whether the name of the leg that decides is slowed. Needs a helper's echo; without one nothing is observed."""
    judged = deciding_leg(case.view())
    if judged is None or judged.leg.is_ip:
        return
    facts = judged.findings.facts
    silent = facts.address is AddressFact.OPEN and facts.http is HttpFact.UNPROVEN
    if judged.state not in (State.ACCESSIBLE, State.REFUSED) and not silent:
        return
    async with case.shared.bulk:
        await SpeedTester(case, judged.leg).run()


class SpeedTester:
    """The transfers for one leg."""

    def __init__(self, case: Case, leg: Leg) -> None:
        self.case = case
        self.leg = leg
        self._began_s = case.session.elapsed()
        self._asked_bytes = 0
        self._missed = 0
        overriding = case.target.sni if leg.tls else case.target.header_host
        self._name = (overriding if leg.hop == 0 else None) or leg.host

    async def run(self) -> None:
        """At the echo, then, where the name alone is not slowed, at the site's own address."""
        key, echo = self.case.shared.key(), self._echo()
        if key is None or echo is None:
            return
        port = 443 if self.leg.tls else 80
        async with echo.alone(port):
            await self._measure(Source(place=Place.ECHO, address=echo.address, port=port, key=key), most=MAX_PAIRS)
        if compare(pairs_at(self.case.view(), self.leg, Place.ECHO)).pace is Pace.EVEN:
            origin = self._origin()
            if origin is not None:
                await self._measure(origin, most=MIN_PAIRS)

    async def _measure(self, source: Source, *, most: int) -> None:
        warm = await self._warm_up(source)
        if warm is None:
            return
        size, watch_s = warm
        for number, listed_first in zip(range(most), mirrored(), strict=False):
            if not self._affordable(2 * size) or self._missed > MAX_MISSED:
                return
            for listed in (listed_first, not listed_first):
                why = Why(test=Test.SPEED, place=source.place, listed=listed, hop=self.leg.hop, attempt=number)
                seen = await self._twice(lambda why=why: self._one(why, source, size, watch_s))  # type: ignore[misc]
                if seen is not None and seen.status not in (200, None):
                    return  # the helper's budget is used up, or the site has changed its mind
            if compare(pairs_at(self.case.view(), self.leg, source.place)).pace is not Pace.OPEN:
                return

    async def _warm_up(self, source: Source) -> tuple[int, float] | None:
        """How many bytes to ask for, and how long to watch (seconds), by a neutral transfer that is not counted; None
        where the source has nothing for a neutral name."""
        why = Why(test=Test.WARM_UP, place=source.place, listed=False, hop=self.leg.hop)
        first = await self._twice(lambda: self._one(why, source, WARM_UP_BYTES, LONGEST_S))
        if first is None or first.last_byte_s is None or not first.body_bytes:
            return None
        speed = first.body_bytes / max(first.last_byte_s, 0.001)
        size = int(max(FEWEST_BYTES, min(TAKE_S * speed, MOST_BYTES)))
        if source.place is Place.ORIGIN:
            size = self._page_bytes()
        return size, max(SHORTEST_S, min(PATIENCE * size / speed, LONGEST_S))

    async def _twice(self, attempt: Callable[[], Awaitable[TransferObservation | None]]) -> TransferObservation | None:
        """Once more where not even a connection came about; None: the second time neither."""
        seen = await attempt()
        if seen is None:
            seen = await attempt()
        self._missed += seen is None
        return seen

    async def _one(self, why: Why, source: Source, size: int, watch_s: float) -> TransferObservation | None:
        """Connect, shake hands, transfer. A step that fails is noted, one that goes well is part of the transfer."""
        case, name = self.case, self._name if why.listed else neutral_like(self.leg.host)
        tcp, stream = await connect(case.session, why, Endpoint(address=source.address, port=source.port), host=name)
        if stream is None:
            case.note(tcp)
            return None
        try:
            if self.leg.tls:
                hello = Hello(server_name=name, verify_name=name, verify=False)
                tls, secured = await handshake(case.session, why, stream, hello, case.shared.tls)
                if secured is None:
                    case.note(tls)
                    return None
            bulk = Bulk(
                name=name,
                host=source.host or name,
                path=source.path or f"/bytes?n={size}",
                wanted=size,
                most_s=watch_s,
                key=source.key,
            )
            self._asked_bytes += size
            seen = await transfer(case.session, why, stream, bulk)
        finally:
            stream.reset()
        case.note(seen)
        return seen

    def _affordable(self, more_bytes: int) -> bool:
        spent_s = self.case.session.elapsed() - self._began_s
        return self._asked_bytes + more_bytes <= BUDGET_BYTES and spent_s < BUDGET_S

    def _echo(self) -> Echo | None:
        """One of the echoes that no filter punishes now, by chance."""
        shared, port = self.case.shared, 443 if self.leg.tls else 80
        usable = [
            echo
            for echo in shared.echoes
            if shared.line.families.get(str(family_of(echo.address))) is not False
            and not shared.ledger.is_hot((echo.address, port))
        ]
        return random.choice(usable) if usable else None  # noqa: S311 - a choice among equals, not a secret

    def _origin(self) -> Source | None:
        """The site's own address, where the page that was looked at is large enough and does not hang on the SNI."""
        page = self._page()
        if not self.leg.tls or page is None or page.body_bytes < MIN_BYTES:
            return None
        request = request_for(self.case, self.leg)
        return Source(place=Place.ORIGIN, address=page.address, port=page.port, host=request.host, path=request.path)

    def _page(self) -> HttpObservation | None:
        return self.case.view().page(self.leg)

    def _page_bytes(self) -> int:
        page = self._page()
        return page.body_bytes if page is not None else WARM_UP_BYTES


def mirrored() -> Iterator[bool]:
    """Whether the listed name goes first: chance decides for a pair, and the next pair has it the other way round."""
    while True:
        first = random.random() < 0.5  # noqa: S311 - an order, not a secret
        yield first
        yield not first
