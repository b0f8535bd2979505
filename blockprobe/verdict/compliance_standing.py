"""Where one entry of an order stands now: in force or not, blocked, open, or neither, and why neither."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from blockprobe.model.history import History, Spell
from blockprobe.model.order import Order, OrderKind, OrderTarget, TargetKind, Technique
from blockprobe.model.plan import Window
from blockprobe.model.words import State
from blockprobe.verdict.compliance_types import Abstained, LineClaim
from blockprobe.verdict.spells import technique_of

_ALL = frozenset({Technique.DNS, Technique.IP, Technique.URL})


@dataclass(frozen=True, slots=True, kw_only=True)
class Survey:
    """What is known from one line when figures are asked; only histories of the respondent's network are in it.

    `below`: the histories of all names below a name.
    """

    histories: Mapping[str, History]
    below: Mapping[str, list[History]]
    line: LineClaim
    now: datetime

    def is_fresh(self, history: History) -> bool:
        """Whether the latest look, conclusive or not, is recent enough to speak of now."""
        if history.last_at is None:
            return False
        return abs(self.now - history.last_at) <= timedelta(seconds=self.line.stale_after_s)


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """An entry now. `implemented` and `reach`: true, false, or None, and then `why` says why."""

    target: OrderTarget
    history: History | None
    implemented: bool | None
    reach: bool | None
    why: Abstained | None
    scope_gap: bool = False


def survey_of(histories: Mapping[str, History], network: str, line: LineClaim, now: datetime) -> Survey:
    """The survey of what was looked at from the network; a line that moved proves nothing about its former provider."""
    own = {name: one for name, one in histories.items() if one.network == network and one.last_at is not None}
    return Survey(histories=own, below=_below(own), line=line, now=now)


def _below(histories: Mapping[str, History]) -> dict[str, list[History]]:
    """The histories of the names below each name; URLs and addresses have none."""
    found: dict[str, list[History]] = {}
    for name, history in histories.items():
        parent = "" if "/" in name else name.partition(".")[2]
        while parent:
            found.setdefault(parent, []).append(history)
            parent = parent.partition(".")[2]
    return found


def standing_of(order: Order, target: OrderTarget, survey: Survey, below: Iterable[History] = ()) -> Standing:
    """Where the entry stands; `below` are the histories of its subdomains, which a domain order demands as well."""
    history = survey.histories.get(target.value)
    why = _unknown(history, survey)
    if history is None or why is not None:
        return Standing(target=target, history=history, implemented=None, reach=None, why=why)
    spell = current(history)
    implemented, reach = is_implemented(spell, techniques_for(order, target)), is_reached(spell)
    gap = bool(implemented) and any(_is_open(one, survey) for one in below)
    why = None if reach is not None and implemented is not None else _neither(spell)
    return Standing(
        target=target, history=history, implemented=implemented and not gap, reach=reach, why=why, scope_gap=gap
    )


def techniques_for(order: Order, target: OrderTarget) -> frozenset[Technique]:
    """What counts as carrying the order out for this entry; an address can only be blocked as one."""
    if target.kind is TargetKind.ADDRESS:
        return frozenset({Technique.IP})
    return _ALL if Technique.ANY in order.techniques else frozenset(order.techniques)


def is_implemented(spell: Spell, techniques: frozenset[Technique]) -> bool | None:
    """Whether what the order demands was met in these looks; None where they tell nothing of it."""
    if spell.not_by_order or spell.third_party:
        return None
    if any(technique_of(mechanism) in techniques for mechanism in spell.implemented_by):
        return True
    return False if spell.state in (State.BLOCKED, State.ACCESSIBLE) else None


def is_reached(spell: Spell) -> bool | None:
    """Whether a default browser met a block in these looks; None where they tell nothing of it."""
    if spell.not_by_order or spell.third_party:
        return None
    return {State.BLOCKED: True, State.ACCESSIBLE: False}.get(spell.state)


def is_kept(spell: Spell) -> bool | None:
    """Whether anything that an order could demand was in the way, by whatever technique."""
    return True if is_implemented(spell, _ALL) else is_reached(spell)


def current(history: History) -> Spell:
    """The latest conclusive looks; the history must have one."""
    if history.spells:
        return history.spells[-1]
    at = history.last_conclusive_at or history.last_at
    assert history.state is not None
    assert at is not None
    return Spell(
        state=history.state,
        implemented_by=history.implemented_by,
        not_by_order=history.not_by_order,
        third_party=history.own_resolver is False,
        first_at=history.since.until if history.since else at,
        last_at=at,
    )


def is_in_force(order: Order, target: OrderTarget, line: LineClaim, now: datetime) -> bool:
    """Within the order's dates and the entry's own; of a live order, in a window where the operator names any."""
    start, end = target.from_at or order.in_force_from, end_of(order, target)
    if (start is not None and now < start) or (end is not None and now >= end):
        return False
    windows = windows_of(order, line)
    return not windows or any(window.start <= now < window.end for window in windows)


def end_of(order: Order, target: OrderTarget) -> datetime | None:
    """When the entry ends: with the order or before."""
    ends = [moment for moment in (order.in_force_until, target.until_at) if moment is not None]
    return min(ends, default=None)


def windows_of(order: Order, line: LineClaim) -> list[Window]:
    """The windows of a live order, by their ends; of any other order none."""
    if order.kind is not OrderKind.LIVE:
        return []
    mine = [window for window in line.windows if not window.orders or order.id in window.orders]
    return sorted(mine, key=lambda window: window.end)


def _unknown(history: History | None, survey: Survey) -> Abstained | None:
    if history is None or history.last is None:
        return Abstained.NEVER
    if not survey.is_fresh(history):
        return Abstained.STALE
    inconclusive = history.last is State.INCONCLUSIVE or history.state is None
    return Abstained.INCONCLUSIVE if inconclusive else None


def _neither(spell: Spell) -> Abstained:
    if spell.not_by_order:
        return Abstained.NOT_BY_ORDER
    if spell.third_party:
        return Abstained.THIRD_PARTY_RESOLVER
    return Abstained.DOWN if spell.state is State.DOWN else Abstained.REFUSED


def _is_open(history: History, survey: Survey) -> bool:
    return _unknown(history, survey) is None and is_reached(current(history)) is False
