"""`blockprobe agent` and `blockprobe agent status`."""

from typing import Annotated

import typer

from blockprobe.cli.options import ConfigOption, PlainFormatOption
from blockprobe.cli.process import command

agent_app = typer.Typer(help="Measure unattended what the plans say; `agent status` says how it goes.")


@agent_app.callback(invoke_without_command=True)
def agent(
    context: typer.Context,
    config: ConfigOption = None,
    once: Annotated[bool, typer.Option("--once", help="Measure everything planned now, then end.")] = False,
    textfile: Annotated[
        str | None, typer.Option("--textfile", metavar="PATH", help="Write the metrics to this file after each cycle.")
    ] = None,
) -> None:
    """Measure unattended what the plans say, until SIGTERM; SIGHUP reads configuration and catalogue again."""
    if context.invoked_subcommand is None:
        _work(config, once, textfile)


@command
def _work(config: str | None, once: bool, textfile: str | None) -> int:
    from blockprobe.cli.agent_work import work

    return work(config, once=once, textfile=textfile)


@agent_app.command()
@command
def status(
    config: ConfigOption = None,
    check: Annotated[bool, typer.Option("--check", help="Exit status 1 when the agent does not do its work.")] = False,
    format_: PlainFormatOption = "table",
) -> int:
    """What the agent of this configuration does; for health checks."""
    from blockprobe.cli.agent_work import show_status

    return show_status(config, check=check, format_=format_)
