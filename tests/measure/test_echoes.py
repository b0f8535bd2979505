"""Turns at an echo: one target alone, or several that share; whoever came first is let in first."""

import asyncio

from blockprobe.measure.echoes import AT_ALL, AT_ONE, Echo, Turns, echoes_at, first_open


def always() -> bool:
    return True


async def _entering(turns: Turns, *, share: bool) -> "asyncio.Task[None]":
    task = asyncio.ensure_future(turns.enter(always) if share else turns.enter())
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    return task


def test_whoever_must_be_alone_waits_for_everybody_and_everybody_for_it() -> None:
    async def story() -> None:
        turns = Turns()
        sharing = [await _entering(turns, share=True) for _ in range(2)]
        alone = await _entering(turns, share=False)
        late = await _entering(turns, share=True)
        assert [task.done() for task in (*sharing, alone, late)] == [True, True, False, False]
        turns.leave()
        turns.leave()
        await alone
        assert (turns.inside, turns.shared, late.done()) == (1, False, False)
        turns.leave()
        await late
        assert (turns.inside, turns.shared) == (1, True)

    asyncio.run(story())


def test_only_so_many_share() -> None:
    async def story() -> None:
        turns = Turns(room=3)
        tasks = [await _entering(turns, share=True) for _ in range(4)]
        assert [task.done() for task in tasks] == [True] * 3 + [False]
        assert not turns.is_open(always)
        turns.leave()
        await tasks[-1]
        assert turns.inside == 3

    asyncio.run(story())


def test_many_echoes_have_less_room_each_so_that_the_helper_is_not_overrun() -> None:
    def room(count: int) -> int:
        return sum(echo.room for echo in echoes_at(["203.0.113.131"] * count))

    assert [room(count) for count in (0, 1, 2, 4, 8, 64, 100)] == [0, AT_ONE, 2 * AT_ONE, AT_ALL, AT_ALL, AT_ALL, 100]


def test_whether_to_share_is_asked_when_one_is_let_in_not_when_one_comes() -> None:
    async def story() -> None:
        turns, known = Turns(), []
        await turns.enter(lambda: bool(known))
        waiting = [asyncio.ensure_future(turns.enter(lambda: bool(known))) for _ in range(3)]
        await asyncio.sleep(0.01)
        assert not turns.shared
        known.append("nobody is punished")
        turns.leave()
        await asyncio.gather(*waiting)
        assert (turns.inside, turns.shared) == (3, True)

    asyncio.run(story())


def test_whoever_gives_up_lets_those_behind_in() -> None:
    async def story() -> None:
        turns = Turns()
        await turns.enter(always)
        alone = await _entering(turns, share=False)
        behind = await _entering(turns, share=True)
        alone.cancel()
        await asyncio.gather(alone, return_exceptions=True)
        await behind
        assert turns.inside == 2

    asyncio.run(story())


def test_whoever_gives_up_in_the_moment_of_being_let_in_stays_not_inside() -> None:
    async def story() -> None:
        turns = Turns()
        await turns.enter()
        waiting = await _entering(turns, share=False)
        turns.leave()
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
        assert turns.inside == 0

    asyncio.run(story())


def test_an_open_echo_is_had_at_once_and_by_one_alone() -> None:
    async def story() -> None:
        turns = [Turns(), Turns()]
        got = await asyncio.gather(first_open(turns), first_open(turns))
        assert set(map(id, got)) == set(map(id, turns))

    asyncio.run(story())


def test_of_busy_echoes_the_first_that_is_left_is_had_and_the_others_stay_free() -> None:
    async def story() -> None:
        turns = [Turns() for _ in range(3)]
        for one in turns:
            await one.enter()
        waiting = [asyncio.ensure_future(first_open(turns)) for _ in range(2)]
        await asyncio.sleep(0.01)
        turns[1].leave()
        assert await waiting[0] is turns[1]
        turns[0].leave()
        turns[2].leave()
        second = await waiting[1]
        await asyncio.sleep(0)
        assert sum(one.inside for one in turns) == 2
        second.leave()
        turns[1].leave()
        await asyncio.sleep(0)
        assert not any(one.inside for one in turns)

    asyncio.run(story())


def test_whoever_gives_up_waiting_for_several_is_inside_none() -> None:
    async def story() -> None:
        turns = [Turns(), Turns()]
        for one in turns:
            await one.enter()
        waiting = asyncio.ensure_future(first_open(turns))
        await asyncio.sleep(0.01)
        for one in turns:
            one.leave()
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
        await asyncio.sleep(0.01)
        assert not any(one.inside for one in turns)

    asyncio.run(story())


def test_turns_at_one_port_are_none_at_another() -> None:
    async def story() -> None:
        echo = Echo(address="203.0.113.131")
        async with echo.alone(443):
            assert not echo.turns(443).is_open(always)
            assert echo.turns(80).is_open()
        assert echo.turns(443).is_open()

    asyncio.run(story())
