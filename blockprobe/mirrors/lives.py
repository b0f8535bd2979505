"""PURE: what one more look changes in the life of a mirror.

A look takes place now and then, so every change lies in an interval (model.history.Interval).
"""

from dataclasses import replace
from datetime import datetime, timedelta

from blockprobe.model.history import Interval
from blockprobe.model.mirror import MirrorClass
from blockprobe.model.mirror_life import Life, LifeState, MirrorLook
from blockprobe.model.words import State

#: Looks in a row that must find a mirror dead: one may meet a restart of its server.
DEAD_LOOKS = 2

#: How often a name that does not live is looked at, by how long that is known.
_RARELY = (
    (timedelta(days=2), timedelta(hours=1)),
    (timedelta(days=30), timedelta(days=1)),
    (timedelta(days=36500), timedelta(days=7)),
)

COPIES = frozenset(
    {MirrorClass.MIRROR_SAME_OP, MirrorClass.PROXY_LIVE, MirrorClass.COPY_LIVE_UNKNOWN, MirrorClass.CLONE_STATIC}
)


#: What a page alike to the site's can turn out to be and then is no mirror of it.
NOT_MIRRORS = frozenset({MirrorClass.PARKED, MirrorClass.PHISH_LURE, MirrorClass.BLOCK_PAGE, MirrorClass.UNRELATED})


def advance(life: Life, look: MirrorLook) -> Life:
    """The life after one more look; looks come in the order of their time, an earlier one changes nothing."""
    if life.last_at is not None and look.at < life.last_at:
        return life
    life = _alive(life, look) if look.alive else _not_alive(life, look) if look.alive is False else life
    life = _on_the_line(life, look)
    kind = life.kind if look.kind is None else look.kind
    return replace(life, kind=kind, last_at=look.at)


def _alive(life: Life, look: MirrorLook) -> Life:
    first = life.first_alive
    if first is None:
        first = Interval(after=life.last_at, until=look.until)
    revived = life.revivals + (life.dead is not None)
    return replace(
        life, first_alive=first, last_alive_at=look.at, dead=None, doubt=None, dead_looks=0, revivals=revived
    )


def _not_alive(life: Life, look: MirrorLook) -> Life:
    if life.first_alive is None:
        return life
    doubt = life.doubt or look.until
    looks = life.dead_looks + 1
    dead = life.dead
    if dead is None and looks >= DEAD_LOOKS:
        dead = Interval(after=life.last_alive_at, until=doubt)
    return replace(life, dead=dead, doubt=doubt, dead_looks=looks)


def _on_the_line(life: Life, look: MirrorLook) -> Life:
    """Blocked needs the verdict `blocked`; only an opening takes it back. `down` and `inconclusive` say nothing."""
    if look.line is State.BLOCKED:
        blocked = life.blocked or Interval(after=life.last_open_at, until=look.until)
        return replace(life, line=State.BLOCKED, blocked=blocked, last_line_at=look.at)
    if look.line is State.ACCESSIBLE:
        unblocks = life.unblocks + (life.blocked is not None)
        return replace(
            life,
            line=State.ACCESSIBLE,
            blocked=None,
            last_open_at=look.at,
            last_line_at=look.at,
            unblocks=unblocks,
        )
    if look.line is State.REFUSED and life.blocked is None:
        return replace(life, line=State.REFUSED)
    return life


def is_due(life: Life, now: datetime) -> bool:
    """Whether another look is worth its packets: what may live, always; the dead and what never lived, ever more
    rarely (`_RARELY`)."""
    return wait_of(life, now) <= timedelta()


def wait_of(life: Life, now: datetime) -> timedelta:
    """How long until then; nothing, or less, when it is due."""
    if life.state not in (LifeState.DEAD, LifeState.NEVER) or life.last_at is None:
        return timedelta()
    since = life.dead.until if life.dead else life.known_at
    age = now - since
    every = next((every for until, every in _RARELY if age < until), _RARELY[-1][1])
    return life.last_at + every - now


def standing(life: Life, since: datetime | None) -> LifeState:
    """Its state, as far as looks after `since` tell it (None: at any time).

    What was last open or blocked is `unknown` once the latest look told nothing of the line, or nobody has seen it
    alive for so long.
    """
    if since is None or life.state not in (LifeState.OPEN, LifeState.BLOCKED):
        return life.state
    told = life.last_line_at is not None and life.last_line_at == life.last_at and life.last_line_at >= since
    alive = life.last_alive_at is not None and life.last_alive_at >= since
    return life.state if told and alive else LifeState.UNKNOWN
