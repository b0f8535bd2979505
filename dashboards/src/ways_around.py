"""What still opens blocked entries: availability by effort and technique, never how many people use it."""

from .panels import AnyPanel, Column, Look, bars, named, rows
from .queries import BY_ORDER, Query, moment, of_order
from .words import BLUE

EFFORTS = {
    "0": "0 nothing to set",
    "1": "1 one setting",
    "2": "2 another address",
    "3": "3 a tool",
    "none": "none is known",
}
LABELS = {"order": "Order", "isp": "Network", "probe": "Probe"}
NOT_USE = (
    "It says that a way exists on the measured line, not that anybody uses it. Only entries that are blocked now and "
    "against which a battery was run."
)


def panels() -> tuple[AnyPanel, ...]:
    """The row of the compliance dashboard."""
    return _efforts(), _techniques(), _holes(), _counts()


def _efforts() -> AnyPanel:
    look = Look(
        title="Least effort that opens a blocked entry",
        says=(
            "0: nothing to install or set. 1: one setting. 2: another address. 3: a tool. None is known: nothing that "
            f"was tried opens it, or that is in doubt. {NOT_USE}"
        ),
        unit="none",
        size=(7, 10),
        decimals=0,
        bounds=(0, None),
        steps=((None, BLUE),),
        empty="no battery yet",
    )
    expr = f"sum by (effort) ({of_order('blockprobe_bypass_lowest_effort', by=f'{BY_ORDER}, effort')})"
    return named(bars(look, Query(expr=expr, legend="{{effort}}")), EFFORTS)


def _techniques() -> AnyPanel:
    look = Look(
        title="Techniques that open blocked entries",
        says=f"Entries that each technique opens; one entry is in as many bars as techniques open it. {NOT_USE}",
        unit="none",
        size=(10, 10),
        decimals=0,
        bounds=(0, None),
        empty="nothing that was tried opens any",
    )
    works = of_order("blockprobe_bypass_techniques", 'outcome="works"', by=f"{BY_ORDER}, technique")
    return bars(look, Query(expr=f"sort_desc(sum by (technique) ({works}))", legend="{{technique}}"))


def _holes() -> AnyPanel:
    look = Look(
        title="Holes: one of two alike ways is open",
        says=(
            "Blocked entries where one family, scheme, name or transport is open beside another that is shut; for "
            f"resolvers, where another one opens what the line's own hide. {NOT_USE}"
        ),
        unit="none",
        size=(7, 10),
        decimals=0,
        bounds=(0, None),
        empty="none was found",
    )
    expr = f"sort_desc(sum by (kind) ({of_order('blockprobe_parity_gaps', by=f'{BY_ORDER}, kind')}))"
    return bars(look, Query(expr=expr, legend="{{kind}}"))


def _counts() -> AnyPanel:
    look = Look(
        title="Ways around, order by order",
        says=(
            "Entries tried; those that something opens; those that nothing opens of what could be tried. What is in "
            f"neither is in doubt. {NOT_USE}"
        ),
        unit="none",
        size=(24, 7),
        empty="no battery yet",
    )
    last = moment(of_order("blockprobe_bypass_last_timestamp_seconds"))
    return rows(
        look,
        Column(expr=of_order("blockprobe_bypass_tried"), title="Tried", decimals=0),
        Column(expr=of_order("blockprobe_bypass_available"), title="Something opens it", decimals=0),
        Column(expr=of_order("blockprobe_bypass_not_available"), title="Nothing tried opens it", decimals=0),
        Column(expr=last, title="Latest battery (UTC)", unit="dateTimeAsIso"),
        labels=LABELS,
    )
