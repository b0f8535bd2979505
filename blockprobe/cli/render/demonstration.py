"""The demonstration for people: a table, how much of it is true, and how to look at one record."""

from rich.text import Text

from blockprobe.cli.process import Exit
from blockprobe.cli.render.console import people, side
from blockprobe.cli.render.progress import progress_bar
from blockprobe.cli.render.record_table import print_table
from blockprobe.cli.render.rows import row_of
from blockprobe.lab.demo import demonstrate
from blockprobe.lab.demo_world import DEMO


def show_demonstration() -> int:
    """Run it and print it; the exit status is 1 when a verdict is not the truth about the simulated world."""
    side().print(Text(f"A simulated ISP on this machine: {DEMO.censor}. {DEMO.story}.", style="dim"))
    with progress_bar(len(DEMO.targets), wanted=True) as advance:
        shown = demonstrate(lambda record: advance())
    console = people()
    one = next(o for o in shown.outcomes if o.expect.target == "sni-reset.example")
    hint = f"blockprobe judge --format table {shown.records / one.expect.target}.json"
    print_table(console, tuple(row_of(outcome.record) for outcome in shown.outcomes), hint=hint)
    wrong = [outcome for outcome in shown.outcomes if outcome.faults]
    console.print(Text(f"{len(shown.outcomes) - len(wrong)} of {len(shown.outcomes)} verdicts are the truth about "
                       f"this simulated world; it took {shown.took_s:.1f} s."))  # fmt: skip
    for outcome in wrong:
        console.print(Text(f"{outcome.expect.target}: {'; '.join(outcome.faults)}", style="bold red"))
    return 1 if wrong else Exit.DONE
