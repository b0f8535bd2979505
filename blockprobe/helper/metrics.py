"""What an operator wants to know of a running helper, in Prometheus' text format.

The counts are plain numbers; prometheus_client, which costs 20 MB and 100 ms, is imported when somebody asks.
"""

from collections import Counter
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from prometheus_client.core import Metric


class Meter:
    """Counts of requests by part (api, echo_http, echo_tls, echo_dns_udp and _tcp, zone_udp and _tcp) and status."""

    def __init__(self, in_flight: Callable[[], int], not_after: Callable[[], float], keys: Callable[[], int]) -> None:
        """The functions give the present number of measurements, the certificate's end (Unix seconds), live keys."""
        self._in_flight = in_flight
        self._not_after = not_after
        self._keys = keys
        self.requests: Counter[tuple[str, str]] = Counter()

    def count(self, part: str, code: str) -> None:
        """One request has been answered."""
        self.requests[part, code] += 1

    def text(self) -> tuple[bytes, str]:
        """The exposition and its content type."""
        from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest

        registry = CollectorRegistry()
        registry.register(self)
        return generate_latest(registry), CONTENT_TYPE_LATEST

    def collect(self) -> "Iterable[Metric]":
        """The metrics, for prometheus_client."""
        from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

        requests = CounterMetricFamily(
            "blockprobe_helper_requests", "Requests answered, by part and status.", labels=["part", "code"]
        )
        for (part, code), value in sorted(self.requests.items()):
            requests.add_metric([part, code], value)
        yield requests
        yield GaugeMetricFamily(
            "blockprobe_helper_in_flight", "Control measurements under way.", value=self._in_flight()
        )
        yield GaugeMetricFamily("blockprobe_helper_keys", "Echo keys in the table.", value=self._keys())
        yield GaugeMetricFamily(
            "blockprobe_helper_certificate_expiry_timestamp_seconds",
            "When the certificate of the API expires (Unix time).",
            value=self._not_after(),
        )
