"""What was hit beside what an order lists, and what is wrong with the list itself."""

from .page import Page, Row
from .panels import AnyPanel, Column, Look, bars, coloured, figures, lines, rows
from .queries import BY_ORDER, ORDER_LEGEND, PROBE, Query, of_order, ordered
from .words import AMBER, BLUE, CAUSE_COLOURS

LABELS = {"order": "Order", "isp": "Network", "probe": "Probe"}
LOOKED = (
    "A lower bound: only sites on the operator's own list of neighbours are looked at, and every one of them "
    "was measured. Whatever else shares a blocked address is not in it."
)


def page() -> Page:
    """The dashboard."""
    return Page(
        uid="blockprobe-over-blocking",
        title="blockprobe: over-blocking and wrong entries",
        says=(
            "Neighbours that are blocked with a listed site, entries of orders that look wrong or outdated, "
            "and ways on which a block is missing. Candidates for a person to check: whether an entry is "
            "lawful is not measured."
        ),
        variables=("isp", "probe", "order"),
        rows=(
            Row(title="Hit without being listed, or listed by mistake", panels=(_overblocked(), _overblocked_course())),
            Row(title="Entries to check", panels=(_stale(), _flagged(), _parity(), _entries())),
            Row(title="At whose wish", panels=(_causes(), _other_causes())),
        ),
        since="now-30d",
    )


def _hit(by: str) -> str:
    line = 'blockprobe_probe_info{probe=~"$probe"}'
    return f'max by ({by}) (blockprobe_overblocked_sites{{isp=~"$isp"}} * {PROBE} {line})'


def _overblocked() -> AnyPanel:
    look = Look(
        title="Over-blocked sites now",
        says=(
            "collateral: neighbours that the operator named and that are blocked too. after_end: entries still blocked "
            "after their end. order_error: flagged entries (parked, re-registered, expired …) that are blocked. Amber "
            f"from one on: somebody should look. {LOOKED}"
        ),
        unit="none",
        size=(8, 8),
        decimals=0,
        steps=((None, BLUE), (1, AMBER)),
    )
    return figures(look, Query(expr=_hit("isp, cause, probe"), legend="{{cause}} · {{isp}} · {{probe}}"))


def _overblocked_course() -> AnyPanel:
    look = Look(
        title="Over-blocked sites over time",
        says=f"The same counts over time, by cause. {LOOKED}",
        unit="none",
        size=(16, 8),
        decimals=0,
    )
    return lines(look, Query(expr=_hit("isp, cause, probe"), legend="{{cause}} · {{isp}} · {{probe}}"))


def _stale() -> AnyPanel:
    look = Look(
        title="Stale entries, by why",
        says=(
            "Entries that time has passed by: down or parked (they keep lists long and hit whoever registers the name "
            "next), expired, or still blocked after their end."
        ),
        unit="none",
        size=(8, 8),
        decimals=0,
        bounds=(0, None),
    )
    expr = f"sum by (why) ({of_order('blockprobe_order_stale_targets', by=f'{BY_ORDER}, why')})"
    return bars(look, Query(expr=expr, legend="{{why}}"))


def _flagged() -> AnyPanel:
    look = Look(
        title="Flagged entries",
        says=(
            "Entries that the catalogue flags as parked, re-registered, for another territory, expired or out "
            "of scope. They count neither for nor against a network."
        ),
        unit="none",
        size=(8, 8),
        decimals=0,
        bounds=(0, None),
    )
    return figures(look, Query(expr=of_order("blockprobe_order_sites", 'state="flagged"'), legend=ORDER_LEGEND))


def _parity() -> AnyPanel:
    look = Look(
        title="Parity gaps",
        says=(
            "Entries blocked on one way and open on another that a browser takes by itself: IPv6 beside IPv4, "
            "http beside https, one resolver of several."
        ),
        unit="none",
        size=(8, 8),
        decimals=0,
        bounds=(0, None),
    )
    return figures(look, Query(expr=of_order("blockprobe_order_parity_gaps"), legend=ORDER_LEGEND))


def _entries() -> AnyPanel:
    look = Look(
        title="Entries to check, order by order",
        says="The same counts beside the entries in force. `blockprobe orders compliance` names the entries.",
        unit="none",
        size=(24, 8),
    )
    force = f"sum without (state) ({ordered('blockprobe_order_sites')})"
    probe = f'{PROBE} blockprobe_probe_info{{probe=~"$probe"}}'
    stale = f"sum by ({BY_ORDER}) ({of_order('blockprobe_order_stale_targets', by=f'{BY_ORDER}, why')})"
    return rows(
        look,
        Column(expr=f"max by ({BY_ORDER}) ({force} * {probe})", title="In force", decimals=0),
        Column(expr=of_order("blockprobe_order_sites", 'state="flagged"'), title="Flagged", decimals=0),
        Column(expr=stale, title="Stale", decimals=0),
        Column(expr=of_order("blockprobe_order_parity_gaps"), title="Parity gaps", decimals=0),
        Column(expr=of_order("blockprobe_order_sites", 'state="refused"'), title="Refused by the site", decimals=0),
        labels=LABELS,
    )


def _causes() -> AnyPanel:
    look = Look(
        title="Blocked entries by stated cause over time",
        says="What block pages, extended DNS errors and fingerprints say of the cause. unknown is usual and no fault.",
        unit="none",
        size=(12, 8),
        decimals=0,
    )
    expr = f"sum by (cause) ({of_order('blockprobe_order_causes', by=f'{BY_ORDER}, cause')})"
    return coloured(lines(look, Query(expr=expr, legend="{{cause}}"), stacked=True), CAUSE_COLOURS)


def _other_causes() -> AnyPanel:
    look = Look(
        title="Entries blocked at somebody else's wish",
        says=(
            "Entries that a parental, malware, gambling or sanctions filter blocks. No court ordered that, so "
            "parental and malware filters never count for an order."
        ),
        unit="none",
        size=(12, 8),
        decimals=0,
        bounds=(0, None),
        empty="none",
    )
    other = of_order("blockprobe_order_causes", 'cause!~"court|regulator|unknown"', by=f"{BY_ORDER}, cause")
    return figures(look, Query(expr=other, legend=f"{{{{cause}}}} · {ORDER_LEGEND}"))
