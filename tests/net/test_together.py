"""Things that run side by side: results in their order, nothing left behind."""

import asyncio

import pytest

from blockprobe.net.together import together


def test_all_run_at_once_and_results_keep_their_order():
    gates = [asyncio.Event(), asyncio.Event()]

    async def one(number: int) -> int:
        gates[number].set()
        await gates[1 - number].wait()
        return number

    assert asyncio.run(together(one(number) for number in range(2))) == [0, 1]


def test_nothing_is_fine_too():
    assert asyncio.run(together([])) == []


@pytest.mark.parametrize("failing", [0, 1, 2])
def test_one_failure_ends_the_others_first(failing: int):
    ended: list[int] = []

    async def one(number: int) -> None:
        try:
            await asyncio.sleep(0.01 if number <= failing else 60)
            if number == failing:
                raise RuntimeError("a mistake")
        finally:
            ended.append(number)

    with pytest.raises(RuntimeError):
        asyncio.run(together(one(number) for number in range(3)))
    assert sorted(ended) == [0, 1, 2]


def test_a_cancelled_caller_leaves_nothing_running():
    ended: list[int] = []

    async def one(number: int) -> None:
        try:
            await asyncio.sleep(60)
        finally:
            await asyncio.sleep(0.001)
            ended.append(number)

    async def everything() -> None:
        task = asyncio.ensure_future(together(one(number) for number in range(3)))
        await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert sorted(ended) == [0, 1, 2]

    asyncio.run(everything())
