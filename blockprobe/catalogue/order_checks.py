"""What an order of the right form may still get wrong: times, sources, values, and entries at odds with each other."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from blockprobe.catalogue.target_values import first_above, host_of, normal_value
from blockprobe.model.errors import TargetError
from blockprobe.model.order import Order, OrderTarget, Respondent, Source, TargetKind

_BEGINNING, _END = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)
_SPAN = "until_at: is not after from_at; correct one of them"


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where something stands: what begins a line about it, where the line goes, and the folder of its file."""

    name: str
    faults: list[str]
    folder: Path = Path()

    def tell(self, what: str) -> None:
        """One more fault: the key, what is wrong, the remedy."""
        self.faults.append(f"{self.name}: {what}")

    def inner(self, name: str) -> "Place":
        """A part of this place."""
        return replace(self, name=f"{self.name}: {name}")


def checked_order(order: Order, place: Place, public: tuple[str, ...] = ()) -> Order:
    """The order with its names in the form that goes over the wire; what is wrong with it goes to `place`."""
    targets = tuple(
        _checked_target(target, place.inner(f"target {number} ({target.value[:60]})"), public)
        for number, target in enumerate(order.targets, start=1)
    )
    page_hosts = tuple(_checked_name(host, place) for host in order.page_hosts)
    _check_head(order, place)
    for number, respondent in enumerate(order.respondents, start=1):
        _check_respondent(respondent, place.inner(f"respondent {number} ({respondent.network[:60]})"))
    for network in _repeated(respondent.network for respondent in order.respondents):
        place.tell(f"respondent: {network} is listed twice; keep one")
    _check_repeated(targets, place)
    return replace(order, targets=targets, page_hosts=page_hosts)


def check_source(source: Source, place: Place) -> None:
    """A source's address must be one that a reader can open."""
    if source.url is not None and not source.url.startswith(("https://", "http://")):
        place.tell(f"url: {source.url[:60]!r} is no web address; write https://… or take it out")


def check_pages(orders: Iterable[tuple[Order, Place]]) -> None:
    """No order may list a host on which the notice of any order lives."""
    known = list(orders)
    pages = {host: order.id for order, _ in known for host in order.page_hosts}
    for order, place in known:
        for number, target in enumerate(order.targets, start=1):
            if page := first_above(host_of(target), pages):
                where = place.inner(f"target {number} ({target.value[:60]})")
                where.tell(
                    f"value: the page of the notice is no target ({page}, page_hosts of {pages[page]}); remove it"
                )


def in_force(start: datetime | None, end: datetime | None, now: datetime) -> bool:
    """Whether `now` lies in [start, end); None bounds nothing."""
    return (start or _BEGINNING) <= now < (end or _END)


def _check_head(order: Order, place: Place) -> None:
    if not order.sources:
        place.tell("source: missing; nothing is entered without a public source: add [[order.source]]")
    for number, source in enumerate(order.sources, start=1):
        check_source(source, place.inner(f"source {number}"))
    if order.list_url is not None and not order.list_url.startswith(("https://", "http://")):
        place.tell("list_url: is no web address; write https://… or take it out")
    if not order.techniques:
        place.tell('techniques: is empty; write ["any"] where the order leaves it open')
    if not _ordered(order.in_force_from, order.in_force_until):
        place.tell("in_force_until: is not after in_force_from; correct one of them")


def _check_respondent(one: Respondent, place: Place) -> None:
    if one.deadline is not None and one.source is None:
        place.tell('deadline: has no source; add source = { text = "…", url = "…" } from which it follows')
    if one.time_source is None and (one.deadline or one.notice_at or one.served_at):
        place.tell('time_source: missing; say where the times come from: "court", "list" or "observed"')
    for name, at in (("served_at", one.served_at), ("notice_at", one.notice_at)):
        if not _ordered(at, one.deadline):
            place.tell(f"deadline: is not after {name}; correct one of them")
    if one.source is not None:
        check_source(one.source, place.inner("source"))


def _checked_target(target: OrderTarget, place: Place, public: tuple[str, ...]) -> OrderTarget:
    if not _ordered(target.from_at, target.until_at):
        place.tell(_SPAN)
    if target.deadline is not None and target.source is None:
        place.tell('deadline: has no source; add source = { text = "…", url = "…" } from which it follows')
    if not _ordered(target.notice_at, target.deadline):
        place.tell("deadline: is not after notice_at; correct one of them")
    if target.source is not None:
        check_source(target.source, place.inner("source"))
    try:
        return replace(target, value=normal_value(target.value, target.kind, public))
    except TargetError as error:
        place.tell(f"value: {error}")
        return target


def _checked_name(host: str, place: Place) -> str:
    try:
        return normal_value(host, TargetKind.HOST)
    except TargetError as error:
        place.tell(f"page_hosts: {error}")
        return host


def _check_repeated(targets: tuple[OrderTarget, ...], place: Place) -> None:
    """The same entry twice is a fault, unless its times lie apart: taken off the list and put on it again."""
    seen: dict[tuple[str, TargetKind], list[tuple[int, OrderTarget]]] = {}
    for number, target in enumerate(targets, start=1):
        others = seen.setdefault((target.value, target.kind), [])
        for other, earlier in others:
            if _meet(earlier, target):
                again = place.inner(f"target {number} ({target.value[:60]})")
                again.tell(f"value: is listed already, as target {other}; keep one, or give both times that lie apart")
                break
        others.append((number, target))


def _meet(one: OrderTarget, other: OrderTarget) -> bool:
    starts = (one.from_at or _BEGINNING, other.from_at or _BEGINNING)
    ends = (one.until_at or _END, other.until_at or _END)
    return max(starts) < min(ends)


def _ordered(earlier: datetime | None, later: datetime | None) -> bool:
    return earlier is None or later is None or earlier < later


def _repeated(names: Iterable[str]) -> Iterator[str]:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            yield name
        seen.add(name)
