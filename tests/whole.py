"""Tests that take long: whole tables, full counts. They are for `make acceptance`."""

import os
from collections.abc import Callable
from typing import Any

ACCEPTANCE = bool(os.environ.get("BLOCKPROBE_ACCEPTANCE"))


def whole(test: Callable[..., Any]) -> Callable[..., Any] | None:
    """The test, where the whole is wanted; else left out: a skipped test is one that could not be run."""
    return test if ACCEPTANCE else None
