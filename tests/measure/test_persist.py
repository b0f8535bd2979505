"""How attempts are repeated and overtaken."""

import asyncio

import pytest

from blockprobe.measure import persist as module
from blockprobe.measure.persist import persist


@pytest.fixture(autouse=True)
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "STAGGER_S", 0.05)
    monkeypatch.setattr(module, "REPEAT_AFTER_S", 0.0)


def test_a_first_good_attempt_is_the_only_one() -> None:
    begun: list[int] = []

    async def attempt(number: int) -> bool:
        begun.append(number)
        return True

    assert asyncio.run(persist(attempt, bool, attempts=3)) == [True]
    assert begun == [0]


def test_a_silent_attempt_is_overtaken_and_cancelled_when_another_is_good() -> None:
    ended: list[int] = []

    async def attempt(number: int) -> bool:
        try:
            await asyncio.sleep(60.0 if number == 0 else 0.0)
        finally:
            ended.append(number)
        return True

    assert asyncio.run(persist(attempt, bool, attempts=3)) == [True]
    assert sorted(ended) == [0, 1]


@pytest.mark.parametrize("turns", range(12))
def test_what_ends_in_the_same_moment_as_a_good_attempt_is_told_as_well(turns: int) -> None:
    finished: list[object] = []

    async def main() -> list[object]:
        both = asyncio.Event()

        async def attempt(number: int) -> object:
            if number == 1:
                both.set()
            await both.wait()
            for _ in range(turns if number == 0 else 0):
                await asyncio.sleep(0)
            opened = object()
            finished.append(opened)
            return opened

        return await persist(attempt, bool, attempts=2)

    results = asyncio.run(main())
    assert sorted(map(id, results)) == sorted(map(id, finished))


def test_failures_are_repeated_as_often_as_allowed_and_all_are_told() -> None:
    async def attempt(number: int) -> int:
        return -1 - number

    assert asyncio.run(persist(attempt, lambda result: result > 0, attempts=3)) == [-1, -2, -3]


def test_cancelling_ends_every_attempt_under_way() -> None:
    ended: list[int] = []

    async def attempt(number: int) -> bool:
        try:
            await asyncio.sleep(60.0)
        finally:
            ended.append(number)
        return True

    complaints: list[object] = []

    async def story() -> None:
        asyncio.get_running_loop().set_exception_handler(lambda _, context: complaints.append(context))
        work = asyncio.ensure_future(persist(attempt, bool, attempts=3))
        await asyncio.sleep(0.2)
        work.cancel()
        await asyncio.gather(work, return_exceptions=True)
        await asyncio.sleep(0.0)

    asyncio.run(story())
    assert sorted(ended) == [0, 1, 2]
    assert complaints == []


def test_the_first_may_still_win_after_it_was_overtaken() -> None:
    ended: list[int] = []

    async def attempt(number: int) -> int:
        try:
            await asyncio.sleep(0.1 if number == 0 else 60.0)
        finally:
            ended.append(number)
        return number

    assert asyncio.run(persist(attempt, lambda result: result == 0, attempts=3)) == [0]
    assert sorted(ended) == [0, 1]


def test_what_a_broken_attempt_raises_reaches_the_caller_and_nothing_goes_on() -> None:
    ended: list[int] = []

    async def attempt(number: int) -> bool:
        try:
            await asyncio.sleep(0.1 if number == 0 else 60.0)
        finally:
            ended.append(number)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        asyncio.run(persist(attempt, bool, attempts=2))
    assert sorted(ended) == [0, 1]
