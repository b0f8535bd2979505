"""Several things at once, with one task less than `asyncio.gather` needs: most often there is but one thing."""

import asyncio
from collections.abc import Coroutine, Iterable
from typing import Any, TypeVar

T = TypeVar("T")


async def together(work: Iterable[Coroutine[Any, Any, T]]) -> list[T]:
    """What each coroutine gave, in their order; the first runs in the caller's own task, the others beside it.

    When one fails or the caller is cancelled, the others are cancelled and have ended before the error is raised.
    """
    coroutines = list(work)
    if not coroutines:
        return []
    beside = [asyncio.ensure_future(coroutine) for coroutine in coroutines[1:]]
    try:
        found = [await coroutines[0]]
        for task in beside:
            found.append(await task)
    except BaseException:
        for task in beside:
            task.cancel()
        await asyncio.gather(*beside, return_exceptions=True)
        raise
    return found
