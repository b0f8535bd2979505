"""Orders for people: a row each, or one in full."""

from collections.abc import Iterator, Mapping
from datetime import date, datetime

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from blockprobe.cli.render.console import printable
from blockprobe.model.order import Network, Order, OrderTarget, Respondent, Source

#: So many targets are shown; all of them are in the JSON.
_MAX_TARGETS = 50


def print_orders(console: Console, orders: tuple[Order, ...]) -> None:
    """A row an order; or what to do where there is none."""
    if not orders:
        console.print("no orders: add some to a folder of [catalogue] paths (docs/orders.md)")
        return
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    table.add_column("Order", no_wrap=True)
    table.add_column("Title and court", overflow="fold", ratio=1)
    table.add_column("Kind")
    table.add_column("Respondents", justify="right")
    table.add_column("Targets", justify="right")
    for order in orders:
        about = Text(printable(f"{order.title}, {order.court}"))
        table.add_row(order.id, about, order.kind.value, str(len(order.respondents)), str(len(order.targets)))
    console.print(table)


def print_order(console: Console, order: Order, networks: Mapping[str, Network], lists: tuple[str, ...]) -> None:
    """Everything about one order; `lists` are the public lists that bring targets for it."""
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    table.add_column(order.id, no_wrap=True)
    table.add_column(Text(printable(order.title)), overflow="fold", ratio=1)
    for question, answer in _rows(order, lists):
        table.add_row(question, Text(printable(answer)))
    console.print(table)
    if order.respondents:
        console.print(_respondents(order.respondents, networks))
    if order.targets:
        console.print(_targets(order.targets))
    if (rest := len(order.targets) - _MAX_TARGETS) > 0:
        console.print(f"… and {rest} more targets; --format json has all")


def _rows(order: Order, lists: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    yield "Court", " ".join(part for part in (order.court, order.citation) if part)
    yield "Legal basis", order.legal_basis
    yield "Applicant", order.applicant or "not stated"
    yield "Kind", f"{order.kind.value}; by {', '.join(order.techniques)}" + _own_resolver(order)
    yield "Made", _day(order.made_at)
    yield "In force", f"from {_time(order.in_force_from)} until {_time(order.in_force_until)}"
    yield "Deadline", order.deadline_rule or "no rule known"
    yield "Notices at", ", ".join(order.page_hosts) or "not known"
    yield "List", ", ".join(part for part in (order.list_url, *lists) if part) or "none"
    for source in order.sources:
        yield "Source", _source(source)


def _own_resolver(order: Order) -> str:
    return "; the provider's own resolvers only" if order.own_resolver_only else ""


def _respondents(respondents: tuple[Respondent, ...], networks: Mapping[str, Network]) -> Table:
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    table.add_column("Respondent", overflow="fold")
    for title in ("Served", "Notice", "Deadline"):
        table.add_column(title)
    table.add_column("Times from", overflow="fold", ratio=1)
    for one in respondents:
        known = networks.get(one.network)
        name = one.network if known is None else f"{one.network} ({known.name})"
        times = (_time(one.served_at), _time(one.notice_at), _time(one.deadline))
        whence = [one.time_source.value] if one.time_source else []
        whence += [_source(one.source)] if one.source else []
        table.add_row(Text(printable(name)), *times, Text(printable(": ".join(whence)) or "–"))
    return table


def _targets(targets: tuple[OrderTarget, ...]) -> Table:
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    table.add_column("Target", overflow="fold", ratio=1)
    for title in ("Kind", "From", "Until", "Flags"):
        table.add_column(title)
    for one in targets[:_MAX_TARGETS]:
        flags = ", ".join(one.flags) or "–"
        table.add_row(Text(printable(one.value)), one.kind.value, _time(one.from_at), _time(one.until_at), flags)
    return table


def _source(source: Source) -> str:
    looked = f" (seen {source.verified_at.isoformat()})" if source.verified_at else ""
    return " ".join(part for part in (source.text, source.url) if part) + looked


def _time(time: datetime | None) -> str:
    return "–" if time is None else time.strftime("%Y-%m-%d %H:%M:%SZ")


def _day(day: date | None) -> str:
    return "not stated" if day is None else day.isoformat()
