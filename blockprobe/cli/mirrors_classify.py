"""`blockprobe mirrors classify`."""

from pathlib import Path
from typing import Annotated

import typer

from blockprobe.cli.options import ConfigOption, PlainFormatOption
from blockprobe.cli.process import command


@command
def classify(
    pages: Annotated[
        list[Path] | None, typer.Argument(metavar="[PAGE]…", help="More candidate pages, beside those of --candidate.")
    ] = None,
    reference: Annotated[
        list[Path] | None,
        typer.Option(metavar="FILE", help="The site's own front page, saved. Again: a second fetch of it."),
    ] = None,
    candidate: Annotated[
        list[Path] | None, typer.Option(metavar="FILE", help="A candidate's page, saved (HTML, also packed with gzip).")
    ] = None,
    corpus: Annotated[
        Path | None, typer.Option(metavar="LABELS", help="Classify every pair of a labels file instead.")
    ] = None,
    background: Annotated[
        list[Path] | None,
        typer.Option(metavar="DIR|FILE", help="Pages of other sites; best of all, of sites with the same theme."),
    ] = None,
    host: Annotated[str | None, typer.Option(metavar="NAME", help="What to call the only candidate.")] = None,
    source: Annotated[
        str | None,
        typer.Option(metavar="SOURCE", help="Where the names came from, for the prior: link_list, …"),
    ] = None,
    prior: Annotated[
        float | None,
        typer.Option(metavar="P", help="The chance of a copy before looking. Default: .475."),
    ] = None,
    format_: PlainFormatOption = "table",
    config: ConfigOption = None,
) -> int:
    """Say what saved pages of candidates are: copy, parked, lure, block page or something else, and why."""
    from blockprobe.cli.mirrors_classifying import Wanted, classify_saved

    wanted = Wanted(
        references=tuple(reference or ()),
        candidates=(*(candidate or ()), *(pages or ())),
        corpus=corpus,
        background=tuple(background or ()),
        host=host,
        source=source,
        prior=prior,
    )
    return classify_saved(wanted, format_, config)
