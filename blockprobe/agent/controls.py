"""The controls around a cycle: neutral sites of each family, the portal, the clock and the helper, before and after.

They are looked at by the same code as the line's own check. What they say goes into the record's `line`, so that the
judge draws the conclusion and anybody can draw it again: a family whose neutral sites fail before or after proves
nothing, and where none is left every target is inconclusive.
"""

from dataclasses import dataclass, replace

from blockprobe.measure.line import LineCheck
from blockprobe.measure.shared import Crowd, Shared
from blockprobe.model.line import Line, NeutralCheck
from blockprobe.model.record import Record
from blockprobe.model.words import State
from blockprobe.verdict.fingerprint import FingerprintSet
from blockprobe.verdict.judge import judge

#: As many checks of neutral sites as a record keeps.
_KEPT_CHECKS = 40
#: A clock that is wrong by more than this is told (seconds); certificates fail from a day on.
CLOCK_TOLERANCE_S = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Controls:
    """What one look at the controls found; `checks` are at monotonic times (seconds).

    `helper`: whether any helper answered, and `address` this machine as it sees it; None without a helper.
    """

    line: Line
    checks: tuple[tuple[float, NeutralCheck], ...] = ()
    helper: bool | None = None
    address: str | None = None

    @property
    def works(self) -> bool:
        """Whether anything can be proven now: a family reaches neutral sites, and no portal stands before them."""
        tested = [works for works in self.line.families.values() if works is not None]
        return not self.line.portal and (any(tested) or not tested)

    @property
    def problem(self) -> str | None:
        """Why nothing can be proven, as a short word; None: all is well."""
        if self.line.portal:
            return "captive_portal"
        return None if self.works else "no_neutral_site"

    @property
    def clock_ok(self) -> bool | None:
        """Whether this machine's clock is right to a minute; None: nobody told the time."""
        offset = self.line.clock_offset_s
        return None if offset is None else abs(offset) <= CLOCK_TOLERANCE_S


def controls_of(shared: Shared) -> Controls:
    """What the run's own check of the line has just found: as good as another look."""
    key = shared.key()
    return Controls(line=_told(shared, shared.line), address=None if key is None else key.client)


async def look_at_controls(shared: Shared) -> Controls:
    """Look at every control once. `shared` itself is not changed; its clients and the helper's key are used."""
    own = replace(shared, neutral=[], echoes=[], crowd=Crowd(), checks=[], line=Line(), rest_of_line=None)
    check = LineCheck(own)
    await check.begin()
    answered = [control.failure is None for control in check.case.controls]
    key = own.key()
    return Controls(
        line=_told(own, own.line),
        checks=tuple(own.checks),
        helper=any(answered) if answered else None,
        address=None if key is None else key.client,
    )


def _told(shared: Shared, line: Line) -> Line:
    """Neutral sites that no resolver finds are not untested: no family reaches them."""
    if shared.neutral or not shared.settings.controls.neutral:
        return line
    return replace(line, families=dict.fromkeys(line.families, False))


def stand_on(shared: Shared, controls: Controls) -> None:
    """What is measured from now on is judged on this state of the line; the slow part of its check stays."""
    found = controls.line
    shared.line = replace(
        shared.line,
        checked_at=found.checked_at,
        families=found.families,
        portal=found.portal,
        clock_offset_s=found.clock_offset_s,
    )
    shared.checks.extend(controls.checks)


def settled(record: Record, after: Controls, *, done: float, known: FingerprintSet) -> Record:
    """The record after the controls that followed it: the same, or judged again on the worse of both states.

    `done`: when the measurement ended (monotonic seconds). What opened stays open; no record becomes `blocked` here.
    """
    if record.verdict.state is State.ACCESSIBLE or not _is_worse(record.line, after.line):
        return record
    line = replace(
        record.line,
        families=_worst(record.line.families, after.line.families),
        portal=bool(record.line.portal or after.line.portal),
        neutral=(*record.line.neutral, *_seen_from(done - record.runtime_s, after))[-_KEPT_CHECKS:],
    )
    verdict = judge(replace(record.measurement(), line=line), known)
    if verdict.state is State.BLOCKED and record.verdict.state is not State.BLOCKED:
        return record
    return replace(record, line=line, verdict=verdict)


def _is_worse(before: Line, after: Line) -> bool:
    if after.portal and not before.portal:
        return True
    return any(works is False and before.families.get(family) for family, works in after.families.items())


def _worst(before: dict[str, bool | None], after: dict[str, bool | None]) -> dict[str, bool | None]:
    return {family: False if after.get(family) is False else works for family, works in before.items()}


def _seen_from(began: float, after: Controls) -> tuple[NeutralCheck, ...]:
    return tuple(replace(check, t_s=round(at - began, 6)) for at, check in after.checks)
