"""A dashboard around its panels: variables, links to the others, stable ids."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from grafana_foundation_sdk.builders import dashboard as build
from grafana_foundation_sdk.models import dashboard as model

from .panels import SOURCE, AnyPanel

VARIABLES: Final = {
    "isp": ("Network", "label_values(blockprobe_probe_info, isp)", "Catalogue id of the network a probe is on."),
    "probe": ("Probe", 'label_values(blockprobe_probe_info{isp=~"$isp"}, probe)', "The vantage's name."),
    "order": ("Order", "label_values(blockprobe_order_info, order)", "Catalogue id of a court's or agency's order."),
    "site": (
        "Site",
        'label_values(blockprobe_site_order_info{order=~"$order"}, site)',
        "A host as the order lists it. Empty where the probes export no site series ([metrics] per_site).",
    ),
}
"""Name of a variable: its label, its query, its description."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A heading and the panels under it, left to right."""

    title: str
    panels: Sequence[AnyPanel]


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One dashboard. `uid` never changes: links, bookmarks and provisioning rest on it."""

    uid: str
    title: str
    says: str
    variables: tuple[str, ...]
    rows: tuple[Row, ...]
    since: str = "now-7d"

    def build(self) -> model.Dashboard:
        """The dashboard as the SDK's model, with panel ids in reading order."""
        page = build.Dashboard(self.title).uid(self.uid).description(self.says).tags(["blockprobe"])
        page.readonly().timezone("utc").time(self.since, "now").refresh("1m")
        page.tooltip(model.DashboardCursorSync.CROSSHAIR).link(_others())
        page.with_variable(build.DatasourceVariable("datasource").label("Data source").type("prometheus"))
        for name in self.variables:
            page.with_variable(_variable(name))
        number = 0
        for row in self.rows:
            number += 1
            page.with_row(build.Row(row.title).id(number))
            for panel in row.panels:
                number += 1
                page.with_panel(panel.id(number))
        return page.build()


def _variable(name: str) -> build.QueryVariable:
    label, query, says = VARIABLES[name]
    variable = build.QueryVariable(name).label(label).description(says).query(query).definition(query)
    variable.datasource(SOURCE).multi(True).include_all(True).all_value(".*")
    variable.current(model.VariableOption(selected=True, text=["All"], value=["$__all"]))
    return variable.refresh(model.VariableRefresh.ON_TIME_RANGE_CHANGED).sort(model.VariableSort.ALPHABETICAL_ASC)


def _others() -> build.DashboardLink:
    link = build.DashboardLink("blockprobe").type(model.DashboardLinkType.DASHBOARDS).tags(["blockprobe"])
    return link.as_dropdown(True).include_vars(True).keep_time(True)
