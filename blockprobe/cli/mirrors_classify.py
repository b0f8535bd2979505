"""`blockprobe mirrors classify`."""

from pathlib import Path
from typing import Annotated

import typer

from blockprobe.cli.options import ConfigOption, PlainFormatOption
from blockprobe.cli.process import command


@command
def classify(
    pages: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="CANDIDATE", help="More candidate pages, beside those of --candidate; with --live the hosts."
        ),
    ] = None,
    live: Annotated[
        str | None,
        typer.Option(metavar="SITE", help="Fetch and test the hosts named as arguments: who runs them, are they live?"),
    ] = None,
    reference_via: Annotated[
        str | None,
        typer.Option(
            metavar="URL", help="With --live: reach the site through this proxy (http://, https://, socks5://)."
        ),
    ] = None,
    reference_address: Annotated[
        str | None, typer.Option(metavar="IP", help="With --live: the site's address, where DNS is blocked.")
    ] = None,
    origin_address: Annotated[
        list[str] | None,
        typer.Option(
            metavar="IP", help="With --live: an address that the site's operator has alone (no CDN, no hoster)."
        ),
    ] = None,
    state: Annotated[
        Path | None, typer.Option(metavar="DIR", help="With --live: where the day's requests are counted.")
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
    """Say what saved pages of candidates are, or with --live who runs them and whether they are live, and why."""
    from blockprobe.cli.mirrors_classifying import LiveOptions, Wanted, classify_hosts, classify_saved

    wanted = Wanted(
        references=tuple(reference or ()),
        candidates=(*(candidate or ()), *(map(Path, pages or ()) if live is None else ())),
        corpus=corpus,
        background=tuple(background or ()),
        host=host,
        source=source,
        prior=prior,
    )
    options = LiveOptions(
        site=live,
        hosts=tuple(pages or ()),
        via=reference_via,
        address=reference_address,
        own_addresses=tuple(origin_address or ()),
        state=state,
    )
    if live is not None:
        return classify_hosts(wanted, options, format_, config)
    options.refuse()
    return classify_saved(wanted, format_, config)
