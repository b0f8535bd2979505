"""The units are what systemd 252 understands, closed as tightly as promised, and the programs live within them."""

import json
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from blockprobe.lab import addresses as at
from blockprobe.lab import configuration
from blockprobe.lab.demo_world import DEMO
from blockprobe.lab.lab import Lab
from blockprobe.model.errors import LabError
from tests.deploy.confine import allowed_calls, options
from tests.deploy.manager import Manager, agent_toml

ROOT = Path(__file__).parents[2]
SYSTEMD = ROOT / "deploy/systemd"
AGENT, HELPER = SYSTEMD / "blockprobe.service", SYSTEMD / "blockprobe-helper.service"
CONFINE = Path(__file__).with_name("confine.py")
PROGRAM = [sys.executable, "-m", "blockprobe.cli.main"]
#: Of 100; a bare ExecStart= has 96, Debian's own Prometheus 40.
EXPOSURE = {AGENT: 11, HELPER: 14}
TOO_NEW = (
    "RestartSteps",
    "RestartMaxDelaySec",
    "PrivatePIDs",
    "ProtectControlGroupsEx",
    "MemoryZSwapMax",
    "PrivateBPF",
)

pytestmark = pytest.mark.skipif(
    not shutil.which("systemd-analyze"), reason="systemd-analyze is missing: apt-get install systemd"
)


def confined(unit: Path, *argv: str) -> list[str]:
    """The program under the unit's own restrictions."""
    return [sys.executable, str(CONFINE), str(unit), "--", *argv]


def runnable(unit: Path, folder: Path) -> Path:
    """The unit with a program that this machine has, and its drop-ins, as systemd looks for them."""
    copy = folder / unit.name
    copy.write_text(unit.read_text().replace("ExecStart=/usr/bin/blockprobe", f"ExecStart={sys.executable}"))
    for drop_in in SYSTEMD.glob(f"{unit.name}.d/*.conf"):
        (folder / drop_in.parent.name).mkdir(exist_ok=True)
        shutil.copy(drop_in, folder / drop_in.parent.name)
    return copy


@pytest.mark.parametrize("unit", [AGENT, HELPER], ids=lambda unit: unit.stem)
def test_systemd_finds_nothing_to_complain_of_in_the_unit_and_its_drop_ins(unit: Path, tmp_path: Path) -> None:
    argv = ["systemd-analyze", "verify", "--recursive-errors=no", str(runnable(unit, tmp_path))]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)

    assert (done.returncode, done.stdout + done.stderr) == (0, "")


def test_systemd_would_complain_of_a_word_it_does_not_know(tmp_path: Path) -> None:
    wrong = runnable(AGENT, tmp_path)
    wrong.write_text(wrong.read_text().replace("PrivateIPC=yes", "PrivateAbsurdity=yes"))
    done = subprocess.run(["systemd-analyze", "verify", str(wrong)], capture_output=True, text=True, check=False)

    assert "PrivateAbsurdity" in done.stderr


@pytest.mark.parametrize("unit", EXPOSURE, ids=lambda unit: unit.stem)
def test_the_unit_is_as_closed_as_the_documentation_says(unit: Path) -> None:
    limit = EXPOSURE[unit]
    argv = ["systemd-analyze", "security", "--offline=true", f"--threshold={limit}", "--no-pager", str(unit)]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    exposure = re.search(rf"{unit.name}: (\d+\.\d)", done.stdout)

    assert done.returncode == 0, done.stdout[-300:]
    assert exposure
    assert f"`{unit.name}` | {exposure[1]} |" in (ROOT / "docs/deploy.md").read_text()


@pytest.mark.parametrize("unit", [AGENT, HELPER], ids=lambda unit: unit.stem)
def test_no_option_is_newer_than_debian_12(unit: Path) -> None:
    assert not set(options(unit)) & set(TOO_NEW)


def test_only_the_helper_has_a_capability_and_only_one() -> None:
    assert options(AGENT)["CapabilityBoundingSet"] == [""]
    assert options(HELPER)["CapabilityBoundingSet"] == options(HELPER)["AmbientCapabilities"]
    assert options(HELPER)["CapabilityBoundingSet"] == ["CAP_NET_BIND_SERVICE"]


def test_the_users_file_makes_the_user_that_the_helper_runs_as() -> None:
    line = (SYSTEMD / "blockprobe-helper.sysusers").read_text().splitlines()[-1]

    assert line.split()[:2] == ["u", options(HELPER)["User"][0]]


def test_the_filter_leaves_sockets_and_takes_what_only_administrators_need() -> None:
    calls = allowed_calls(options(AGENT)["SystemCallFilter"])

    assert {"socket", "connect", "sendmsg", "recvmsg", "setsockopt", "fsync", "epoll_wait", "execve"} <= calls
    assert not {"chroot", "mount", "ptrace", "setrlimit", "bpf", "init_module", "chown", "setuid"} & calls


TRESPASSES = {
    "a raw socket": "import socket; socket.socket(socket.AF_PACKET, socket.SOCK_RAW)",
    "netlink": "import socket; socket.socket(socket.AF_NETLINK, socket.SOCK_RAW)",
    "writable code": "import mmap; mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)",
    "a namespace": "import ctypes, os; assert ctypes.CDLL(None).unshare(0x10000000) == 0",
    "a system call outside the filter": "import os; os.chroot('/')",
    "a low port": "import socket; socket.create_server(('127.0.0.1', 443))",
}


@pytest.mark.parametrize("trespass", TRESPASSES)
def test_the_confinement_bites(trespass: str) -> None:
    done = subprocess.run(confined(AGENT, sys.executable, "-c", TRESPASSES[trespass]), capture_output=True, check=False)

    assert done.returncode != 0


@pytest.mark.parametrize(
    "arguments",
    [("check", "--help"), ("--version",), ("config", "show"), ("judge", "record.jsonl", "--format", "table")],
    ids=lambda arguments: arguments[0],
)
def test_the_program_needs_nothing_that_the_units_forbid(arguments: tuple[str, ...], tmp_path: Path) -> None:
    golden = ROOT / "tests/goldens/demo-blockpage.example/record.json"
    shutil.copy(golden, tmp_path / "record.jsonl")
    argv = confined(AGENT, *PROGRAM, *arguments)
    done = subprocess.run(argv, cwd=tmp_path, capture_output=True, text=True, check=False)

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    try:
        laboratory = Lab().__enter__()
    except LabError as error:
        pytest.skip(str(error))
    try:
        laboratory.load(DEMO)
        yield laboratory
    finally:
        laboratory.close()


@pytest.fixture
def helper(lab: Lab, tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """The helper in its place in the laboratory, confined as its unit does, with its one capability."""
    config = tmp_path / "helper.toml"
    config.write_text(configuration.helper(str(lab.directory / "ctl.pem")))
    argv = confined(HELPER, *PROGRAM, "helper", "--config", str(config))
    process = lab.start_in("ctl", argv, stderr=subprocess.PIPE)
    assert process.stderr is not None
    said = process.stderr.readline()
    assert said.startswith(f"helper: API on {at.HELPER} port 443"), said
    yield process
    process.terminate()
    _, rest = process.communicate(timeout=30)
    assert (process.returncode, rest) == (0, "")


@pytest.mark.usefixtures("helper")
def test_the_agent_lives_its_whole_life_within_its_unit(lab: Lab, tmp_path: Path) -> None:
    """Ready, watched, measuring, serving metrics, reloading and ending, as the unit expects of it.

    The orders of the demonstration need every operation there is: DNS in four transports, TLS, HTTP, hop-limited SYNs.
    """
    config, store, manager = tmp_path / "probe.toml", tmp_path / "store", Manager(tmp_path)
    config.write_text(agent_toml(lab, store))
    argv = confined(AGENT, *PROGRAM, "agent", "--config", str(config))
    environment = manager.environment(lab, watchdog_s=3.0)
    agent = lab.start_in("probe", argv, env=environment, stderr=subprocess.PIPE)
    try:
        assert "targets in turn" in manager.wait_for("READY=1")
        manager.wait_for("WATCHDOG=1")
        status = _status_after_a_cycle(lab, config)
        page = lab.run_in_probe([sys.executable, "-c", _SCRAPE])
        agent.send_signal(signal.SIGHUP)
        manager.wait_for("RELOADING=1")
        assert "reloaded" in manager.wait_for("READY=1")
        agent.send_signal(signal.SIGTERM)
        manager.wait_for("STOPPING=1")
        _, said = agent.communicate(timeout=45)
    finally:
        agent.kill()
        agent.communicate()
        manager.close()

    assert agent.returncode == 0, said
    assert status["measured"] > 0
    assert "blockprobe_build_info" in page.stdout, page.stderr
    assert "process_start_time_seconds" in page.stdout
    assert re.search(r'^blockprobe_targets_by_state\{.*state="blocked".*\} [1-9]', page.stdout, re.M)
    assert any(store.rglob("*.gz"))


_SCRAPE = (
    "import urllib.request; print(urllib.request.urlopen('http://127.0.0.1:9890/metrics', timeout=5).read().decode())"
)


def _status_after_a_cycle(lab: Lab, config: Path) -> dict[str, Any]:
    """What the health check says once something was measured."""
    end = time.monotonic() + 60
    while True:
        argv = confined(AGENT, *PROGRAM, "agent", "status", "--check", "--format", "json", "--config", str(config))
        done = lab.run_in_probe(argv)
        if done.returncode == 0 and json.loads(done.stdout)["measured"]:
            document: dict[str, Any] = json.loads(done.stdout)
            return document
        assert time.monotonic() < end, done.stdout + done.stderr
        time.sleep(0.5)
