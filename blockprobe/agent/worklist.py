"""From plans, catalogue, lists and windows to jobs: what this line looks at now."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from blockprobe.agent.reload import Loaded
from blockprobe.agent.schedule import Job
from blockprobe.agent.windows import in_force, interval_of
from blockprobe.catalogue.due import Planned, planned, with_lists
from blockprobe.model.order import Order, OrderTarget
from blockprobe.model.plan import PlanKind
from blockprobe.model.target import parse_target


@dataclass(frozen=True, slots=True, kw_only=True)
class Worklist:
    """`watched` are all targets of all plans, live ones outside their windows too; `jobs` those to look at now.

    `orders` are those that list any of them, with the entries of public lists; `order_of` the first that lists each.
    """

    watched: tuple[Planned, ...]
    jobs: tuple[Job, ...]
    orders: tuple[Order, ...]
    order_of: Mapping[str, str]


def worklist(loaded: Loaded, lists: Mapping[str, Sequence[OrderTarget]], now: datetime) -> Worklist:
    """What is to be looked at on this line at `now`."""
    network = loaded.settings.vantage.isp
    watched = tuple(
        one for plan in loaded.plans for one in planned(loaded.catalogue, plan, network=network, now=now, lists=lists)
    )
    named = {order for one in watched for order in one.orders}
    catalogue = with_lists(loaded.catalogue, lists)
    return Worklist(
        watched=watched,
        jobs=tuple(_jobs(loaded, watched, now)),
        orders=tuple(order for order in catalogue.orders.values() if order.id in named),
        order_of={one.target: one.order for one in watched if one.order is not None},
    )


def live_windows(loaded: Loaded, now: datetime) -> tuple[tuple[str, str], ...]:
    """Which plans run in which windows now: when this changes, so do the jobs."""
    return tuple(
        (plan.id, window.id)
        for plan in loaded.plans
        for window in loaded.windows
        if plan.kind is PlanKind.LIVE and in_force(plan, window, now)
    )


def _jobs(loaded: Loaded, watched: tuple[Planned, ...], now: datetime) -> Iterator[Job]:
    plans = {plan.id: plan for plan in loaded.plans}
    for one in watched:
        plan = plans[one.plan]
        interval_s = interval_of(plan, one.orders, loaded.windows, now)
        if interval_s is not None:
            yield Job(
                plan=plan.id,
                target=one.target,
                host=_host_of(one.target),
                interval_s=interval_s,
                jitter=plan.jitter,
                per_host_s=plan.per_host_s,
                budget=plan.budget,
            )


def _host_of(target: str) -> str:
    """The host to be spared; the same string as the target where that is all it is, for there are thousands."""
    host = parse_target(target).host
    return target if host == target else host
