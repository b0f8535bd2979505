"""The program `blockprobe`: its commands, in the order of its help."""

import sys
from typing import Annotated

import typer

from blockprobe.cli.agent import agent_app
from blockprobe.cli.bypass import bypass
from blockprobe.cli.check import check
from blockprobe.cli.config import config_app
from blockprobe.cli.demo import demo_app
from blockprobe.cli.export import export
from blockprobe.cli.helper import helper
from blockprobe.cli.judge import judge
from blockprobe.cli.mirrors import mirrors_app
from blockprobe.cli.orders import orders_app
from blockprobe.cli.proxies import proxies_app
from blockprobe.cli.trace import trace
from blockprobe.cli.whoami import whoami

app = typer.Typer(
    name="blockprobe",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _print_version(wanted: bool) -> None:
    if wanted:
        from blockprobe import __version__

        typer.echo(f"blockprobe {__version__}")
        raise typer.Exit


@app.callback()
def blockprobe(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and stop.")
    ] = False,
) -> None:
    """Is this site blocked on this line, how, and what is the proof?"""


app.command()(check)
app.command()(whoami)
app.command()(trace)
app.command()(bypass)
app.command()(judge)
app.command()(export)
app.add_typer(agent_app, name="agent")
app.command()(helper)
app.add_typer(demo_app, name="demo")
app.add_typer(mirrors_app, name="mirrors")
app.add_typer(proxies_app, name="proxies")
app.add_typer(orders_app, name="orders")
app.add_typer(config_app, name="config")


def main() -> None:
    """Run the command line; the exit statuses are in docs/cli.md."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")  # a name in another script must not end the program
    app()


if __name__ == "__main__":
    main()
