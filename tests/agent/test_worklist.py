"""From plans, orders, lists and windows to jobs."""

from dataclasses import replace
from datetime import timedelta

import pytest
from golden import NOON

from blockprobe.agent.reload import Loaded
from blockprobe.agent.worklist import live_windows, worklist
from blockprobe.catalogue.orders import Catalogue
from blockprobe.model.mirror import Source
from blockprobe.model.mirror_life import Life
from blockprobe.model.order import Order, OrderKind, OrderTarget, Respondent, TargetKind
from blockprobe.model.order import Source as Paper
from blockprobe.model.plan import Plan, PlanKind, Window
from blockprobe.model.settings import Settings, VantageSettings

ORDER = Order(
    id="gb/one", jurisdiction="gb", title="One", court="High Court", legal_basis="none",
    sources=(Paper(text="made up"),),
    respondents=(Respondent(network="gb/example"),),
    targets=(OrderTarget(value="a.example"), OrderTarget(value="https://b.example/x", kind=TargetKind.URL)),
)  # fmt: skip
LIVE = replace(
    ORDER, id="gb/live", kind=OrderKind.LIVE, targets=(OrderTarget(value="203.0.113.9", kind=TargetKind.ADDRESS),)
)
WEBSITE = Plan(id="website", orders=("gb/one",), targets=("own.example",), per_host_s=5.0, budget=7)
MATCHES = Plan(id="live", kind=PlanKind.LIVE, orders=("gb/live",))
WINDOW = Window(id="match", start=NOON, end=NOON + timedelta(hours=2), cadence_s=180.0)


def loaded(*plans, network="gb/example", windows=()):
    orders = {order.id: order for order in (ORDER, LIVE)}
    return Loaded(
        settings=Settings(vantage=VantageSettings(isp=network)),
        catalogue=Catalogue(orders=orders, networks={}, plans={plan.id: plan for plan in plans}, digest="x"),
        plans=plans,
        windows=windows,
        fingerprints=(),
        version="x",
        third_parties=frozenset(),
        system=(),
    )  # fmt: skip


def test_a_plan_becomes_a_job_for_each_target_of_orders_that_bind_this_line():
    work = worklist(loaded(WEBSITE), {}, NOON)

    assert [(job.target, job.host) for job in work.jobs] == [
        ("a.example", "a.example"), ("https://b.example/x", "b.example"), ("own.example", "own.example"),
    ]  # fmt: skip
    assert {(job.plan, job.interval_s, job.per_host_s, job.budget) for job in work.jobs} == {
        ("website", 3600.0, 5.0, 7)
    }
    assert work.order_of == {"a.example": "gb/one", "https://b.example/x": "gb/one"}
    assert [order.id for order in work.orders] == ["gb/one"]


def test_on_another_network_only_the_plans_own_targets_are_left():
    work = worklist(loaded(WEBSITE, network="gb/other"), {}, NOON)

    assert [job.target for job in work.jobs] == ["own.example"]
    assert work.orders == ()


def test_mirrors_are_jobs_of_their_plan_with_their_site_first_and_never_what_an_order_lists():
    plan = Plan(id="mirrors", mirrors=("names",), interval_s=600.0)
    names = [("m.example", "s.example"), ("a.example", "s.example"), ("notice.example", "s.example")]
    lives = [Life(name=name, site=of, source=Source.LINK, known_at=NOON) for name, of in names]
    order = replace(ORDER, page_hosts=("notice.example",))
    reading = loaded(WEBSITE, plan)
    reading = replace(reading, catalogue=replace(reading.catalogue, orders={order.id: order}))
    work = worklist(reading, {}, NOON, {"mirrors": lives})

    assert [job.target for job in work.jobs if job.plan == "mirrors"] == ["s.example", "m.example", "a.example"]
    assert work.mirrors == {("mirrors", name) for name in ("s.example", "m.example", "a.example")}
    assert work.mirror_of == {"m.example": "s.example"}
    assert not any(one.in_force or one.orders for one in work.watched if one.mirror_of)


@pytest.mark.parametrize(("minutes", "intervals"), [(-16, []), (-14, [180.0]), (181, [])])
def test_live_targets_are_watched_always_and_looked_at_in_windows_only(minutes, intervals):
    reading, now = loaded(MATCHES, windows=(WINDOW,)), NOON + timedelta(minutes=minutes)
    work = worklist(reading, {}, now)

    assert [job.interval_s for job in work.jobs] == intervals
    assert [one.target for one in work.watched] == ["203.0.113.9"]
    assert live_windows(reading, now) == ((("live", "match"),) if intervals else ())
