"""PromQL that the panels share.

A series of a probe's does not carry the probe's name: the target labels `job` and `instance` join it to
`blockprobe_probe_info`, so the dashboards work with any scrape configuration. Figures of several lines are shown beside
each other and never averaged: each line is a census of its own.
"""

from dataclasses import dataclass
from typing import Final

PROBE: Final = "on (job, instance) group_left (probe)"
LINE: Final = 'blockprobe_probe_info{probe=~"$probe",isp=~"$isp"}'
ANY_LINE: Final = 'blockprobe_probe_info{probe=~"$probe"}'
"""For series that carry the network themselves: an order's respondent need not be the network of the line."""
BY_ORDER: Final = "order, isp, probe"
"""What a figure about an order is about."""
ORDER_LEGEND: Final = "{{order}} · {{isp}} · {{probe}}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """One query of a panel; `legend` is a Grafana template over the labels of the result."""

    expr: str
    legend: str = ""


def of_probe(expr: str, by: str = "probe") -> str:
    """What the chosen probes say, one series for each value of `by`."""
    return f"max by ({by}) ({expr} * {PROBE} {LINE})"


def of_order(metric: str, *matchers: str, by: str = BY_ORDER) -> str:
    """An order-level metric for the chosen orders, networks and probes."""
    return f"max by ({by}) ({ordered(metric, *matchers)} * {PROBE} {ANY_LINE})"


def ordered(metric: str, *matchers: str) -> str:
    """The selector of an order-level metric."""
    chosen = ",".join(['order=~"$order"', 'isp=~"$isp"', *matchers])
    return f"{metric}{{{chosen}}}"


def ratio(metric: str) -> str:
    """A ratio, and NaN (shown as `not enough data`) for an order that has none now."""
    none = f"0 * sum without (state) ({ordered('blockprobe_order_sites')}) / 0"
    return f"max by ({BY_ORDER}) (({ordered(metric)} or {none}) * {PROBE} {ANY_LINE})"


def of_site(expr: str, by: str) -> str:
    """A site-level metric, of sites that a chosen order lists."""
    listed = 'blockprobe_site_order_info{order=~"$order"}'
    return f"max by ({by}) ({expr} * {PROBE} {LINE} and on (job, instance, site) {listed})"


def moment(expr: str) -> str:
    """A Unix time in the milliseconds that Grafana's date units want."""
    return f"1000 * {expr}"
