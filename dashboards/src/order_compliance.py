"""Has a network carried out an order? What the order demands and what a default browser meets stay apart."""

from . import mirrors_seen, ways_around
from .page import Page, Row
from .panels import AnyPanel, Column, Look, bars, coloured, dashed, figures, lines, narrow, rows, worded
from .queries import BY_ORDER, ORDER_LEGEND, Query, moment, of_order, ordered, ratio
from .words import AMBER, BLUE, CAUSE_COLOURS, OUTCOME_COLOURS, REFUSALS, negative, unknown

LABELS = {"order": "Order", "isp": "Network", "probe": "Probe"}
NEUTRAL = "Blue says nothing about right or wrong: whether blocking is due is the order's matter."
MISSING = (
    "Grey `not enough data`: fewer than five conclusive entries, an inconclusive remainder, or a figure that "
    "is refused (see Refusals). The figure before is never repeated."
)
PERCENT = (0.0, 1.0)


def page() -> Page:
    """The dashboard."""
    return Page(
        uid="blockprobe-order-compliance",
        title="blockprobe: order compliance",
        says=(
            "Which entries of which order are blocked on the measured lines. Two figures that are never merged: what "
            "the order demands (implemented) and what a default browser meets (reach). Neither says how many people "
            "get around a block: a probe cannot see that."
        ),
        variables=("isp", "probe", "order"),
        rows=(
            Row(title="What the order demands: implemented", panels=_figure("implemented", IMPLEMENTED)),
            Row(title="What a default browser meets: reach", panels=_figure("reach", REACH)),
            Row(title="Entries, counted", panels=(_outcomes(), _counts(), _states())),
            Row(title="Time", panels=(_times(), _deadlines())),
            Row(
                title="How, at whose wish, what was lifted and what is refused",
                panels=(_mechanisms(), _causes(), _reopened(), _refusals(), _orders()),
            ),
            Row(title="What still opens blocked entries", panels=ways_around.panels()),
            Row(title="Mirrors of the order's sites", panels=mirrors_seen.panels()),
        ),
        since="now-30d",
    )


IMPLEMENTED = (
    "Share of the entries in force that are blocked as the order demands: its kind of target, its scope, a "
    "technique it allows, on the network's own resolvers."
)
REACH = (
    "Share of the entries in force that a browser with default settings cannot open on this line, by whatever "
    "technique, over every address family it would try."
)


def _figure(name: str, says: str) -> tuple[AnyPanel, ...]:
    """A ratio, beside it when it last rested on a conclusive measurement, and its course between its bounds."""
    metric = f"blockprobe_order_{name}_ratio"
    bound = f"blockprobe_order_{name}_bound_ratio"
    now = Look(
        title=f"Order {name} ratio",
        says=f"{says} {NEUTRAL} {MISSING}",
        unit="percentunit",
        size=(8, 11),
        decimals=1,
        mappings=(unknown(),),
        bounds=PERCENT,
    )
    course = Look(
        title=f"Order {name} ratio and its worst cases",
        says=(
            "Dashed: the bounds if every entry that could not be decided were open (lower) or blocked (upper). Entries "
            f"are a census, so this is no confidence interval. {MISSING}"
        ),
        unit="percentunit",
        size=(9, 11),
        bounds=PERCENT,
    )
    curves = lines(
        course,
        Query(expr=of_order(metric), legend="{{order}} · {{probe}}"),
        Query(expr=of_order(bound, 'bound="lower"'), legend="{{order}} · {{probe}} lower bound"),
        Query(expr=of_order(bound, 'bound="upper"'), legend="{{order}} · {{probe}} upper bound"),
    )
    return (
        figures(now, Query(expr=ratio(metric), legend=ORDER_LEGEND)),
        _last_conclusive(name),
        dashed(curves, "/bound$/"),
    )


def _last_conclusive(name: str) -> AnyPanel:
    look = Look(
        title=f"Last conclusive measurement behind {name}",
        says=(
            "When an entry of the order was last measured with a conclusive result. An old time makes the "
            "ratio an old one."
        ),
        unit="dateTimeFromNow",
        size=(7, 11),
    )
    expr = moment(of_order("blockprobe_order_last_conclusive_timestamp_seconds"))
    return figures(look, Query(expr=expr, legend=ORDER_LEGEND), plain=True)


ADDED = (
    "Added up over the orders and lines chosen above: an entry that is listed twice, or measured on two lines, counts "
    "twice. Colours carry no judgement."
)


def _outcomes() -> AnyPanel:
    look = Look(
        title="What the order demands: entries now",
        says=f"Every entry in force by whether this line does what the order demands. {ADDED}",
        unit="none",
        size=(6, 9),
        decimals=0,
        bounds=(0, None),
    )
    expr = f"sum by (outcome) ({of_order('blockprobe_order_implemented_sites', by=f'{BY_ORDER}, outcome')})"
    return coloured(bars(look, Query(expr=expr, legend="{{outcome}}")), OUTCOME_COLOURS)


def _counts() -> AnyPanel:
    look = Look(
        title="What a default browser meets: entries by state",
        says=f"Every entry in force by what a default browser meets. {ADDED}",
        unit="none",
        size=(12, 9),
        decimals=0,
    )
    return coloured(lines(look, Query(expr=_by_state(), legend="{{state}}"), stacked=True))


def _states() -> AnyPanel:
    look = Look(
        title="What a default browser meets: entries now",
        says=(
            "The same counts now. flagged: entries that the catalogue calls parked, re-registered, expired or wrong; "
            f"they count neither for nor against a network. never: not measured yet. {ADDED}"
        ),
        unit="none",
        size=(6, 9),
        decimals=0,
        bounds=(0, None),
    )
    return coloured(bars(look, Query(expr=_by_state(), legend="{{state}}")))


def _by_state() -> str:
    return f"sum by (state) ({of_order('blockprobe_order_sites', by=f'{BY_ORDER}, state')})"


def _times() -> AnyPanel:
    look = Look(
        title="Time to block and unblock lag",
        says=(
            "Medians over the entries, as intervals: a probe sees instants, so the truth lies between `at least` and "
            "`at most`. Time to block counts from the public notice and is absent without one; unblock lag counts from "
            "the end of an entry to the first measurement that saw it open."
        ),
        unit="s",
        size=(24, 7),
    )
    block, lag = "blockprobe_order_time_to_block_seconds", "blockprobe_order_unblock_lag_seconds"
    return rows(
        look,
        Column(expr=of_order(block, 'bound="lower"'), title="Blocked after at least", unit="s"),
        Column(expr=of_order(block, 'bound="upper"'), title="Blocked after at most", unit="s"),
        Column(expr=of_order(lag, 'bound="lower"'), title="Unblocked after at least", unit="s"),
        Column(expr=of_order(lag, 'bound="upper"'), title="Unblocked after at most", unit="s"),
        labels=LABELS,
    )


def _deadlines() -> AnyPanel:
    look = Look(
        title="Deadlines",
        says=(
            "The deadline as a person confirmed it from the order, the time left, and the entries known for "
            "certain to be late: blocked only after the deadline, or still open after it. Without a public "
            "deadline there is no row."
        ),
        unit="none",
        size=(24, 8),
    )
    deadline = "blockprobe_order_deadline_timestamp_seconds"
    undone = of_order("blockprobe_order_implemented_sites", 'outcome="open"')
    return rows(
        look,
        Column(expr=moment(of_order(deadline)), title="Deadline (UTC)", unit="dateTimeAsIso"),
        Column(expr=f"{of_order(deadline)} - time()", title="Left", unit="s", mappings=(negative("passed", AMBER),)),
        Column(expr=of_order("blockprobe_order_targets_late"), title="Late entries", decimals=0),
        Column(expr=undone, title="Not done now", decimals=0),
        labels=LABELS,
    )


def _reopened() -> AnyPanel:
    look = Look(
        title="Blocked once, open again",
        says=(
            "Entries in force that were proven blocked before and whose last conclusive state is open. Amber from one "
            "on: somebody should look whether the block was lifted, on purpose or not."
        ),
        unit="none",
        size=(8, 8),
        decimals=0,
        steps=((None, BLUE), (1, AMBER)),
    )
    return figures(look, Query(expr=of_order("blockprobe_order_reopened_targets"), legend=ORDER_LEGEND))


def _mechanisms() -> AnyPanel:
    look = Look(
        title="Mechanisms",
        says=("Entries that are blocked now, by mechanism; an entry that is blocked twice is in two bars."),
        unit="none",
        size=(8, 8),
        decimals=0,
        bounds=(0, None),
    )
    expr = f"sum by (mechanism) ({of_order('blockprobe_order_mechanisms', by=f'{BY_ORDER}, mechanism')})"
    return bars(look, Query(expr=expr, legend="{{mechanism}}"))


def _causes() -> AnyPanel:
    look = Look(
        title="Stated causes",
        says=(
            "At whose wish the entries are blocked, as far as notices, extended DNS errors or fingerprints "
            "say; unknown is usual. Parental and malware filters never count for an order."
        ),
        unit="none",
        size=(8, 8),
        decimals=0,
        bounds=(0, None),
    )
    expr = f"sum by (cause) ({of_order('blockprobe_order_causes', by=f'{BY_ORDER}, cause')})"
    return coloured(bars(look, Query(expr=expr, legend="{{cause}}")), CAUSE_COLOURS)


def _refusals() -> AnyPanel:
    look = Look(
        title="Refusals",
        says="Orders for which no figure may be given on a line, and why. No row: nothing is refused.",
        unit="none",
        size=(24, 7),
        empty="nothing is refused",
    )
    expr = of_order("blockprobe_order_refused", by=f"{BY_ORDER}, reason")
    table = rows(look, Column(expr=expr, shown=False), labels={**LABELS, "reason": "Why"})
    for title in LABELS.values():
        narrow(table, title)
    return worded(table, "Why", {reason: (text, AMBER) for reason, text in REFUSALS.items()})


def _orders() -> AnyPanel:
    look = Look(
        title="Orders",
        says=(
            "What the catalogue knows of the orders chosen above; their public sources are in `blockprobe orders show`."
        ),
        unit="none",
        size=(24, 7),
    )
    labels = {"order": "Order", "title": "Title", "jurisdiction": "Jurisdiction", "kind": "Kind", "court": "Court"}
    info = f'max by ({", ".join(labels)}) (blockprobe_order_info{{order=~"$order"}})'
    sites = f"max by (order) (sum without (state) ({ordered('blockprobe_order_sites')}))"
    entries = Column(expr=f"{sites} * on (order) group_right () {info}", title="Entries in force", decimals=0)
    table = rows(look, entries, labels=labels)
    for title, width in (("Order", 200), ("Jurisdiction", 120), ("Kind", 120), ("Entries in force", 160)):
        narrow(table, title, width)
    return table
