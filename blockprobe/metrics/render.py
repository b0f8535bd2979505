"""From a snapshot to the exposition: probe, orders, sites, within `max_series`.

The probe's own series are always there. Orders come before sites, and of sites blocked ones come first; what does not
fit is counted. No sample has a timestamp: Prometheus would not notice then that a series is gone.
"""

from collections.abc import Iterator

from blockprobe.metrics.order_tier import write_orders
from blockprobe.metrics.probe_tier import write_probe
from blockprobe.metrics.site_tier import write_sites
from blockprobe.metrics.snapshot import Snapshot
from blockprobe.metrics.text import Page
from blockprobe.model.settings import MetricsSettings

#: The two series about the exposition itself.
_OWN_SERIES = 2


class Renderer:
    """Writes expositions, one after the other, and remembers how many series it had to leave out."""

    def __init__(self, settings: MetricsSettings, *, process: bool = True) -> None:
        """`process`: with the series `process_*`; not in a file for node_exporter, which has its own."""
        self._settings = settings
        self._process = process
        self.dropped = 0

    def render(self, snapshot: Snapshot) -> bytes:
        """The whole exposition."""
        return b"".join(self.pieces(snapshot))

    def pieces(self, snapshot: Snapshot) -> Iterator[bytes]:
        """The same in pieces, so that the caller can do other things in between."""
        process = process_text() if self._process else b""
        own = process.count(b"\n") - process.count(b"\n#") - process.startswith(b"#")
        page = Page()
        write_probe(page, snapshot)
        budget = max(0, self._settings.max_series - own - _OWN_SERIES - page.series)
        before = page.series
        yield b""
        dropped = write_orders(page, snapshot, budget)
        budget = 0 if dropped else budget - (page.series - before)
        yield b""
        dropped += yield from write_sites(page, snapshot, self._settings.per_site, budget)
        self.dropped += dropped
        page.add("metrics_series", page.series + own + _OWN_SERIES)
        page.add("metrics_series_dropped_total", self.dropped)
        yield from page.pieces()
        yield process


def render(snapshot: Snapshot, settings: MetricsSettings) -> bytes:
    """One exposition by itself; what was dropped is that of this one alone."""
    return Renderer(settings).render(snapshot)


def process_text() -> bytes:
    """Memory, CPU, open files and start of this process, as prometheus-client shows them."""
    from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest

    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    return generate_latest(registry)
