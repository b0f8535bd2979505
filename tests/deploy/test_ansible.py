"""The Ansible role: its syntax, and its configuration applied to a folder of this machine, twice."""

import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "deploy/ansible"
ROLE = FOLDER / "roles/blockprobe"
SETTINGS = """
blockprobe_settings:
  vantage: {name: "Łódź-1", isp: gb/example, filters: "off"}
  resolvers: {isp: [198.51.100.153], public: ["udp://203.0.113.208"]}
  limits: {timeout_s: 3.5}
blockprobe_helper_token: a-token-of-sixteen
"""


def play(tools: Path, folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """ansible-playbook on this machine, with a home of its own and the project's program."""
    program = folder / "blockprobe"
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -m blockprobe.cli.main "$@"\n')
    program.chmod(0o755)
    variables = folder / "vars.yml"
    places = {
        "blockprobe_etc": str(folder / "etc"),
        "blockprobe_units": str(folder / "units"),
        "blockprobe_program": str(program),
        "ansible_python_interpreter": str(tools / "python"),
    }
    variables.write_text(SETTINGS + yaml.safe_dump(places))
    (folder / "inventory").write_text("[probes]\nhere ansible_connection=local\n")
    (folder / "units").mkdir(exist_ok=True)
    argv = [
        str(tools / "ansible-playbook"),
        "-i",
        str(folder / "inventory"),
        "-e",
        f"@{variables}",
        "-e",
        "ansible_become=false",
    ]
    environment = os.environ | {"ANSIBLE_HOME": str(folder / "home"), "PYTHONPATH": str(ROOT), "LC_ALL": "C.UTF-8"}
    return subprocess.run(
        [*argv, *arguments, "site.yml"], cwd=FOLDER, env=environment, capture_output=True, text=True, check=False
    )


@pytest.mark.deploy
def test_its_syntax_is_good(tools: Path, tmp_path: Path) -> None:
    done = play(tools, tmp_path, "--syntax-check")

    assert done.returncode == 0, done.stdout + done.stderr
    assert "WARNING" not in done.stderr


@pytest.mark.deploy
def test_it_configures_a_probe_and_changes_nothing_the_second_time(tools: Path, tmp_path: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("the role gives files to root, so this test needs to be root")
    first = play(tools, tmp_path, "--tags", "config")
    assert first.returncode == 0, first.stdout + first.stderr
    written = tomllib.loads((tmp_path / "etc/probe.toml").read_text(encoding="utf-8"))
    token = tmp_path / "etc/secret/helper-token"

    assert written["vantage"] == {"name": "Łódź-1", "isp": "gb/example", "filters": "off"}
    assert written["resolvers"]["isp"] == ["198.51.100.153"]
    assert written["catalogue"]["paths"] == [str(tmp_path / "etc/catalogue")]
    assert (token.read_text(), token.stat().st_mode & 0o777) == ("a-token-of-sixteen\n", 0o600)
    assert "a-token-of-sixteen" not in first.stdout + first.stderr
    drop_in = (tmp_path / "units/blockprobe.service.d/credentials.conf").read_text()
    assert f"LoadCredential=helper-token:{token}\n" in drop_in
    assert "changed=0" in play(tools, tmp_path, "--tags", "config").stdout


@pytest.mark.deploy
def test_a_wrong_setting_is_refused_before_the_agent_sees_it(tools: Path, tmp_path: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("the role gives files to root, so this test needs to be root")
    wrong = '{"blockprobe_settings": {"vantage": {"nmae": "x"}}}'
    done = play(tools, tmp_path, "--tags", "config", "-e", wrong)

    assert done.returncode != 0
    assert "vantage.nmae" in done.stdout + done.stderr
    assert not (tmp_path / "etc/probe.toml").exists()


def test_it_uses_modules_by_their_full_names_and_no_shell() -> None:
    tasks = [task for path in (ROLE / "tasks").glob("*.yml") for task in yaml.safe_load(path.read_text())]
    modules = {key for task in tasks for key in task if "." in key}

    assert len(tasks) >= 8
    assert all(any(key.startswith("ansible.builtin.") for key in task) for task in tasks)
    assert not modules & {"ansible.builtin.shell", "ansible.builtin.command", "ansible.builtin.raw"}


def test_its_drop_in_is_the_shipped_one_with_the_places_filled_in() -> None:
    template = (ROLE / "templates/credentials.conf.j2").read_text().replace("{{ blockprobe_etc }}", "/etc/blockprobe")
    shipped = (ROOT / "deploy/systemd/blockprobe.service.d/credentials.conf").read_text()

    assert {line for line in template.splitlines()[1:]} <= set(shipped.splitlines())
