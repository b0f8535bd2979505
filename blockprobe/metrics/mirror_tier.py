"""Mirrors of an order's sites, counted and never named: how many live, how many this line blocks, how long they last.

Everything is about *known* mirrors, so the counts stand beside every figure; what rests on none of them is absent.
"""

from blockprobe.metrics.snapshot import Snapshot
from blockprobe.metrics.text import Page
from blockprobe.mirrors.by_order import OrderMirrors
from blockprobe.mirrors.survival import Cause, HalfLife


def write_mirrors(page: Page, snapshot: Snapshot, order: str) -> None:
    """The figures of one order."""
    for one in snapshot.mirrors:
        if one.order == order:
            _write(page, one, (order, snapshot.network or ""))


def _write(page: Page, one: OrderMirrors, labels: tuple[str, str]) -> None:
    for (kind, state), count in sorted(one.counts.items()):
        page.add("mirrors", count, *labels, kind.value, state.value)
    found = one.figures
    if found.coverage.ratio is not None:
        page.add("mirror_coverage_ratio", found.coverage.ratio, *labels)
    for bound, value in (("lower", found.coverage.lower), ("upper", found.coverage.upper)):
        if value is not None:
            page.add("mirror_coverage_bound_ratio", value, *labels, bound)
    if one.last_look_at is not None:
        page.add("mirror_last_conclusive_timestamp_seconds", one.last_look_at.timestamp(), *labels)
    _half_lives(page, one, labels)
    if found.losses:
        page.add("mirror_losses", found.losses, *labels)
        page.add("mirror_losses_made_good", found.substitution.ended, *labels)
        page.add("mirror_losses_made_good_at_once", found.at_once, *labels)
        _bounds(page, "mirror_substitution_seconds", found.substitution, labels)


def _half_lives(page: Page, one: OrderMirrors, labels: tuple[str, str]) -> None:
    halves = {half.cause: half for half in one.figures.half_lives}
    either = halves[None]
    if not either.n:
        return
    for cause in (Cause.BLOCKED, Cause.DEAD):
        page.add("mirror_half_life_mirrors", halves[cause].ended, *labels, cause.value)
    page.add("mirror_half_life_mirrors", either.n - either.ended, *labels, "none")
    for half in one.figures.half_lives:
        _bounds(page, "mirror_half_life_seconds", half, (*labels, "either" if half.cause is None else half.cause.value))


def _bounds(page: Page, name: str, half: HalfLife, labels: tuple[str, ...]) -> None:
    """A bound of None is one that is not reached yet."""
    bounds = (
        ("earliest", half.earliest_s),
        ("latest", half.latest_s),
        ("lower", half.lower_s),
        ("upper", half.upper_s),
    )
    for bound, value in bounds:
        if value is not None:
            page.add(name, value, *labels, bound)
