"""From plans, catalogue, lists and windows to jobs: what this line looks at now."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from blockprobe.agent.reload import Loaded
from blockprobe.agent.schedule import Job, Key
from blockprobe.agent.windows import in_force, interval_of
from blockprobe.catalogue.due import Planned, planned, with_lists
from blockprobe.catalogue.target_values import first_above
from blockprobe.model.mirror_life import Life
from blockprobe.model.order import Order, OrderTarget
from blockprobe.model.plan import Plan, PlanKind
from blockprobe.model.target import parse_target


@dataclass(frozen=True, slots=True, kw_only=True)
class Worklist:
    """`watched` are all targets of all plans, live ones outside their windows too; `jobs` those to look at now.

    `orders` are those that list any of them, with the entries of public lists; `order_of` the first that lists each.
    `mirrors` are plan and target of what is looked at for the sake of mirrors alone; `mirror_of` names the site of each
    target that nothing else wants.
    """

    watched: tuple[Planned, ...]
    jobs: tuple[Job, ...]
    orders: tuple[Order, ...]
    order_of: Mapping[str, str]
    mirrors: frozenset[Key] = frozenset()
    mirror_of: Mapping[str, str] = field(default_factory=dict)


def worklist(
    loaded: Loaded,
    lists: Mapping[str, Sequence[OrderTarget]],
    now: datetime,
    mirrors: Mapping[str, Sequence[Life]] | None = None,
) -> Worklist:
    """What is to be looked at on this line at `now`. `mirrors`: what each plan watches, by the plan's id."""
    watched = tuple(one for plan in loaded.plans for one in _watched(loaded, plan, lists, mirrors or {}, now))
    wanted = {one.target for one in watched if one.mirror_of is None}
    named = {order for one in watched for order in one.orders}
    catalogue = with_lists(loaded.catalogue, lists)
    return Worklist(
        watched=watched,
        jobs=tuple(_jobs(loaded, watched, now)),
        orders=tuple(order for order in catalogue.orders.values() if order.id in named),
        order_of={one.target: one.order for one in watched if one.order is not None},
        mirrors=frozenset((one.plan, one.target) for one in watched if one.mirror_of is not None),
        mirror_of={
            one.target: one.mirror_of
            for one in watched
            if one.mirror_of not in (None, one.target) and one.target not in wanted
        },
    )


def _watched(
    loaded: Loaded,
    plan: Plan,
    lists: Mapping[str, Sequence[OrderTarget]],
    mirrors: Mapping[str, Sequence[Life]],
    now: datetime,
) -> Iterator[Planned]:
    """The plan's targets, then the sites whose mirrors it watches, then those; each once, and no host of notices."""
    network = loaded.settings.vantage.isp
    found = planned(loaded.catalogue, plan, network=network, now=now, lists=lists)
    yield from found
    known = {one.target for one in found}
    pages = {host for order in loaded.catalogue.orders.values() for host in order.page_hosts}
    lives = mirrors.get(plan.id, ())
    for target, site in (*((life.site, life.site) for life in lives), *((life.name, life.site) for life in lives)):
        if target not in known and first_above(target, pages) is None:
            known.add(target)
            yield Planned(target=target, plan=plan.id, in_force=False, mirror_of=site)


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
