"""PURE: what lives of mirrors say about an order: coverage, half-life, how soon another takes the place of one lost.

Figures are about *known* mirrors; nobody knows how many there are. So the count stands beside every ratio.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from blockprobe.mirrors.lives import NOT_MIRRORS, standing
from blockprobe.mirrors.survival import Cause, HalfLife, Span, half_life
from blockprobe.model.history import Interval
from blockprobe.model.mirror_life import Life, LifeState


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """Known live mirrors: how many this line blocks, opens, or leaves us in doubt about.

    `lower` and `upper` bound blocked ÷ live whatever the unknown ones are; `ratio` is given where none is unknown.
    All three are None without a live mirror.
    """

    blocked: int
    open: int
    unknown: int

    @property
    def live(self) -> int:
        """The denominator."""
        return self.blocked + self.open + self.unknown

    @property
    def lower(self) -> float | None:
        """As if every unknown one were open."""
        return self.blocked / self.live if self.live else None

    @property
    def upper(self) -> float | None:
        """As if every unknown one were blocked."""
        return (self.blocked + self.unknown) / self.live if self.live else None

    @property
    def ratio(self) -> float | None:
        """Blocked ÷ live."""
        return None if self.unknown else self.lower


@dataclass(frozen=True, slots=True, kw_only=True)
class MirrorFigures:
    """All figures of one order's sites on one line. `at_once` losses were made good before they happened; `losses` is
    how many could be dated."""

    coverage: Coverage
    half_lives: tuple[HalfLife, ...]
    substitution: HalfLife
    at_once: int
    losses: int


def figures(lives: Iterable[Life], now: datetime, *, since: datetime | None = None) -> MirrorFigures:
    """The figures of these lives; those of the sites themselves (`is_site`) only say when a site was lost.

    `since`: coverage rests on looks after it alone (None: on the last ones, however old).
    """
    lives = tuple(lives)
    mirrors = [life for life in lives if life.first_alive is not None and is_mirror(life)]
    sites_lost = [(life.site, life.blocked) for life in lives if is_site(life) and life.blocked is not None]
    spans = [span_of(life) for life in mirrors]
    waits = _waits(mirrors, sites_lost, now)
    return MirrorFigures(
        coverage=coverage(mirrors, since=since),
        half_lives=(half_life(spans), half_life(spans, Cause.BLOCKED), half_life(spans, Cause.DEAD)),
        substitution=half_life(waits),
        at_once=sum(1 for wait in waits if wait.high_s == 0.0),
        losses=len(waits),
    )


def is_site(life: Life) -> bool:
    """Whether it is the life of the site itself, which its book keeps as well."""
    return life.name == life.site


def is_mirror(life: Life) -> bool:
    """Whether it counts: whatever showed the site's page counts until it is known to be something else."""
    return not is_site(life) and life.kind not in NOT_MIRRORS


def coverage(lives: Iterable[Life], *, since: datetime | None = None) -> Coverage:
    """Of the mirrors that live now."""
    states = [standing(life, since) for life in lives if is_mirror(life)]
    return Coverage(
        blocked=states.count(LifeState.BLOCKED),
        open=states.count(LifeState.OPEN),
        unknown=states.count(LifeState.UNKNOWN),
    )


def span_of(life: Life) -> Span:
    """The mirror's time until it was first lost to this line: blocked or dead, whichever came first."""
    assert life.first_alive is not None
    began = life.first_alive.until
    ends = [(life.blocked, Cause.BLOCKED), (life.dead, Cause.DEAD)]
    known = [(end, cause) for end, cause in ends if end is not None]
    if not known:
        watched = max(t for t in (life.last_alive_at, began) if t is not None)
        return Span(low_s=_after(began, watched))
    end, cause = min(known, key=lambda item: item[0].until)
    low_s = _after(began, end.after) if end.after else 0.0
    return Span(low_s=low_s, high_s=max(low_s, _after(began, end.until)), cause=cause)


def _waits(lives: Sequence[Life], sites_lost: Sequence[tuple[str, Interval]], now: datetime) -> list[Span]:
    """For each loss that can be dated: how long until a mirror of the site was there that this line had not lost."""
    losses = [*sites_lost, *((life.site, end) for life in lives for end in (life.blocked, life.dead) if end)]
    arrivals: dict[str, list[_Arrival]] = {}
    for life in lives:
        if life.first_alive is not None:
            ends = [end.until for end in (life.blocked, life.dead) if end is not None]
            arrivals.setdefault(life.site, []).append(_Arrival(life.first_alive, min(ends, default=None)))
    for of_site in arrivals.values():
        of_site.sort(key=lambda arrival: arrival.came.until)
    return [_wait(loss, arrivals.get(site, ()), now) for site, loss in losses if loss.after is not None]


@dataclass(frozen=True, slots=True)
class _Arrival:
    """When a mirror came, and by when this line had lost it (None: not yet)."""

    came: Interval
    lost: datetime | None


def _wait(loss: Interval, arrivals: Sequence[_Arrival], now: datetime) -> Span:
    """`arrivals` in their order; one that was lost in the same moment or before is no substitute."""
    assert loss.after is not None
    first = next((one.came for one in arrivals if one.lost is None or one.lost > loss.until), None)
    if first is None:
        return Span(low_s=_after(loss.until, now))
    if first.until <= loss.after:
        return Span(low_s=0.0, high_s=0.0, cause=Cause.REPLACED)
    low_s = _after(loss.until, first.after) if first.after else 0.0
    return Span(low_s=low_s, high_s=max(low_s, _after(loss.after, first.until)), cause=Cause.REPLACED)


def _after(began: datetime, at: datetime) -> float:
    return max(0.0, (at - began).total_seconds())
