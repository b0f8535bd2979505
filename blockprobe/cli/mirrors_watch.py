"""`blockprobe mirrors watch` and `mirrors show`."""

from typing import Annotated

import typer

from blockprobe.cli.options import ConfigOption, PlainFormatOption
from blockprobe.cli.process import command

_StoreOption = Annotated[
    str | None,
    typer.Option("--store", metavar="DIR", help="Where the book of mirrors is. Default: that of the configuration."),
]


@command
def watch(
    sites: Annotated[
        list[str] | None, typer.Argument(metavar="SITE", help="Whose mirrors. Default: all in the book.")
    ] = None,
    add: Annotated[
        list[str] | None,
        typer.Option(metavar="FILE|-", help="Names to watch from now on: `mirrors find --format json`, or one a line."),
    ] = None,
    every: Annotated[
        float | None, typer.Option(metavar="SECONDS", min=60, help="Look again and again. Default: once.")
    ] = None,
    store: _StoreOption = None,
    format_: PlainFormatOption = "table",
    config: ConfigOption = None,
) -> int:
    """Look at mirrors: which live (the helper's side), which this line blocks, since when. Needs a helper."""
    from blockprobe.cli.mirrors_watching import Wish, watch_mirrors

    wish = Wish(sites=tuple(sites or ()), add=tuple(add or ()), every_s=every, store=store)
    return watch_mirrors(wish, format_, config)


@command
def show(
    site: Annotated[str, typer.Argument(metavar="SITE", help="Whose mirrors.")],
    out: Annotated[
        str | None, typer.Option("--out", metavar="FILE", help="Write a page with a timeline (HTML, no script).")
    ] = None,
    store: _StoreOption = None,
    format_: PlainFormatOption = "table",
    config: ConfigOption = None,
) -> int:
    """Show what is known of a site's mirrors: lives, coverage, half-life, how soon losses are made good."""
    from blockprobe.cli.mirrors_watching import show_mirrors

    return show_mirrors(site, out, store, format_, config)
