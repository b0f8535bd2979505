"""Many records as one table, for any width of terminal; a long name is folded and never cut."""

from collections import Counter

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from blockprobe.cli.render.console import printable
from blockprobe.cli.render.rows import STYLES, Row
from blockprobe.model.words import State

_WIDE = 120  # columns from which the grade has a column of its own
_NARROW = 64  # columns below which a table would be all folds


def print_table(
    console: Console, rows: tuple[Row, ...], *, hint: str = "blockprobe check --format json TARGET"
) -> None:
    """The rows, their sum, and how to look at one record (`hint`, a command)."""
    if console.width < _NARROW:
        for row in rows:
            _print_stacked(console, row)
    else:
        console.print(_wide(rows) if console.width >= _WIDE else _medium(rows))
    console.print(Text(_sum(rows)))
    console.print(Text(f"One record with all its evidence: {hint}", style="dim"))


def _wide(rows: tuple[Row, ...]) -> Table:
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    table.add_column("Target", overflow="fold", max_width=40)
    table.add_column("State", no_wrap=True)
    table.add_column("Mechanism", overflow="fold", max_width=28)
    table.add_column("Grade", overflow="fold", max_width=20)
    table.add_column("Because", overflow="fold", ratio=1)
    for row in rows:
        table.add_row(_plain(row.target), _state(row), _plain(row.mechanism), _plain(row.grade), _plain(row.because))
    return table


def _medium(rows: tuple[Row, ...]) -> Table:
    """Mechanism and grade share a column, one above the other."""
    table = Table(box=SIMPLE_HEAD, pad_edge=False, collapse_padding=True)
    table.add_column("Target", overflow="fold", max_width=20)
    table.add_column("State", no_wrap=True)
    table.add_column("Mechanism\nGrade", overflow="fold", max_width=23)
    table.add_column("Because", overflow="fold", ratio=1)
    for row in rows:
        how = Text("\n").join(part for part in (_plain(row.mechanism), _dim(row.grade)) if part.plain)
        table.add_row(_plain(row.target), _state(row), how, _plain(row.because))
    return table


def _print_stacked(console: Console, row: Row) -> None:
    console.print(_plain(row.target), overflow="fold")
    words = [part for part in (row.mechanism, row.grade) if part]
    console.print(Text("  ").append_text(_state(row)).append("".join(f" · {printable(word)}" for word in words)))
    console.print(_plain(row.because), overflow="fold")
    console.print()


def _sum(rows: tuple[Row, ...]) -> str:
    counts = Counter(row.state for row in rows)
    parts = ", ".join(f"{counts[state]} {state.value}" for state in State if counts[state])
    return f"{len(rows)} measured: {parts}."


def _state(row: Row) -> Text:
    return Text(row.state.value, style=STYLES[row.state])


def _plain(text: str) -> Text:
    return Text(printable(text))


def _dim(text: str) -> Text:
    return Text(printable(text), style="dim")
