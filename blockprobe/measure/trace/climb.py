"""Up the hop limits, a step a limit and subject: the neutral name first, all rounds of a step at once.

The neutral name goes first because a filter may punish the whole place after the listed one (measure/ledger.py): a step
that nobody had triggered before is clean. A step sends three packets, which is half of what a Linux router answers in a
burst (`icmp_ratelimit`); a step waits for its answers before the next begins.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass

from blockprobe.measure.ledger import LONGEST_RESIDUAL_S, Ledger
from blockprobe.measure.trace.book import Book
from blockprobe.measure.trace.shooters import Shooter
from blockprobe.model.trace import Carrier, Heard, Subject, Try
from blockprobe.net.clock import Clock
from blockprobe.net.shots import Shot

#: Packets at each hop limit for each subject, each round from a source port of its own.
ROUNDS = 3
#: Steps without any answer after which nobody is expected to be beyond; fewer where silence is what is expected.
QUIET_STEPS, QUIET_STEPS_AT_SILENT = 4, 1
#: Steps that the listed name is followed for beyond the hop at which it was answered or fell silent.
BEYOND_STEPS = 3
#: How long an answer may take beyond the round trips that were seen (seconds): over TCP until the kernel has sent the
#: packet a second and a third time (after 0.2 and 0.6 s); of a resolver until it has asked others; of whoever answers
#: at an address that runs none, and of routers, at once. Without a hop limit, servers get their whole time.
PATIENCE_TCP_S, PATIENCE_DNS_S, PATIENCE_UDP_S, GRACE_S = 0.7, 0.5, 0.25, 0.15
#: How long an answered listed question is listened to for a second answer (seconds).
SECOND_ANSWER_S = 0.6
#: With raw sight: how long packets are waited for after the socket has died (seconds).
SETTLE_S = 0.15

_DNS = (Carrier.DNS, Carrier.DNS_ADDRESS)
_SERVED = (Carrier.DNS, Carrier.TCP, Carrier.TLS, Carrier.HTTP)
_PATIENCE_S = {
    Carrier.UDP: PATIENCE_UDP_S,
    Carrier.DNS: PATIENCE_DNS_S,
    Carrier.DNS_ADDRESS: PATIENCE_UDP_S,
    Carrier.TCP: PATIENCE_TCP_S,
    Carrier.TLS: PATIENCE_TCP_S,
    Carrier.HTTP: PATIENCE_TCP_S,
}
#: The round trip that is assumed before any is known, and the longest that is believed (seconds).
FIRST_RTT_S, MAX_RTT_S = 0.3, 2.0

_STOPS = frozenset(Heard) - {Heard.TIME_EXCEEDED}


@dataclass(slots=True, kw_only=True)
class Pace:
    """How long to wait; `rtt_s` is the slowest answer of a router so far, `timeout_s` what a server may take.

    `settle`: packets are seen, also those for a socket that has died."""

    max_hops: int
    timeout_s: float
    settle: bool = False
    rtt_s: float = FIRST_RTT_S
    known: bool = False

    def learn(self, times_s: Iterable[float]) -> None:
        """Take over the slowest of these answers, if it is slower than those before."""
        for t_s in times_s:
            self.rtt_s = min(MAX_RTT_S, max(t_s, self.rtt_s) if self.known else t_s)
            self.known = True

    def shot(self, ttl: int | None, *, carrier: Carrier, subject: Subject) -> Shot:
        """The shot for a step: with retransmissions for TCP, with an ear for second answers for a listed question."""
        grace_s = GRACE_S + self.rtt_s
        if carrier is Carrier.UDP:
            grace_s = 0.0
        elif ttl is None and carrier in _DNS and subject is Subject.LISTED:
            grace_s += SECOND_ANSWER_S
        patience_s = _PATIENCE_S[carrier]
        if ttl is None and carrier in _SERVED:
            patience_s = self.timeout_s
        return Shot(ttl=ttl, wait_s=patience_s + 2 * self.rtt_s + GRACE_S, grace_s=grace_s)


@dataclass(slots=True, kw_only=True)
class Means:
    """What every climb needs; `say` takes a sentence about what could not be done."""

    clock: Clock
    ledger: Ledger
    book: Book
    pace: Pace
    say: Callable[[str], None]


@dataclass(slots=True)
class _State:
    """How far one subject has come."""

    quiet: int = 0
    beyond: int = 0
    arrived: bool = False
    done: bool = False


class Climb:
    """One kind of packet from the first hop on; `run` does all of it."""

    def __init__(self, means: Means, shooter: Shooter, subjects: Sequence[Subject]) -> None:
        """`subjects` in the order of their steps."""
        self._means = means
        self._shooter = shooter
        self._states = {subject: _State() for subject in subjects}
        self._triggered = False

    def arrived(self, subject: Subject) -> bool:
        """Whether the subject was answered by more than a router's "time exceeded", most of the times."""
        return self._states[subject].arrived

    async def run(self) -> None:
        """Every hop limit until all subjects are done, and without a limit.

        Questions go without a limit first, so that a resolver has its answer ready when the hop limits are climbed.
        """
        questions = self._shooter.carrier in _DNS
        if questions:
            await self._without_limit()
        for ttl in range(1, self._means.pace.max_hops + 1):
            for subject in self._states:
                if not self._states[subject].done and not await self._step(subject, ttl):
                    await self._recover()
                    return
            self._settle_states()
            if all(state.done for state in self._states.values()):
                break
        if not questions:
            await self._without_limit()

    async def _without_limit(self) -> None:
        for subject in self._states:
            # SYNs without a limit went out at the first look; a neighbour is connected to only where hop limits did it
            # already (docs/method.md, 7).
            if self._shooter.carrier is not Carrier.TCP:
                await self._rounds(subject, None)
        if self._shooter.carrier in (Carrier.TLS, Carrier.HTTP):
            await self._once(Subject.NEUTRAL, None, 0)

    async def _step(self, subject: Subject, ttl: int | None) -> bool:
        """All rounds at one hop limit; false when the place has become unusable for a neutral name."""
        state = self._states[subject]
        tries = await self._rounds(subject, ttl)
        stopped = sum(bool(_words(one) & _STOPS) for one in tries)
        heard = sum(bool(_words(one)) for one in tries)
        state.arrived = state.arrived or stopped * 2 > len(tries)
        state.quiet = 0 if heard else state.quiet + 1
        state.beyond += state.arrived
        if self._shooter.carrier in (Carrier.TLS, Carrier.HTTP):
            return self._tell_ledger(subject, tries, ttl)
        return True

    def _tell_ledger(self, subject: Subject, tries: Sequence[Try], ttl: int | None) -> bool:
        rail = self._shooter.rails[subject]
        place = (rail.address, rail.port)
        unconnected = all(one.connected is False for one in tries)
        if subject is Subject.LISTED and any(Heard.RESET in _words(one) or (ttl is None and not one.heard)
                                             for one in tries):  # fmt: skip
            self._means.ledger.trigger(place)
            self._triggered = True
        elif subject is Subject.NEUTRAL and self._triggered and not unconnected:
            self._means.ledger.worked(place)
        return not (subject is Subject.NEUTRAL and unconnected)

    async def first_look(self) -> bool:
        """The listed one without a limit, before anything else: whether it is answered, most of the times."""
        tries = await self._rounds(Subject.LISTED, None)
        return sum(Heard.CONNECTED in _words(one) for one in tries) * 2 > len(tries)

    async def _rounds(self, subject: Subject, ttl: int | None) -> list[Try]:
        """All rounds at once; what plain datagrams hear sets the pace of everything after them."""
        tries = await asyncio.gather(*(self._once(subject, ttl, number) for number in range(ROUNDS)))
        if self._shooter.carrier is Carrier.UDP:
            self._means.pace.learn(event.t_s for one in tries for event in one.heard)
        return tries

    async def _once(self, subject: Subject, ttl: int | None, number: int) -> Try:
        means = self._means
        began = means.clock.monotonic()
        shot = means.pace.shot(ttl, carrier=self._shooter.carrier, subject=subject)
        one = await self._shooter.shoot(number, subject, shot)
        if means.pace.settle and (self._shooter.carrier is Carrier.TCP or Heard.RESET in _words(one)):
            await asyncio.sleep(SETTLE_S + means.pace.rtt_s)
        means.book.add(self._shooter.rails[subject], one, began, means.clock.monotonic())
        return one

    def _settle_states(self) -> None:
        """Who need not be followed any further."""
        neutral = self._states.get(Subject.NEUTRAL)
        for subject, state in self._states.items():
            followed = neutral is not None and subject is Subject.LISTED
            if state.arrived:
                together = neutral is None or neutral.arrived
                state.done = state.done or not followed or together or state.beyond > BEYOND_STEPS
            elif state.quiet:
                lone = followed and neutral is not None and (neutral.arrived or not neutral.quiet)
                patience = QUIET_STEPS_AT_SILENT if self._shooter.carrier is Carrier.DNS_ADDRESS else QUIET_STEPS
                state.done = state.done or state.quiet > min(patience, BEYOND_STEPS if lone else patience)

    async def _recover(self) -> None:
        """The place is punished: wait until a neutral name works there, then compare once more without a limit."""
        rail = self._shooter.rails[Subject.NEUTRAL]
        place = (rail.address, rail.port)
        if not self._triggered:
            self._means.say(f"{rail.address} port {rail.port}: no connection came about; no name could be sent there")
            return
        self._means.ledger.trigger(place)
        self._means.say(
            f"{rail.address} port {rail.port}: punished after the listed name; the hops beyond were not tried"
        )
        attempt = _attempt(self._once)
        if await self._means.ledger.recover(place, attempt, limit_s=LONGEST_RESIDUAL_S):
            await self._step(Subject.NEUTRAL, None)
            await self._step(Subject.LISTED, None)


def _attempt(once: Callable[[Subject, int | None, int], Awaitable[Try]]) -> Callable[[], Awaitable[bool]]:
    async def attempt() -> bool:
        one = await once(Subject.NEUTRAL, None, 0)
        return Heard.DATA in _words(one)

    return attempt


def _words(one: Try) -> frozenset[Heard]:
    return frozenset(event.what for event in one.heard)
