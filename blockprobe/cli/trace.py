"""`blockprobe trace`."""

from typing import Annotated, Literal

import typer

from blockprobe.cli.options import ConfigOption, PlainFormatOption
from blockprobe.cli.process import command


@command
def trace(
    target: Annotated[str, typer.Argument(metavar="TARGET", help="A domain, http(s) URL or IP address.")],
    kind: Annotated[
        Literal["auto", "dns", "tcp", "tls", "http"],
        typer.Option("--kind", help="What the packets carry. auto: whatever the target suggests."),
    ] = "auto",
    family: Annotated[
        Literal["4", "6", "both"], typer.Option("--family", help="IP version; both, where the line has both.")
    ] = "both",
    ip: Annotated[str | None, typer.Option("--ip", metavar="A", help="Trace the way to this address.")] = None,
    max_hops: Annotated[
        int, typer.Option("--max-hops", metavar="N", min=1, max=64, help="The highest hop limit that is tried.")
    ] = 20,
    raw: Annotated[
        bool, typer.Option("--raw/--no-raw", help="See the packets themselves, where a packet socket is permitted.")
    ] = True,
    pcap: Annotated[
        str | None,
        typer.Option("--pcap", metavar="FILE", help="Keep the trace's own packets in this new file; needs raw sight."),
    ] = None,
    format_: PlainFormatOption = "table",
    config: ConfigOption = None,
) -> int:
    """Find the hop that interferes with a site: in the path or beside it."""
    from blockprobe.cli.tracing import Order, trace_target

    return trace_target(
        Order(
            target=target,
            kind=kind,
            family=family,
            ip=ip,
            max_hops=max_hops,
            raw=raw,
            pcap=pcap,
            format=format_,
            config=config,
        )
    )
