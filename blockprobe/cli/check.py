"""`blockprobe check`."""

from typing import Annotated

import typer

from blockprobe.cli.options import ConfigOption, FormatOption
from blockprobe.cli.process import command


@command
def check(
    targets: Annotated[
        list[str] | None,
        typer.Argument(metavar="TARGET", help="Domains, http(s) URLs or IP addresses, with or without a port."),
    ] = None,
    file: Annotated[
        str | None,
        typer.Option("--file", metavar="LIST|-", help="Read targets from a file or standard input, one a line."),
    ] = None,
    format_: FormatOption = "table",
    ip: Annotated[str | None, typer.Option("--ip", metavar="A", help="Connect to this address instead.")] = None,
    sni: Annotated[str | None, typer.Option("--sni", metavar="N", help="Send this name in TLS instead.")] = None,
    host: Annotated[str | None, typer.Option("--host", metavar="H", help="Send this Host header instead.")] = None,
    throttling: Annotated[
        bool,
        typer.Option("--throttling", help="Measure whether sites that open are slowed: 3 to 25 MB each."),
    ] = False,
    config: ConfigOption = None,
    strict: Annotated[bool, typer.Option("--strict", help="Exit with 4 when a target stays inconclusive.")] = False,
    concurrency: Annotated[
        int | None, typer.Option("--concurrency", metavar="N", min=1, max=4096, help="Targets measured at once.")
    ] = None,
) -> int:
    """Measure sites: open, blocked (how, and with what proof), down, refusing us, or inconclusive."""
    from blockprobe.cli.checking import Wish, check_targets

    return check_targets(
        Wish(
            targets=tuple(targets or ()),
            file=file,
            format=format_,
            ip=ip,
            sni=sni,
            host=host,
            throttling=throttling,
            config=config,
            strict=strict,
            concurrency=concurrency,
        )
    )
