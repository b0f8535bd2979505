"""What is kept of an exception: its word and its causes, not the frames that it came through."""

import asyncio

from blockprobe.model.failure import Failure
from blockprobe.net.bare import bare
from blockprobe.net.classify import failure_of


def test_a_kept_exception_holds_no_frame_and_says_the_same() -> None:
    async def late() -> TimeoutError:
        held = object()
        try:
            async with asyncio.timeout(0.01):
                try:
                    raise BlockingIOError("not yet")
                except BlockingIOError:
                    await asyncio.sleep(1.0)
        except TimeoutError as error:
            assert held is not None
            return error
        raise AssertionError("it was in time")

    error = asyncio.run(late())
    assert error.__traceback__ is not None

    kept = bare(error)

    assert kept is error
    assert failure_of(kept) is Failure.GENERIC_TIMEOUT_ERROR
    assert isinstance(kept.__cause__, asyncio.CancelledError)
    found = (kept, kept.__cause__)
    assert [(one.__traceback__, one.__context__) for one in found] == [(None, None)] * 2


def test_causes_in_a_circle_have_an_end() -> None:
    first, second = ValueError("first"), ValueError("second")
    first.__cause__, second.__cause__ = second, first
    assert bare(first) is first
