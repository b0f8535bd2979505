"""`agent` and `agent status`: what is wrong is said in one line a fault, before anything is measured."""

import json
import os
import socket
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from blockprobe.agent.status import Status, write_status
from blockprobe.model.settings import StoreSettings
from blockprobe.net.clock import SystemClock
from blockprobe.store.archive import Archive
from blockprobe.store.state_schema import MIGRATIONS

from .program import run

NOW = datetime.now(UTC)
WELL = Status(
    version="1", pid=os.getpid(), started_at=NOW.isoformat(), written_at=NOW.isoformat(),
    late_after=(NOW + timedelta(minutes=16)).isoformat(), plans=("website",),
    problems=("A list was refused.",),
)  # fmt: skip


@pytest.fixture
def config(tmp_path):
    def write(text=""):
        path = tmp_path / "probe.toml"
        path.write_text(f'[store]\ndir = "{tmp_path / "store"}"\n[metrics]\nlisten = ""\n{text}')
        return str(path)

    return write


def refused(*arguments):
    done = run("agent", *arguments)

    assert done.returncode == 2, done.stderr
    assert done.stdout == b""
    assert b"Traceback" not in done.stderr
    return done.stderr.decode().splitlines()


def test_no_plan_is_one_line(config):
    (line,) = refused("--config", config("[agent]\nplans = []\n"))
    assert line.startswith("agent.plans: no plan; name one of the catalogue: ")


def test_an_unknown_plan_says_which_was_meant(config):
    assert refused("--config", config('[agent]\nplans = ["web-site"]\n')) == [
        "agent.plans: no plan 'web-site'; did you mean website?"
    ]


def test_a_store_that_is_held_is_one_line(config, tmp_path):
    path = config()
    archive = Archive.open(StoreSettings(dir=str(tmp_path / "store")), name="x", clock=SystemClock())
    (line,) = refused("--config", path)
    archive.close()

    assert "another process writes into this store" in line


def test_a_store_that_is_a_file_is_one_line(config, tmp_path):
    (tmp_path / "store").write_text("")
    (line,) = refused("--config", config())

    assert "store" in line


def test_a_state_of_a_newer_version_is_one_line_and_untouched(config, tmp_path):
    import sqlite3

    (tmp_path / "store").mkdir()
    connection = sqlite3.connect(tmp_path / "store" / "state.sqlite3")
    connection.execute(f"PRAGMA user_version = {len(MIGRATIONS) + 1}")
    connection.close()
    (line,) = refused("--config", config())

    assert "written by a newer blockprobe" in line


def test_a_port_in_use_is_one_line(config, tmp_path):
    path = config()
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        text = (tmp_path / "probe.toml").read_text().replace('listen = ""', f'listen = "{address}"')
        (tmp_path / "probe.toml").write_text(text)
        lines = refused("--config", path)

    assert len(lines) == 1
    assert address in lines[0]


# -- status ------------------------------------------------------------------------------------------------------


def status(config, *arguments):
    return run("agent", "status", "--config", config, *arguments)


@pytest.mark.parametrize(
    ("found", "code"),
    [
        (WELL, 0),
        (replace(WELL, stopped=True), 1),
        (replace(WELL, late_after=(NOW - timedelta(seconds=1)).isoformat()), 1),
        (replace(WELL, failing=("The controls of the last cycle failed.",)), 1),
    ],
)
def test_the_check_is_for_health_checks(config, tmp_path, found, code):
    (tmp_path / "store").mkdir()
    write_status(tmp_path / "store", found)
    done = status(config(), "--check", "--format", "json")
    told = json.loads(done.stdout)

    assert done.returncode == code
    assert told["ok"] is (code == 0)
    assert bool(told["worries"]) is (code == 1)
    assert status(config()).returncode == 0


def test_people_read_a_table_and_what_is_wrong(config, tmp_path):
    (tmp_path / "store").mkdir()
    write_status(tmp_path / "store", WELL)
    done = status(config())

    assert "plans            website" in done.stdout.decode()
    assert done.stderr == b"A list was refused.\n"


def test_where_no_agent_worked_there_is_no_status(config):
    done = status(config(), "--check")

    assert done.returncode == 2
    assert b"no agent has worked there" in done.stderr
