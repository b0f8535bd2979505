"""The text format: whatever stands in a label comes back from prometheus-client's own reader."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families

from blockprobe.metrics.table import BY_NAME
from blockprobe.metrics.text import Page, escaped, histogram, number, sample

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
ORDER_INFO = BY_NAME["blockprobe_order_info"]


def read(text: bytes) -> list[tuple[str, dict[str, str], float]]:
    return [
        (one.name, one.labels, one.value)
        for family in text_string_to_metric_families(text.decode())
        for one in family.samples
    ]


@given(st.tuples(TEXTS, TEXTS, TEXTS, TEXTS, TEXTS), st.floats(allow_nan=False))
def test_labels_and_values_come_back_as_they_were(labels, value):
    page = Page()
    page.add("order_info", value, *labels)

    assert read(b"".join(page.pieces())) == [
        (ORDER_INFO.name, dict(zip(ORDER_INFO.labels, labels, strict=True)), value)
    ]


@given(TEXTS)
def test_a_label_stays_within_its_line_and_its_quotes(value):
    line = sample(BY_NAME["blockprobe_targets"], (value,), 1)

    assert line.count("\n") == 1
    assert line == f'blockprobe_targets{{plan="{escaped(value)}"}} 1\n'
    assert '"' not in escaped(value).replace("\\\\", "").replace('\\"', "")


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (0, "0"),
        (True, "1"),
        (1.0, "1"),
        (0.1, "0.1"),
        (-2.5, "-2.5"),
        (1763726400.25, "1763726400.25"),
        (1e300, "1e+300"),
        (2**53 - 1, "9007199254740991"),
        (math.inf, "+Inf"),
        (-math.inf, "-Inf"),
        (math.nan, "NaN"),
    ],
)
def test_numbers_are_written_without_losing_anything(value, written):
    assert number(value) == written
    assert math.isnan(value) or float(written) == value


def test_a_half_character_does_not_spoil_the_rest():
    page = Page()
    page.add("targets", 3, "a\ud800b")

    assert read(b"".join(page.pieces())) == [("blockprobe_targets", {"plan": "a?b"}, 3.0)]


def test_labels_that_are_too_few_or_too_many_are_a_fault_of_the_program():
    with pytest.raises(ValueError, match="zip"):
        Page().add("targets_by_state", 1, "website")
    with pytest.raises(KeyError):
        Page().add("effectiveness", 1)


def test_metrics_stand_in_the_tables_order_with_help_and_type_and_those_without_series_do_not():
    page = Page()
    page.add("targets", 1, "b")
    page.add("store_bytes", 7)
    page.add("targets", 2, "a")

    assert b"".join(page.pieces()).decode() == (
        "# HELP blockprobe_targets Targets that are measured, by plan.\n"
        "# TYPE blockprobe_targets gauge\n"
        'blockprobe_targets{plan="b"} 1\n'
        'blockprobe_targets{plan="a"} 2\n'
        "# HELP blockprobe_store_bytes Size of the archive on disk.\n"
        "# TYPE blockprobe_store_bytes gauge\n"
        "blockprobe_store_bytes 7\n"
    )


def test_series_are_counted_also_those_of_another_page():
    page, other = Page(), Page()
    page.add("store_bytes", 7)
    other.add("targets", 1, "a")
    other.extend("targets", ['blockprobe_targets{plan="b"} 1\n'])
    page.take(other)

    assert page.series == 3


def test_a_histogram_has_cumulative_buckets_a_sum_and_a_count():
    metric = BY_NAME["blockprobe_step_duration_seconds"]
    lines = histogram(metric, ("dns",), {"0.1": 2, "+Inf": 3}, 0.75)

    assert "".join(lines) == (
        'blockprobe_step_duration_seconds_bucket{step="dns",le="0.1"} 2\n'
        'blockprobe_step_duration_seconds_bucket{step="dns",le="+Inf"} 3\n'
        'blockprobe_step_duration_seconds_sum{step="dns"} 0.75\n'
        'blockprobe_step_duration_seconds_count{step="dns"} 3\n'
    )
