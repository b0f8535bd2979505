"""Trying again: a silent attempt is overtaken rather than waited for, a failed one is repeated."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

T = TypeVar("T")

#: A second attempt starts when the first has been silent for as long as two SYNs take (seconds).
STAGGER_S = 1.3
#: Pause before an attempt that failed at once is repeated (seconds).
REPEAT_AFTER_S = 0.1


async def persist(attempt: Callable[[int], Awaitable[T]], good: Callable[[T], bool], *, attempts: int) -> list[T]:
    """Try until one attempt is good. A silent one is overtaken after STAGGER_S rather than waited for.

    Returns what every finished attempt gave, in the order in which they finished; once one is good the others are
    cancelled. An attempt must note what it observed and close what it opened, also when cancelled.

    The first runs in the caller's own task, because on a healthy line it is the only one.
    """
    loop = asyncio.get_running_loop()
    first: asyncio.Future[T] = loop.create_future()
    leash = asyncio.timeout(None)
    others: list[asyncio.Task[list[T]]] = []

    def overtake() -> None:
        others.append(asyncio.ensure_future(_go_on(first, attempt, good, attempts)))
        others[0].add_done_callback(let_go)

    def let_go(_: object) -> None:
        if not first.done():  # a later attempt was good before the first had ended
            leash.reschedule(loop.time())

    timer = loop.call_later(STAGGER_S, overtake)
    try:
        async with leash:
            first.set_result(await attempt(0))
    except BaseException:
        if not (leash.expired() and others[0].done()):
            first.cancel()  # nobody waits for it: the end of the others lets go of nothing
            await _end(others)
            raise
    finally:
        timer.cancel()
    if not others and good(first.result()):
        return [first.result()]
    results = await (others[0] if others else _go_on(first, attempt, good, attempts))
    if first.done() and not first.cancelled() and all(result is not first.result() for result in results):
        results.append(first.result())  # it ended while the others were ending: what it opened is the caller's
    return results


async def _go_on(
    first: asyncio.Future[T], attempt: Callable[[int], Awaitable[T]], good: Callable[[T], bool], attempts: int
) -> list[T]:
    """The attempts after the first, which has ended or goes on in its own task."""
    running: set[asyncio.Future[T]] = {first}
    results: list[T] = []
    started = 1
    if not first.done() and attempts > 1:
        running.add(asyncio.ensure_future(attempt(1)))
        started = 2
    try:
        while running:
            wait_s = STAGGER_S if started < attempts else None
            done, running = await asyncio.wait(running, timeout=wait_s, return_when=asyncio.FIRST_COMPLETED)
            results += [task.result() for task in done]
            if any(good(result) for result in results):
                break
            if started < attempts:
                if done:
                    await asyncio.sleep(REPEAT_AFTER_S)
                running.add(asyncio.ensure_future(attempt(started)))
                started += 1
    finally:
        await _end(running - {first})
    return results


async def _end(tasks: "set[asyncio.Future[T]] | list[asyncio.Task[list[T]]]") -> None:
    """Cancel, and wait until all have closed what they opened."""
    for task in tasks:
        task.cancel()
    if tasks:
        await asyncio.gather(*tasks, return_exceptions=True)
