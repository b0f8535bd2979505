"""Of several locks, whichever can be had first."""

import asyncio

from blockprobe.measure.shared import first_free


def test_a_free_lock_is_had_at_once_and_by_one_alone() -> None:
    async def scenario() -> None:
        locks = [asyncio.Lock(), asyncio.Lock()]
        got = await asyncio.gather(first_free(locks), first_free(locks))
        assert set(map(id, got)) == set(map(id, locks))

    asyncio.run(scenario())


def test_of_busy_locks_the_first_that_is_released_is_had_and_the_others_stay_free() -> None:
    async def scenario() -> None:
        locks = [asyncio.Lock() for _ in range(3)]
        for lock in locks:
            await lock.acquire()
        waiting = [asyncio.ensure_future(first_free(locks)) for _ in range(2)]
        await asyncio.sleep(0.01)
        locks[1].release()
        assert await waiting[0] is locks[1]
        locks[0].release()
        locks[2].release()
        second = await waiting[1]
        await asyncio.sleep(0)
        assert [lock.locked() for lock in locks].count(True) == 2
        second.release()
        locks[1].release()
        await asyncio.sleep(0)
        assert not any(lock.locked() for lock in locks)

    asyncio.run(scenario())


def test_whoever_gives_up_waiting_keeps_no_lock() -> None:
    async def scenario() -> None:
        locks = [asyncio.Lock(), asyncio.Lock()]
        for lock in locks:
            await lock.acquire()
        waiting = asyncio.ensure_future(first_free(locks))
        await asyncio.sleep(0.01)
        for lock in locks:
            lock.release()
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
        await asyncio.sleep(0.01)
        assert not any(lock.locked() for lock in locks)

    asyncio.run(scenario())
