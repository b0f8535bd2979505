"""`blockprobe orders compliance`."""

from typing import Annotated

import typer

from blockprobe.cli.options import ConfigOption, PlainFormatOption
from blockprobe.cli.process import command


@command
def compliance(
    order: Annotated[
        str | None, typer.Argument(metavar="ORDER", help="One order's id, as in gb/example. Default: all.")
    ] = None,
    format_: PlainFormatOption = "table",
    config: ConfigOption = None,
) -> int:
    """Say who carried out which order as far as this line saw: counts, bounds, times, and why no figure is given."""
    from blockprobe.cli.complying import show_compliance

    return show_compliance(config, order, format_)
