"""Panels of probe health that are about controls, the store and the process."""

from .panels import EACH_TEXT, AnyPanel, Column, Look, bars, dashed, figures, lines, rows
from .queries import LINE, PROBE, Query, moment, of_probe
from .words import AMBER, BLUE, FAULT, WELL, spoken, works

EACH = "{{probe}}"
WORKS = ((None, FAULT), (1, WELL))


def controls() -> tuple[AnyPanel, ...]:
    """What the line is compared with, and the line itself."""
    return _reachable(), _clock_course(), _network(), _hijack()


def store() -> tuple[AnyPanel, ...]:
    """Is what was seen kept?"""
    return _full(), _store_course(), _waiting(), _dropped(), _durable()


def process() -> tuple[AnyPanel, ...]:
    """What the probe costs, and which version runs."""
    return _series(), _memory(), _cpu(), _versions()


def _reachable() -> AnyPanel:
    look = Look(
        title="Controls reachable",
        says=(
            "The helper outside, and the neutral servers over each address family. Without a helper what "
            "cannot be proven alone is inconclusive."
        ),
        unit="none",
        size=(8, 8),
        steps=WORKS,
        mappings=(works("reached", "not reached"),),
        text=EACH_TEXT,
    )
    expr = of_probe("blockprobe_control_reachable", "probe, kind")
    return figures(look, Query(expr=expr, legend="{{kind}} · {{probe}}"))


def _clock_course() -> AnyPanel:
    look = Look(
        title="Clock offset over time",
        says=("True time minus the probe's, with its sign. A step is a corrected clock, a slope a drifting one."),
        unit="s",
        size=(6, 8),
    )
    return lines(look, Query(expr=of_probe("blockprobe_clock_offset_seconds"), legend=EACH))


def _network() -> AnyPanel:
    look = Look(
        title="Changes of network, last day",
        says=(
            "How often the line turned out to be on another network. Amber from one: figures of an order may "
            "belong to another line."
        ),
        unit="none",
        size=(5, 8),
        decimals=0,
        steps=((None, BLUE), (1, AMBER)),
        text=EACH_TEXT,
    )
    changes = f"increase(blockprobe_network_changes_total[1d]) * {PROBE} {LINE}"
    return figures(look, Query(expr=f"max by (probe) ({changes})", legend=EACH))


def _hijack() -> AnyPanel:
    look = Look(
        title="DNS answered where no resolver is",
        says=(
            "yes: questions to an address that runs no resolver were answered, so somebody on the path intercepts "
            "DNS. Amber: somebody should look."
        ),
        unit="none",
        size=(5, 8),
        mappings=(spoken({"0": ("no", BLUE), "1": ("yes", AMBER)}),),
        empty="not known",
        text=EACH_TEXT,
    )
    return figures(look, Query(expr=of_probe("blockprobe_resolver_hijack_suspected"), legend=EACH))


def _full() -> AnyPanel:
    look = Look(
        title="Store used",
        says=(
            "Share of [store] max_bytes. A full store drops its oldest segments, which is counted beside. "
            "Amber from 80 %, red from 95 %."
        ),
        unit="percentunit",
        size=(5, 8),
        bounds=(0, 1),
        steps=((None, WELL), (0.8, AMBER), (0.95, FAULT)),
    )
    share = "blockprobe_store_bytes / blockprobe_store_max_bytes"
    return bars(look, Query(expr=of_probe(f"({share})"), legend=EACH))


def _store_course() -> AnyPanel:
    look = Look(
        title="Store size",
        says="Bytes of the archive on disk, and the configured limit (dashed).",
        unit="bytes",
        size=(7, 8),
        bounds=(0, None),
    )
    panel = lines(
        look,
        Query(expr=of_probe("blockprobe_store_bytes"), legend=EACH),
        Query(expr=of_probe("blockprobe_store_max_bytes"), legend=f"{EACH} limit"),
    )
    return dashed(panel, "/limit$/")


def _waiting() -> AnyPanel:
    look = Look(
        title="Records not yet on disk",
        says=("Records that a power cut now would lose. It falls to 0 at the end of each cycle."),
        unit="none",
        size=(4, 8),
        decimals=0,
        bounds=(0, None),
    )
    return lines(look, Query(expr=of_probe("blockprobe_store_records_waiting"), legend=EACH))


def _dropped() -> AnyPanel:
    look = Look(
        title="Records dropped, last day",
        says=("Records that left the archive before their time, by reason. None is shown as no bar."),
        unit="none",
        size=(4, 8),
        decimals=0,
        bounds=(0, None),
        steps=((None, AMBER),),
        empty="none",
    )
    dropped = f"increase(blockprobe_store_dropped_total[1d]) * {PROBE} {LINE}"
    return bars(look, Query(expr=f"max by (probe, reason) ({dropped})", legend="{{reason}} · {{probe}}"))


def _durable() -> AnyPanel:
    look = Look(
        title="Last record on disk",
        says="When records were last written and synced.",
        unit="dateTimeFromNow",
        size=(4, 8),
        empty="none yet",
        text=EACH_TEXT,
    )
    expr = moment(of_probe("blockprobe_store_last_durable_timestamp_seconds"))
    return figures(look, Query(expr=expr, legend=EACH), plain=True)


def _series() -> AnyPanel:
    look = Look(
        title="Series of the probe",
        says=("Series exported, and how many were left out in the last hour because of [metrics] max_series (dashed)."),
        unit="none",
        size=(8, 7),
        decimals=0,
        bounds=(0, None),
    )
    left_out = f"increase(blockprobe_metrics_series_dropped_total[1h]) * {PROBE} {LINE}"
    panel = lines(
        look,
        Query(expr=of_probe("blockprobe_metrics_series"), legend=EACH),
        Query(expr=f"max by (probe) ({left_out})", legend=f"{EACH} left out"),
    )
    return dashed(panel, "/left out$/")


def _memory() -> AnyPanel:
    look = Look(
        title="Memory of the process",
        says=(
            "Resident memory. Meant to stay below 75 MB a minute after a cycle and 120 MB in a cycle over 5,000 "
            "targets."
        ),
        unit="bytes",
        size=(8, 7),
        bounds=(0, None),
    )
    return lines(look, Query(expr=of_probe("process_resident_memory_bytes"), legend=EACH))


def _cpu() -> AnyPanel:
    look = Look(
        title="Processor time of the process",
        says="Seconds of processor time a second: 1 is one core.",
        unit="percentunit",
        size=(8, 7),
        bounds=(0, None),
    )
    cpu = f"rate(process_cpu_seconds_total[$__rate_interval]) * {PROBE} {LINE}"
    return lines(look, Query(expr=f"max by (probe) ({cpu})", legend=EACH))


def _versions() -> AnyPanel:
    look = Look(
        title="Probes and versions",
        says=(
            "What runs where, and since when. Verdicts of two rule versions are not to be compared without "
            "judging again."
        ),
        unit="none",
        size=(24, 6),
    )
    labels = {"probe": "Probe", "version": "Version", "rules": "Rules", "python": "Python"}
    running = "on (job, instance) group_left (version, rules, python) blockprobe_build_info"
    build = f"1000 * process_start_time_seconds * {running} * {PROBE} {LINE}"
    return rows(
        look,
        Column(expr=f"max by ({', '.join(labels)}) ({build})", title="Started", unit="dateTimeAsIso"),
        labels=labels,
    )
