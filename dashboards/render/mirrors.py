"""The mirrors of the story: what looks every six hours make of a dozen names of two orders' sites."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Final

from blockprobe.mirrors.lives import advance
from blockprobe.model.mirror import MirrorClass, Source
from blockprobe.model.mirror_life import Life, MirrorLook
from blockprobe.model.words import State

_EVERY_H: Final = 6
_NEVER_H: Final = 10_000
_MIRRORS: Final = (
    ("films-0.example", 0, 90, _NEVER_H),
    ("films-0.example", 0, _NEVER_H, 150),
    ("films-0.example", 30, 130, _NEVER_H),
    ("films-0.example", 60, _NEVER_H, _NEVER_H),
    ("films-0.example", 100, 180, 260),
    ("films-0.example", 200, _NEVER_H, _NEVER_H),
    ("films-1.example", 0, 64, _NEVER_H),
    ("films-1.example", 120, _NEVER_H, 220),
    ("films-1.example", 0, _NEVER_H, _NEVER_H),
    ("music-0.example", 0, 30, 210),
    ("music-0.example", 20, 240, _NEVER_H),
    ("music-0.example", 10, _NEVER_H, _NEVER_H),
)
"""Whose mirror, and the hours from which on it lives, is blocked and is dead."""


def lives(began: datetime, at: datetime) -> tuple[Life, ...]:
    """What is known of them at `at`; the story began at `began`."""
    return _lives(began, int((at - began) / timedelta(hours=_EVERY_H)))


@lru_cache(maxsize=8)
def _lives(began: datetime, looks: int) -> tuple[Life, ...]:
    return tuple(_life(number, began, looks) for number in range(len(_MIRRORS)))


def _life(number: int, began: datetime, looks: int) -> Life:
    site, *_ = _MIRRORS[number]
    kind = MirrorClass.PROXY_LIVE if number % 3 == 0 else MirrorClass.COPY_LIVE_UNKNOWN
    life = Life(name=f"mirror-{number}.example", site=site, source=Source.LINK_LIST, known_at=began, kind=kind)
    for look in _looks(number, began, looks):
        life = advance(life, look)
    return life


def _looks(number: int, began: datetime, looks: int) -> Iterator[MirrorLook]:
    _, alive_h, blocked_h, dead_h = _MIRRORS[number]
    for hour in range(0, looks * _EVERY_H + 1, _EVERY_H):
        alive = alive_h <= hour < dead_h
        line = State.DOWN if not alive else State.BLOCKED if hour >= blocked_h else State.ACCESSIBLE
        yield MirrorLook(at=began + timedelta(hours=hour), took_s=20.0, alive=alive, line=line)
