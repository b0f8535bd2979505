"""Orders as this line meets them: the figures of `verdict.compliance` as series, and nothing that it does not say.

`implemented` and `reach` stay two figures. Where a ratio is refused or rests on too few entries it is absent, while the
counts and the time of the last conclusive measurement stand there still.
"""

from collections.abc import Iterable, Sequence

from blockprobe.metrics.bypass_tier import write_batteries
from blockprobe.metrics.mirror_tier import write_mirrors
from blockprobe.metrics.snapshot import Snapshot
from blockprobe.metrics.text import Page
from blockprobe.model.order import Order
from blockprobe.model.words import State
from blockprobe.verdict.compliance_standing import is_in_force
from blockprobe.verdict.compliance_types import Abstained, Compliance, Count, LineClaim, Stale
from blockprobe.verdict.counting import Span

#: Entries that count neither way, as the state they have on a dashboard; the other ways of not knowing are one.
_SHOWN = {Abstained.NEVER: "never", Abstained.DOWN: State.DOWN.value, Abstained.REFUSED: State.REFUSED.value}


def write_orders(page: Page, snapshot: Snapshot, budget: int) -> int:
    """At most `budget` series, whole orders only; how many there would have been beyond them."""
    dropped = 0
    for group in _groups(snapshot):
        if dropped or group.series > budget:
            dropped += group.series
        else:
            budget -= group.series
            page.take(group)
    return dropped


def _groups(snapshot: Snapshot) -> Iterable[Page]:
    """Over-blocking first, because it is small and about everything; then each order, by id."""
    yield _overblocked(snapshot, _here(snapshot))
    figures: dict[str, list[Compliance]] = {}
    for compliance in sorted(_here(snapshot), key=lambda one: (one.order, one.network)):
        figures.setdefault(compliance.order, []).append(compliance)
    known = {order.id: order for order in snapshot.orders}
    for name in sorted({*known, *figures, *(one.order for one in snapshot.mirrors)}):
        page = Page()
        if name in known:
            _info(page, known[name])
        for compliance in figures.get(name, ()):
            _figures(page, compliance)
        write_batteries(page, snapshot, name)
        write_mirrors(page, snapshot, name)
        yield page


def _here(snapshot: Snapshot) -> list[Compliance]:
    """Of the network that the line is on: this probe can say nothing of an order's other respondents."""
    here = [one for one in snapshot.compliances if snapshot.network in (None, one.network)]
    return list({(one.order, one.network): one for one in here}.values())


def _info(page: Page, order: Order) -> None:
    page.add("order_info", 1, order.id, order.title, order.jurisdiction, order.kind.value, order.court)


def _figures(page: Page, one: Compliance) -> None:
    order = (one.order, one.network)
    for state, count in sorted(_by_state(one.reach).items()):
        page.add("order_sites", count, *order, state)
    for outcome, count in _by_outcome(one.implemented):
        page.add("order_implemented_sites", count, *order, outcome)
    _shares(page, "implemented", one, one.implemented)
    _shares(page, "reach", one, one.reach)
    if one.refused is not None:
        page.add("order_refused", 1, *order, one.refused.value)
    if one.last_conclusive_at is not None:
        page.add("order_last_conclusive_timestamp_seconds", one.last_conclusive_at.timestamp(), *order)
    _times(page, one)
    _means(page, one)


def _by_state(count: Count) -> dict[str, int]:
    """The census of what a browser meets, by the words of a dashboard; every word is there."""
    states = dict.fromkeys((*(state.value for state in State), "never", "flagged"), 0)
    states[State.BLOCKED.value] = count.blocked
    states[State.ACCESSIBLE.value] = count.open
    states["flagged"] = count.flagged
    named = 0
    for why, entries in count.abstained_why.items():
        if why in _SHOWN:
            states[_SHOWN[why]] += entries
            named += entries
    states[State.INCONCLUSIVE.value] = count.abstained - named
    return states


def _by_outcome(count: Count) -> tuple[tuple[str, int], ...]:
    return (
        ("abstained", count.abstained),
        ("blocked", count.blocked),
        ("flagged", count.flagged),
        ("open", count.open),
    )


def _shares(page: Page, figure: str, one: Compliance, count: Count) -> None:
    if one.refused is not None:
        return
    if count.ratio is not None:
        page.add(f"order_{figure}_ratio", count.ratio, one.order, one.network)
    for bound, value in (("lower", count.lower), ("upper", count.upper)):
        if value is not None:
            page.add(f"order_{figure}_bound_ratio", value, one.order, one.network, bound)


def _times(page: Page, one: Compliance) -> None:
    order = (one.order, one.network)
    if one.deadline is not None:
        page.add("order_deadline_timestamp_seconds", one.deadline.timestamp(), *order)
    if one.deadline is not None or any(target.deadline is not None for target in one.time_to_block):
        page.add("order_targets_late", len(one.late), *order)
    if one.median_time_to_block is not None:
        timed = sum(1 for target in one.time_to_block if target.seconds is not None)
        page.add("order_time_to_block_targets", timed, *order)
        _span(page, "order_time_to_block_seconds", one, one.median_time_to_block)
    if one.median_unblock_lag is not None:
        page.add("order_unblock_lag_targets", len(one.unblock_lag), *order)
        _span(page, "order_unblock_lag_seconds", one, one.median_unblock_lag)


def _span(page: Page, name: str, one: Compliance, span: Span) -> None:
    """An upper bound of None is one that nobody knows yet."""
    for bound, value in (("lower", span.lower), ("upper", span.upper)):
        if value is not None:
            page.add(name, value, one.order, one.network, bound)


def _means(page: Page, one: Compliance) -> None:
    """How entries are blocked, and what a person should look at."""
    order = (one.order, one.network)
    for mechanism, count in sorted(one.mechanisms.items()):
        page.add("order_mechanisms", count, *order, mechanism.value)
    for cause, count in sorted(one.causes.items()):
        page.add("order_causes", count, *order, cause.value)
    page.add("order_parity_gaps", len(one.parity_gaps), *order)
    page.add("order_reopened_targets", len(one.reopened), *order)
    for why in sorted(Stale):
        page.add("order_stale_targets", sum(1 for entry in one.stale if entry.why is why), *order, why.value)


def _in_force(snapshot: Snapshot) -> set[str]:
    """What any order lists rightly now, or a list of no order; plans are worked out too seldom to know of an end."""
    line = LineClaim(network=snapshot.network)
    listed = ((order, target) for order in snapshot.orders for target in order.targets)
    by_order = {target.value for order, target in listed if is_in_force(order, target, line, snapshot.at)}
    return by_order | {one.target for one in snapshot.watched if one.in_force and not one.orders}


def _overblocked(snapshot: Snapshot, compliances: Sequence[Compliance]) -> Page:
    """Distinct sites over all orders of a network, without those that another order lists rightly."""
    page = Page()
    in_force = _in_force(snapshot)
    unflagged = {target.value for order in snapshot.orders for target in order.targets if not target.flags}
    named = any(watched.neighbour for watched in snapshot.watched)
    for network in sorted({one.network for one in compliances}):
        figures = [one for one in compliances if one.network == network]
        ended = {entry.target for one in figures for entry in one.stale if entry.why is Stale.BLOCKED_AFTER_END}
        flagged = {target for one in figures for target in one.flagged_blocked}
        page.add("overblocked_sites", len(ended - in_force), network, "after_end")
        if named:  # a neighbour that one order lists is none of the others' either
            neighbours = set.intersection(*({found.target for found in one.collateral} for one in figures))
            page.add("overblocked_sites", len(neighbours), network, "collateral")
        page.add("overblocked_sites", len(flagged - unflagged), network, "order_error")
    return page
