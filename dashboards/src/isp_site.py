"""One network, its lines and its sites: which state, since when, by which mechanism."""

from .page import Page, Row
from .panels import EACH_TEXT, AnyPanel, Column, Look, bars, coloured, figures, lines, rows, worded
from .queries import LINE, PROBE, Query, moment, of_probe, of_site
from .words import AMBER, BLUE, FAULT, PURPLE, STATE_COLOURS, WELL, spoken, works

SITE = {"site": "Site", "probe": "Probe"}
STATE_WORDS = {state: (state, colour) for state, colour in STATE_COLOURS.items()}
CHOSEN = '{site=~"$site"}'
DETAIL = (
    "Site series are optional ([metrics] per_site) and capped; the counts by order on the other dashboards are not."
)


def page() -> Page:
    """The dashboard."""
    return Page(
        uid="blockprobe-isp-site",
        title="blockprobe: ISP and site detail",
        says=(
            "The sites of the chosen orders on the chosen lines: state, since when, mechanisms, last "
            f"reachable. The proof of each state is in the archive (`blockprobe judge`), not here. {DETAIL}"
        ),
        variables=("isp", "probe", "order", "site"),
        rows=(
            Row(title="The line", panels=(_lines(), _resolver(), _selftest())),
            Row(title="Sites by state", panels=(_course(), _now())),
            Row(title="Site by site", panels=(_sites(), _changes(), _mechanisms(), _mechanism_course())),
            Row(title="Not in any order, and addresses", panels=(_other_sites(), _addresses())),
        ),
    )


def _lines() -> AnyPanel:
    look = Look(
        title="Lines",
        says=(
            "What each probe is: its network, access and whether the line's own parental filter is on. A "
            "filter that is on hides what an order does, so compliance is refused there."
        ),
        unit="none",
        size=(24, 5),
    )
    labels = {
        "probe": "Probe",
        "isp": "Network",
        "asn": "AS",
        "country": "Country",
        "access": "Access",
        "filters": "Filters",
    }
    expr = f"max by ({', '.join(labels)}) ({LINE})"
    return rows(look, Column(expr=expr, shown=False), labels=labels)


def _resolver() -> AnyPanel:
    look = Look(
        title="Whose resolver answers",
        says=(
            "Whether the line's answers come from the network's own resolver. From a third party's, an order "
            "on the network cannot be judged, and compliance is refused. Nothing here: it is not known."
        ),
        unit="none",
        size=(12, 5),
        mappings=(spoken({"1": ("the network's own", BLUE), "0": ("a third party's", AMBER)}),),
        empty="not known",
        text=EACH_TEXT,
    )
    return figures(look, Query(expr=of_probe("blockprobe_resolver_own"), legend="{{probe}}"))


def _selftest() -> AnyPanel:
    look = Look(
        title="Self-test of the line",
        says=(
            "Sites that the operator says must open, or must be blocked, on this line. A failure puts every "
            "figure of the line in doubt."
        ),
        unit="none",
        size=(12, 5),
        steps=((None, FAULT), (1, WELL)),
        mappings=(works("as stated", "not as stated"),),
        empty="none is configured",
        text=EACH_TEXT,
    )
    return figures(
        look, Query(expr=of_probe("blockprobe_line_selftest_ok", "probe, kind"), legend="{{kind}} · {{probe}}")
    )


def _course() -> AnyPanel:
    look = Look(
        title="Sites by state over time",
        says=(
            "Sites of the chosen orders by the state of their latest measurement, over all chosen lines. "
            f"Colours carry no judgement. {DETAIL}"
        ),
        unit="none",
        size=(16, 8),
        decimals=0,
    )
    return coloured(lines(look, Query(expr=_by_state(), legend="{{state}}"), stacked=True))


def _now() -> AnyPanel:
    look = Look(
        title="Sites by state now",
        says="The same counts now. inconclusive says that it is not known, and nothing else.",
        unit="none",
        size=(8, 8),
        decimals=0,
        bounds=(0, None),
    )
    return coloured(bars(look, Query(expr=_by_state(), legend="{{state}}")))


def _by_state() -> str:
    return f"count by (state) ({of_site(f'blockprobe_site_state{CHOSEN}', 'site, probe, state')})"


def _sites() -> AnyPanel:
    look = Look(
        title="Sites",
        says=(
            "`Blocked since`: the first measurement that saw the present block; the true beginning lies between the "
            "measurement before and this one. `Last reachable`: the latest measurement that saw the real site open."
        ),
        unit="none",
        size=(16, 12),
    )
    table = rows(
        look,
        Column(expr=of_site(f"blockprobe_site_state{CHOSEN}", "site, probe, state"), shown=False),
        Column(expr=_moment("blocked_since"), title="Blocked since", unit="dateTimeAsIso"),
        Column(expr=_moment("last_reachable"), title="Last reachable", unit="dateTimeAsIso"),
        Column(expr=_moment("last_conclusive"), title="Last conclusive", unit="dateTimeAsIso"),
        labels={**SITE, "state": "State"},
    )
    return worded(table, "State", STATE_WORDS)


def _moment(name: str) -> str:
    return moment(of_site(f"blockprobe_site_{name}_timestamp_seconds{CHOSEN}", "site, probe"))


def _changes() -> AnyPanel:
    look = Look(
        title="Most changes of state, last 7 days",
        says=(
            "Sites that change often are blocked in part (some resolvers, some hours) or unstable themselves; "
            "read their records."
        ),
        unit="none",
        size=(8, 12),
        decimals=0,
        bounds=(0, None),
        steps=((None, PURPLE),),
        empty="no change",
    )
    expr = f"topk(15, {of_site(f'blockprobe_site_changes{CHOSEN}', 'site, probe')} > 0)"
    return bars(look, Query(expr=expr, legend="{{site}} · {{probe}}"))


def _mechanisms() -> AnyPanel:
    look = Look(
        title="Interference seen in the latest measurement",
        says=(
            "Everything interfered with, also where the browser gets around it and the site stays accessible "
            "(docs/verdicts.md)."
        ),
        unit="none",
        size=(12, 9),
    )
    expr = of_site(f"blockprobe_site_interference{CHOSEN}", "site, probe, mechanism")
    return rows(look, Column(expr=expr, shown=False), labels={**SITE, "mechanism": "Mechanism"})


def _mechanism_course() -> AnyPanel:
    look = Look(
        title="Sites interfered with, by mechanism",
        says=(
            "How many of the chosen sites each mechanism touches. A change of mechanism without a change of "
            "state is a change of equipment."
        ),
        unit="none",
        size=(12, 9),
        decimals=0,
        bounds=(0, None),
    )
    expr = f"count by (mechanism) ({of_site(f'blockprobe_site_interference{CHOSEN}', 'site, probe, mechanism')})"
    return lines(look, Query(expr=expr, legend="{{mechanism}}"))


def _other_sites() -> AnyPanel:
    look = Look(
        title="Sites that no order lists",
        says="Sites of plans without an order. The variables order and site do not choose among them.",
        unit="none",
        size=(16, 8),
        empty="every site is in an order",
    )
    lone = "unless on (job, instance, site) blockprobe_site_order_info"
    expr = f"max by (site, probe, state) (blockprobe_site_state * {PROBE} {LINE} {lone})"
    table = rows(look, Column(expr=expr, shown=False), labels={**SITE, "state": "State"})
    return worded(table, "State", STATE_WORDS)


def _addresses() -> AnyPanel:
    look = Look(
        title="Addresses by state",
        says="Targets that are IP addresses are counted and never named in metrics.",
        unit="none",
        size=(8, 8),
        decimals=0,
        bounds=(0, None),
    )
    expr = f"sum by (state) ({of_probe('blockprobe_address_targets', 'probe, state')})"
    return coloured(bars(look, Query(expr=expr, legend="{{state}}")))
