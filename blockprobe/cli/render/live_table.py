"""What tested candidates are, for people: a line each, with proofs and the number of requests."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.box import SIMPLE_HEAD
from rich.table import Table
from rich.text import Text

from blockprobe.cli.render.console import printable
from blockprobe.mirrors.live_words import flags

if TYPE_CHECKING:
    from rich.console import Console

    from blockprobe.mirrors.live_tests import LiveResult

_LIVE = {True: "yes", False: "no", None: "–"}


def print_live(console: "Console", results: Sequence["LiveResult"]) -> None:
    """A row a candidate: class, whether it is live, P(copy), why, flags, requests now and today."""
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    table.add_column("Candidate", overflow="fold", ratio=2)
    table.add_column("Class", no_wrap=True)
    table.add_column("Live", no_wrap=True)
    table.add_column("P(copy)", no_wrap=True)
    table.add_column("Because", overflow="fold", ratio=3)
    table.add_column("Requests", no_wrap=True)
    for result in results:
        verdict, page = result.verdict, result.facts.page
        chance = "–" if page is None or verdict.band == "undetermined" else f"{page.p_copy:.2f} {verdict.band}"
        marked = "".join(f" [{flag}]" for flag in flags(result))
        table.add_row(
            Text(printable(result.name)),
            verdict.class_.value,
            _LIVE[verdict.live],
            chance,
            Text(printable(verdict.because + marked)),
            f"{result.requests}, today {result.today}",
        )
    console.print(table)
