"""Every metric that a probe shows, one literal table; docs/metrics.md has a row for each, and a test compares them.

Names follow Prometheus' conventions: base units, `_ratio` from 0 to 1, `_timestamp_seconds` in Unix time, `_total` for
counters, `_info` for labels that belong to something. What is not known is absent; it is never 0 and never NaN.
"""

from dataclasses import dataclass
from enum import StrEnum


class MetricType(StrEnum):
    """How Prometheus treats a metric."""

    GAUGE = "gauge"
    COUNTER = "counter"
    HISTOGRAM = "histogram"


class Tier(StrEnum):
    """What a metric speaks of. When there are too many series, sites go first, then orders; the probe's own stay."""

    PROBE = "probe"
    ORDER = "order"
    SITE = "site"


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """One row: `help` is what HELP says, in one sentence; `labels` in the order in which they are written."""

    name: str
    type: MetricType = MetricType.GAUGE
    help: str
    labels: tuple[str, ...] = ()
    tier: Tier


def _probe(name: str, text: str, *labels: str) -> Metric:
    return Metric(name=f"blockprobe_{name}", help=text, labels=labels, tier=Tier.PROBE)


def _count(name: str, text: str, *labels: str) -> Metric:
    return Metric(name=f"blockprobe_{name}", type=MetricType.COUNTER, help=text, labels=labels, tier=Tier.PROBE)


def _order(name: str, text: str, *labels: str) -> Metric:
    return Metric(name=f"blockprobe_{name}", help=text, labels=labels, tier=Tier.ORDER)


def _site(name: str, text: str, *labels: str) -> Metric:
    return Metric(name=f"blockprobe_{name}", help=text, labels=labels, tier=Tier.SITE)


METRICS: tuple[Metric, ...] = (
    # -- the probe itself --
    _probe("build_info", "Versions of the program, its rules and Python; always 1.", "version", "rules", "python"),
    _probe(
        "probe_info",
        "What the operator states of this line; always 1, an empty label is unknown.",
        *("probe", "isp", "asn", "country", "access", "filters"),
    ),
    _count("measurements_total", "Measurements since the start, by step and what became of it.", "step", "outcome"),
    Metric(
        name="blockprobe_step_duration_seconds",
        type=MetricType.HISTOGRAM,
        help="Time from the first operation of a step to the end of its last, per measurement.",
        labels=("step",),
        tier=Tier.PROBE,
    ),
    _count("records_total", "Records made since the start, by state of the verdict.", "state"),
    _count("cycles_total", "Cycles completed since the start, by whether their controls held.", "controls"),
    _probe("cycle_duration_seconds", "How long the last cycle took."),
    _probe("cycle_last_completed_timestamp_seconds", "When the last cycle ended."),
    _probe("cycle_controls_ok", "1 when the controls before and after the last cycle held, else 0."),
    _probe("schedule_lag_seconds", "How late the most overdue target is; 0 when none is."),
    _probe("targets", "Targets that are measured, by plan.", "plan"),
    _probe("targets_by_state", "Targets that are measured, by the state of their latest measurement.", "plan", "state"),
    _probe(
        "config_last_reload_successful", "1 when the last reading of configuration and catalogue went well, else 0."
    ),
    _probe("config_last_reload_success_timestamp_seconds", "When configuration and catalogue were last read well."),
    _probe("store_bytes", "Size of the archive on disk."),
    _probe("store_max_bytes", "The configured limit of store_bytes; what is older than it allows is dropped."),
    _probe("store_records_waiting", "Records made but not yet durable on disk."),
    _count("store_dropped_total", "Records that the archive dropped, by reason.", "reason"),
    _probe("store_last_durable_timestamp_seconds", "When records were last made durable on disk."),
    _probe("clock_offset_seconds", "True time minus this machine's, as the last check of the line saw it."),
    _probe(
        "control_reachable", "1 when a control of this kind answered at the last check of the line, else 0.", "kind"
    ),
    _probe("resolver_own", "1 when the line's resolvers are the provider's own, 0 when they are somebody else's."),
    _probe("resolver_hijack_suspected", "1 when DNS is answered where no resolver is, else 0."),
    _count("network_changes_total", "How often this probe found itself on another network since the start."),
    _probe("line_selftest_ok", "1 when the sites that must open (be blocked) here do (are), else 0.", "kind"),
    # -- orders, as this line meets them --
    _order("order_info", "An order in the catalogue; always 1.", "order", "title", "jurisdiction", "kind", "court"),
    _order(
        "order_sites",
        "Entries of the order in force, by what a default browser meets; flagged ones are counted apart.",
        *("order", "isp", "state"),
    ),
    _order(
        "order_implemented_sites",
        "Entries of the order in force, by whether this line does what the order demands.",
        *("order", "isp", "outcome"),
    ),
    _order(
        "order_implemented_ratio",
        "Share of the order's conclusively measured entries where this line does what the order demands.",
        *("order", "isp"),
    ),
    _order(
        "order_implemented_bound_ratio",
        "The least and the most that order_implemented_ratio can be over all entries, whatever the unknown ones are.",
        *("order", "isp", "bound"),
    ),
    _order(
        "order_reach_ratio",
        "Share of the order's conclusively measured entries that a default browser cannot open on this line.",
        *("order", "isp"),
    ),
    _order(
        "order_reach_bound_ratio",
        "The least and the most that order_reach_ratio can be over all entries, whatever the unknown ones are.",
        *("order", "isp", "bound"),
    ),
    _order("order_refused", "1 while no figure may be given for the order, and why.", "order", "isp", "reason"),
    _order(
        "order_last_conclusive_timestamp_seconds",
        "When an entry of the order was last measured conclusively.",
        *("order", "isp"),
    ),
    _order("order_deadline_timestamp_seconds", "The deadline for this provider, where it is public.", "order", "isp"),
    _order(
        "order_time_to_block_seconds",
        "Median time from notice to block over entries whose notice is public: bounds, as a probe sees instants.",
        *("order", "isp", "bound"),
    ),
    _order("order_time_to_block_targets", "Entries on which order_time_to_block_seconds rests.", "order", "isp"),
    _order("order_targets_late", "Entries that were certainly not blocked by their deadline.", "order", "isp"),
    _order(
        "order_unblock_lag_seconds",
        "Median time from the end of an entry to its opening again: bounds, as a probe sees instants.",
        *("order", "isp", "bound"),
    ),
    _order("order_unblock_lag_targets", "Entries on which order_unblock_lag_seconds rests.", "order", "isp"),
    _order("order_mechanisms", "Entries blocked now, by mechanism; one may count twice.", "order", "isp", "mechanism"),
    _order("order_causes", "Entries blocked now, by the cause that the block itself states.", "order", "isp", "cause"),
    _order("order_parity_gaps", "Entries where families, schemes or resolvers differ.", "order", "isp"),
    _order("order_reopened_targets", "Entries open now that were seen blocked before.", "order", "isp"),
    _order(
        "order_stale_targets",
        "Entries, or blocks of them, that time has passed by and a person should look at.",
        *("order", "isp", "why"),
    ),
    _order(
        "bypass_tried",
        "Entries blocked now against which a battery of techniques was run, on this network.",
        *("order", "isp"),
    ),
    _order("bypass_available", "Of bypass_tried, entries that something opens.", "order", "isp"),
    _order(
        "bypass_not_available",
        "Of bypass_tried, entries that nothing opens of what could be tried, each failure confirmed.",
        *("order", "isp"),
    ),
    _order(
        "bypass_techniques",
        "Of bypass_tried, entries by technique and what became of it: that a way exists, not that anybody uses it.",
        *("order", "isp", "technique", "outcome"),
    ),
    _order(
        "bypass_lowest_effort",
        "Of bypass_tried, entries by the least effort that opens them: 0 to 3, or none.",
        *("order", "isp", "effort"),
    ),
    _order(
        "bypass_last_timestamp_seconds", "When the latest battery against an entry of the order began.", "order", "isp"
    ),
    _order("parity_gaps", "Of bypass_tried, entries where of two alike ways one is open.", "order", "isp", "kind"),
    _order(
        "mirrors",
        "Watched names that may lead to sites of the order, by class and where each stands; none is ever named.",
        *("order", "isp", "class", "state"),
    ),
    _order("mirror_coverage_ratio", "Share of the known live mirrors that this line blocks.", "order", "isp"),
    _order(
        "mirror_coverage_bound_ratio",
        "The least and the most that mirror_coverage_ratio can be, whatever the unknown ones are.",
        *("order", "isp", "bound"),
    ),
    _order(
        "mirror_last_conclusive_timestamp_seconds",
        "When a mirror was last seen open or blocked here.",
        *("order", "isp"),
    ),
    _order(
        "mirror_half_life_seconds",
        "When half of the mirrors had ended by the cause, since first seen alive: what looks leave open, and chance.",
        *("order", "isp", "cause", "bound"),
    ),
    _order(
        "mirror_half_life_mirrors",
        "Mirrors on which mirror_half_life_seconds rests, by what ended them first; none: nothing yet.",
        *("order", "isp", "cause"),
    ),
    _order(
        "mirror_substitution_seconds",
        "Half of the losses were made good by another mirror within this time.",
        *("order", "isp", "bound"),
    ),
    _order("mirror_losses", "Losses of a site or a mirror, to this line, that can be dated.", "order", "isp"),
    _order("mirror_losses_made_good", "Of mirror_losses, those after which another mirror was there.", "order", "isp"),
    _order(
        "mirror_losses_made_good_at_once",
        "Of mirror_losses_made_good, those where it had been there.",
        "order",
        "isp",
    ),
    _order(
        "overblocked_sites",
        "Sites blocked here without an order that covers them: a lower bound, of what is flagged, ended or named.",
        *("isp", "cause"),
    ),
    # -- sites: optional, and the first to go --
    _site("address_targets", "Targets that are addresses, by state of their latest measurement; not named.", "state"),
    _site("site_state", "1 for the state of the site's latest measurement.", "site", "state"),
    _site(
        "site_blocked_since_timestamp_seconds",
        "The first measurement that saw the present block; absent when the last conclusive one saw none.",
        "site",
    ),
    _site("site_last_reachable_timestamp_seconds", "When the site was last seen open.", "site"),
    _site("site_last_conclusive_timestamp_seconds", "When the site was last measured conclusively.", "site"),
    _site("site_interference", "1 while the latest measurement sees this mechanism.", "site", "mechanism"),
    _site("site_changes", "Changes of the site's state in the last seven days.", "site"),
    _site("site_order_info", "An order that lists the site; always 1.", "site", "order"),
    # -- the exposition itself --
    _probe("metrics_series", "Series in this exposition."),
    _count("metrics_series_dropped_total", "Series left out because of max_series, summed over expositions."),
)

BY_NAME = {metric.name: metric for metric in METRICS}
