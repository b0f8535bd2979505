"""PURE: the lives of mirrors order by order: an order has the mirrors of the sites that it lists."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from blockprobe.mirrors.figures import MirrorFigures, figures, is_site
from blockprobe.mirrors.lives import standing
from blockprobe.model.mirror import MirrorClass
from blockprobe.model.mirror_life import Life, LifeState
from blockprobe.model.order import Order, OrderTarget, TargetKind
from blockprobe.model.target import parse_target


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderMirrors:
    """The mirrors of one order's sites on one line; `order` is empty for sites that no order lists.

    `counts` are all watched names, those never seen alive included. `last_look_at` is the latest look that told
    whether this line opens or blocks one.
    """

    order: str
    counts: Mapping[tuple[MirrorClass, LifeState], int]
    figures: MirrorFigures
    last_look_at: datetime | None


def by_order(
    lives: Iterable[Life], orders: Sequence[Order], now: datetime, *, since: datetime
) -> tuple[OrderMirrors, ...]:
    """One for each order with any mirror; a site on two orders counts in both. `since`: see `figures`."""
    found: dict[str, list[Life]] = {}
    listed = {order.id: frozenset(_hosts(order.targets)) for order in orders}
    of_site: dict[str, list[str]] = {}
    for life in lives:
        if life.site not in of_site:
            of_site[life.site] = [name for name, hosts in listed.items() if _lists(hosts, life.site)] or [""]
        for name in of_site[life.site]:
            found.setdefault(name, []).append(life)
    return tuple(_of(name, found[name], now, since) for name in sorted(found))


def _of(name: str, lives: Sequence[Life], now: datetime, since: datetime) -> OrderMirrors:
    mirrors = [life for life in lives if not is_site(life)]
    return OrderMirrors(
        order=name,
        counts=Counter((life.kind, standing(life, since)) for life in mirrors),
        figures=figures(lives, now, since=since),
        last_look_at=max((life.last_line_at for life in mirrors if life.last_line_at is not None), default=None),
    )


def _hosts(targets: Iterable[OrderTarget]) -> Iterator[str]:
    for target in targets:
        if target.kind is not TargetKind.ADDRESS:
            yield parse_target(target.value).host if target.kind is TargetKind.URL else target.value


def _lists(hosts: frozenset[str], site: str) -> bool:
    """Whether a host is the site, or one of the two lies below the other: orders list `www.` as often as not."""
    if any(host.endswith(f".{site}") for host in hosts):
        return True
    above = site
    while above:
        if above in hosts:
            return True
        above = above.partition(".")[2]
    return False
