"""Prometheus takes our configuration; Grafana's files have the keys that its manual names (no Grafana runs here)."""

import shutil
import subprocess

import pytest
from dashboard_files import FOLDER, ROOT

yaml = pytest.importorskip("yaml", reason="reads the provisioning: pip install -e '.[dev]'")
PROVISIONING = ROOT / "deploy/grafana/provisioning"
SOURCE_KEYS = {"name", "uid", "type", "access", "url", "isDefault", "editable", "jsonData"}
PROVIDER_KEYS = {"name", "folder", "type", "disableDeletion", "allowUiUpdates", "updateIntervalSeconds", "options"}


def read(name: str) -> dict:
    return yaml.safe_load((PROVISIONING / name).read_text())


@pytest.mark.skipif(
    shutil.which("promtool") is None, reason="promtool: apt-get install -y --no-install-recommends prometheus"
)
def test_prometheus_accepts_the_configuration_with_the_rules_beside_it(tmp_path):
    shutil.copy(ROOT / "deploy/prometheus/prometheus.yml", tmp_path)
    shutil.copytree(FOLDER / "rules", tmp_path / "rules")
    argv = ["promtool", "check", "config", str(tmp_path / "prometheus.yml")]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stdout + done.stderr
    assert "2 rule files found" in done.stdout


def test_it_scrapes_where_a_probe_listens_and_calls_the_job_as_the_alerts_do():
    from blockprobe.model.settings import MetricsSettings

    (job,) = yaml.safe_load((ROOT / "deploy/prometheus/prometheus.yml").read_text())["scrape_configs"]

    assert job["static_configs"] == [{"targets": [MetricsSettings().listen]}]
    assert f'job="{job["job_name"]}"' in (FOLDER / "rules/alerts.yml").read_text()
    assert job["sample_limit"] > MetricsSettings().max_series


def test_the_data_source_is_one():
    document = read("datasources/blockprobe.yml")
    (source,) = document["datasources"]

    assert document["apiVersion"] == 1
    assert set(source) == SOURCE_KEYS
    assert (source["type"], source["access"], source["editable"]) == ("prometheus", "proxy", False)
    interval = yaml.safe_load((ROOT / "deploy/prometheus/prometheus.yml").read_text())["global"]["scrape_interval"]
    assert source["jsonData"]["timeInterval"] == interval, "$__rate_interval follows from it"


def test_the_provider_takes_files_that_grafana_does_not_edit():
    document = read("dashboards/blockprobe.yml")
    (provider,) = document["providers"]

    assert document["apiVersion"] == 1
    assert set(provider) == PROVIDER_KEYS
    assert (provider["type"], provider["allowUiUpdates"]) == ("file", False)
    assert provider["options"]["path"].startswith("/")
