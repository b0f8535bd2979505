"""Waiting for sockets, with real ones."""

import asyncio
import gc
import os
import socket
import weakref
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from blockprobe.net.ready import Poller, poller


def pair() -> tuple[socket.socket, socket.socket]:
    one, other = socket.socketpair()
    one.setblocking(False)
    other.setblocking(False)
    return one, other


async def soon(condition: Callable[[], object]) -> bool:
    for _ in range(200):
        if condition():
            return True
        await asyncio.sleep(0.005)
    return False


def run(scenario: Callable[[], Coroutine[Any, Any, None]]) -> None:
    asyncio.run(scenario())


def test_a_wait_ends_when_there_is_something_to_read_and_not_before() -> None:
    async def scenario() -> None:
        one, other = pair()
        with one, other:
            wait = asyncio.ensure_future(poller().readable(one.fileno()))
            await asyncio.sleep(0.02)
            assert not wait.done()
            other.send(b"x")
            await asyncio.wait_for(wait, 1)

    run(scenario)


def test_the_same_socket_is_waited_for_again_and_again_both_ways() -> None:
    async def scenario() -> None:
        one, other = pair()
        with one, other:
            for _ in range(3):
                await asyncio.wait_for(poller().writable(one.fileno()), 1)
                other.send(b"x")
                await asyncio.wait_for(poller().readable(one.fileno()), 1)
                assert one.recv(9) == b"x"
                with pytest.raises(TimeoutError):
                    await asyncio.wait_for(poller().readable(one.fileno()), 0.01)

    run(scenario)


def test_what_comes_while_nobody_waits_wakes_nobody_and_is_not_forgotten() -> None:
    async def scenario() -> None:
        one, other = pair()
        with one, other:
            other.send(b"x")
            await asyncio.wait_for(poller().readable(one.fileno()), 1)
            other.send(b"y")  # unread, and nobody waits
            turns = await _turns(0.05)
            assert turns < 10, "the loop must sleep meanwhile"
            await asyncio.wait_for(poller().readable(one.fileno()), 1)

    run(scenario)


def test_a_cancelled_wait_leaves_nothing_that_wakes_the_loop() -> None:
    async def scenario() -> None:
        one, other = pair()
        with one, other:
            wait = asyncio.ensure_future(poller().readable(one.fileno()))
            await asyncio.sleep(0)
            wait.cancel()
            await asyncio.gather(wait, return_exceptions=True)
            other.send(b"x")
            assert await _turns(0.05) < 10

    run(scenario)


async def _turns(during_s: float) -> int:
    """How often the loop looks for events while it has nothing else to do."""
    loop: Any = asyncio.get_running_loop()
    turns, select = 0, loop._selector.select

    def counting(timeout: float | None = None) -> Any:
        nonlocal turns
        turns += 1
        return select(timeout)

    loop._selector.select = counting
    try:
        await asyncio.sleep(during_s)
    finally:
        del loop._selector.select
    return turns


def test_a_number_that_another_socket_gets_is_that_sockets_alone() -> None:
    async def scenario() -> None:
        one, other = pair()
        with other:
            number = one.fileno()
            old = asyncio.ensure_future(poller().readable(number))
            await asyncio.sleep(0)
            one.close()
            new, far = pair()
            with new, far:
                assert new.fileno() == number, "the kernel gives the lowest free number"
                fresh = asyncio.ensure_future(poller().readable(number))
                await asyncio.sleep(0)
                old.cancel()
                await asyncio.gather(old, return_exceptions=True)
                far.send(b"x")
                await asyncio.wait_for(fresh, 1)

    run(scenario)


def test_a_failed_connection_ends_the_wait() -> None:
    async def scenario() -> None:
        with socket.socket() as closed, socket.socket() as sock:
            closed.bind(("127.0.0.1", 0))
            sock.setblocking(False)
            sock.connect_ex(closed.getsockname())
            await asyncio.wait_for(poller().writable(sock.fileno()), 1)
            assert sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)

    run(scenario)


def test_a_watched_socket_calls_each_time_until_it_is_unwatched() -> None:
    async def scenario() -> None:
        one, other = pair()
        with one, other:
            seen: list[bytes] = []
            poller().watch(one.fileno(), lambda: seen.append(one.recv(9)))
            for letter in (b"a", b"b"):
                other.send(letter)
                assert await soon(lambda: letter in seen)  # noqa: B023 - awaited at once
            poller().unwatch(one.fileno())
            other.send(b"c")
            await asyncio.sleep(0.02)
            assert seen == [b"a", b"b"]
            await asyncio.wait_for(poller().readable(one.fileno()), 1)

    run(scenario)


def test_each_loop_has_its_own_and_it_goes_with_the_loop() -> None:
    found: list[weakref.ref[Poller]] = []

    async def scenario() -> None:
        assert poller() is poller()
        found.append(weakref.ref(poller()))

    gc.collect()
    before = len(os.listdir("/proc/self/fd"))
    run(scenario)
    run(scenario)
    gc.collect()
    assert [one() for one in found] == [None, None]
    assert len(os.listdir("/proc/self/fd")) == before


def test_many_sockets_that_are_ready_at_once_are_all_served() -> None:
    async def scenario() -> None:
        pairs = [pair() for _ in range(300)]
        waits = [asyncio.ensure_future(poller().readable(one.fileno())) for one, _ in pairs]
        await asyncio.sleep(0)
        for _, other in pairs:
            other.send(b"x")
        await asyncio.wait_for(asyncio.gather(*waits), 2)
        for one, other in pairs:
            one.close()
            other.close()

    run(scenario)


def test_a_callback_that_raises_wakes_nobody_less() -> None:
    async def scenario() -> None:
        told: list[dict[str, Any]] = []
        asyncio.get_running_loop().set_exception_handler(lambda _, context: told.append(context))
        bad, far = pair()
        one, other = pair()
        with bad, far, one, other:

            def fail() -> None:
                bad.recv(9)
                raise RuntimeError("a fault of ours")

            poller().watch(bad.fileno(), fail)
            wait = asyncio.ensure_future(poller().readable(one.fileno()))
            await asyncio.sleep(0)
            far.send(b"x")
            other.send(b"x")
            await asyncio.wait_for(wait, 1)
            await asyncio.sleep(0.01)
            poller().unwatch(bad.fileno())
        assert [str(context["exception"]) for context in told] == ["a fault of ours"]

    run(scenario)
