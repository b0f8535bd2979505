"""The probe's own series: always there when known, absent when not."""

import platform

import pytest

from blockprobe.metrics.counters import LABELS
from blockprobe.metrics.probe_tier import STATES
from blockprobe.metrics.snapshot import CycleFigures, LineFigures, ReloadFigures, StoreFigures
from blockprobe.metrics.steps import Outcome, Step
from blockprobe.model.record import Vantage
from blockprobe.model.words import State
from tests.metrics.build import HOUR, NOW, exposition, history, series, snapshot, values, watching


def test_the_probe_says_what_it_is_and_where():
    moment = snapshot(vantage=Vantage(name="leeds-3", isp="gb/example", asn=64500, country="GB", filters="off"))

    assert values(moment, "build_info") == {("1.0", "1", platform.python_version()): 1}
    assert values(moment, "probe_info") == {("leeds-3", "gb/example", "64500", "GB", "fixed", "off"): 1}


def test_every_step_outcome_and_bucket_is_there_from_the_start():
    moment = snapshot()

    assert values(moment, "measurements_total") == {(step, outcome): 0 for step in Step for outcome in Outcome}
    assert set(values(moment, "step_duration_seconds_bucket")) == {(step, le) for step in Step for le in LABELS}
    assert len(LABELS) == 13


@pytest.mark.parametrize(
    "name",
    [
        "cycle_duration_seconds",
        "cycle_last_completed_timestamp_seconds",
        "cycle_controls_ok",
        "schedule_lag_seconds",
        "store_last_durable_timestamp_seconds",
        "store_dropped_total",
        "store_max_bytes",
        "clock_offset_seconds",
        "control_reachable",
        "resolver_own",
        "resolver_hijack_suspected",
        "line_selftest_ok",
    ],
)
def test_what_is_not_known_yet_is_absent(name):
    assert values(snapshot(), name) == {}


def test_a_cycle_is_shown_with_its_end_length_and_controls():
    moment = snapshot(cycle=CycleFigures(duration_s=12.5, completed_at=NOW, controls_ok=False, lag_s=0.0))

    assert values(moment, "cycle_duration_seconds") == {(): 12.5}
    assert values(moment, "cycle_last_completed_timestamp_seconds") == {(): NOW.timestamp()}
    assert values(moment, "cycle_controls_ok") == {(): 0}
    assert values(moment, "schedule_lag_seconds") == {(): 0}


def test_a_line_is_shown_by_what_its_check_found():
    line = LineFigures(
        clock_offset_s=-0.25,
        controls={"neutral_ipv6": False, "helper": True},
        resolver_own=False,
        hijack_suspected=True,
        selftest={"must_open": True},
    )
    moment = snapshot(line=line)

    assert values(moment, "clock_offset_seconds") == {(): -0.25}
    assert values(moment, "control_reachable") == {("helper",): 1, ("neutral_ipv6",): 0}
    assert values(moment, "resolver_own") == {(): 0}
    assert values(moment, "resolver_hijack_suspected") == {(): 1}
    assert values(moment, "line_selftest_ok") == {("must_open",): 1}


def test_the_archive_is_shown_with_what_it_dropped():
    store = StoreFigures(
        size_bytes=10**9, max_bytes=2 * 10**9, waiting=3, dropped={"max_bytes": 7}, durable_at=NOW - HOUR
    )
    moment = snapshot(store=store)

    assert values(moment, "store_bytes") == {(): 1e9}
    assert values(moment, "store_max_bytes") == {(): 2e9}
    assert values(moment, "store_records_waiting") == {(): 3}
    assert values(moment, "store_dropped_total") == {("max_bytes",): 7}
    assert values(moment, "store_last_durable_timestamp_seconds") == {(): (NOW - HOUR).timestamp()}


def test_a_reload_that_failed_shows_when_one_last_succeeded():
    moment = snapshot(reload=ReloadFigures(ok=False, succeeded_at=NOW - HOUR))

    assert values(moment, "config_last_reload_successful") == {(): 0}
    assert values(moment, "config_last_reload_success_timestamp_seconds") == {(): (NOW - HOUR).timestamp()}


def test_targets_add_up_by_plan_and_the_latest_measurement_decides():
    histories = (
        history("a.example"),
        history("b.example", State.BLOCKED),
        history("c.example", State.BLOCKED, last=State.INCONCLUSIVE),
        history("198.51.100.7", State.DOWN),
        history("d.example", State.BLOCKED, last=None),
    )
    moment = snapshot(plans=("website", "live"), **watching(*histories))
    by_state = values(moment, "targets_by_state")

    assert values(moment, "targets") == {("live",): 0, ("website",): 5}
    assert {state: by_state["website", state] for state in STATES} == {
        "accessible": 1,
        "blocked": 1,
        "down": 1,
        "refused": 0,
        "inconclusive": 1,
        "never": 1,
    }
    assert sum(value for (plan, _), value in by_state.items() if plan == "live") == 0


def test_what_was_seen_on_another_network_is_not_shown_as_this_ones():
    moved = history("a.example", State.BLOCKED, network="gb/other")
    moment = snapshot(network="gb/example", **watching(moved))

    assert values(moment, "targets_by_state")["website", "never"] == 1
    assert values(moment, "site_state") == {}
    assert values(snapshot(**watching(moved)), "site_state") == {("a.example", "blocked"): 1}


def test_the_probes_series_are_about_two_hundred_before_anything_is_measured():
    assert 150 < len(series(exposition(snapshot()))) < 200
