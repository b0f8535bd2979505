"""Live plans run around the windows of the calendar, and nowhere else."""

from datetime import UTC, datetime, timedelta

import pytest

from blockprobe.agent.windows import interval_of
from blockprobe.model.plan import Plan, PlanKind, Window

KICK_OFF = datetime(2026, 11, 21, 20, tzinfo=UTC)
MATCH = Window(id="match", start=KICK_OFF, end=KICK_OFF + timedelta(hours=2), cadence_s=300.0, orders=("es/liga",))
LIVE = Plan(id="live", kind=PlanKind.LIVE, before_s=900.0, after_s=3600.0)


def at(minutes):
    return KICK_OFF + timedelta(minutes=minutes)


@pytest.mark.parametrize(
    ("minutes", "interval"),
    [(-16, None), (-15, 300.0), (0, 300.0), (120, 300.0), (180, 300.0), (181, None)],
)
def test_a_live_plan_runs_from_before_a_window_to_after_it(minutes, interval):
    assert interval_of(LIVE, ("es/liga",), [MATCH], at(minutes)) == interval


@pytest.mark.parametrize(
    ("cadence", "interval"), [(1.0, 120.0), (120.0, 120.0), (480.0, 480.0), (600.0, 600.0), (7200.0, 600.0)]
)
def test_the_cadence_stays_between_two_and_ten_minutes(cadence, interval):
    window = Window(id="w", start=at(0), end=at(90), cadence_s=cadence)
    assert interval_of(LIVE, ("es/liga",), [window], at(1)) == interval


def test_the_quickest_of_two_windows_counts():
    other = Window(id="derby", start=at(30), end=at(120), cadence_s=150.0)

    assert interval_of(LIVE, ("es/liga",), [MATCH, other], at(1)) == 300.0
    assert interval_of(LIVE, ("es/liga",), [MATCH, other], at(31)) == 150.0


@pytest.mark.parametrize(
    ("plan_orders", "orders", "runs"),
    [
        ((), ("es/liga",), True),
        ((), ("it/calcio",), False),
        ((), ("it/calcio", "es/liga"), True),
        (("es/liga",), (), True),
        (("it/calcio",), (), False),
        ((), (), True),
        (("*",), (), True),
    ],
)
def test_a_window_concerns_the_orders_it_names(plan_orders, orders, runs):
    plan = Plan(id="live", kind=PlanKind.LIVE, orders=plan_orders)
    assert (interval_of(plan, orders, [MATCH], at(1)) is not None) is runs


def test_an_ordinary_plan_knows_no_windows():
    assert interval_of(Plan(id="website", interval_s=1800.0), (), [], at(0)) == 1800.0
