"""The image and the composition: linted, and closed as the documentation says. Nothing is built here."""

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "deploy/container"
CONTAINERFILE = (FOLDER / "Containerfile").read_text()
COMPOSE: dict[str, Any] = yaml.safe_load((FOLDER / "compose.yml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]


@pytest.mark.deploy
def test_hadolint_has_nothing_to_say(tools: Path) -> None:
    done = subprocess.run([tools / "hadolint", FOLDER / "Containerfile"], capture_output=True, text=True, check=False)

    assert (done.returncode, done.stdout) == (0, "")


@pytest.mark.deploy
def test_the_composition_is_one_by_the_compose_specification(tools: Path, tmp_path: Path) -> None:
    argv = [str(tools / "check-jsonschema"), "--builtin-schema", "vendor.compose-spec"]
    wrong = tmp_path / "compose.yml"
    wrong.write_text((FOLDER / "compose.yml").read_text().replace("network_mode", "network_mood"))

    assert subprocess.run([*argv, FOLDER / "compose.yml"], capture_output=True, check=False).returncode == 0
    assert subprocess.run([*argv, wrong], capture_output=True, check=False).returncode == 1


def test_the_image_copies_only_what_the_project_has() -> None:
    copied = re.findall(r"^COPY (?!--from)(.+) \S+$", CONTAINERFILE, re.M)
    names = [name for line in copied for name in line.split()]

    assert names
    assert [name for name in names if not (ROOT / name).exists()] == []


def test_the_image_runs_as_nobody_in_particular_and_looks_after_its_health() -> None:
    assert re.search(r"^USER \d{4,}:\d{4,}$", CONTAINERFILE, re.M)
    assert '["blockprobe", "agent", "status", "--check"]' in CONTAINERFILE
    assert SERVICES["probe"]["healthcheck"]["test"][1:] == ["blockprobe", "agent", "status", "--check"]


def test_every_file_that_is_mounted_exists() -> None:
    binds = [one for each in SERVICES.values() for one in each["volumes"] if isinstance(one, dict)]
    sources = [re.sub(r"\$\{\w+:-(.*)\}", r"\1", one["source"]) for one in binds]

    assert len(sources) >= 4
    assert [source for source in sources if not (FOLDER / source).exists()] == []
    assert all(one["read_only"] for one in binds)


@pytest.mark.parametrize("name", SERVICES)
def test_every_service_has_no_capability_a_health_check_and_no_open_port(name: str) -> None:
    service = SERVICES[name]

    assert service["cap_drop"] == ["ALL"]
    assert "cap_add" not in service
    assert "privileged" not in service
    assert service["network_mode"] == "host", "the line must be seen as it is"
    assert "ports" not in service
    assert service["healthcheck"]["test"][0] == "CMD"


def test_what_listens_on_the_hosts_network_listens_on_loopback() -> None:
    probe = (ROOT / "deploy/deb/probe.toml").read_text()

    assert 'listen = "127.0.0.1:' in probe
    assert "--web.listen-address=127.0.0.1:9090" in SERVICES["prometheus"]["command"]
    assert SERVICES["grafana"]["environment"]["GF_SERVER_HTTP_ADDR"] == "127.0.0.1"


def test_the_probes_file_system_is_read_only_but_for_its_store() -> None:
    probe = SERVICES["probe"]

    assert probe["read_only"] is True
    assert [one for one in probe["volumes"] if isinstance(one, str)] == ["probe-store:/var/lib/blockprobe"]
