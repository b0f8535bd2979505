"""Histories: what one record says of a target, and what that changes in what was known of it.

A change is dated by an interval, never by a moment: from the beginning of the last look before it to the end of the
first one after it, for a rule may be switched while somebody looks. Only conclusive states count; `down` and `refused`
are conclusive and neither open nor blocked, so they end no block and begin none.
"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta

from blockprobe.model.history import History, Interval, Seen, Spell, Transition
from blockprobe.model.record import Record
from blockprobe.model.words import State
from blockprobe.verdict.seen import seen_of
from blockprobe.verdict.spells import BLOCKED, OPEN, began, rewound, with_look

__all__ = ["advance", "changes_within", "replay", "seen_of"]

#: Changes are remembered for so long, and no more than so many.
FLAPPING = timedelta(days=7)
MAX_CHANGES = 64

#: A record that is older than the last one by less is late and tells nothing new; by more, the clock was set back.
LATE = timedelta(hours=1)


def advance(history: History, seen: Seen, *, network: str | None) -> tuple[History, Transition | None]:
    """The history after one more look, and the change of conclusive state that it shows, if any.

    `network` is the line's at the time of the look. Another network begins a new history, which is no transition; while
    the network is unknown the looks conclude nothing about the one that was known.
    """
    moved = history.network != network and history.last_at is not None
    if moved and network is not None:
        return _look(History(target=history.target, network=network), seen)[0], None
    if history.last_at is not None and history.last_at - LATE < seen.at < history.last_at:
        return history, None
    history = _rewound(history, seen.at)
    if moved:
        return replace(history, last=seen.state, last_at=seen.at), None
    return _look(replace(history, network=network), seen)


def replay(target: str, records: Iterable[Record], *, network: str | None = None) -> History:
    """The history that a target's records lead to, in the order given."""
    history = History(target=target)
    for record in records:
        history, _ = advance(history, seen_of(record), network=network)
    return history


def changes_within(history: History, now: datetime) -> int:
    """How often the conclusive state changed in the seven days before `now`."""
    return sum(now - FLAPPING <= change <= now for change in history.changes)


def _look(history: History, seen: Seen) -> tuple[History, Transition | None]:
    """One more look in order of time; an inconclusive one changes only when it was and what it said."""
    if seen.state is State.INCONCLUSIVE:
        return replace(history, last=seen.state, last_at=seen.at), None
    when = Interval(after=_began_after(history, seen), until=seen.until)
    changed = history.state is not seen.state
    resumed = _resumed(history, seen) if changed else history.since
    standing = replace(
        _standing(history, seen),
        since=resumed or when,
        last_open_at=seen.at if seen.state is OPEN else history.last_open_at,
        last_blocked_at=seen.at if seen.state is BLOCKED else history.last_blocked_at,
        first_blocked=history.first_blocked or (when if seen.state is BLOCKED else None),
        changes=_changes(history, seen.at, changed=changed and history.state is not None),
        spells=with_look(history.spells, seen),
    )
    if not changed:
        return standing, None
    seen_as = when if resumed is None else replace(when, after=history.last_conclusive_at)
    return standing, _transition(history, seen, seen_as)


def _standing(history: History, seen: Seen) -> History:
    """The history with what the look itself says."""
    return replace(
        history,
        state=seen.state,
        mechanisms=seen.mechanisms,
        implemented_by=seen.implemented_by,
        by=seen.by,
        cause=seen.cause,
        not_by_order=seen.not_by_order,
        via_redirect=seen.via_redirect,
        parity_gap=seen.parity_gap,
        partial=seen.partial,
        own_resolver=seen.own_resolver,
        last=seen.state,
        last_at=seen.at,
        last_conclusive_at=seen.at,
    )


def _began_after(history: History, seen: Seen) -> datetime | None:
    """The last look at which what begins now was not yet so.

    A block is bounded by the last open look and openness by the last blocked one: a site that was down in between
    showed neither. Any other state is bounded by the last look that said otherwise.
    """
    if seen.state is BLOCKED:
        return history.last_open_at
    return history.last_blocked_at if seen.state is OPEN else history.last_conclusive_at


def _resumed(history: History, seen: Seen) -> Interval | None:
    """When a state began that was only hidden while the site was down; None where it begins now."""
    opposite = {BLOCKED: OPEN, OPEN: BLOCKED}.get(seen.state)
    return None if opposite is None else began(history.spells, seen.state, opposite)


def _transition(history: History, seen: Seen, when: Interval) -> Transition:
    return Transition(
        target=history.target,
        when=when,
        before=history.state,
        now=seen.state,
        mechanisms=seen.mechanisms,
        record=seen.record,
        network=history.network,
    )


def _changes(history: History, at: datetime, *, changed: bool) -> tuple[datetime, ...]:
    kept = tuple(change for change in history.changes if at - FLAPPING <= change)
    return (*kept, at)[-MAX_CHANGES:] if changed else kept


def _rewound(history: History, at: datetime) -> History:
    """The history without times after `at`: the clock was wrong when they were written, or is now.

    Whichever it was, no interval may end before it begins; what is no longer known to be earlier is forgotten.
    """
    if history.last_at is None or at >= history.last_at:
        return history
    spells = rewound(history.spells, at)
    return replace(
        history,
        since=_rewound_interval(history.since, at),
        last_conclusive_at=_latest(spells, *State),
        last_open_at=_earlier(history.last_open_at, at) or _latest(spells, OPEN),
        last_blocked_at=_earlier(history.last_blocked_at, at) or _latest(spells, BLOCKED),
        first_blocked=_rewound_interval(history.first_blocked, at),
        changes=tuple(change for change in history.changes if change <= at),
        spells=spells,
    )


def _rewound_interval(interval: Interval | None, at: datetime) -> Interval | None:
    """The same interval where it lies before `at`; otherwise what can still be said of it: nothing after `at`."""
    if interval is None or interval.until <= at:
        return interval
    return Interval(after=_earlier(interval.after, at), until=at)


def _earlier(moment: datetime | None, at: datetime) -> datetime | None:
    return moment if moment is not None and moment <= at else None


def _latest(spells: tuple[Spell, ...], *states: State) -> datetime | None:
    return max((spell.last_at for spell in spells if spell.state in states), default=None)
