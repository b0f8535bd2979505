"""How a command ends: its exit status, and one line on standard error for each thing that is wrong."""

import functools
import os
import sys
from collections.abc import Callable
from enum import IntEnum
from typing import ParamSpec

import typer

from blockprobe.model.errors import BlockprobeError

P = ParamSpec("P")


class Exit(IntEnum):
    """The exit statuses; being blocked is a result, not an error."""

    DONE = 0
    USAGE = 2
    NO_NETWORK = 3
    INCONCLUSIVE = 4
    INTERRUPTED = 130


def command(work: Callable[P, int]) -> Callable[P, None]:
    """Make a function that returns an exit status a typer command; faults become a line each and status 2."""

    @functools.wraps(work)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            status = work(*args, **kwargs)
            sys.stdout.flush()
        except BlockprobeError as error:
            complain(str(error))
            status = Exit.USAGE
        except KeyboardInterrupt:
            status = Exit.INTERRUPTED
        except BrokenPipeError:
            status = _closed_pipe()
        raise typer.Exit(int(status))

    return run


def complain(lines: str) -> None:
    """Say what is wrong on standard error."""
    for line in lines.splitlines():
        print(line, file=sys.stderr)


def _closed_pipe() -> Exit:
    """The reader (`head`, a pager) has had enough: stop quietly, and keep Python from flushing into the void."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return Exit.DONE
