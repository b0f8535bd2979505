"""Counters of the agent: each measurement once in every step, durations in cumulative buckets."""

from blockprobe.metrics.counters import BOUNDS, LABELS, Counters
from blockprobe.metrics.steps import Outcome, Step
from blockprobe.model.words import Mechanism, State
from tests.metrics.test_steps import record
from tests.verdict.build import connect, opens_https, resolves


def test_every_measurement_counts_once_in_every_step():
    counters = Counters()
    for _ in range(3):
        counters.take(record(resolves(), opens_https()))
    counters.take(record(resolves(), state=State.BLOCKED, met=[Mechanism.IP_TIMEOUT]))
    counts = counters.counts()

    for step in Step:
        assert sum(counts.measurements[step, outcome] for outcome in Outcome) == 4
    assert counts.measurements[Step.TCP, Outcome.OK] == 3
    assert counts.measurements[Step.TCP, Outcome.BLOCKED] == 1
    assert counts.measurements[Step.TLS, Outcome.SKIPPED] == 1
    assert counts.records == {**dict.fromkeys(State, 0), State.ACCESSIBLE: 3, State.BLOCKED: 1}


def test_durations_fall_into_cumulative_buckets_and_a_bound_belongs_to_its_bucket():
    counters = Counters()
    for took in (0.001, 0.25, 0.26, 100.0):
        counters.take(record(connect(t=0.0, took=took)))
    buckets = counters.counts().durations[Step.TCP].buckets

    assert list(buckets) == list(LABELS)
    assert (buckets["0.005"], buckets["0.1"], buckets["0.25"], buckets["0.5"], buckets["30"], buckets["+Inf"]) == (
        1, 1, 2, 3, 3, 4,
    )  # fmt: skip
    assert abs(counters.counts().durations[Step.TCP].total_s - 100.511) < 1e-9
    assert list(buckets.values()) == sorted(buckets.values())
    assert counters.counts().durations[Step.TLS].buckets["+Inf"] == 0


def test_bounds_rise_and_are_written_as_prometheus_compares_them():
    assert list(BOUNDS) == sorted(set(BOUNDS))
    assert [float(label) for label in LABELS] == [*BOUNDS, float("inf")]


def test_cycles_and_changes_of_network_are_counted():
    counters = Counters()
    counters.cycle(controls_ok=True)
    counters.cycle(controls_ok=True)
    counters.cycle(controls_ok=False)
    counters.network_changed()

    assert counters.counts().cycles == {True: 2, False: 1}
    assert counters.counts().network_changes == 1


def test_what_was_handed_over_does_not_change_any_more():
    counters = Counters()
    before = counters.counts()
    counters.take(record(opens_https()))
    counters.cycle(controls_ok=True)

    assert sum(before.measurements.values()) == 0
    assert before.cycles[True] == 0
    assert before.durations[Step.TCP].buckets["+Inf"] == 0
