"""The progress bar: on standard error, for more than one target, and only where that is a terminal."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def progress_bar(total: int, *, wanted: bool) -> Iterator[Callable[[], None]]:
    """Yield what is to be called after each target."""
    if not wanted or total < 2 or not sys.stderr.isatty():
        yield lambda: None
        return
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    from blockprobe.cli.render.console import side

    columns = (TextColumn("measuring"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=side(), transient=True) as progress:
        task = progress.add_task("targets", total=total)
        yield lambda: progress.advance(task)
