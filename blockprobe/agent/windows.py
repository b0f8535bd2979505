"""Live plans: when they run, and how often, by the windows of the calendar (pure)."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from blockprobe.catalogue.plan_checks import ALL_ORDERS
from blockprobe.model.plan import Plan, PlanKind, Window

#: How often a live target may be looked at, whatever the calendar says (seconds): 2 to 10 minutes.
CADENCE_S = (120.0, 600.0)


def interval_of(plan: Plan, orders: Sequence[str], windows: Iterable[Window], now: datetime) -> float | None:
    """The time between two looks at a target of `orders` (seconds); None: the plan does not look at it now.

    A live plan runs from `before_s` ahead of a window to `after_s` past its end, at the quickest cadence of the
    windows in force that concern one of the orders. A window that names no order concerns all; and a target without
    an order (the plan's own) follows every window.
    """
    if plan.kind is not PlanKind.LIVE:
        return plan.interval_s
    cadences = [
        window.cadence_s for window in windows if in_force(plan, window, now) and _concerns(window, plan, orders)
    ]
    return min(max(min(cadences), CADENCE_S[0]), CADENCE_S[1]) if cadences else None


def in_force(plan: Plan, window: Window, now: datetime) -> bool:
    """Whether a live plan runs for a window now."""
    begin = window.start - timedelta(seconds=plan.before_s)
    end = window.end + timedelta(seconds=plan.after_s)
    return begin <= now <= end


def _concerns(window: Window, plan: Plan, orders: Sequence[str]) -> bool:
    if not window.orders:
        return True
    if orders:
        return not set(window.orders).isdisjoint(orders)
    return not plan.orders or ALL_ORDERS in plan.orders or not set(window.orders).isdisjoint(plan.orders)
