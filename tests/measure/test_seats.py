"""Seats: who is looked at, who stands aside, and that both are bounded."""

import asyncio

from blockprobe.measure.seats import ASIDE_PER_SEAT, Seats
from blockprobe.model.settings import LimitSettings


def test_a_target_in_doubt_makes_room_for_another() -> None:
    async def story() -> None:
        seats = Seats(1)
        first = await seats.take()
        first.step_aside()
        async with asyncio.timeout(1.0):
            second = await seats.take()
        second.leave()
        first.leave()

    asyncio.run(story())


def test_only_so_many_may_stand_aside() -> None:
    async def story() -> int:
        seats, begun = Seats(1), 0
        try:
            while True:
                async with asyncio.timeout(0.05):
                    seat = await seats.take()
                begun += 1
                seat.step_aside()
        except TimeoutError:
            return begun

    assert asyncio.run(story()) == 1 + ASIDE_PER_SEAT


def test_stepping_aside_twice_frees_one_seat_only() -> None:
    async def story() -> bool:
        seats = Seats(1)
        seat = await seats.take()
        seat.step_aside()
        seat.step_aside()
        await seats.take()
        try:
            async with asyncio.timeout(0.05):
                await seats.take()
        except TimeoutError:
            return True
        return False

    assert asyncio.run(story())


def test_where_speed_is_measured_nothing_else_is_even_when_a_target_steps_aside() -> None:
    async def story() -> bool:
        seats = Seats.for_limits(LimitSettings(throttling=True))
        assert seats.most == 1
        (await seats.take()).step_aside()
        try:
            async with asyncio.timeout(0.05):
                await seats.take()
        except TimeoutError:
            return True
        return False

    assert asyncio.run(story())


def test_seats_are_as_many_as_configured_or_fewer() -> None:
    assert Seats.for_limits(LimitSettings(concurrency=8)).most == 8 * (1 + ASIDE_PER_SEAT)
    assert Seats.for_limits(LimitSettings(concurrency=8), most=4).most == 4 * (1 + ASIDE_PER_SEAT)
