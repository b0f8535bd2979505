"""The four kinds of panel, each with what all dashboards have in common.

Only kinds whose component @grafana/ui exports, so that docs/pictures can show every panel.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, TypeVar

from grafana_foundation_sdk.builders import bargauge, common, prometheus, stat, table, timeseries
from grafana_foundation_sdk.builders import dashboard as build
from grafana_foundation_sdk.models import common as options
from grafana_foundation_sdk.models import dashboard as model
from grafana_foundation_sdk.models.prometheus import PromQueryFormat

from .queries import Query
from .words import BLUE, NOT_ENOUGH, STATE_COLOURS, spoken

AnyPanel = timeseries.Panel | stat.Panel | table.Panel | bargauge.Panel
P = TypeVar("P", timeseries.Panel, stat.Panel, table.Panel, bargauge.Panel)
SOURCE: Final = options.DataSourceRef(type_val="prometheus", uid="${datasource}")
BAR_TEXT: Final = (13, 18)
"""Sizes of a bar's name and value: as large as fits would be huge where there are two bars."""
EACH_TEXT: Final = (13, 18)
"""The same for tiles of which there are as many as probes: names would shrink beside long values."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """How a panel shows its values.

    `says` is the description, a reader's first help. `steps` are thresholds: the first colour holds from below, each
    other one from its value on. `size` is width (of 24) and height. `text` are the sizes of names and values in pixels;
    None: as large as fits.
    """

    title: str
    says: str
    unit: str
    size: tuple[int, int]
    decimals: int | None = None
    steps: tuple[tuple[float | None, str], ...] = ((None, BLUE),)
    mappings: tuple[model.ValueMapping, ...] = ()
    bounds: tuple[float | None, float | None] = (None, None)
    empty: str = NOT_ENOUGH
    text: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column of figures: the query, its heading, its unit, and words for its values.

    Without `shown` only the labels of the query make columns: its value says no more than 1.
    """

    expr: str
    title: str = ""
    shown: bool = True
    unit: str = "none"
    decimals: int | None = None
    mappings: tuple[model.ValueMapping, ...] = field(default=())


def figures(look: Look, *queries: Query, plain: bool = False) -> stat.Panel:
    """The present values, one tile a series; `plain` for times and words, which no colour helps to read."""
    panel = _common(stat.Panel(), look, [_instant(query) for query in queries])
    colour = options.BigValueColorMode.NONE if plain else options.BigValueColorMode.VALUE
    panel.graph_mode(options.BigValueGraphMode.NONE).color_mode(colour)
    _sized(panel, look.text)
    panel.text_mode(options.BigValueTextMode.VALUE_AND_NAME if len(queries) > 1 else options.BigValueTextMode.AUTO)
    return panel.reduce_options(_last()).orientation(options.VizOrientation.HORIZONTAL)


def bars(look: Look, *queries: Query) -> bargauge.Panel:
    """The present values as bars, one a series."""
    panel = _common(bargauge.Panel(), look, [_instant(query) for query in queries])
    panel.display_mode(options.BarGaugeDisplayMode.BASIC).orientation(options.VizOrientation.HORIZONTAL)
    _sized(panel, look.text or BAR_TEXT)
    return panel.reduce_options(_last())


def lines(look: Look, *queries: Query, stacked: bool = False) -> timeseries.Panel:
    """The course of time. What is missing stays a gap."""
    panel = _common(timeseries.Panel(), look, [_range(query) for query in queries])
    legend = common.VizLegendOptions().show_legend(True).placement(options.LegendPlacement.BOTTOM).calcs([])
    panel.legend(legend.display_mode(options.LegendDisplayMode.LIST)).span_nulls(False).line_width(1)
    panel.tooltip(common.VizTooltipOptions().mode(options.TooltipDisplayMode.MULTI))
    panel.show_points(options.VisibilityMode.AUTO).line_interpolation(options.LineInterpolation.STEP_AFTER)
    panel.color_scheme(build.FieldColor().mode(model.FieldColorModeId.PALETTE_CLASSIC))
    if stacked:
        panel.fill_opacity(60).stacking(common.StackingConfig().mode(options.StackingMode.NORMAL).group("A"))
    return panel


def rows(look: Look, *columns: Column, labels: dict[str, str]) -> table.Panel:
    """One row for each combination of `labels` (label → heading), one column for each query."""
    queries = [_instant(Query(expr=column.expr)).format(PromQueryFormat.TABLE) for column in columns]
    panel = _common(table.Panel(), look, queries).show_header(True)
    values = [f"Value #{ref}" for ref in _refs(len(columns))] if len(columns) > 1 else ["Value"]
    names = {value: column.title for value, column in zip(values, columns, strict=True) if column.shown}
    hidden = {value: True for value in values if value not in names}
    order = {name: index for index, name in enumerate([*labels, *names])}
    panel.with_transformation(model.DataTransformerConfig(id_val="merge", options={}))
    shown = {"excludeByName": {"Time": True, **hidden}, "indexByName": order, "renameByName": {**labels, **names}}
    panel.with_transformation(model.DataTransformerConfig(id_val="organize", options=shown))
    for column in columns:
        if column.shown:
            panel.override_by_name(column.title, _column(column))
    return panel


def coloured(panel: P, colours: dict[str, str] = STATE_COLOURS) -> P:
    """Series with the colour that their name stands for."""
    for name, colour in colours.items():
        value = {"mode": "fixed", "fixedColor": colour}
        panel.override_by_name(name, [model.DynamicConfigValue(id_val="color", value=value)])
    return panel


def dashed(panel: timeseries.Panel, pattern: str) -> timeseries.Panel:
    """Bounds and limits, told apart from the figure they belong to."""
    style = model.DynamicConfigValue(id_val="custom.lineStyle", value={"fill": "dash", "dash": [6, 6]})
    return panel.override_by_regexp(pattern, [style])


def worded(panel: table.Panel, column: str, words: Mapping[str, tuple[str, str | None]]) -> table.Panel:
    """With the values of a column as words in their colours."""
    mapping = model.DynamicConfigValue(id_val="mappings", value=[spoken(words)])
    cell = model.DynamicConfigValue(id_val="custom.cellOptions", value={"type": "color-text"})
    return panel.override_by_name(column, [mapping, cell])


def named(panel: P, names: Mapping[str, str]) -> P:
    """Series with words in place of what their label says."""
    for name, words in names.items():
        panel.override_by_name(name, [model.DynamicConfigValue(id_val="displayName", value=words)])
    return panel


def narrow(panel: table.Panel, column: str, width: int = 200) -> table.Panel:
    """With no more room for a column than a name needs (pixels), so that words beside it have theirs."""
    return panel.override_by_name(column, [model.DynamicConfigValue(id_val="custom.width", value=width)])


def _common(panel: P, look: Look, queries: Sequence[prometheus.Dataquery]) -> P:
    steps = [model.Threshold(value=value, color=colour) for value, colour in look.steps]
    panel.title(look.title).description(look.says).datasource(SOURCE).span(look.size[0]).height(look.size[1])
    panel.unit(look.unit).mappings(list(look.mappings)).no_value(look.empty)
    panel.thresholds(build.ThresholdsConfig().mode(model.ThresholdsMode.ABSOLUTE).steps(steps))
    panel.color_scheme(build.FieldColor().mode(model.FieldColorModeId.THRESHOLDS))
    if look.decimals is not None:
        panel.decimals(look.decimals)
    low, high = look.bounds
    if low is not None:
        panel.min(low)
    if high is not None:
        panel.max(high)
    for ref, query in zip(_refs(len(queries)), queries, strict=True):
        panel.with_target(query.ref_id(ref).datasource(SOURCE))
    return panel


def _sized(panel: stat.Panel | bargauge.Panel, text: tuple[int, int] | None) -> None:
    if text is not None:
        panel.text(common.VizTextDisplayOptions().title_size(text[0]).value_size(text[1]))


def _instant(query: Query) -> prometheus.Dataquery:
    return prometheus.Dataquery().expr(query.expr).legend_format(query.legend).instant()


def _range(query: Query) -> prometheus.Dataquery:
    return prometheus.Dataquery().expr(query.expr).legend_format(query.legend).range()


def _last() -> common.ReduceDataOptions:
    """The value itself: `lastNotNull` would repeat the figure before."""
    return common.ReduceDataOptions().calcs(["last"]).values(False)


def _refs(count: int) -> str:
    return "ABCDEFGHIJKLMNOPQRSTUVWXYZ"[:count]


def _column(column: Column) -> list[model.DynamicConfigValue]:
    properties = [model.DynamicConfigValue(id_val="unit", value=column.unit)]
    if column.decimals is not None:
        properties.append(model.DynamicConfigValue(id_val="decimals", value=column.decimals))
    if column.mappings:
        properties.append(model.DynamicConfigValue(id_val="mappings", value=list(column.mappings)))
        if any(isinstance(mapping, model.ValueMap) for mapping in column.mappings):
            cell = {"type": "color-text"}
            properties.append(model.DynamicConfigValue(id_val="custom.cellOptions", value=cell))
    return properties
