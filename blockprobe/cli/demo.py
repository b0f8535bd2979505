"""`blockprobe demo` and `blockprobe demo agent`."""

from typing import Annotated

import typer

from blockprobe.cli.process import Exit, command, complain

demo_app = typer.Typer(help="Show it all on a simulated ISP on this machine: no network, no root.")


@demo_app.callback(invoke_without_command=True)
def demo(context: typer.Context) -> None:
    """Show it all on a simulated ISP on this machine: no network, no root."""
    if context.invoked_subcommand is None:
        _show()


@command
def _show() -> int:
    if not _is_installed():
        return Exit.USAGE
    from blockprobe.cli.render.demonstration import show_demonstration

    return show_demonstration()


@demo_app.command()
@command
def agent(
    folder: Annotated[
        str | None,
        typer.Option("--dir", metavar="DIR", help="Configuration and store go there. Default: a new folder in /tmp."),
    ] = None,
    port: Annotated[
        int, typer.Option("--port", metavar="PORT", min=1024, max=65535, help="Of the metrics on 127.0.0.1.")
    ] = 9890,
    minutes: Annotated[
        float | None, typer.Option("--minutes", metavar="N", min=0.0, help="End after so long. Default: at Ctrl-C.")
    ] = None,
) -> int:
    """Run the agent on the simulated ISP's line, with metrics that this machine can read, until Ctrl-C."""
    if not _is_installed():
        return Exit.USAGE
    from blockprobe.cli.demonstrating import run_agent_demonstration

    run_agent_demonstration(folder, port=port, minutes=minutes)
    return Exit.DONE


def _is_installed() -> bool:
    """Whether the extra is there; says what is missing."""
    try:
        import pyroute2  # noqa: F401 - an extra, as trustme is
        import trustme  # noqa: F401
    except ImportError as error:
        complain(f"demo: {error.name} is not installed; run: pip install 'blockprobe[demo]'")
        return False
    return True
