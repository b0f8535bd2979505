"""One battery, top to bottom: the plain path must be blocked → try every technique → the plain path again → result."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from blockprobe.measure.bypass.battery import Battery
from blockprobe.measure.bypass.bench import Bench
from blockprobe.measure.bypass.techniques import TECHNIQUES
from blockprobe.measure.bypass.ways import Technique
from blockprobe.model.bypass import Bypass, Cost, Outcome, Trial
from blockprobe.model.observation import HttpObservation, Observation, TlsObservation
from blockprobe.model.record import Record, Target
from blockprobe.model.settings import BypassSettings
from blockprobe.model.words import State
from blockprobe.net.meter import Meter, MeteredDialer
from blockprobe.run import Run, new_id
from blockprobe.verdict.bypass import hold_in_sandwich, lowest_effort, parity_of

#: Measurements of the plain path until one is conclusive.
LOOKS = 3
_COUNTING = frozenset(technique.id for technique in TECHNIQUES if technique.counts)


@dataclass(frozen=True, slots=True, kw_only=True)
class Around:
    """The result of a battery, and the records of the plain path before and after it."""

    bypass: Bypass
    records: tuple[Record, ...]


async def get_around(
    run: Run, target: Target, *, force: bool = False, techniques: Sequence[Technique] = TECHNIQUES
) -> Around:
    """Measure, try, measure again. Unless `force`, nothing is tried where the plain path is not blocked."""
    clock, meter = run.shared.clock, Meter()
    began = clock.monotonic()
    before = await _plain_path(run, target, meter)
    if before.verdict.state is not State.BLOCKED and not force:
        return Around(bypass=_result(before, _why_nothing(before), meter), records=(before,))
    await run.check_line()
    bench = Bench(run.shared, target, before, _limited(meter, run.shared.settings.bypass))
    found = await Battery(bench, techniques).run()
    after = await _plain_path(run, target, meter)
    trials = hold_in_sandwich(found.trials, before.verdict.state, after.verdict.state, (found.plain_k, found.plain_n))
    lowest = lowest_effort(trials, _COUNTING)
    bypass = replace(
        _result(before, _because(trials, lowest, found.stopped), meter),
        runtime_s=round(clock.monotonic() - began, 6),
        blocked_after=after.verdict.state,
        trials=trials,
        lowest_effort=lowest,
        parity=parity_of(trials),
        plain_k=found.plain_k,
        plain_n=found.plain_n,
        records=(before.id, after.id),
        observations=slimmed(bench.observations),
    )
    took = replace(bypass.cost, seconds=bypass.runtime_s)
    return Around(bypass=replace(bypass, cost=took), records=(before, after))


async def _plain_path(run: Run, target: Target, meter: Meter) -> Record:
    """The plain path's record; measured again where it is inconclusive, as a lossy line may be."""
    for _ in range(LOOKS - 1):
        record = await run.measure(target, dialer=MeteredDialer(meter))
        if record.verdict.state is not State.INCONCLUSIVE:
            return record
    return await run.measure(target, dialer=MeteredDialer(meter))


def _why_nothing(before: Record) -> str:
    """Why nothing was tried: the plain path is not blocked, or nobody knows."""
    state, reasons = before.verdict.state, ", ".join(before.verdict.reasons)
    if state is State.INCONCLUSIVE:
        return f"whether there is anything to get around is not known: the plain path is inconclusive ({reasons})"
    return f"there is nothing to get around: the plain path is {state}, not blocked"


def _limited(meter: Meter, settings: BypassSettings) -> Meter:
    """A meter below `meter` that ends where the operator said."""
    return Meter(above=meter, most_connections=settings.connections, most_bytes=settings.bytes)


def _result(before: Record, because: str, meter: Meter) -> Bypass:
    """A result without trials."""
    return Bypass(
        id=new_id(before.measured_at),
        measured_at=before.measured_at,
        runtime_s=before.runtime_s,
        target=before.target,
        vantage=before.vantage,
        blocked_before=before.verdict.state,
        blocked_after=None,
        because=because,
        trials=(),
        lowest_effort=None,
        parity=(),
        cost=Cost(connections=meter.connections, bytes=meter.bytes, seconds=before.runtime_s),
        records=(before.id,),
        observations=(),
        versions=before.versions,
    )


def _because(trials: tuple[Trial, ...], lowest: int | None, stopped: str | None) -> str:
    """One sentence for people."""
    works = [str(trial.technique) for trial in trials if trial.outcome is Outcome.WORKS]
    tried = sum(trial.outcome is not Outcome.NOT_AVAILABLE for trial in trials)
    end = f"; {stopped}" if stopped else ""
    if not works:
        return f"none of the {tried} techniques that could be tried is known to open the site{end}"
    effort = f"lowest effort {lowest}" if lowest is not None else "by parity alone"
    return (
        f"{len(works)} of the {tried} techniques that could be tried open the site ({', '.join(works)}), {effort}{end}"
    )


def slimmed(observations: Iterable[Observation]) -> tuple[Observation, ...]:
    """The same observations with every page's text and every chain's issuers kept once."""
    seen: set[str] = set()
    kept: list[Observation] = []
    for one in observations:
        if isinstance(one, HttpObservation) and one.body_sha256:
            page = one.body_sha256
            one = replace(one, body="") if page in seen else one
            seen.add(page)
        elif isinstance(one, TlsObservation) and one.chain:
            leaf = one.chain[0].sha256
            one = replace(one, chain=one.chain[:1]) if leaf in seen else one
            seen.add(leaf)
        kept.append(one)
    return tuple(kept)
