"""The table keeps Prometheus' conventions, and docs/metrics.md has a row for each metric and no other."""

import re
from pathlib import Path

import pytest

from blockprobe.metrics.table import METRICS, Metric, MetricType

TEXT = (Path(__file__).parents[2] / "docs" / "metrics.md").read_text(encoding="utf-8")
ROW = re.compile(
    r"^\| `(?P<name>blockprobe_\w+)(?:\{(?P<labels>[\w,]+)\})?` \| (?P<type>\w+) \| (?P<text>.+) \|$", re.M
)
ROWS = {match["name"]: match for match in ROW.finditer(TEXT)}
each = pytest.mark.parametrize("metric", METRICS, ids=lambda metric: metric.name)


def test_no_name_is_there_twice():
    names = [metric.name for metric in METRICS]

    assert len(names) == len(set(names))
    assert len(ROW.findall(TEXT)) == len(ROWS)


def test_every_row_of_the_page_is_a_metric():
    assert set(ROWS) - {metric.name for metric in METRICS} == set()


@each
def test_every_metric_has_its_row_with_type_and_labels(metric: Metric):
    row = ROWS[metric.name]

    assert row["type"] == metric.type
    assert tuple(filter(None, (row["labels"] or "").split(","))) == metric.labels


@each
def test_names_have_base_units_and_the_suffix_of_their_type(metric: Metric):
    name = metric.name

    assert re.fullmatch(r"blockprobe(_[a-z]+[a-z0-9]*)+", name)
    assert name.endswith("_total") == (metric.type is MetricType.COUNTER)
    assert not re.search(
        r"_(ms|milliseconds|minutes|hours|days|percent|kb|mb|gauge|counter|count|sum|bucket)(_|$)", name
    )
    assert "effectiveness" not in name
    if "timestamp" in name:
        assert name.endswith("_timestamp_seconds")


@each
def test_help_is_one_sentence_and_labels_are_words(metric: Metric):
    assert re.fullmatch(r"[A-Z1][^\n]*\.", metric.help)
    assert all(re.fullmatch(r"[a-z_]+", label) and label not in ("le", "quantile") for label in metric.labels)
    assert len(set(metric.labels)) == len(metric.labels)


def test_a_ratio_has_its_counts_and_the_time_of_its_last_measurement_beside_it():
    names = {metric.name for metric in METRICS}

    assert {name for name in names if name.endswith("_ratio")} == {
        f"blockprobe_{figure}{bound}_ratio"
        for figure in ("order_implemented", "order_reach", "mirror_coverage")
        for bound in ("", "_bound")
    }
    assert names >= {
        "blockprobe_order_sites",
        "blockprobe_order_implemented_sites",
        "blockprobe_order_last_conclusive_timestamp_seconds",
    }
