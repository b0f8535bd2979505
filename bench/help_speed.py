"""How much longer than a bare typer program with as many commands does `blockprobe --help` take? Goal: 1.3 times.

Both run in turn, five times each, in the same run on the same machine; the medians are compared.
Run: `python bench/help_speed.py [--repeats N]`; the exit status is 1 above the goal.
"""

import argparse
import statistics
import subprocess
import sys
import time

GOAL = 1.3
OURS = "from blockprobe.cli.main import main; main()"
BARE = """
import typer
app = typer.Typer(no_args_is_help=True)
for name in ("check", "whoami", "judge", "helper", "demo"):
    def work(argument: str = "") -> None:
        "Do one of the things that this program does."
    app.command(name)(work)
group = typer.Typer(help="Two more.")
for name in ("check", "show"):
    def work(argument: str = "") -> None:
        "Do one of the things that this program does."
    group.command(name)(work)
app.add_typer(group, name="config")
app()
"""


def main() -> int:
    """Measure, print, and say whether the goal is met."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=5)
    repeats = parser.parse_args().repeats
    pairs = [(_seconds(OURS), _seconds(BARE)) for _ in range(repeats + 1)][1:]  # the first fills the caches
    ours, bare = (statistics.median(column) for column in zip(*pairs, strict=True))
    ratio = ours / bare
    print(f"blockprobe --help {ours * 1000:.0f} ms, bare typer {bare * 1000:.0f} ms, ratio {ratio:.2f} (goal {GOAL})")
    return 0 if ratio <= GOAL else 1


def _seconds(program: str) -> float:
    began = time.perf_counter()
    subprocess.run([sys.executable, "-c", program, "--help"], check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - began


if __name__ == "__main__":
    sys.exit(main())
