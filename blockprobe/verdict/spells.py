"""Runs of equal conclusive looks, from which every figure over time is read."""

from dataclasses import replace
from datetime import datetime

from blockprobe.model.history import Interval, Seen, Spell
from blockprobe.model.order import Technique
from blockprobe.model.words import Layer, Mechanism, State

BLOCKED, OPEN = State.BLOCKED, State.ACCESSIBLE

#: So many are kept, the latest; a target that changes hourly fills them in a day.
MAX_SPELLS = 24


def technique_of(mechanism: Mechanism) -> Technique:
    """What an order would call it: `url` is whatever follows the name or the page that a browser sends."""
    if mechanism in (Mechanism.QUIC_TIMEOUT_IP,):
        return Technique.IP
    return {Layer.DNS: Technique.DNS, Layer.IP: Technique.IP}.get(mechanism.layer, Technique.URL)


def with_look(spells: tuple[Spell, ...], seen: Seen) -> tuple[Spell, ...]:
    """The runs after one more conclusive look, which is not older than the last."""
    new = Spell(
        state=seen.state,
        implemented_by=seen.implemented_by,
        not_by_order=seen.not_by_order,
        third_party=seen.own_resolver is False,
        first_at=seen.until,
        last_at=seen.at,
    )
    if spells and _key(spells[-1]) == _key(new):
        return (*spells[:-1], replace(new, first_at=spells[-1].first_at))
    return (*spells, new)[-MAX_SPELLS:]


def _key(spell: Spell) -> tuple[object, ...]:
    """What makes two looks say the same; which of a layer's mechanisms it was does not."""
    techniques = frozenset(technique_of(mechanism) for mechanism in spell.implemented_by)
    return spell.state, techniques, spell.not_by_order, spell.third_party


def began(spells: tuple[Spell, ...], state: State, opposite: State) -> Interval | None:
    """When `state` began, where it was seen before and its opposite was not seen since; else None."""
    start: Spell | None = None
    ended: datetime | None = None
    for spell in spells:
        if spell.state is opposite:
            start, ended = None, spell.last_at
        elif spell.state is state and start is None:
            start = spell
    return None if start is None else Interval(after=ended, until=start.first_at)


def rewound(spells: tuple[Spell, ...], at: datetime) -> tuple[Spell, ...]:
    """The runs as far as they are known to lie before `at`: of a run that goes on beyond it, only its first look."""
    return tuple(
        spell if spell.last_at <= at else replace(spell, last_at=spell.first_at)
        for spell in spells
        if spell.first_at <= at
    )
