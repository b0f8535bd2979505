"""Does the probe itself work? Here, and only here, red means that something is broken."""

from . import probe_keeping
from .page import Page, Row
from .panels import EACH_TEXT, AnyPanel, Look, figures, lines
from .probe_keeping import EACH, WORKS
from .queries import LINE, PROBE, Query, moment, of_probe
from .words import AMBER, FAULT, WELL, works


def page() -> Page:
    """The dashboard."""
    return Page(
        uid="blockprobe-probe-health",
        title="blockprobe: probe health",
        says=(
            "Whether the probes measure at all, on time, with working controls and a right clock, and keep "
            "what they saw."
        ),
        variables=("isp", "probe"),
        rows=(
            Row(title="At a glance", panels=(_completed(), _controls(), _selftest(), _reload(), _clock())),
            Row(title="Cycles", panels=(_cycle_course(), _lag(), _outcomes(), _steps(), _cycles(), _targets())),
            Row(title="Controls and the line", panels=probe_keeping.controls()),
            Row(title="Store", panels=probe_keeping.store()),
            Row(title="Metrics and process", panels=probe_keeping.process()),
        ),
        since="now-24h",
    )


def _completed() -> AnyPanel:
    look = Look(
        title="Last cycle",
        says="When the last cycle ended. Nothing: none has ended since the probe started.",
        unit="dateTimeFromNow",
        size=(5, 5),
        empty="none yet",
        text=EACH_TEXT,
    )
    expr = moment(of_probe("blockprobe_cycle_last_completed_timestamp_seconds"))
    return figures(look, Query(expr=expr, legend=EACH), plain=True)


def _controls() -> AnyPanel:
    look = Look(
        title="Controls of the last cycle",
        says=(
            "Whether the neutral sites opened before and after the last cycle. Where they did not, the cycle "
            "is inconclusive."
        ),
        unit="none",
        size=(5, 5),
        steps=WORKS,
        mappings=(works("good", "failed"),),
        text=EACH_TEXT,
    )
    return figures(look, Query(expr=of_probe("blockprobe_cycle_controls_ok"), legend=EACH))


def _selftest() -> AnyPanel:
    look = Look(
        title="Self-test of the line",
        says=("What the operator says must open or must be blocked on this line does so, or not."),
        unit="none",
        size=(5, 5),
        steps=WORKS,
        mappings=(works("as stated", "not as stated"),),
        empty="none is configured",
        text=EACH_TEXT,
    )
    expr = of_probe("blockprobe_line_selftest_ok", "probe, kind")
    return figures(look, Query(expr=expr, legend="{{kind}} · {{probe}}"))


def _reload() -> AnyPanel:
    look = Look(
        title="Configuration",
        says=("Whether the last reload was accepted. If not, the probe goes on with the configuration before."),
        unit="none",
        size=(4, 5),
        steps=WORKS,
        mappings=(works("accepted", "refused"),),
        text=EACH_TEXT,
    )
    return figures(look, Query(expr=of_probe("blockprobe_config_last_reload_successful"), legend=EACH))


def _clock() -> AnyPanel:
    look = Look(
        title="Clock offset",
        says=(
            "True time minus the probe's. Amber from 5 s: times in the archive are doubtful. Red from 60 s: "
            "certificates and deadlines are."
        ),
        unit="s",
        size=(5, 5),
        decimals=1,
        steps=((None, WELL), (5, AMBER), (60, FAULT)),
        text=EACH_TEXT,
    )
    return figures(look, Query(expr=f"abs({of_probe('blockprobe_clock_offset_seconds')})", legend=EACH))


def _cycle_course() -> AnyPanel:
    look = Look(
        title="Duration of a cycle",
        says=("How long the last cycle took. It should stay below the shortest interval of the plans."),
        unit="s",
        size=(8, 7),
        bounds=(0, None),
    )
    return lines(look, Query(expr=of_probe("blockprobe_cycle_duration_seconds"), legend=EACH))


def _lag() -> AnyPanel:
    look = Look(
        title="Schedule lag",
        says=(
            "How late the most overdue target is. A lag that only grows: more targets than the line or the limits "
            "allow."
        ),
        unit="s",
        size=(8, 7),
        bounds=(0, None),
    )
    return lines(look, Query(expr=of_probe("blockprobe_schedule_lag_seconds"), legend=EACH))


def _outcomes() -> AnyPanel:
    look = Look(
        title="Measurement steps by outcome",
        says=("Steps a second on all chosen probes, by outcome (docs/metrics.md). blocked is a result, error is not."),
        unit="ops",
        size=(8, 7),
        bounds=(0, None),
    )
    expr = f"sum by (outcome) (rate(blockprobe_measurements_total[$__rate_interval]) * {PROBE} {LINE})"
    return lines(look, Query(expr=expr, legend="{{outcome}}"), stacked=True)


def _steps() -> AnyPanel:
    look = Look(
        title="Duration of steps, 95th percentile",
        says="The 95th percentile of each step over all chosen probes, estimated from histogram buckets.",
        unit="s",
        size=(12, 8),
        bounds=(0, None),
    )
    rate = f"sum by (step, le) (rate(blockprobe_step_duration_seconds_bucket[$__rate_interval]) * {PROBE} {LINE})"
    return lines(look, Query(expr=f"histogram_quantile(0.95, {rate})", legend="{{step}}"))


def _cycles() -> AnyPanel:
    look = Look(
        title="Cycles an hour, by controls",
        says=("Cycles whose controls failed give no conclusive result; a few are usual on a mobile line."),
        unit="none",
        size=(6, 8),
        bounds=(0, None),
        decimals=1,
    )
    expr = f"3600 * sum by (controls) (rate(blockprobe_cycles_total[$__rate_interval]) * {PROBE} {LINE})"
    return lines(look, Query(expr=expr, legend="controls {{controls}}"))


def _targets() -> AnyPanel:
    look = Look(
        title="Targets by plan",
        says=("What the plans list. A sudden fall is a broken list or a catalogue that lost an order."),
        unit="none",
        size=(6, 8),
        bounds=(0, None),
        decimals=0,
    )
    return lines(look, Query(expr=of_probe("blockprobe_targets", "probe, plan"), legend="{{plan}} · {{probe}}"))
