"""Keys and budgets under a clock that the test owns."""

import asyncio

from blockprobe.helper.budget import ByteBudget, InFlight, RequestBudget, client_group
from blockprobe.helper.keys import KeyTable

from .small_world import OwnTime


def test_a_key_lives_ten_minutes_and_is_renewed_at_half() -> None:
    clock = OwnTime()
    keys = KeyTable(clock)
    first = keys.issue("192.0.2.1")
    assert first.expires == clock.at + 600
    clock.at += 299
    assert keys.issue("192.0.2.1") == first
    clock.at += 2
    second = keys.issue("192.0.2.1")
    assert second.id != first.id
    assert second.secret != first.secret
    clock.at += 290
    assert keys.over_udp(first.id, "192.0.2.1") == first, "the old one lives on to its end"
    clock.at += 10
    assert keys.over_udp(first.id, "192.0.2.1") is None
    assert keys.over_tcp(first.id, "192.0.2.1") is None
    assert keys.over_udp(second.id, "192.0.2.1") == second


def test_udp_needs_an_address_that_has_shown_itself() -> None:
    keys = KeyTable(OwnTime())
    key = keys.issue("192.0.2.1")
    assert keys.over_udp(key.id, "2001:db8::1") is None
    assert keys.over_tcp(key.id, "2001:db8::1") == key
    assert keys.over_udp(key.id, "2001:db8::1") == key
    for number in range(9):
        assert keys.over_tcp(key.id, f"198.51.100.{number}") == key
    assert sum(keys.over_udp(key.id, f"198.51.100.{n}") is not None for n in range(9)) == 2
    assert keys.over_tcp("0" * 16, "192.0.2.1") is None


def test_the_table_is_bounded_and_forgets_the_dead() -> None:
    clock = OwnTime()
    keys = KeyTable(clock, capacity=100)
    ids = [keys.issue(f"198.51.100.{n % 250}-{n}").id for n in range(250)]
    assert len(keys) == 100
    assert keys.over_tcp(ids[0], "x") is None
    assert keys.over_tcp(ids[-1], "x") is not None
    clock.at += 601
    keys.issue("192.0.2.1")
    assert len(keys) == 1
    assert len(keys._latest) == 1


def test_the_budget_refills() -> None:
    clock = OwnTime()
    budget = RequestBudget(clock, per_minute=60)
    assert [budget.take("192.0.2.1") for _ in range(60)] == [0.0] * 60
    assert budget.take("192.0.2.1") == 1.0
    assert budget.take("192.0.2.2") == 0.0
    clock.at += 1.0
    assert budget.take("192.0.2.1") == 0.0
    assert budget.take("192.0.2.1") > 0.0
    assert RequestBudget(clock, per_minute=0).take("192.0.2.1") == 0.0


def test_one_subscriber_one_budget() -> None:
    assert client_group("2001:db8:1:2::1") == client_group("2001:db8:1:2:ffff::9") == "2001:db8:1:2::/64"
    assert client_group("2001:db8:1:3::1") != client_group("2001:db8:1:2::1")
    assert client_group("192.0.2.1") == "192.0.2.1"
    assert client_group("") == ""


def test_in_flight_counts_in_all_and_per_client() -> None:
    async def main() -> None:
        gate = InFlight(total=3, per_client=2)
        assert [gate.enter(c) for c in ("a", "a", "a", "b", "c")] == [True, True, False, True, False]
        assert gate.count == 3
        assert not gate.idle.is_set()
        for client in ("a", "a", "b"):
            gate.leave(client)
        assert gate.count == 0
        assert gate.idle.is_set()
        assert not gate._clients

    asyncio.run(main())


def test_bytes_are_counted_by_client_by_key_and_in_all() -> None:
    clock = OwnTime()
    budget = ByteBudget(clock, per_hour=3600)
    assert budget.take("192.0.2.1", "a", 3600) == 0.0
    assert budget.take("192.0.2.1", "b", 10) == 10.0, "another key of the same client"
    assert budget.take("192.0.2.2", "a", 10) == 10.0, "the same key elsewhere"
    clock.at += 10
    assert budget.take("192.0.2.1", "a", 10) == 0.0
    granted = [budget.take(f"192.0.2.{n}", f"k{n}", 3600) == 0.0 for n in range(10, 40)]
    assert sum(granted) == ByteBudget.EVERYBODY - 1, "what the first client had counts too"


def test_what_is_refused_costs_nothing() -> None:
    clock = OwnTime()
    budget = ByteBudget(clock, per_hour=3600)
    assert budget.take("2001:db8::1", "a", 3000) == 0.0
    assert budget.take("2001:db8::2", "b", 1000) > 0.0, "the same /64"
    assert budget.take("2001:db8::3", "c", 600) == 0.0
