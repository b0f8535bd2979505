"""Mirrors of an order's sites: how many known ones live, how many this line blocks, how long they last. Never names."""

from .panels import AnyPanel, Column, Look, bars, coloured, dashed, lines, rows
from .queries import BY_ORDER, Query, moment, of_order
from .words import BLUE, GREY, PURPLE, negative

LABELS = {"order": "Order", "isp": "Network", "probe": "Probe"}
KNOWN = (
    "Of the names that a plan watches: nobody knows how many mirrors there are. Names are in no metric; they stay in "
    "the probe's store."
)
STAND_COLOURS = {"blocked": BLUE, "open": PURPLE, "unknown": GREY, "dead": "#a39074"}


def panels() -> tuple[AnyPanel, ...]:
    """The row of the compliance dashboard."""
    return _states(), _coverage(), _half_lives(), _counts()


def _states() -> AnyPanel:
    look = Look(
        title="Known mirrors by where they stand",
        says=(
            "Names that were ever seen alive from where the censor is not. Open and blocked: alive, and what this line "
            f"does; unknown: alive, and it is in doubt; dead: for everybody. {KNOWN}"
        ),
        unit="none",
        size=(7, 9),
        decimals=0,
        bounds=(0, None),
        empty="no mirror is watched",
    )
    alive = of_order("blockprobe_mirrors", 'state!="never"', by=f"{BY_ORDER}, class, state")
    return coloured(bars(look, Query(expr=f"sum by (state) ({alive})", legend="{{state}}")), STAND_COLOURS)


def _coverage() -> AnyPanel:
    look = Look(
        title="Share of known live mirrors that is blocked",
        says=(
            "Dashed: the bounds, if every one in doubt were open (lower) or blocked (upper). While any is in doubt "
            f"there are bounds only. {KNOWN}"
        ),
        unit="percentunit",
        size=(17, 9),
        bounds=(0.0, 1.0),
        empty="no mirror is known to live",
    )
    bound = "blockprobe_mirror_coverage_bound_ratio"
    curves = lines(
        look,
        Query(expr=of_order("blockprobe_mirror_coverage_ratio"), legend="{{order}} · {{probe}}"),
        Query(expr=of_order(bound, 'bound="lower"'), legend="{{order}} · {{probe}} lower bound"),
        Query(expr=of_order(bound, 'bound="upper"'), legend="{{order}} · {{probe}} upper bound"),
    )
    return dashed(curves, ".* bound")


def _half_lives() -> AnyPanel:
    look = Look(
        title="Half-life of mirrors",
        says=(
            "When half of them had ended, since first seen alive: by a block, by death, or by either; blocked and dead "
            "compete. The times of looks leave open what lies between earliest and latest; the 95 % bounds add chance. "
            f"No row: not even the first bound is reached. {KNOWN}"
        ),
        unit="s",
        size=(24, 8),
        empty="half have not ended yet",
    )
    bounds = {
        "lower": "95 %: not before",
        "earliest": "Earliest",
        "latest": "Latest",
        "upper": "95 %: not after",
    }
    columns = (
        Column(expr=_reached(bound), title=title, unit="s", mappings=(negative("not reached yet", GREY),))
        for bound, title in bounds.items()
    )
    return rows(look, *columns, labels={**LABELS, "cause": "By"})


def _reached(bound: str) -> str:
    """One bound, and below zero (shown as words) where only an earlier one is reached: `lower` is the first of all."""
    metric, by = "blockprobe_mirror_half_life_seconds", f"{BY_ORDER}, cause"
    first, this = (of_order(metric, f'bound="{one}"', by=by) for one in ("lower", bound))
    return first if bound == "lower" else f"{this} or 0 * {first} - 1"


def _counts() -> AnyPanel:
    look = Look(
        title="Losses, and what took their place",
        says=(
            "A loss: this line blocks a site or a mirror, or it dies, and both the last good look and the first bad "
            "one are known. Made good: a mirror of the same site was there that had not been lost; at once: it had "
            f"been there before. {KNOWN}"
        ),
        unit="none",
        size=(24, 7),
        empty="no loss that can be dated",
    )
    half = of_order("blockprobe_mirror_substitution_seconds", 'bound="latest"')
    last = moment(of_order("blockprobe_mirror_last_conclusive_timestamp_seconds"))
    return rows(
        look,
        Column(expr=of_order("blockprobe_mirror_losses"), title="Losses", decimals=0),
        Column(expr=of_order("blockprobe_mirror_losses_made_good"), title="Made good", decimals=0),
        Column(expr=of_order("blockprobe_mirror_losses_made_good_at_once"), title="At once", decimals=0),
        Column(expr=half, title="Half were within", unit="s"),
        Column(expr=last, title="Latest look (UTC)", unit="dateTimeAsIso"),
        labels=LABELS,
    )
