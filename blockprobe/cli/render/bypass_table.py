"""Batteries for people: a table of techniques for each target, and a line of sums."""

from collections.abc import Sequence

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from blockprobe.cli.render.console import printable
from blockprobe.cli.render.rows import STYLES
from blockprobe.model.bypass import Bypass, Outcome, Trial
from blockprobe.model.settings import BypassSettings

_STYLES = {
    Outcome.WORKS: "green",
    Outcome.FAILS: "bold red",
    Outcome.INCONCLUSIVE: "cyan",
    Outcome.NOT_AVAILABLE: "dim",
}
EFFORTS = {
    0: "nothing to install or set",
    1: "one setting",
    2: "another address",
    3: "a tool",
    None: "nothing that was tried opens it",
}


def print_bypasses(console: Console, found: Sequence[Bypass], limits: BypassSettings) -> None:
    """Every result, one after another, and what a battery may cost."""
    for bypass in found:
        _print(console, bypass)
    console.print(
        Text(
            f"At most {limits.connections} connections, {limits.bytes} bytes and {limits.seconds:g} s a battery "
            "([bypass]). A way that exists is not a way that is used.",
            style="dim",
        )
    )


def _print(console: Console, bypass: Bypass) -> None:
    head = Text(printable(bypass.target.input), style="bold").append("  ")
    head.append(bypass.blocked_before.value, style=STYLES[bypass.blocked_before])
    if bypass.trials:
        effort = "none" if bypass.lowest_effort is None else str(bypass.lowest_effort)
        head.append(f" · lowest effort {effort} ({EFFORTS[bypass.lowest_effort]})")
    console.print(head, overflow="fold")
    console.print(Padding(Text(printable(bypass.because)), (0, 0, 0, 2)))
    for line in _notes(bypass):
        console.print(Padding(Text(printable(line), style="dim"), (0, 0, 0, 2)))
    if bypass.trials:
        console.print(_table(bypass.trials))


def _notes(bypass: Bypass) -> list[str]:
    lines = [f"parity: open by {gap.open}, shut by {gap.closed}" for gap in bypass.parity]
    if bypass.blocked_after is not None:
        tries = f"{bypass.plain_k} of {bypass.plain_n} tries in between opened"
        lines.append(f"plain path: {bypass.blocked_before} before, {bypass.blocked_after} after, {tries}")
    cost = bypass.cost
    lines.append(f"cost: {cost.connections} connections, {cost.bytes} bytes, {cost.seconds:.1f} s")
    return lines


def _table(trials: Sequence[Trial]) -> Table:
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    table.add_column("Effort", justify="right")
    table.add_column("Technique", no_wrap=True)
    table.add_column("Outcome", no_wrap=True)
    table.add_column("k/n", justify="right", no_wrap=True)
    table.add_column("Because", overflow="fold", ratio=1)
    for trial in trials:
        table.add_row(
            str(trial.effort),
            trial.technique.value,
            Text(trial.outcome.value, style=_STYLES[trial.outcome]),
            f"{trial.k}/{trial.n}" if trial.n else "",
            Text(printable(trial.because)),
        )
    return table
