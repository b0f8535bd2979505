"""States that tests open: closed at the end, for CPython 3.13 warns of those that are not."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from blockprobe.store.state import StateDb


@pytest.fixture
def state(tmp_path: Path) -> Iterator[Callable[[], StateDb]]:
    """Opens the state in `tmp_path`."""
    with ExitStack() as opened:

        def open_state() -> StateDb:
            db = StateDb.open(tmp_path)
            opened.callback(db.close)
            return db

        yield open_state
