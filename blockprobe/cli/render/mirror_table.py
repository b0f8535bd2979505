"""What candidates are, for people: a line each, with the reason in words."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.box import SIMPLE_HEAD
from rich.table import Table
from rich.text import Text

from blockprobe.cli.render.console import printable

if TYPE_CHECKING:
    from rich.console import Console

    from blockprobe.mirrors.offline import Judgement


def print_judgements(console: "Console", judged: Sequence[tuple[str, "Judgement"]]) -> None:
    """A row a candidate: what it is called, class, band, P(copy), why."""
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    table.add_column("Candidate", overflow="fold", ratio=2)
    table.add_column("Class", no_wrap=True)
    table.add_column("P(copy)", no_wrap=True)
    table.add_column("Because", overflow="fold", ratio=3)
    for name, judgement in judged:
        undetermined = judgement.band == "undetermined"
        chance = "–" if undetermined else f"{judgement.p_copy:.2f} {judgement.band}"
        table.add_row(Text(printable(name)), judgement.class_.value, chance, Text(printable(judgement.because)))
    console.print(table)
