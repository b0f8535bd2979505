"""What `blockprobe demo agent` writes and refuses, and how it ends; docs/quickstart.md tests its story."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from blockprobe.agent.mirror_lists import MirrorLists
from blockprobe.agent.reload import load
from blockprobe.agent.worklist import worklist
from blockprobe.catalogue.config import load_settings
from blockprobe.lab.agent_demo import Story, Wish, scrape, write_folder
from blockprobe.lab.agent_world import AGENT_DEMO, ENDED_NAME, LIFTED, LIFTED_NAME, MIRROR_NAMES, MIRRORED_NAME
from blockprobe.lab.lab import Lab
from blockprobe.model.errors import ConfigError, LabError
from blockprobe.net.clock import SystemClock

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
PROGRAM = [sys.executable, "-m", "blockprobe.cli.main", "demo", "agent"]


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return taken.getsockname()[1]


def test_what_is_written_has_no_fault_and_every_target_is_a_site_of_the_world(tmp_path):
    config = write_folder(tmp_path / "new", 9890, NOW)
    loaded = load(lambda: load_settings(config, {}, {}))
    mirrors = MirrorLists()
    mirrors.refresh(loaded.plans, NOW)
    work = worklist(loaded, {}, NOW, mirrors.plans)

    names = {name for site in AGENT_DEMO.sites for name in site.names}
    addresses = {address for site in AGENT_DEMO.sites for address in site.addresses}
    hosts = {one.target.removeprefix("http://").removeprefix("https://").strip("/") for one in work.watched}
    assert hosts - names - addresses == {"mirror-gone.example"}  # nobody is there
    assert set(MIRROR_NAMES) < {one.target for one in work.watched if one.mirror_of == MIRRORED_NAME}
    assert mirrors.faults == ()
    assert {"zz/demo-today", "zz/demo-any"} <= {order.id for order in work.orders}
    assert [one.target for one in work.watched if one.neighbour] == ["library.example"]
    assert "ended.example" in {one.target for one in work.watched if not one.in_force}


def test_written_again_into_the_same_folder_the_store_stays(tmp_path):
    write_folder(tmp_path, 9890, NOW)
    (tmp_path / "store").mkdir()
    (tmp_path / "store/kept").touch()
    text = write_folder(tmp_path, 9891, NOW).read_text()

    assert 'listen = "127.0.0.1:9891"' in text
    assert (tmp_path / "store/kept").exists()


@pytest.mark.parametrize("name", ["notes.txt", "probe.toml"])
def test_a_folder_of_somebody_else_is_left_alone(tmp_path, name):
    (tmp_path / name).write_text("mine\n")
    with pytest.raises(ConfigError, match="is not empty and not of an earlier demonstration; give another --dir"):
        write_folder(tmp_path, 9890, NOW)

    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_lifting_changes_two_blocks_and_nothing_else():
    assert len(AGENT_DEMO.rules) - len(LIFTED.rules) == len(AGENT_DEMO.lies) - len(LIFTED.lies) == 1
    assert AGENT_DEMO.plumbing == LIFTED.plumbing


def test_a_port_that_is_taken_is_one_line_and_status_2(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        argv = [*PROGRAM, "--dir", str(tmp_path / "d"), "--port", str(port)]
        done = subprocess.run(argv, capture_output=True, text=True, timeout=60)

    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == f"127.0.0.1:{port}: Address already in use; give another --port\n"


class Shown(BaseHTTPRequestHandler):
    """Metrics in which both blocks, and both open mirrors, are seen."""

    def do_GET(self):
        names = (LIFTED_NAME, ENDED_NAME)
        lines = [f'blockprobe_site_state{{site="{name}",state="blocked"}} 1\n' for name in names]
        body = "".join([*lines, 'blockprobe_mirrors{class="undetermined",state="open"} 2\n']).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class Loads:
    """Stands where the laboratory does, and keeps what it is told to load."""

    def __init__(self):
        self.names = []

    def load(self, scenario):
        self.names.append(scenario.name)


@contextlib.contextmanager
def story(program, *, minutes=None):
    """A story about a process that shows both blocks; what it loads, and what it says."""
    server, loads, said = ThreadingHTTPServer(("127.0.0.1", 0), Shown), Loads(), []
    threading.Thread(target=server.serve_forever, daemon=True).start()
    agent = subprocess.Popen([sys.executable, "-c", program], text=True)
    wish = Wish(folder=None, port=server.server_port, minutes=minutes)
    told = Story(lab=loads, agent=agent, wish=wish, say=said.append, clock=SystemClock(), quiet_s=0.1, lifted_s=0.1)
    try:
        yield told, loads, said
    finally:
        agent.kill()
        agent.wait()
        server.shutdown()
        server.server_close()


def test_blocks_that_were_seen_are_lifted_and_come_back_and_the_time_ends_it():
    with story("import time; time.sleep(60)", minutes=0.05) as (told, loads, said):
        told.tell()

    assert loads.names == ["demo-agent-lifted", "demo-agent"]
    assert [sentence.partition(" are ")[2][:13] for sentence in said] == ["open from now", "blocked again"]


def test_an_agent_that_ends_by_itself_is_told():
    with story("raise SystemExit(2)") as (told, _, _):
        told.agent.wait(30)
        with pytest.raises(LabError, match="The agent ended with status 2; the lines above say why"):
            told.tell()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_ends_every_process_and_seals_the_store(tmp_path, number):
    try:
        Lab().__enter__().close()
    except LabError as error:
        pytest.skip(str(error))
    port = free_port()
    argv = [*PROGRAM, "--dir", str(tmp_path / "d"), "--port", str(port)]
    with (tmp_path / "log").open("w") as log:
        environment = {**os.environ, "DEMONSTRATION": str(tmp_path)}
        process = subprocess.Popen(argv, stdout=log, stderr=log, env=environment, start_new_session=True)
    try:
        until = time.monotonic() + 40
        while "blockprobe_build_info" not in scrape(port):
            assert process.poll() is None, (tmp_path / "log").read_text()
            assert time.monotonic() < until, (tmp_path / "log").read_text()
            time.sleep(0.2)
        mark = f"DEMONSTRATION={tmp_path}".encode()
        assert len(children(mark)) >= 4  # this program, its agent, door and helper; and what the laboratory forked
        os.killpg(process.pid, number) if number is signal.SIGINT else process.send_signal(number)

        assert process.wait(40) == 0, (tmp_path / "log").read_text()
    finally:
        process.kill()
        process.wait()
    assert "Traceback" not in (tmp_path / "log").read_text()
    assert children(mark) == []
    assert '"stopped": true' in (tmp_path / "d/store/status.json").read_text()


def children(mark: bytes) -> list[str]:
    """Programs that inherited this from the environment, and live."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if mark in (folder / "environ").read_bytes().split(b"\0"):
                found.append((folder / "cmdline").read_text())
        except OSError:
            continue
    return found
