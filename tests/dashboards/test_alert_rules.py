"""Recording rules and alerts: valid, about metrics that exist, tested for firing and for silence, and explained."""

import re
import shutil
import subprocess

import pytest
from dashboard_files import FOLDER, ROOT, RULES

yaml = pytest.importorskip("yaml", reason="reads the rules: pip install -e '.[dev]'")
pytest.importorskip("promql_parser", reason="reads the queries: pip install -e '.[dev]'")
import promql_walk as walk  # noqa: E402 - it imports promql_parser

TESTS = sorted((FOLDER / "tests").glob("*.yml"))
SITE = "https://blockprobe.example/docs/alerts.html#"
SEVERITIES = {"page", "ticket", "info"}
needs_promtool = pytest.mark.skipif(
    shutil.which("promtool") is None, reason="promtool: apt-get install -y --no-install-recommends prometheus"
)


def rules(kind: str) -> dict[str, dict]:
    """Name of every alert or record: its rule."""
    groups = [group for path in RULES for group in yaml.safe_load(path.read_text())["groups"]]
    return {rule[kind]: rule for group in groups for rule in group["rules"] if kind in rule}


ALERTS, RECORDS = rules("alert"), rules("record")


def cases() -> list[tuple[str, bool]]:
    """Which alert each test is about, and whether it must fire."""
    return [
        (case["alertname"], bool(case["exp_alerts"]))
        for path in TESTS
        for test in yaml.safe_load(path.read_text())["tests"]
        for case in test.get("alert_rule_test", ())
    ]


def promtool(*arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(["promtool", *arguments], cwd=ROOT, capture_output=True, text=True, check=False)


@needs_promtool
@pytest.mark.parametrize("path", RULES, ids=lambda path: path.stem)
def test_prometheus_accepts_the_rules(path):
    done = promtool("check", "rules", str(path))

    assert done.returncode == 0, done.stdout + done.stderr


@needs_promtool
@pytest.mark.parametrize("path", TESTS, ids=lambda path: path.stem)
def test_the_rules_do_what_their_tests_say(path):
    done = promtool("test", "rules", str(path))

    assert done.returncode == 0, done.stdout + done.stderr


@needs_promtool
@pytest.mark.parametrize("old", ["eval_time: 35m", 'summary: "gb/example: 1 entries', "exp_alerts: []"])
def test_a_wrong_expectation_is_found(tmp_path, old):
    text = (FOLDER / "tests/alerts_findings.yml").read_text().replace("../rules/", f"{FOLDER}/rules/")
    new = {"eval_time: 35m": "eval_time: 5m", "exp_alerts: []": "exp_alerts: [{ exp_labels: { a: b } }]"}.get(
        old, 'summary: "'
    )
    assert old in text
    wrong = tmp_path / "wrong.yml"
    wrong.write_text(text.replace(old, new, 1))

    assert promtool("test", "rules", str(wrong)).returncode == 1


@pytest.mark.parametrize("name", ALERTS)
def test_every_alert_is_seen_to_fire_and_to_be_quiet(name):
    assert {fires for alert, fires in cases() if alert == name} == {True, False}


@pytest.mark.parametrize("name", RECORDS)
def test_every_record_has_an_expected_value(name):
    expected = [
        sample["labels"]
        for path in TESTS
        for test in yaml.safe_load(path.read_text())["tests"]
        for case in test.get("promql_expr_test", ())
        for sample in case["exp_samples"]
    ]

    assert any(labels.startswith(f"{name}{{") for labels in expected)


def recorded() -> dict[str, frozenset[str]]:
    """The series that recording rules make, with their labels."""
    return {name: walk.labels(walk.parse(rule["expr"])) or frozenset() for name, rule in RECORDS.items()}


@pytest.mark.parametrize("name", [*ALERTS, *RECORDS])
def test_every_rule_is_about_metrics_and_labels_that_exist(name):
    rule = {**ALERTS, **RECORDS}[name]
    labels = walk.labels(walk.parse(rule["expr"]), recorded())
    text = " ".join(rule.get("annotations", {}).values())

    assert labels is not None
    assert set(re.findall(r"\$labels\.(\w+)", text)) <= labels


@pytest.mark.parametrize("name", RECORDS)
def test_a_records_name_says_its_labels(name):
    level = name.split(":")[0].split("_")
    labels = {"order", "isp", "state"} & (recorded()[name])

    assert set(level) - {"instance"} == labels


@pytest.mark.parametrize("name", ALERTS)
def test_every_alert_leads_to_what_to_do(name):
    rule = ALERTS[name]
    page = (ROOT / "docs/alerts.md").read_text()

    assert rule["annotations"]["runbook_url"] == f"{SITE}{name.lower()}"
    assert rule["annotations"]["summary"]
    assert rule["annotations"]["description"].endswith(".")
    assert rule["labels"]["severity"] in SEVERITIES
    section = re.search(rf"^### {name}\n(.+?)(?=^##|\Z)", page, re.M | re.S)
    assert section is not None, "a section in docs/alerts.md"
    assert "**Do:**" in section[1]


def test_the_page_has_no_section_of_an_alert_that_is_gone():
    page = (ROOT / "docs/alerts.md").read_text()

    assert set(re.findall(r"^### (\w+)$", page, re.M)) == set(ALERTS)
