"""Colours and the words that figures are shown with.

To block is what an order demands, so blocked is neither bad nor good: states have colours without a verdict (no red, no
green), told apart by people who do not see red and green apart. Red is kept for a probe that does not work.
"""

from collections.abc import Mapping
from typing import Final

from grafana_foundation_sdk.models import dashboard as model

GREY: Final = "#8e8e8e"
"""For everything that is not known."""
BLUE: Final = "#3274d9"
PURPLE: Final = "#b877d9"
AMBER: Final = "#e0b400"
"""Somebody should look; nobody is said to be wrong."""
FAULT: Final = "red"
WELL: Final = "green"

STATE_COLOURS: Final = {
    "blocked": BLUE,
    "accessible": PURPLE,
    "down": "#a39074",
    "refused": "#56b4c8",
    "inconclusive": GREY,
    "flagged": "#d9c9a3",
    "never": "#5a5a5a",
}
"""The states of blockprobe_order_sites, each in its colour on every dashboard."""

OUTCOME_COLOURS: Final = {"blocked": BLUE, "open": PURPLE, "abstained": GREY, "flagged": "#d9c9a3"}
"""The outcomes of blockprobe_order_implemented_sites."""

CAUSE_COLOURS: Final = {
    "court": BLUE,
    "regulator": "#56b4c8",
    "parental": "#d9c9a3",
    "malware": "#a39074",
    "gambling": PURPLE,
    "sanctions": "#c4a000",
    "unknown": GREY,
}
"""The causes that a block may state."""

NOT_ENOUGH: Final = "not enough data"
"""Shown in grey where there is no figure. The last figure is never repeated in its place."""

REFUSALS: Final = {
    "control_vantage": "This vantage is a control: it stands outside the network",
    "filters_on": "The line's own filters are on and hide what the order does",
    "line_problem": "Something is wrong with the line itself",
    "network_unknown": "It is not known which network this line is on",
    "no_subscriber_line": "This is no subscriber's line",
    "nothing_in_force": "No entry of the order is in force now",
    "other_network": "This line is on another network than the order's respondent",
    "resolver_unknown": "It is not known whose resolver answers on this line",
    "stale": "The last conclusive measurements are too old",
    "third_party_resolver": "The line's answers come from another resolver than the network's own",
}
"""Reasons of blockprobe_order_refused, as sentences."""


def unknown(text: str = NOT_ENOUGH) -> model.ValueMapping:
    """NaN and null as grey words."""
    result = model.ValueMappingResult(text=text, color=GREY, index=0)
    options = model.DashboardSpecialValueMapOptions(match=model.SpecialValueMatch.NULL_AND_NAN, result=result)
    return model.SpecialValueMap(options=options)


def spoken(words: Mapping[str, tuple[str, str | None]]) -> model.ValueMapping:
    """Values as words, each with a colour or with that of its column."""
    results = {
        value: model.ValueMappingResult(text=text, color=colour, index=index)
        for index, (value, (text, colour)) in enumerate(words.items())
    }
    return model.ValueMap(options=results)


def works(well: str, fault: str) -> model.ValueMapping:
    """1 and 0 of something that should work."""
    return spoken({"1": (well, WELL), "0": (fault, FAULT)})


def negative(text: str, colour: str) -> model.ValueMapping:
    """Everything below zero as one word."""
    result = model.ValueMappingResult(text=text, color=colour, index=0)
    return model.RangeMap(options=model.DashboardRangeMapOptions(from_val=None, to=-0.001, result=result))
