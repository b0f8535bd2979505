"""Seats: who is looked at, who stands aside, who lets others go first, and that all of that is bounded."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from blockprobe.measure.seats import AHEAD_PER_SEAT, ASIDE_PER_SEAT, LATEST_S, SHARE, Seat, Seats
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


class Order:
    """A list of targets that open at once; written down is who looks ("1") and who compares ("1c"), in their order."""

    def __init__(self, concurrency: int, count: int, *, look_s: float = 0.0) -> None:
        self.now = 0.0
        self.seen: list[str] = []
        self.seats = Seats.for_list(LimitSettings(concurrency=concurrency), lambda: self.now)
        self._count = count
        self._look_s = look_s

    async def run(self, target: Callable[["Order", str, Seat], Awaitable[None]] | None = None) -> list[str]:
        async with asyncio.TaskGroup() as group:
            for number in range(self._count):
                seat = await self.seats.take()
                group.create_task((target or Order.target)(self, str(number), seat))
            self.seats.no_more()
        return self.seen

    async def target(self, name: str, seat: Seat) -> None:
        try:
            self.seen.append(name)
            self.now += self._look_s
            await asyncio.sleep(0)
            await seat.give_way()
            self.seen.append(name + "c")
            await asyncio.sleep(0)
        finally:
            seat.leave()


def longest_ahead(seen: list[str]) -> int:
    """So many had looked and not compared, at most."""
    ahead = [sum(not one.endswith("c") for one in seen[:n]) - sum(one.endswith("c") for one in seen[:n])
             for n in range(len(seen) + 1)]  # fmt: skip
    return max(ahead)


@pytest.mark.parametrize(("count", "first"), [(8, False), (9, True)])
def test_only_in_a_list_longer_than_its_seats_others_go_first(count: int, first: bool) -> None:
    could: list[bool] = []

    async def one(order: Order, name: str, seat: Seat) -> None:
        could.append(seat.may_give_way)
        await asyncio.sleep(0)
        seat.leave()

    asyncio.run(Order(8, count).run(one))
    assert could[:8] == [first] * 8


def test_who_has_opened_lets_those_go_first_that_have_not_begun_but_for_a_share() -> None:
    seen = asyncio.run(Order(2 * SHARE, 100).run())
    last_look = seen.index("99")
    compared = sum(one.endswith("c") for one in seen[:last_look])
    assert 5 < compared < 40
    assert sorted(seen) == sorted([str(n) for n in range(100)] + [f"{n}c" for n in range(100)])


def test_only_so_many_wait_for_their_comparison() -> None:
    seen = asyncio.run(Order(SHARE, 1000).run())
    assert AHEAD_PER_SEAT * SHARE < longest_ahead(seen) <= (AHEAD_PER_SEAT + 2) * SHARE


def test_nobody_waits_much_longer_than_agreed() -> None:
    order = Order(SHARE, 200, look_s=LATEST_S / 40)
    asyncio.run(order.run())
    between = [order.seen.index(f"{n}c") - order.seen.index(str(n)) for n in range(200)]
    assert longest_ahead(order.seen) <= 40 + 2 * SHARE
    assert max(between) < 4 * 40


def test_a_single_seat_is_never_given_away() -> None:
    seen = asyncio.run(Order(1, 5).run())
    assert seen == ["0", "0c", "1", "1c", "2", "2c", "3", "3c", "4", "4c"]


def test_a_target_in_doubt_and_the_agents_targets_do_not_give_way() -> None:
    async def story() -> tuple[bool, bool]:
        aside = await Seats.for_list(LimitSettings(concurrency=2), lambda: 0.0).take()
        aside.step_aside()
        agents = await Seats.for_limits(LimitSettings(concurrency=2)).take()
        async with asyncio.timeout(1.0):
            await aside.give_way()
            await agents.give_way()
        return aside.may_give_way, agents.may_give_way

    assert asyncio.run(story()) == (False, False)


@pytest.mark.parametrize("when", ["while it waits", "when it is let in"])
def test_who_is_cancelled_on_the_way_back_takes_no_seat_with_it(when: str) -> None:
    async def story() -> None:
        seats = Seats(1, ahead=1)
        seats._share = 0  # or it would have its own seat back at once
        first = await seats.take()
        going = asyncio.ensure_future(first.give_way())
        await asyncio.sleep(0)
        second = await seats.take()
        if when == "when it is let in":
            seats.no_more()
            second.leave()
        going.cancel()
        with pytest.raises(asyncio.CancelledError):
            await going
        first.leave()
        if when == "while it waits":
            second.leave()
        async with asyncio.timeout(1.0):
            (await seats.take()).leave()
        assert seats._free == 1
        assert seats._back == 0

    asyncio.run(story())


def test_a_target_that_came_back_may_step_aside() -> None:
    async def one(order: Order, name: str, seat: Seat) -> None:
        await seat.give_way()
        seat.step_aside()
        seat.step_aside()
        await asyncio.sleep(0)
        seat.leave()

    order = Order(SHARE, 50)
    asyncio.run(order.run(one))
    assert (order.seats._free, order.seats._back, order.seats._room_aside) == (SHARE, 0, ASIDE_PER_SEAT * SHARE)


def test_where_speed_is_measured_nobody_goes_first() -> None:
    seats = Seats.for_list(LimitSettings(throttling=True), lambda: 0.0)
    assert (seats.most, seats.more) == (1, False)


def test_when_all_have_begun_all_seats_are_for_those_who_gave_way() -> None:
    most = inside = 0

    async def one(order: Order, name: str, seat: Seat) -> None:
        nonlocal most, inside
        await seat.give_way()
        inside += 1
        most = max(most, inside)
        await asyncio.sleep(0)
        inside -= 1
        seat.leave()

    asyncio.run(Order(4 * SHARE, 8 * SHARE).run(one))
    assert most == 4 * SHARE
