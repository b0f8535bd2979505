"""`blockprobe bypass`."""

from typing import Annotated

import typer

from blockprobe.cli.options import ConfigOption, PlainFormat
from blockprobe.cli.process import command


@command
def bypass(
    targets: Annotated[
        list[str] | None,
        typer.Argument(metavar="TARGET", help="Domains, http(s) URLs or IP addresses, with or without a port."),
    ] = None,
    file: Annotated[
        str | None,
        typer.Option("--file", metavar="LIST|-", help="Read targets from a file or standard input, one a line."),
    ] = None,
    format_: Annotated[
        PlainFormat, typer.Option("--format", help="table: for people. json: one result a line.")
    ] = "table",
    force: Annotated[
        bool, typer.Option("--force", help="Try everything even where the plain path is not blocked.")
    ] = False,
    records: Annotated[
        str | None,
        typer.Option("--records", metavar="FILE", help="Append the records of the plain path, before and after."),
    ] = None,
    config: ConfigOption = None,
    concurrency: Annotated[int, typer.Option("--concurrency", metavar="N", min=1, max=64, help="Targets at once.")] = 4,
) -> int:
    """Try what still opens blocked sites from here, by rising effort: that a way exists, not that it is used."""
    from blockprobe.cli.bypassing import Wish, bypass_targets

    return bypass_targets(
        Wish(
            targets=tuple(targets or ()),
            file=file,
            format=format_,
            force=force,
            records=records,
            config=config,
            concurrency=concurrency,
        )
    )
