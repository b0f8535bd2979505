"""What is worth knowing about a catalogue without being wrong: `blockprobe orders check` says it."""

from collections.abc import Iterator, Mapping

from blockprobe.catalogue.orders import Catalogue
from blockprobe.catalogue.target_values import first_above
from blockprobe.model.order import Order, TargetKind
from blockprobe.model.plan import Plan

#: So many of a sort are named; of the rest only the number.
_MAX_NAMED = 20


def notes_on(catalogue: Catalogue) -> tuple[str, ...]:
    """One line each: what a reader might overlook, and what to do about it if it is not meant."""
    found = [
        *_bounded(_shared(catalogue.orders)),
        *_bounded(_covered(catalogue.orders)),
        *_bounded(_unbound(catalogue)),
        *_bounded(_idle(catalogue.plans)),
    ]
    return tuple(found)


def _bounded(notes: Iterator[str]) -> Iterator[str]:
    rest = 0
    for number, note in enumerate(notes, start=1):
        if number <= _MAX_NAMED:
            yield note
        else:
            rest += 1
    if rest:
        yield f"… and {rest} more of this sort"


def _shared(orders: Mapping[str, Order]) -> Iterator[str]:
    """A target of several orders is measured once and counts for each."""
    owners: dict[str, list[str]] = {}
    for order in orders.values():
        for value in dict.fromkeys(target.value for target in order.targets):
            owners.setdefault(value, []).append(order.id)
    for value, several in owners.items():
        if len(several) > 1:
            yield f"{value}: is a target of {', '.join(several)}; it is measured once and counts for each"


def _covered(orders: Mapping[str, Order]) -> Iterator[str]:
    """A host below a domain of the same order counts twice."""
    for order in orders.values():
        domains = {target.value for target in order.targets if target.kind is TargetKind.DOMAIN}
        for name in (one.value for one in order.targets if one.kind in (TargetKind.DOMAIN, TargetKind.HOST)):
            if parent := first_above(name.partition(".")[2], domains):
                yield f"{order.id}: {name}: lies below {parent}, which is a target, too; both are counted"


def _unbound(catalogue: Catalogue) -> Iterator[str]:
    """Orders and networks that no line will be held against."""
    orders, networks = catalogue.orders.values(), catalogue.networks.values()
    if free := [order.id for order in orders if not order.respondents]:
        yield f"{', '.join(free)}: without respondents, so measured only by a plan with all_networks"
    if empty := [order.id for order in orders if not order.targets and not _listed(catalogue.plans, order.id)]:
        yield f"{', '.join(empty)}: without targets, and no plan brings a list for it, so nothing of it is measured"
    bound = {one.network for order in orders for one in order.respondents}
    if unknown := [network.id for network in networks if network.id in bound and not network.asns]:
        yield f"{', '.join(unknown)}: without an AS number, so a line on it is known by [vantage] isp only"


def _listed(plans: Mapping[str, Plan], order: str) -> bool:
    return any(one.order == order for plan in plans.values() for one in plan.lists)


def _idle(plans: Mapping[str, Plan]) -> Iterator[str]:
    for plan in plans.values():
        chosen = (plan.orders, plan.jurisdictions, plan.targets, plan.lists, plan.neighbours, plan.mirrors)
        if not any(chosen):
            yield f'plan {plan.id}: chooses nothing; name orders (["*"] for all), jurisdictions, targets or lists'
