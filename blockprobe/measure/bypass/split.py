"""The ClientHello cut within the server name, over two TCP segments or over two TLS records (net/hello_split.py)."""

from dataclasses import replace
from functools import partial

from blockprobe.measure.bypass.bench import Bench
from blockprobe.measure.bypass.road import Road, hello_of
from blockprobe.measure.bypass.walk import Spot, Stop, Walk
from blockprobe.measure.bypass.ways import NotAvailable, Ways, by_road
from blockprobe.net.hello_split import Split
from blockprobe.net.stream import Stream


class SplitRoad(Road):
    """The plain path, the ClientHello in two pieces."""

    def __init__(self, split: Split) -> None:
        """`split` says what it is cut into."""
        self._split = split

    async def secure(self, walk: Walk, stream: Stream, spot: Spot) -> Stream | Stop:
        """TLS with a chain valid for the leg's host, as on the plain path."""
        return await walk.handshake(stream, replace(hello_of(spot.leg), split=self._split))


async def _ways(bench: Bench, split: Split) -> Ways:
    if not bench.known.leg.tls:
        return NotAvailable(because="over http there is no ClientHello")
    if bench.known.leg.is_ip:
        return NotAvailable(because="the target is an address, which no ClientHello names")
    return (by_road(f"ClientHello over two {split}", SplitRoad(split)),)


segment_ways = partial(_ways, split=Split.SEGMENTS)
record_ways = partial(_ways, split=Split.RECORDS)
