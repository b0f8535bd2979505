"""`blockprobe proxies …`."""

from typing import Annotated

import typer

from blockprobe.cli.options import ConfigOption, PlainFormatOption
from blockprobe.cli.process import command

_HELP = "Open proxies that an operator lists: which live, which open here."
proxies_app = typer.Typer(no_args_is_help=True, help=_HELP)


@proxies_app.callback(help=_HELP)
def proxies() -> None:
    """Keeps `watch` a command of its own; alone it would take the name of the group."""


@proxies_app.command()
@command
def watch(
    file: Annotated[
        str,
        typer.Argument(
            metavar="LIST",
            help="A file, or - for standard input: one a line, as https://proxy.example/?u={url}, http://host:port or "
            "socks5://host:port.",
        ),
    ],
    every: Annotated[
        float | None, typer.Option(metavar="SECONDS", min=60, help="Look again and again. Default: once.")
    ] = None,
    store: Annotated[
        str | None,
        typer.Option(
            "--store", metavar="DIR", help="Where the book of proxies is. Default: that of the configuration."
        ),
    ] = None,
    format_: PlainFormatOption = "table",
    config: ConfigOption = None,
) -> int:
    """Look at open proxies: which live (the helper's side), which relay a neutral page here. Needs a helper."""
    from blockprobe.cli.proxies_watching import Wish, watch_list

    return watch_list(Wish(file=file, every_s=every, store=store), format_, config)
