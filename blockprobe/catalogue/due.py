"""What a plan measures on a line: the targets of orders that bind its network, of lists, and the plan's own.

A target stays planned for a while before and after it is in force. Without that nobody could say when a block began
or was lifted: both lie between two measurements.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from blockprobe.catalogue.faults import CatalogueFaults, nearest
from blockprobe.catalogue.order_checks import in_force
from blockprobe.catalogue.orders import Catalogue
from blockprobe.catalogue.plan_checks import ALL_ORDERS, list_name
from blockprobe.catalogue.target_values import first_above, host_of
from blockprobe.model.order import Order, OrderFlag, OrderKind, OrderTarget
from blockprobe.model.plan import Plan, PlanKind

#: How long before its start and after its end an entry is measured.
BEFORE_START, AFTER_END = timedelta(days=7), timedelta(days=30)

Lists = Mapping[str, Sequence[OrderTarget]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """One target of a plan. `target` is what `parse_target` takes: a bare name, an address or a URL.

    `orders` are all that list it (`order` the first), `flags` all of theirs; `in_force`: at least one of them, or a
    list of no order, lists it now. `neighbour`: on no list, and measured because it may be hit as well. `mirror_of`: no
    target of anybody, and looked at because it may lead to that site (or is that site, whose page tells).
    """

    target: str
    plan: str
    order: str | None = None
    orders: tuple[str, ...] = ()
    flags: tuple[OrderFlag, ...] = ()
    in_force: bool = True
    neighbour: bool = False
    mirror_of: str | None = None


def planned(
    catalogue: Catalogue, plan: Plan, *, network: str | None, now: datetime, lists: Lists | None = None
) -> tuple[Planned, ...]:
    """The plan's targets on a line of `network` (None: unknown), each once, in the order of catalogue, lists and plan.

    `lists` are the public lists in force, by `list_name`. A host on which an order's notices live is never one.
    """
    pages = {host for order in catalogue.orders.values() for host in order.page_hosts}
    found: dict[str, Planned] = {}
    for target, order in _listed(catalogue, plan, network, lists or {}):
        if first_above(host_of(target), pages) is None and _near(target, order, now):
            one = _planned(target, order, plan, now)
            found[one.target] = _joined(found[one.target], one) if one.target in found else one
    for own in plan.targets:
        found.setdefault(own, Planned(target=own, plan=plan.id))
    for neighbour in plan.neighbours:
        found.setdefault(neighbour, Planned(target=neighbour, plan=plan.id, neighbour=True))
    return tuple(found.values())


def with_lists(catalogue: Catalogue, lists: Lists) -> Catalogue:
    """The catalogue with the entries of public lists added to the orders that the plans say they belong to."""
    orders = dict(catalogue.orders)
    for one in (one for plan in catalogue.plans.values() for one in plan.lists):
        if one.order is not None and one.order in orders:
            listed = orders[one.order]
            known = {(target.kind, target.value) for target in listed.targets}
            added = (entry for entry in lists.get(list_name(one), ()) if (entry.kind, entry.value) not in known)
            orders[one.order] = replace(listed, targets=(*listed.targets, *added))
    return replace(catalogue, orders=orders)


def plans_named(catalogue: Catalogue, names: Sequence[str]) -> tuple[Plan, ...]:
    """The plans of `[agent] plans`; raises CatalogueFaults naming all that the catalogue does not have."""
    known = list(catalogue.plans)
    faults = tuple(
        f"agent.plans: no plan {name!r} in the catalogue; {nearest(name, known, 'the plans are ' + ', '.join(known))}"
        for name in names
        if name not in known
    )
    if faults:
        raise CatalogueFaults(faults)
    return tuple(catalogue.plans[name] for name in dict.fromkeys(names))


def chosen(catalogue: Catalogue, plan: Plan, network: str | None) -> tuple[Order, ...]:
    """The orders whose targets the plan measures on a line of `network`."""
    return tuple(order for order in catalogue.orders.values() if _wants(plan, order) and _binds(plan, order, network))


def _wants(plan: Plan, order: Order) -> bool:
    of_its_kind = (order.kind is OrderKind.LIVE) == (plan.kind is PlanKind.LIVE)
    wide = ALL_ORDERS in plan.orders or order.jurisdiction in plan.jurisdictions
    return order.id in plan.orders or (wide and of_its_kind)


def _binds(plan: Plan, order: Order, network: str | None) -> bool:
    return plan.all_networks or any(respondent.network == network for respondent in order.respondents)


def _listed(
    catalogue: Catalogue, plan: Plan, network: str | None, lists: Lists
) -> Iterator[tuple[OrderTarget, Order | None]]:
    for order in chosen(catalogue, plan, network):
        yield from ((target, order) for target in order.targets)
    for one in plan.lists:
        owner = None if one.order is None else catalogue.orders.get(one.order)
        if owner is None or _binds(plan, owner, network):
            yield from ((target, owner) for target in lists.get(list_name(one), ()))


def _span(target: OrderTarget, order: Order | None) -> tuple[datetime | None, datetime | None]:
    """When an entry is in force: its own times, else the order's."""
    if order is None:
        return target.from_at, target.until_at
    ends = [end for end in (target.until_at, order.in_force_until) if end is not None]
    return target.from_at or order.in_force_from, min(ends, default=None)


def _near(target: OrderTarget, order: Order | None, now: datetime) -> bool:
    start, end = _span(target, order)
    return (start is None or now >= start - BEFORE_START) and (end is None or now < end + AFTER_END)


def _planned(target: OrderTarget, order: Order | None, plan: Plan, now: datetime) -> Planned:
    orders = () if order is None else (order.id,)
    return Planned(
        target=target.value,
        plan=plan.id,
        order=orders[0] if orders else None,
        orders=orders,
        flags=target.flags,
        in_force=in_force(*_span(target, order), now),
    )


def _joined(one: Planned, other: Planned) -> Planned:
    orders = tuple(dict.fromkeys((*one.orders, *other.orders)))
    flags = tuple(dict.fromkeys((*one.flags, *other.flags)))
    first = one.order if one.order is not None else other.order
    return replace(one, order=first, orders=orders, flags=flags, in_force=one.in_force or other.in_force)
