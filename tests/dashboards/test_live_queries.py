"""Every query of every panel and variable, run by a real Prometheus over what the real renderer writes.

The looks of two probes are made up (dashboards/render/story.py); histories, figures and expositions are the project's.
"""

import re
import threading
from datetime import UTC, datetime, timedelta

import pytest
from dashboard_files import FILES, Asked, filled, label_values, load, queries, variables
from live_prometheus import Prometheus, missing, prometheus

from dashboards.render.fortnight import LINES, Probe, records
from dashboards.render.story import FORTNIGHT_H

LATE_H = (0, 24, 47, 48, 63, 64, 100, 111, 115, 119, 121, 128, 151, 181, 200, 231, 251, 277, 330)
"""Hours of the story at which the probes looked before the test; enough for every spell to be seen."""


class Telling:
    """One probe of the story, that looks again whenever it is scraped."""

    def __init__(self, number: int) -> None:
        self.began = datetime.now(UTC) - timedelta(hours=FORTNIGHT_H - 1)
        self.probe = Probe(line=LINES[number], began=self.began, records=records())
        for hour in LATE_H:
            self.probe.look(self.began + timedelta(hours=hour))
        self.lock = threading.Lock()

    def show(self) -> bytes:
        with self.lock:
            now = datetime.now(UTC)
            self.probe.look(now)
            self.probe.cycles = 340 + self.probe.cycles % 50
            return self.probe.exposition(now, looked_at=now)


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory):
    reason = missing()
    if reason:
        pytest.skip(reason)
    told = {line.name: Telling(number).show for number, line in enumerate(LINES)}
    with prometheus(tmp_path_factory.mktemp("prometheus"), told) as running:
        running.wait(lambda: len(running.series("count_over_time(up[1m]) >= 5")) == len(told))
        yield running


def fault(live: Prometheus, asked: Asked) -> str | None:
    """What is wrong with a query's answer, in one line; None if it is an answer."""
    expr = filled(asked.expr, rate_interval="5s")
    result = live.series(expr) if asked.target.get("instant") else live.course(expr, 5)
    if not result:
        return f"{asked.where}: no data: {expr}"
    shown = set(re.findall(r"\{\{(\w+)\}\}", asked.target.get("legendFormat", ""))) | columns(asked)
    absent = {label for label in shown for one in result if not one["metric"].get(label)}
    values = [value for one in result for _, value in one.get("values", [one.get("value")])]
    if absent:
        return f"{asked.where}: series without {sorted(absent)}, which legend or table shows"
    return None if any(value != "NaN" for value in values) else f"{asked.where}: nothing but NaN"


def columns(asked: Asked) -> set[str]:
    """The labels that are columns of the panel's table; its first query gives them all."""
    if asked.target["refId"] != "A":
        return set()
    changes = [one["options"] for one in asked.panel.get("transformations", ()) if one["id"] == "organize"]
    return {name for one in changes for name in one["renameByName"] if not name.startswith("Value")}


def test_every_panel_query_returns_data_with_the_labels_of_its_legend_or_table(live):
    asked = list(queries())

    assert len(asked) > 60
    assert [found for found in (fault(live, one) for one in asked) if found] == []


def test_every_variable_query_returns_values(live):
    for path in FILES:
        for variable in variables(load(path)).values():
            if variable["type"] == "query":
                selector, label = label_values(variable["query"])
                assert live.values(filled(selector), label), f"{path.stem}: {variable['name']}"


def test_a_misspelt_metric_is_found(live):
    one = next(one for one in queries() if one.panel["title"] == "Deadlines")
    target = {**one.target, "expr": one.expr.replace("deadline_timestamp", "dedline_timestamp")}
    wrong = Asked(dashboard=one.dashboard, panel=one.panel, target=target)

    assert fault(live, one) is None
    assert "no data" in (fault(live, wrong) or "")


def test_a_legend_whose_label_is_not_there_is_found(live):
    one = next(one for one in queries() if one.panel["title"] == "Schedule lag")
    wrong = Asked(dashboard=one.dashboard, panel=one.panel, target={**one.target, "legendFormat": "{{prob}}"})

    assert fault(live, one) is None
    assert "without ['prob']" in (fault(live, wrong) or "")


def test_a_column_whose_label_is_not_there_is_found(live):
    one = next(one for one in queries() if one.panel["title"] == "Ways around, order by order")
    wrong = Asked(
        dashboard=one.dashboard, panel=one.panel, target={**one.target, "expr": one.expr.replace(" isp,", "")}
    )

    assert fault(live, one) is None
    assert "without ['isp']" in (fault(live, wrong) or "")


def test_choosing_a_probe_leaves_only_its_series(live):
    for one in queries():
        if "probe" in one.target.get("legendFormat", ""):
            expr = filled(one.expr, rate_interval="5s", chosen={"probe": LINES[0].name})
            assert {series["metric"]["probe"] for series in live.series(expr)} <= {LINES[0].name}


def test_a_refused_or_small_order_is_not_a_number_and_never_an_old_figure(live):
    """york-1 sits behind a third party's resolver, and gb/streams-2026 has too few conclusive entries."""
    panel = next(one for one in queries() if one.panel["title"] == "Order implemented ratio")
    figures = {
        (one["metric"]["probe"], one["metric"]["order"]): one["value"][1] for one in live.series(filled(panel.expr))
    }

    assert {probe for (probe, _), value in figures.items() if value != "NaN"} == {"leeds-3"}
    assert figures["leeds-3", "gb/streams-2026"] == "NaN"
    assert 0.5 < float(figures["leeds-3", "gb/films-2026"]) < 1


def test_the_alerts_of_the_story_are_pending_or_firing_and_no_other_finding_is(live):
    expected = {
        "BlockprobeBlockLifted",
        "BlockprobeDeadlinePassed",
        "BlockprobeFiguresRefused",
        "BlockprobeOverBlocking",
    }

    def raised() -> set[str]:
        return {alert["labels"]["alertname"] for alert in live.ask("alerts")["alerts"]}

    live.wait(lambda: expected <= raised(), seconds=90)
    assert raised() - expected <= {"BlockprobeStoreDropping", "BlockprobeStoreFull", "BlockprobeNetworkChanged"}


def test_every_recorded_series_is_there(live):
    import yaml
    from dashboard_files import RULES

    names = {
        rule["record"]
        for path in RULES
        for group in yaml.safe_load(path.read_text())["groups"]
        for rule in group["rules"]
        if "record" in rule
    }
    live.wait(lambda: all(live.series(name) for name in names), seconds=90)
