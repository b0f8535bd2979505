"""An exception that is kept for later, without what it would keep alive."""

from typing import TypeVar

Error = TypeVar("Error", bound=BaseException)

#: Causes that are looked at, as in `classify.failure_of`.
_MAX_CAUSES = 8


def bare(error: Error) -> Error:
    """The exception and its causes without the frames that they came through.

    Whoever keeps an exception mostly is in one of those frames: a circle, in which sockets and TLS objects (60 KB each)
    would wait for the collector.
    """
    current: BaseException | None = error
    for _ in range(_MAX_CAUSES):
        if current is None:
            break
        current.__traceback__ = current.__context__ = None
        current = current.__cause__
    return error
