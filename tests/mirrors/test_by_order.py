"""Mirrors order by order."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from blockprobe.mirrors.by_order import by_order
from blockprobe.model.history import Interval
from blockprobe.model.mirror import MirrorClass, Source
from blockprobe.model.mirror_life import Life, LifeState
from blockprobe.model.order import Order, OrderTarget, TargetKind
from blockprobe.model.words import State

NOON = datetime(2026, 11, 1, 12, tzinfo=UTC)
LONG_AGO = NOON - timedelta(days=2)
OPEN = Life(
    name="m.example", site="site.example", source=Source.LINK, known_at=LONG_AGO,
    first_alive=Interval(after=None, until=NOON), last_alive_at=NOON, last_at=NOON, line=State.ACCESSIBLE,
    last_open_at=NOON, last_line_at=NOON,
)  # fmt: skip
SITE = replace(OPEN, name="site.example")


def order(name, *targets):
    listed = tuple(
        OrderTarget(value=one, kind=TargetKind.URL if "://" in one else TargetKind.DOMAIN) for one in targets
    )
    return Order(id=name, jurisdiction="gb", title="t", court="c", legal_basis="b", sources=(), targets=listed)


def names(lives, *orders, since=LONG_AGO):
    return [one.order for one in by_order(lives, orders, NOON, since=since)]


@pytest.mark.parametrize(
    ("target", "listed"),
    [
        ("site.example", True),
        ("www.site.example", True),
        ("https://site.example/x", True),
        ("example", True),
        ("other-site.example", False),
        ("mysite.example", False),
        ("m.example", False),
    ],
)
def test_an_order_has_the_mirrors_of_the_hosts_that_it_lists(target, listed):
    assert names([OPEN], order("gb/a", target)) == (["gb/a"] if listed else [""])


def test_a_site_on_two_orders_counts_in_both_and_one_on_none_in_that_without_a_name():
    other = replace(OPEN, site="unlisted.example")

    assert names([OPEN, other], order("gb/a", "site.example"), order("gb/b", "site.example")) == ["", "gb/a", "gb/b"]


def test_names_are_counted_by_class_and_state_without_the_site_itself():
    lives = [SITE, OPEN, replace(OPEN, kind=MirrorClass.PARKED), replace(OPEN, first_alive=None)]
    (found,) = by_order(lives, [order("gb/a", "site.example")], NOON, since=LONG_AGO)

    assert found.counts == {
        (MirrorClass.UNDETERMINED, LifeState.OPEN): 1,
        (MirrorClass.PARKED, LifeState.OPEN): 1,
        (MirrorClass.UNDETERMINED, LifeState.NEVER): 1,
    }
    assert found.last_look_at == NOON


def test_what_was_seen_too_long_ago_is_unknown_and_leaves_no_ratio():
    (found,) = by_order([OPEN], [], NOON, since=NOON + timedelta(seconds=1))

    assert found.counts == {(MirrorClass.UNDETERMINED, LifeState.UNKNOWN): 1}
    assert (found.figures.coverage.ratio, found.figures.coverage.upper) == (None, 1.0)
