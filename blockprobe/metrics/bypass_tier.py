"""What opens the blocked entries of an order: the last battery of each, counted. Availability, never use.

An entry counts while it is blocked, and a battery while it is of the present network. An order without any has no
series here: nothing is known, which is not the same as 0.
"""

from collections import Counter
from collections.abc import Sequence

from blockprobe.metrics.snapshot import Snapshot
from blockprobe.metrics.text import Page
from blockprobe.model.bypass import BypassSeen, Outcome
from blockprobe.model.words import State

EFFORTS = ("0", "1", "2", "3", "none")


def write_batteries(page: Page, snapshot: Snapshot, order: str) -> None:
    """The figures of one order."""
    found = _of_order(snapshot, order)
    if not found:
        return
    labels = (order, snapshot.network or "")
    available = [one for one in found if one.lowest_effort is not None]
    page.add("bypass_tried", len(found), *labels)
    page.add("bypass_available", len(available), *labels)
    page.add("bypass_not_available", sum(_is_shut(one) for one in found), *labels)
    techniques = Counter((str(technique), str(outcome)) for one in found for technique, outcome in one.outcomes)
    for (technique, outcome), count in sorted(techniques.items()):
        page.add("bypass_techniques", count, *labels, technique, outcome)
    efforts = Counter("none" if one.lowest_effort is None else str(one.lowest_effort) for one in found)
    for effort in EFFORTS:
        page.add("bypass_lowest_effort", efforts[effort], *labels, effort)
    page.add("bypass_last_timestamp_seconds", max(one.at for one in found).timestamp(), *labels)
    for kind, count in sorted(Counter(str(kind) for one in found for kind in one.parity).items()):
        page.add("parity_gaps", count, *labels, kind)


def _of_order(snapshot: Snapshot, order: str) -> Sequence[BypassSeen]:
    """The batteries of the order's entries that are watched and blocked now."""
    targets = {one.target for one in snapshot.watched if order in one.orders}
    return [
        seen
        for target, seen in sorted(snapshot.batteries.items())
        if target in targets and _is_blocked(snapshot, target) and snapshot.network in (None, seen.network)
    ]


def _is_blocked(snapshot: Snapshot, target: str) -> bool:
    history = snapshot.history_of(target)
    return history is not None and history.state is State.BLOCKED


def _is_shut(seen: BypassSeen) -> bool:
    """Whether nothing opens it, and nothing that was tried is left in doubt."""
    outcomes = {outcome for _, outcome in seen.outcomes}
    return seen.lowest_effort is None and Outcome.FAILS in outcomes and not outcomes & {
        Outcome.INCONCLUSIVE, Outcome.WORKS
    }  # fmt: skip
