"""How long it took until a target was blocked, and how long it stayed so afterwards: intervals, never moments."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from blockprobe.model.history import History, Interval, Spell
from blockprobe.model.order import Order, OrderTarget, Respondent, TimeSource
from blockprobe.model.plan import Window
from blockprobe.verdict.compliance_standing import (
    end_of,
    is_implemented,
    is_kept,
    techniques_for,
    windows_of,
)
from blockprobe.verdict.compliance_types import Ended, LineClaim, Met, TargetLag, TargetTime
from blockprobe.verdict.counting import Span

_PUBLIC = (TimeSource.COURT, TimeSource.LIST)


@dataclass(frozen=True, slots=True, kw_only=True)
class Phase:
    """Looks in a row with one answer, whatever was unknown in between; it began after `after` (the opposite's last)."""

    holds: bool
    after: datetime | None
    first_at: datetime
    last_at: datetime


def phases_of(spells: tuple[Spell, ...], judge: Callable[[Spell], bool | None]) -> list[Phase]:
    """The phases in which `judge` held and did not; spells of which it says nothing belong to none."""
    phases: list[Phase] = []
    for spell in spells:
        holds = judge(spell)
        if holds is None:
            continue
        last = phases[-1] if phases else None
        if last is not None and last.holds is holds:
            phases[-1] = Phase(holds=holds, after=last.after, first_at=last.first_at, last_at=spell.last_at)
        else:
            after = None if last is None else last.last_at
            phases.append(Phase(holds=holds, after=after, first_at=spell.first_at, last_at=spell.last_at))
    return phases


def time_to_block(order: Order, respondent: Respondent, target: OrderTarget, history: History | None) -> TargetTime:
    """When what the order demands was first met after the respondent had been told, and whether in time.

    A block of before that has gone meanwhile does not count; one that was still there was in time from the beginning.
    """
    techniques = techniques_for(order, target)
    phases = [] if history is None else phases_of(history.spells, lambda spell: is_implemented(spell, techniques))
    told = _told_at(respondent, target)
    notice = told if respondent.time_source in _PUBLIC else None
    begun_by = told or order.in_force_from or order.made_at
    met = [phase for phase in phases if phase.holds and (begun_by is None or phase.last_at >= begun_by)]
    first = met[0] if met else None
    deadline = _deadline(respondent, target, told)
    return TargetTime(
        target=target.value,
        time_source=respondent.time_source,
        notice_at=notice,
        first_seen=None if first is None else Interval(after=first.after, until=first.first_at),
        seconds=None if notice is None else _elapsed(first, phases, notice),
        deadline=deadline,
        deadline_met=Met.UNKNOWN if deadline is None else _met(first, phases, deadline),
    )


def unblock_lag(
    order: Order, target: OrderTarget, history: History | None, claim: tuple[LineClaim, datetime]
) -> TargetLag | None:
    """How long the target stayed blocked after its end; None where it has not ended, or was not blocked then."""
    line, now = claim
    if history is None:
        return None
    ended = _ended(order, target, line, now)
    if ended is None:
        return None
    what, at, next_start = ended
    seconds = _lag(phases_of(history.spells, is_kept), at, next_start)
    return None if seconds is None else TargetLag(target=target.value, ended=what, ended_at=at, seconds=seconds)


def _told_at(respondent: Respondent, target: OrderTarget) -> datetime | None:
    """When the respondent had to begin: told of the entry, else of the order, and not before the entry holds."""
    if target.notice_at is not None:
        return target.notice_at
    known = [at for at in (respondent.notice_at or respondent.served_at, target.from_at) if at is not None]
    return max(known, default=None)


def _deadline(respondent: Respondent, target: OrderTarget, told: datetime | None) -> datetime | None:
    """The entry's own deadline, or the respondent's unless the entry came after that."""
    if target.deadline is not None:
        return target.deadline
    whole = respondent.deadline
    return None if whole is not None and told is not None and told > whole else whole


def _elapsed(first: Phase | None, phases: list[Phase], notice: datetime) -> Span | None:
    if first is not None:
        lower = 0.0 if first.after is None else _seconds(notice, first.after)
        return Span(lower=lower, upper=_seconds(notice, first.first_at))
    opened = [phase.last_at for phase in phases if not phase.holds]
    return Span(lower=_seconds(notice, opened[-1])) if opened else None


def _met(first: Phase | None, phases: list[Phase], deadline: datetime) -> Met:
    """Yes only where the block was seen by then; no only where openness was seen then or later, before any block."""
    if first is not None and first.first_at <= deadline:
        return Met.YES
    open_until = first.after if first is not None else max((p.last_at for p in phases if not p.holds), default=None)
    return Met.NO if open_until is not None and open_until >= deadline else Met.UNKNOWN


def _ended(
    order: Order, target: OrderTarget, line: LineClaim, now: datetime
) -> tuple[Ended, datetime, datetime | None] | None:
    """What ended last, when, and until when the target had to be open (None: it still has)."""
    end = end_of(order, target)
    if end is not None and end <= now:
        return Ended.TARGET if end == target.until_at else Ended.ORDER, end, None
    windows = windows_of(order, line)
    over = [window for window in windows if window.end <= now and not _covered(window.end, windows)]
    if not over:
        return None
    last = over[-1].end
    return Ended.WINDOW, last, min((w.start for w in windows if w.start > last), default=None)


def _covered(moment: datetime, windows: list[Window]) -> bool:
    """Another window goes on at that moment."""
    return any(window.start <= moment < window.end for window in windows)


def _lag(phases: list[Phase], end: datetime, next_start: datetime | None) -> Span | None:
    known = [phase for phase in phases if next_start is None or phase.first_at < next_start]
    blocked = [phase for phase in known if phase.holds]
    opened = next((phase for phase in known if not phase.holds and phase.last_at >= end), None)
    if opened is not None and opened.after is not None:
        if opened.first_at <= end:
            return None
        return Span(lower=_seconds(end, opened.after), upper=_seconds(end, opened.first_at))
    if opened is not None or not blocked or blocked[-1].last_at < end:
        return None
    beyond = next_start is not None and blocked[-1].last_at >= next_start
    return Span(lower=0.0 if beyond else _seconds(end, blocked[-1].last_at))


def _seconds(begin: datetime, end: datetime) -> float:
    return max(0.0, (end - begin).total_seconds())
