"""`blockprobe export`."""

from typing import Annotated, Literal

import typer

from blockprobe.cli.options import ConfigOption
from blockprobe.cli.process import command


@command
def export(
    out: Annotated[str, typer.Argument(metavar="DIR_OUT", help="A new folder for the copy.")],
    to: Annotated[
        Literal["records", "ooni"],
        typer.Option("--to", help="records: blockprobe's own, a line each. ooni: OONI web_connectivity measurements."),
    ] = "records",
    store: Annotated[
        str | None,
        typer.Option("--store", metavar="DIR", help="The store to copy. Default: that of the configuration."),
    ] = None,
    own: Annotated[
        str | None,
        typer.Option(
            "--own",
            metavar="FILE",
            help="Addresses that this line has or had, one a line, to be kept out. Also $BLOCKPROBE_OWN_ADDRESSES.",
        ),
    ] = None,
    with_mirrors: Annotated[
        bool,
        typer.Option("--with-mirrors", help="Also records of names that were only watched as possible mirrors."),
    ] = False,
    config: ConfigOption = None,
) -> int:
    """Copy sealed evidence for publication, without what tells whose line it was."""
    from blockprobe.cli.exporting import Export, export_store

    return export_store(Export(out=out, to=to, store=store, own=own, mirrors=with_mirrors), config)
