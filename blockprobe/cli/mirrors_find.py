"""`blockprobe mirrors find`."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from blockprobe.cli.options import ConfigOption, PlainFormatOption
from blockprobe.cli.process import command


@command
def find(
    sites: Annotated[
        list[str] | None, typer.Argument(metavar="SITE", help="Domains or URLs whose mirrors are looked for.")
    ] = None,
    file: Annotated[str | None, typer.Option(metavar="LIST|-", help="More sites, one a line.")] = None,
    word: Annotated[
        str | None,
        typer.Option(metavar="WORD", help="The word that the mirrors of the only SITE share, if not its whole name."),
    ] = None,
    top: Annotated[
        int, typer.Option(metavar="N", min=0, max=100_000, help="Names to guess for each site; 0 for none.")
    ] = 3000,
    typos: Annotated[bool, typer.Option("--typos", help="Also names that are a slip of the finger away.")] = False,
    names: Annotated[
        list[str] | None,
        typer.Option(metavar="FILE|-", help="Lines with names: lists, CSV, zone files, JSON, also packed with gzip."),
    ] = None,
    names_source: Annotated[
        Literal["certificate_log", "zone_file", "passive_dns", "rank_list"],
        typer.Option(help="What kind of names those of --names are."),
    ] = "certificate_log",
    column: Annotated[
        int | None, typer.Option(metavar="N", min=1, help="Read only this column of --names, from 1.")
    ] = None,
    pages: Annotated[
        list[Path] | None, typer.Option(metavar="FILE", help="Saved pages that list mirrors, HTML or text.")
    ] = None,
    records: Annotated[
        list[Path] | None,
        typer.Option(metavar="PATH", help="Records of `check --format json`, or a store: redirects, links, keys."),
    ] = None,
    resolve: Annotated[
        bool, typer.Option("--resolve", help="Look every candidate up in DNS. Sends packets; nothing else here does.")
    ] = False,
    format_: PlainFormatOption = "table",
    config: ConfigOption = None,
) -> int:
    """List names that may lead to the same site, the likeliest first, with what speaks for each."""
    from blockprobe.cli.mirrors_finding import Wanted, find_candidates

    wanted = Wanted(
        sites=tuple(sites or ()),
        file=file,
        word=word,
        top=top,
        typos=typos,
        names=tuple(names or ()),
        names_source=names_source,
        column=column,
        pages=tuple(pages or ()),
        records=tuple(records or ()),
        resolve=resolve,
    )
    return find_candidates(wanted, format_, config)
