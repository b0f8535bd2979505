"""The batteries of the story: what each technique shows of a blocked site, by how the site is blocked.

Only what a try shows is made up; outcomes, holes and the least effort are judged by the project's own code.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from blockprobe.measure.bypass.techniques import TECHNIQUES
from blockprobe.model.bypass import BypassSeen, Outcome, Shown, TechniqueId, Trial, Try, WayTrial
from blockprobe.model.words import Layer, State
from blockprobe.verdict.bypass import (
    AGREEING,
    hold_in_sandwich,
    judge_technique,
    judge_way,
    lowest_effort,
    parity_of,
)

from .story import NETWORK

_REAL, _OTHER, _SILENCE, _UNPROVEN = Shown.REAL, Shown.OTHER, Shown.SILENCE, Shown.UNPROVEN
_ROUNDS: Final = 7
"""Tries of what stays in doubt; what agrees is settled sooner."""
_COUNTING: Final = frozenset(one.id for one in TECHNIQUES if one.counts)
_MEANS: Final = {TechniqueId.OTHER_FAMILY: ("IPv6 alone", "IPv4 alone")}
"""The ways of a technique that has several; the first one shows what the tables below say, the others what the line
does."""

_Tools = Mapping[TechniqueId, Shown]
_PROXIES: Final[_Tools] = {TechniqueId.HTTP_PROXY: _REAL, TechniqueId.SOCKS5: _REAL, TechniqueId.TOR: _SILENCE}
_RESOLVERS: Final[_Tools] = {
    TechniqueId.RESOLVER_UDP: _OTHER,  # the line answers in another resolver's name
    TechniqueId.RESOLVER_TCP: _REAL,
    TechniqueId.RESOLVER_DOT: _SILENCE,
    TechniqueId.RESOLVER_DOH: _REAL,
}
_BY_LAYER: Final[Mapping[Layer, _Tools]] = {
    Layer.DNS: {TechniqueId.WWW: _OTHER, **_RESOLVERS, TechniqueId.WEB_PROXY: _REAL, **_PROXIES},
    Layer.TLS: {
        TechniqueId.HTTP3: _SILENCE,
        **dict.fromkeys(_RESOLVERS, _OTHER),
        **_PROXIES,
        TechniqueId.SPLIT_SEGMENTS: _REAL,
        TechniqueId.SPLIT_RECORDS: _OTHER,
    },
    Layer.IP: {TechniqueId.HTTP_PROXY: _SILENCE, TechniqueId.SOCKS5: _REAL},
}
_OWN: Final[Mapping[str, _Tools]] = {
    "films-1.example": {TechniqueId.WWW: _REAL},
    "films-4.example": {TechniqueId.OTHER_FAMILY: _REAL},
    "films-5.example": {TechniqueId.OTHER_FAMILY: _REAL},
    "films-0.example": {TechniqueId.MIRROR: _REAL},
    "music-0.example": {TechniqueId.MIRROR: _REAL, TechniqueId.HTTP3: _REAL},
    "music-1.example": {TechniqueId.MIRROR: _REAL},
    "203.0.113.8": {TechniqueId.SOCKS5: _OTHER},
    "203.0.113.9": {TechniqueId.SOCKS5: _UNPROVEN},
}
"""What is different for some sites."""


def battery(target: str, layer: Layer, at: datetime) -> BypassSeen:
    """What a battery at `at` says of a target that is blocked on a layer."""
    shown = {**_BY_LAYER[layer], **_OWN.get(target, {})}
    found = [_trial(technique.id, technique.effort, shown.get(technique.id), layer=layer) for technique in TECHNIQUES]
    trials = hold_in_sandwich(found, State.BLOCKED, State.BLOCKED, (0, AGREEING))
    return BypassSeen(
        target=target,
        at=at,
        network=NETWORK,
        lowest_effort=lowest_effort(trials, _COUNTING),
        outcomes=tuple((trial.technique, trial.outcome) for trial in trials),
        parity=tuple(sorted({gap.kind for gap in parity_of(trials)})),
    )


def _trial(technique: TechniqueId, effort: int, shown: Shown | None, *, layer: Layer) -> Trial:
    if shown is None:
        because = "there is none in the story"
        return Trial(technique=technique, effort=effort, outcome=Outcome.NOT_AVAILABLE, because=because)
    first, *others = _MEANS.get(technique, (str(technique),))
    shut = _OTHER if layer is Layer.DNS else _SILENCE
    return judge_technique(technique, effort, (_way(first, shown), *(_way(means, shut) for means in others)))


def _way(means: str, shown: Shown) -> WayTrial:
    rounds = range(_ROUNDS if shown is _UNPROVEN else AGREEING)
    listed = [Try(round=number, listed=True, shown=shown, because=str(shown)) for number in rounds]
    neutral = [Try(round=number, listed=False, shown=_REAL) for number in range(AGREEING)]
    return judge_way(means, [*listed, *neutral])
