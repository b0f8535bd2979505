"""The work of `trace`: one target, its way, what was found; as much of it as is known when it is interrupted."""

import asyncio
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from blockprobe import __version__
from blockprobe.cli.configuration import read_settings
from blockprobe.cli.options import PlainFormat
from blockprobe.cli.process import Exit, complain
from blockprobe.model.errors import ConfigError
from blockprobe.model.record import Target
from blockprobe.model.settings import Settings
from blockprobe.model.target import parse_target, with_overrides
from blockprobe.model.trace import Carrier, TraceDocument

if TYPE_CHECKING:
    from blockprobe.measure.trace.site import Trace

_CARRIERS = {
    "auto": (),
    "dns": (Carrier.DNS, Carrier.DNS_ADDRESS),
    "tcp": (Carrier.TCP,),
    "tls": (Carrier.TLS,),
    "http": (Carrier.HTTP,),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What was typed after `blockprobe trace`."""

    target: str
    kind: Literal["auto", "dns", "tcp", "tls", "http"]
    family: Literal["4", "6", "both"]
    ip: str | None
    max_hops: int
    raw: bool
    pcap: str | None
    format: PlainFormat
    config: str | None


def trace_target(order: Order) -> int:
    """Trace, print, and say 3 when nothing at all came back."""
    settings = read_settings(order.config)
    target = with_overrides(parse_target(order.target), ip=order.ip)
    if order.pcap is not None and not order.raw:
        raise ConfigError("--pcap needs raw sight; leave out --no-raw")
    with _new_file(order.pcap) as pcap:
        document, interrupted = _traced(settings, target, order, pcap)
        kept = pcap is not None and os.fstat(pcap).st_size > 0
    if document is None:
        complain("interrupted before anything was known")
        return Exit.INTERRUPTED
    _show(document, order.format)
    if kept:
        complain(f"{order.pcap}: holds this line's own address; do not publish it as it is")
    elif pcap is not None:
        complain(f"{order.pcap}: not kept, for no packet was seen; seeing them needs CAP_NET_RAW (docs/trace.md)")
    if interrupted:
        complain("interrupted: what is known so far")
        return Exit.INTERRUPTED
    if not _heard_anything(document):
        complain("no network: no packet was answered by anybody; is this machine connected?")
        return Exit.NO_NETWORK
    return Exit.DONE


@contextmanager
def _new_file(path: str | None) -> Iterator[int | None]:
    """The descriptor of a file that was not there before, and is not there afterwards if nothing was written to it.

    Raises ConfigError.
    """
    if path is None:
        yield None
        return
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise ConfigError(f"--pcap {path}: {error.strerror}; name a new file in a folder that you may write") from None
    try:
        yield descriptor
    finally:
        if not os.fstat(descriptor).st_size:
            Path(path).unlink(missing_ok=True)
        os.close(descriptor)


def _traced(settings: Settings, target: Target, order: Order, pcap: int | None) -> tuple[TraceDocument | None, bool]:
    begun: list[Trace] = []
    try:
        asyncio.run(_trace(settings, target, order, pcap, begun))
    except KeyboardInterrupt:
        return (begun[0].document(__version__, interrupted=True) if begun else None), True
    return begun[0].document(__version__), False


async def _trace(settings: Settings, target: Target, order: Order, pcap: int | None, begun: list["Trace"]) -> None:
    from blockprobe.measure.line import LineCheck
    from blockprobe.measure.trace.site import Trace, Wish
    from blockprobe.run import Run, new_id

    run = await Run.open(settings)
    try:
        await LineCheck(run.shared).begin()
        wish = Wish(
            target=target,
            carriers=_CARRIERS[order.kind],
            families=(4, 6) if order.family == "both" else (4,) if order.family == "4" else (6,),
            max_hops=order.max_hops,
            raw=order.raw,
            pcap=pcap,
        )
        begun.append(trace := Trace(run.shared, wish, new_id(run.shared.clock.now())))
        await trace.run()
    finally:
        await run.aclose()


def _show(document: TraceDocument, format_: PlainFormat) -> None:
    if format_ == "json":
        from blockprobe.cli.output import write_line
        from blockprobe.model.trace_codec import dump_trace

        write_line(dump_trace(document))
        return
    from blockprobe.cli.render.console import people
    from blockprobe.cli.render.trace_table import print_trace

    print_trace(people(), document)


def _heard_anything(document: TraceDocument) -> bool:
    return any(one.heard for path in document.paths for ladder in path.ladders for one in ladder.tries)
