"""The exposition: within max_series, in one order, and readable by Prometheus' own tools."""

import re
import shutil
import subprocess

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from blockprobe.metrics.render import Renderer, process_text, render
from blockprobe.metrics.table import BY_NAME, METRICS
from blockprobe.model.settings import MetricsSettings
from blockprobe.model.words import State
from tests.metrics.build import compliance, exposition, history, order, series, snapshot, values, watching

PROBE_ONLY = len(series(exposition(snapshot(plans=("website",)), per_site="off")))


def full(sites: int = 20, orders: int = 3):
    """An agent with sites, every third of them blocked, and orders."""
    histories = [history(f"s{n:03d}.example", State.BLOCKED if n % 3 == 0 else State.ACCESSIBLE) for n in range(sites)]
    ids = [f"gb/order-{n}" for n in range(orders)]
    return snapshot(
        plans=("website",),
        orders=tuple(order(id=one) for one in ids),
        compliances=tuple(compliance(order=one) for one in ids),
        **watching(*histories, orders=tuple(ids[:1])),
    )


def names(text: bytes) -> list[str]:
    return [name for name, _, _ in series(text)]


def sites_in(text: bytes) -> set[str]:
    return {labels["site"] for _, labels, _ in series(text) if "site" in labels}


def test_the_same_moment_gives_the_same_bytes():
    assert exposition(full()) == exposition(full())
    assert (
        render(full(), MetricsSettings()).split(b"# HELP process_")[0]
        == (Renderer(MetricsSettings()).render(full()).split(b"# HELP process_")[0])
    )


def test_the_pieces_are_the_whole():
    renderer = Renderer(MetricsSettings(per_site="all"), process=False)

    assert b"".join(renderer.pieces(full())) == exposition(full())


def test_no_series_is_there_twice_and_none_has_a_timestamp():
    text = exposition(full())
    samples = [line for line in text.decode().splitlines() if not line.startswith("#")]
    keys = [line.rpartition(" ")[0] for line in samples]

    assert len(keys) == len(set(keys))
    assert all(re.fullmatch(r"[a-z_]+(\{.*\})? \S+", line) for line in samples)


def test_series_are_counted_as_they_are_written():
    text = Renderer(MetricsSettings(per_site="all")).render(full())
    written = [line for line in text.decode().splitlines() if not line.startswith("#")]

    assert values(full(), "metrics_series") == {(): len(series(exposition(full())))}
    assert f"blockprobe_metrics_series {len(written)}\n" in text.decode()


def test_everything_fits_when_the_cap_is_just_large_enough():
    size = len(series(exposition(full())))

    assert values(full(), "metrics_series_dropped_total", max_series=size) == {(): 0}
    last_site = 5  # state, when reachable, when conclusive, changes, its order
    assert values(full(), "metrics_series_dropped_total", max_series=size - 1) == {(): last_site}


@settings(max_examples=60, deadline=None)
@given(cap=st.integers(min_value=1, max_value=500), sites=st.integers(0, 12), orders=st.integers(0, 4))
def test_whatever_the_cap_what_is_written_and_what_is_dropped_add_up(cap, sites, orders):
    whole = len(series(exposition(full(sites, orders))))
    text = exposition(full(sites, orders), max_series=cap)
    found = series(text)
    dropped = next(value for name, _, value in found if name == "blockprobe_metrics_series_dropped_total")

    assert len(found) + dropped == whole
    assert len(found) <= max(cap, PROBE_ONLY)
    assert names(text)[:PROBE_ONLY] != []


def test_the_probe_stays_orders_go_after_sites_and_open_sites_before_blocked_ones():
    whole = exposition(full())
    tier = {metric.name: metric.tier for metric in METRICS}
    orders = sum(1 for name in names(whole) if tier.get(name) == "order")

    tiny = exposition(full(), max_series=1)
    assert {tier.get(name, "probe") for name in names(tiny)} == {"probe"}
    assert len(names(tiny)) == PROBE_ONLY

    no_sites = exposition(full(), max_series=PROBE_ONLY + orders)
    assert sum(1 for name in names(no_sites) if tier.get(name) == "order") == orders
    assert sites_in(no_sites) == set()

    few = exposition(full(), max_series=PROBE_ONLY + orders + 6 + 13)
    assert sites_in(few) == {"s000.example", "s003.example"}


def test_a_site_has_all_of_its_series_or_none():
    whole = series(exposition(full()))
    for cap in range(PROBE_ONLY, len(whole), 7):
        cut = series(exposition(full(), max_series=cap))
        for site in {labels["site"] for _, labels, _ in cut if "site" in labels}:
            assert [one for one in cut if one[1].get("site") == site] == [
                one for one in whole if one[1].get("site") == site
            ]


def test_what_is_dropped_is_summed_over_expositions():
    renderer = Renderer(MetricsSettings(per_site="all", max_series=PROBE_ONLY), process=False)
    once = series(renderer.render(full()))[-1]
    twice = series(renderer.render(full()))[-1]

    assert once[0] == "blockprobe_metrics_series_dropped_total"
    assert once[2] > 0
    assert twice[2] == 2 * once[2]


def test_the_process_is_there_but_not_in_a_file_for_node_exporter():
    served = names(Renderer(MetricsSettings()).render(full()))

    assert "process_resident_memory_bytes" in served
    assert "process_cpu_seconds_total" in served
    assert not any(name.startswith("process_") for name in names(exposition(full())))
    assert b"_created" not in process_text()


def test_every_metric_that_is_written_is_in_the_table():
    text = Renderer(MetricsSettings(per_site="all")).render(full()).decode()
    told = set(re.findall(r"^# TYPE (blockprobe_\w+) ", text, re.M))

    assert told <= set(BY_NAME)


@pytest.mark.skipif(shutil.which("promtool") is None, reason="needs Debian's package prometheus (promtool)")
def test_promtool_finds_no_fault():
    text = Renderer(MetricsSettings(per_site="all")).render(full())
    checked = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True, timeout=60, check=False)

    assert (checked.returncode, checked.stdout + checked.stderr) == (0, b"")
