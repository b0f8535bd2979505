"""The committed JSON is what the generators give, and nothing in it is lost on the way through Grafana's schema."""

import json
import subprocess
import sys
import warnings

import pytest
from dashboard_files import FILES, FOLDER, ROOT, load, panels, variables

pytest.importorskip("grafana_foundation_sdk", reason="the dashboards' generators: pip install -e '.[dev]'")

UIDS = {
    "isp-site": "blockprobe-isp-site",
    "order-compliance": "blockprobe-order-compliance",
    "over-blocking": "blockprobe-over-blocking",
    "probe-health": "blockprobe-probe-health",
}
"""Bookmarks, links and provisioning rest on these: they never change."""


def build(*arguments: str) -> "subprocess.CompletedProcess[str]":
    argv = [sys.executable, "-m", "dashboards.src.build", *arguments]
    return subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, check=False)


def test_the_committed_files_are_what_the_generators_give():
    done = build("--check")

    assert done.returncode == 0, done.stderr


def test_a_file_that_somebody_edited_is_found(tmp_path):
    code = (
        "import sys, pathlib\nfrom dashboards.src import build\n"
        "build.FOLDER = pathlib.Path(sys.argv.pop(1))\nsys.argv.append('--check')\nsys.exit(build.main())"
    )
    for path in FILES:
        (tmp_path / path.name).write_text(path.read_text().replace("Deadlines", "Dead lines"))
    argv = [sys.executable, "-c", code, str(tmp_path)]
    done = subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, check=False)

    assert done.returncode == 1
    assert "order-compliance.json: not what the generators give" in done.stderr
    assert done.stderr.count("\n") == 1


def test_the_four_dashboards_have_their_ids():
    assert {path.stem: load(path)["uid"] for path in FILES} == UIDS


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_nothing_is_lost_through_grafanas_schema(path):
    """Reads the file as the SDK's model and writes it again: a misspelt key would be gone."""
    assert again(load(path)) == load(path)


@pytest.mark.parametrize("misspell", ["fieldConfig", "targets", "options"])
def test_a_misspelt_key_would_be_found(misspell):
    board = load(FOLDER / "order-compliance.json")
    panel = panels(board)[0]
    wrong = {
        "fieldConfig": panel["fieldConfig"]["defaults"],
        "targets": panel["targets"][0],
        "options": panel["options"],
    }
    wrong[misspell]["unitt"] = "s"

    assert again(board) != board


def again(board: dict) -> dict:
    with warnings.catch_warnings():  # it prefers a schema that only Grafana 12 and later can import
        warnings.simplefilter("ignore", DeprecationWarning)
        from grafana_foundation_sdk.cog import plugins
        from grafana_foundation_sdk.cog.encoder import JSONEncoder
        from grafana_foundation_sdk.models.dashboard import Dashboard

    plugins.register_default_plugins()
    return json.loads(JSONEncoder().encode(Dashboard.from_json(json.loads(json.dumps(board)))))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_ids_of_panels_are_unique_and_in_reading_order(path):
    board = load(path)
    ids = [panel["id"] for panel in board["panels"]]
    places = [(panel["gridPos"]["y"], panel["gridPos"]["x"]) for panel in board["panels"]]

    assert ids == list(range(1, len(ids) + 1))
    assert places == sorted(places)
    assert all(panel["gridPos"]["x"] + panel["gridPos"]["w"] <= 24 for panel in board["panels"])


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_the_generators_say_where_a_dashboard_is_not_to_be_edited(path):
    board = load(path)

    assert board["editable"] is False
    assert "blockprobe" in board["tags"]
    assert next(iter(variables(board))) == "datasource"
