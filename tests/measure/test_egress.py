"""`whoami` shows which machine asks on a resolver's behalf: a forwarding resolver in the built-in laboratory."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from blockprobe.lab import addresses as at
from blockprobe.lab.demo_world import DEMO
from blockprobe.lab.lab import Lab
from blockprobe.model.errors import LabError

ASKED, EGRESS = "198.51.100.160", "198.51.100.161"
FORWARDER = Path(__file__).with_name("forwarder.py")
PROGRAM = [sys.executable, "-m", "blockprobe.cli.main", "whoami"]


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    try:
        laboratory = Lab().__enter__()
    except LabError as error:
        pytest.skip(str(error))
    forwarder = None
    try:
        laboratory.load(DEMO)
        laboratory.start_helper()
        argv = [sys.executable, str(FORWARDER), ASKED, EGRESS, at.HELPER_ZONE, at.ECHOES[0]]
        forwarder = laboratory.start_in("isp1", argv, stdout=subprocess.PIPE)
        assert forwarder.stdout is not None
        assert forwarder.stdout.readline() == "ready\n"
        yield laboratory
    finally:
        if forwarder is not None:
            forwarder.kill()
            forwarder.communicate()
        laboratory.close()


def configured(lab: Lab, folder: Path, *, zone: str) -> Path:
    """The laboratory's probe, told of a zone and of the forwarding resolver."""
    before, after = lab.settings_toml().split("[helper]\n")
    before = before.replace("[resolvers]\nisp = [", f'[resolvers]\nisp = ["{at.RESOLVERS[0]}", "{ASKED}", ')
    path = folder / "probe.toml"
    path.write_text(f'{before}[helper]\nzone = "{zone}"\n{after}')
    return path


def test_the_machine_behind_a_resolver_is_shown_and_nothing_of_our_own_address(lab: Lab, tmp_path: Path) -> None:
    config = str(configured(lab, tmp_path, zone=at.HELPER_ZONE))
    done = lab.run_in_probe([*PROGRAM, "--config", config, "--format", "json"])
    assert done.returncode == 0, done.stderr
    seen = {"resolver": f"udp://{ASKED}:53", "address": EGRESS, "edns_bytes": 1400, "ecs_bits": 24}

    assert json.loads(done.stdout)["egress"] == [seen | {"transport": "udp"}, seen | {"transport": "tcp"}]
    assert json.loads(done.stdout)["quic"] is True


def test_people_are_told_in_a_row_each(lab: Lab, tmp_path: Path) -> None:
    config = str(configured(lab, tmp_path, zone=at.HELPER_ZONE))
    done = lab.run_in_probe([*PROGRAM, "--config", config])
    shown = " ".join(done.stdout.split())

    assert f"asked by udp://{ASKED}:53: {EGRESS} over tcp, EDNS 1400 bytes, passes on 24 bits of your address" in shown
    assert "QUIC to our echo works" in shown


def test_a_zone_that_is_not_the_helpers_shows_nothing(lab: Lab, tmp_path: Path) -> None:
    config = str(configured(lab, tmp_path, zone="elsewhere.example"))
    done = lab.run_in_probe([*PROGRAM, "--config", config, "--format", "json"])

    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["egress"] == []
