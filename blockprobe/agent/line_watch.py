"""The line over time: an open run whose check is fresh, the operator's self-test, and changes of network."""

import logging
from dataclasses import dataclass, field, replace

from blockprobe.agent.controls import Controls
from blockprobe.agent.identity import Signs, hijack_suspected, own_resolver, read_signs
from blockprobe.agent.reload import Loaded
from blockprobe.model.line import Line, ResolverEgress
from blockprobe.model.record import Record
from blockprobe.model.settings import VantageSettings
from blockprobe.model.words import State
from blockprobe.net.clock import Clock
from blockprobe.run import Run

_LOG = logging.getLogger(__name__)
#: What the self-test has to find; other states (down, refused, inconclusive) tell nothing of the line.
_EXPECTED = {"must_open": State.ACCESSIBLE, "must_block": State.BLOCKED}
_CONTRARY = {"must_open": State.BLOCKED, "must_block": State.ACCESSIBLE}


@dataclass(frozen=True, slots=True, kw_only=True)
class SelfTest:
    """One URL that the operator stated: `kind` is must_open or must_block."""

    kind: str
    target: str


@dataclass(slots=True, kw_only=True)
class _Known:
    """What is known of the line; None or empty: not yet."""

    line: Line = field(default_factory=Line)
    egress: tuple[ResolverEgress, ...] = ()
    controls: Controls | None = None
    signs: Signs | None = None
    tested: dict[SelfTest, State] = field(default_factory=dict)


class LineWatch:
    """Keeps the run open and knows what may be said of the line."""

    def __init__(self, loaded: Loaded, clock: Clock, *, key: bytes, signs: Signs | None = None) -> None:
        """`key` hashes the signs of the network, `signs` are those from before a restart."""
        self._loaded = loaded
        self._clock = clock
        self._key = key
        self._run: Run | None = None
        self._opened = 0.0
        self._known = _Known(signs=signs)

    # -- the run -------------------------------------------------------------------------------------------------

    async def open(self) -> tuple[Run, bool]:
        """The run to measure with, and whether its check of the line is fresh. Raises ConfigError."""
        settings = self._loaded.settings
        age_s = self._clock.monotonic() - self._opened
        if self._run is not None and age_s < settings.agent.line_check_s:
            return self._run, False
        await self.aclose()
        loaded = self._loaded
        self._run = await Run.open(
            settings, clock=self._clock, fingerprints=loaded.fingerprints, catalogue=loaded.version
        )
        self._opened = self._clock.monotonic()
        self._known.line = await self._run.check_line()
        self._known.egress = self._run.shared.egress
        return self._run, True

    async def aclose(self) -> None:
        """Close the run; the next `open` checks the line anew."""
        run, self._run = self._run, None
        if run is not None:
            await run.aclose()

    async def use(self, loaded: Loaded) -> None:
        """From now on with these settings."""
        self._loaded = loaded
        self._known.tested = {}
        await self.aclose()

    # -- what was found ------------------------------------------------------------------------------------------

    @property
    def signs(self) -> Signs | None:
        """The signs of the network as last seen."""
        return self._known.signs

    @property
    def controls(self) -> Controls | None:
        """The last look at the controls."""
        return self._known.controls

    def moved(self, address: str | None = None) -> tuple[str, ...]:
        """Look at the signs of the network; names of those that changed since the last look. `address`: as a helper
        saw it."""
        now = read_signs(self._loaded.settings.resolvers.isp, address, key=self._key)
        before, self._known.signs = self._known.signs, now if self._known.signs is None else now.over(self._known.signs)
        return () if before is None else now.changed(before)

    def take_controls(self, controls: Controls) -> None:
        """Keep the last look; what one look could not see (a helper that was not asked) the one before may have."""
        before = self._known.controls
        if controls.helper is None and before is not None:
            controls = replace(controls, helper=before.helper)
        self._known.controls = controls

    async def after_cycle(self) -> tuple[str, ...]:
        """What the cycle showed of a change of network. After that, or a failure, the line is checked anew."""
        controls = self._known.controls
        moved = self.moved(None if controls is None else controls.address)
        if moved or (controls is not None and not controls.works):
            await self.aclose()
        return moved

    def take_self_test(self, test: SelfTest, record: Record) -> None:
        """Keep what came of a self-test; a contrary result is told when it is new."""
        state = record.verdict.state
        if state is _CONTRARY[test.kind] and self._known.tested.get(test) is not state:
            _LOG.warning("self-test of the line: %s %s is %s here", test.kind, test.target, state)
        self._known.tested[test] = state

    # -- what may be said ----------------------------------------------------------------------------------------

    def self_test(self) -> dict[str, bool]:
        """By kind whether the self-test found what the operator stated; a kind that tells nothing is left out."""
        found: dict[str, bool] = {}
        for kind in _EXPECTED:
            states = {state for test, state in self._known.tested.items() if test.kind == kind}
            if _CONTRARY[kind] in states:
                found[kind] = False
            elif _EXPECTED[kind] in states:
                found[kind] = True
        return found

    def problem(self) -> str | None:
        """One sentence on why no figure about compliance may be given; None: nothing known."""
        for test, state in self._known.tested.items():
            if state is _CONTRARY[test.kind]:
                return f"The line's self-test failed: {test.kind} {test.target} is {state} here."
        controls = self._known.controls
        if controls is not None and not controls.works:
            return f"The controls of the last cycle failed ({controls.problem})."
        return None

    def own_resolver(self) -> bool | None:
        """Whether the line's answers come from its network's own resolvers."""
        loaded = self._loaded
        network = loaded.catalogue.networks.get(loaded.settings.vantage.isp or "")
        return own_resolver(self._known.egress, loaded.settings.resolvers.isp, network, loaded.third_parties)

    def hijack_suspected(self) -> bool | None:
        """Whether questions to other resolvers end up with the line's own."""
        return hijack_suspected(self._known.line, self._known.egress, self._loaded.settings.resolvers.isp)


def self_tests(stated: VantageSettings) -> tuple[SelfTest, ...]:
    """What the operator stated, as tests."""
    return tuple(
        SelfTest(kind=kind, target=target)
        for kind, targets in (("must_open", stated.must_open), ("must_block", stated.must_block))
        for target in targets
    )
