"""What a reader of a dashboard may rely on: the rules of Grafana's dashboard-linter that matter here, and our own."""

import re

import pytest
from dashboard_files import FILES, Asked, filled, label_values, load, panels, queries, variables

promql = pytest.importorskip("promql_parser", reason="reads the queries: pip install -e '.[dev]'")
import promql_walk as walk  # noqa: E402 - it imports promql_parser

TYPES = {"timeseries", "stat", "table", "bargauge"}
"""What @grafana/ui can draw outside Grafana, so that docs/pictures can show every panel."""
ASKED = list(queries())
RATED = ("rate", "increase", "irate", "delta")
NO_VERDICT = {"red", "green", "dark-red", "dark-green", "semi-dark-red", "semi-dark-green"}
_LEGEND = re.compile(r"\{\{(\w+)\}\}")

every_query = pytest.mark.parametrize("asked", ASKED, ids=[asked.where for asked in ASKED])
every_panel = pytest.mark.parametrize(
    "panel",
    [panel for path in FILES for panel in panels(load(path))],
    ids=[f"{path.stem}: {panel['title']}" for path in FILES for panel in panels(load(path))],
)
every_file = pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)


@every_panel
def test_a_panel_says_what_it_shows(panel):
    field = panel["fieldConfig"]["defaults"]

    assert panel["type"] in TYPES
    assert panel["title"]
    assert panel["description"].endswith("."), "a sentence"
    assert panel["targets"], "no panel without a query"
    assert field["unit"]
    assert field["noValue"], "an empty panel says why it is empty"
    assert panel["datasource"] == {"type": "prometheus", "uid": "${datasource}"}


@every_query
def test_a_query_is_promql_over_metrics_and_labels_that_exist(asked: Asked):
    labels = walk.labels(walk.parse(filled(asked.expr)))

    assert labels is not None, "a vector"
    assert set(_LEGEND.findall(asked.target.get("legendFormat", ""))) <= labels
    assert asked.target["datasource"] == {"type": "prometheus", "uid": "${datasource}"}


@every_query
def test_a_tables_columns_exist_and_every_other_query_names_its_series(asked: Asked):
    labels = walk.labels(walk.parse(filled(asked.expr)))
    if asked.panel["type"] != "table":
        assert asked.target.get("legendFormat"), "a legend, not the raw labels"
        return
    organize = asked.panel["transformations"][-1]
    columns = {name for name in organize["options"]["renameByName"] if not name.startswith("Value")}

    assert organize["id"] == "organize"
    assert (labels or set()) <= columns, "what is no column would be a nameless one"
    assert any(columns == walk.labels(walk.parse(filled(one["expr"]))) for one in asked.panel["targets"])


@every_query
def test_counters_are_rated_over_grafanas_interval_or_a_stated_time(asked: Asked):
    tree = walk.parse(filled(asked.expr))
    rated = {
        id(selector)
        for call in walk.walk(tree)
        if isinstance(call, promql.Call) and call.func.name in RATED
        for selector in walk.selectors(call)
    }
    counters = [s for s in walk.selectors(tree) if s.name.endswith(("_total", "_bucket", "_count", "_sum"))]

    assert [s.name for s in counters if id(s) not in rated] == []
    assert all("$__rate_interval" in part for part in re.findall(r"\brate\([^)]*\)", asked.expr))


@every_query
def test_a_query_follows_the_variables(asked: Asked):
    """The chosen probe by name, or for what is of an order alone the chosen order."""
    probes = 'blockprobe_probe_info{probe=~"$probe"' in asked.expr
    orders = 'order=~"$order"' in asked.expr

    assert probes or (asked.panel["title"] == "Orders" and orders)
    assert set(re.findall(r"\$\{?(\w+)\}?", asked.expr)) - {"__rate_interval"} <= set(
        variables(next(load(path) for path in FILES if path.stem == asked.dashboard))
    )


@every_file
def test_variables_ask_for_labels_that_exist_and_follow_the_time_range(path):
    chosen = variables(load(path))

    source = chosen.pop("datasource")
    assert (source["type"], source["query"]) == ("datasource", "prometheus")
    for variable in chosen.values():
        selector, label = label_values(variable["query"])
        assert label in (walk.labels(walk.parse(filled(selector))) or ())
        assert (variable["refresh"], variable["allValue"], variable["multi"]) == (2, ".*", True)
        assert variable["datasource"]["uid"] == "${datasource}"
        assert variable["label"]
        assert variable["description"]


def test_the_four_variables_are_there():
    assert {name for path in FILES for name in variables(load(path))} == {"datasource", "isp", "probe", "order", "site"}


def figures_of(panel, name):
    return any(f"blockprobe_order_{name}_" in target["expr"] for target in panel["targets"])


@every_panel
def test_implemented_and_reach_are_never_in_one_panel(panel):
    assert not (figures_of(panel, "implemented") and figures_of(panel, "reach"))


@every_file
def test_beside_every_order_ratio_stands_when_it_was_last_measured(path):
    board = load(path)
    for ratio in (
        p for p in panels(board) if "blockprobe_order_" in str(p["targets"]) and "_ratio" in str(p["targets"])
    ):
        beside = [p for p in panels(board) if p["gridPos"]["y"] == ratio["gridPos"]["y"]]
        assert any("blockprobe_order_last_conclusive_timestamp_seconds" in str(p["targets"]) for p in beside)


def test_there_are_ratios_to_ask_that_of():
    names = {name for asked in ASKED for name in walk.metrics(walk.parse(filled(asked.expr)))}

    assert {"blockprobe_order_implemented_ratio", "blockprobe_order_reach_ratio"} <= names


@every_panel
def test_a_figure_that_is_missing_is_never_the_one_before(panel):
    reduced = panel["options"].get("reduceOptions")

    assert reduced is None or reduced["calcs"] == ["last"], "lastNotNull repeats the figure before"
    assert panel["fieldConfig"]["defaults"].get("custom", {}).get("spanNulls", False) is False


@every_panel
def test_a_ratio_that_is_absent_is_grey_words(panel):
    if panel["type"] != "stat" or "_ratio" not in str(panel["targets"]):
        return
    special = [one for one in panel["fieldConfig"]["defaults"]["mappings"] if one["type"] == "special"]

    assert [(one["options"]["match"], one["options"]["result"]["text"]) for one in special] == [
        ("null+nan", "not enough data")
    ]
    assert special[0]["options"]["result"]["color"] == "#8e8e8e"


@every_file
def test_no_colour_calls_a_block_good_or_bad(path):
    """Red and green belong to the probe's own health; the line's self-test is part of that."""
    if path.stem == "probe-health":
        return
    for panel in panels(load(path)):
        if "blockprobe_line_selftest_ok" not in str(panel["targets"]):
            found = set(re.findall(r'"(?:color|fixedColor)": ?"([a-z-]+)"', str(panel).replace("'", '"')))
            assert not found & NO_VERDICT, panel["title"]


@every_panel
def test_thresholds_have_a_meaning_that_the_description_tells(panel):
    steps = panel["fieldConfig"]["defaults"]["thresholds"]["steps"]
    if len(steps) > 1 and not panel["fieldConfig"]["defaults"].get("mappings"):
        assert re.search(r"[Aa]mber|[Rr]ed ", panel["description"])


@pytest.mark.parametrize(
    ("expr", "fault"),
    [
        ("blockprobe_order_implementd_ratio", "no metric blockprobe_order_implementd_ratio"),
        ('blockprobe_order_sites{isps="x"}', "no label ['isps']"),
        ("sum by (site) (blockprobe_order_sites)", "no label ['site']"),
        ("blockprobe_targets * on (job, instance) group_left (isps) blockprobe_probe_info", "no label ['isps']"),
        ("blockprobe_targets_by_state / blockprobe_targets", "never match: ['state']"),
    ],
)
def test_a_misspelt_query_is_found(expr, fault):
    with pytest.raises(walk.Unknown, match=re.escape(fault)):
        walk.labels(walk.parse(expr))
