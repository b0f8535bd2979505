"""The mirrors of the story: what looks every six hours make of a dozen names of two orders' sites."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Final

from blockprobe.mirrors.lives import advance
from blockprobe.model.mirror import MirrorClass, Source
from blockprobe.model.mirror_life import Life, MirrorLook
from blockprobe.model.words import State

_EVERY_H: Final = 6
_NEVER_H: Final = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class _Told:
    """One name: whose mirror it is (the site itself, where the name is empty), and the hours from which on it lives,
    is blocked and is dead; between the two hours of `doubt` nobody can tell what the line does."""

    site: str
    alive: int = 0
    blocked: int = _NEVER_H
    dead: int = _NEVER_H
    doubt: tuple[int, int] = (_NEVER_H, _NEVER_H)
    is_site: bool = False


_FILMS, _MORE_FILMS, _MUSIC = "films-0.example", "films-1.example", "music-0.example"
_TOLD: Final = (
    _Told(site=_FILMS, blocked=40, is_site=True),
    _Told(site=_FILMS, alive=0, blocked=90),
    _Told(site=_FILMS, alive=0, dead=150),
    _Told(site=_FILMS, alive=30, blocked=130),
    _Told(site=_FILMS, alive=60, doubt=(150, 190)),
    _Told(site=_FILMS, alive=100, blocked=180, dead=260),
    _Told(site=_FILMS, alive=200),
    _Told(site=_MORE_FILMS, blocked=40, is_site=True),
    _Told(site=_MORE_FILMS, alive=52, blocked=150),
    _Told(site=_MORE_FILMS, alive=176, dead=250),
    _Told(site=_MORE_FILMS, alive=284),
    _Told(site=_MUSIC, blocked=0, is_site=True),
    _Told(site=_MUSIC, alive=6, blocked=40, dead=210),
    _Told(site=_MUSIC, alive=60, blocked=160),
    _Told(site=_MUSIC, alive=170, blocked=240),
    _Told(site=_MUSIC, alive=245, doubt=(318, _NEVER_H)),
)


def lives(began: datetime, at: datetime) -> tuple[Life, ...]:
    """What is known of them at `at`; the story began at `began`."""
    return _lives(began, int((at - began) / timedelta(hours=_EVERY_H)))


@lru_cache(maxsize=8)
def _lives(began: datetime, looks: int) -> tuple[Life, ...]:
    return tuple(_life(number, began, looks) for number in range(len(_TOLD)))


def _life(number: int, began: datetime, looks: int) -> Life:
    told = _TOLD[number]
    name = told.site if told.is_site else f"mirror-{number}.example"
    kind = MirrorClass.PROXY_LIVE if number % 3 == 0 else MirrorClass.COPY_LIVE_UNKNOWN
    life = Life(name=name, site=told.site, source=Source.LINK_LIST, known_at=began, kind=kind)
    for look in _looks(told, began, looks):
        life = advance(life, look)
    return life


def _looks(told: _Told, began: datetime, looks: int) -> Iterator[MirrorLook]:
    for hour in range(0, looks * _EVERY_H + 1, _EVERY_H):
        alive = told.alive <= hour < told.dead
        yield MirrorLook(at=began + timedelta(hours=hour), took_s=20.0, alive=alive, line=_line(told, hour))


def _line(told: _Told, hour: int) -> State:
    if not told.alive <= hour < told.dead:
        return State.DOWN
    if told.doubt[0] <= hour < told.doubt[1]:
        return State.INCONCLUSIVE
    return State.BLOCKED if hour >= told.blocked else State.ACCESSIBLE
