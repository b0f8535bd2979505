"""The terminal: colour only where it is one, and nothing in a page's title that it would obey."""

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console


def people() -> "Console":
    """Standard output for people; as wide as the terminal, 80 columns where there is none."""
    from rich.console import Console

    return Console(file=sys.stdout, highlight=False, markup=False, emoji=False)


def side() -> "Console":
    """Standard error for people."""
    from rich.console import Console

    return Console(file=sys.stderr, highlight=False, markup=False, emoji=False)


def printable(text: str) -> str:
    """`text` without anything that a terminal would obey: control characters and direction marks become U+FFFD."""
    return "".join(c if c.isprintable() else "\ufffd" for c in text)
