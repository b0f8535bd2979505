"""The ledger of punished places, on a clock of the test's own."""

import asyncio

import pytest

from blockprobe.measure import ledger as module
from blockprobe.measure.ledger import Ledger

PLACE = ("203.0.113.7", 443)


class Hand:
    """A clock that the test turns."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Hand:
    return Hand()


def test_a_triggered_place_is_hot_until_something_neutral_works_there(clock: Hand) -> None:
    ledger = Ledger(clock)
    ledger.trigger(PLACE)
    assert ledger.is_hot(PLACE)

    clock.now += 62.0
    ledger.worked(PLACE)

    assert not ledger.is_hot(PLACE)
    [entry] = ledger.entries(began=110.0)
    assert (entry.triggered_t_s, entry.residual_s) == (-10.0, 62.0)


def test_a_place_that_worked_again_at_once_was_not_punished(clock: Hand) -> None:
    ledger = Ledger(clock)
    ledger.trigger(PLACE)
    clock.now += 0.2
    ledger.worked(PLACE)

    assert ledger.entries(began=100.0) == ()


def test_one_waiter_tries_for_all(clock: Hand, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "RETRY_S", 0.01)
    tries = 0

    async def attempt() -> bool:
        nonlocal tries
        tries += 1
        await asyncio.sleep(0.01)
        return tries >= 3

    async def all_wait() -> list[bool]:
        ledger = Ledger(clock)
        ledger.trigger(PLACE)
        return await asyncio.gather(*(ledger.recover(PLACE, attempt, limit_s=1000.0) for _ in range(5)))

    assert asyncio.run(all_wait()) == [True] * 5
    assert tries == 3


def test_waiting_ends_at_the_limit(clock: Hand, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "RETRY_S", 0.0)

    async def attempt() -> bool:
        clock.now += 30.0
        return False

    ledger = Ledger(clock)
    ledger.trigger(PLACE)

    assert asyncio.run(ledger.recover(PLACE, attempt, limit_s=90.0)) is False
    assert ledger.is_hot(PLACE)


def test_a_place_is_waited_for_longer_than_any_published_filter_punishes(
    clock: Hand, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "RETRY_S", 0.0)
    over = clock.now + 95.0

    async def attempt() -> bool:
        clock.now += 10.0
        return clock.now >= over

    ledger = Ledger(clock)
    ledger.trigger(PLACE)

    assert asyncio.run(ledger.recover(PLACE, attempt)) is True


def test_a_place_where_something_neutral_fails_again_had_not_recovered(clock: Hand) -> None:
    ledger = Ledger(clock)
    ledger.failed_again(PLACE)
    assert not ledger.is_hot(PLACE)  # nobody triggered it: it may simply be dead
    ledger.trigger(PLACE)
    ledger.worked(PLACE)
    ledger.failed_again(PLACE)
    assert ledger.is_hot(PLACE)
    [entry] = ledger.entries(began=100.0)
    assert (entry.triggered_t_s, entry.residual_s) == (0.0, None)


def test_what_fails_long_after_a_trigger_is_no_punishment(clock: Hand) -> None:
    ledger = Ledger(clock)
    ledger.trigger(PLACE)
    ledger.worked(PLACE)
    clock.now += module.LONGEST_RESIDUAL_S + 1.0
    ledger.failed_again(PLACE)
    assert not ledger.is_hot(PLACE)
