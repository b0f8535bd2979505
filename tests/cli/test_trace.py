"""`blockprobe trace` as users run it, on loopback: one document, exit statuses, and what Ctrl-C leaves."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.net.wire import full_listener

from .program import ROOT, run

CONFIG = """
[resolvers]
isp = ["127.0.0.1"]
[controls]
neutral = []
"""


@pytest.fixture
def config(tmp_path: Path) -> str:
    (tmp_path / "probe.toml").write_text(CONFIG)
    return str(tmp_path / "probe.toml")


def test_one_document_and_no_more(config: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        done = run("trace", f"127.0.0.1:{port}", "--kind", "tcp", "--no-raw", "--format", "json", "--config", config)
    assert done.returncode == 0, done.stderr
    (line,) = done.stdout.splitlines()
    document = json.loads(line)
    assert (document["schema"], document["sight"], document["interrupted"]) == ("blockprobe.trace/1", "errors", False)
    (path,) = document["paths"]
    assert [(one["carrier"], one["effect"]) for one in path["findings"]] == [("tcp", "none")]
    assert document["notes"] == ["Raw sight was not wanted: packets were not seen, only what the kernel tells of them."]


def test_people_get_a_drawing(config: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        done = run("trace", f"127.0.0.1:{port}", "--kind", "tcp", "--no-raw", "--config", config)
    assert "this machine" in done.stdout.decode()
    assert f"TCP {port}: Connections come about, from hop limit 1 on." in done.stdout.decode()


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("http://",), "host name is empty"),
        (("a.example", "--ip", "a.example"), "no IP address"),
        (("a.example", "--pcap", "x.pcap", "--no-raw"), "--pcap needs raw sight"),
        (("a.example", "--pcap", "/nonexistent/x.pcap"), "name a new file"),
        (("a.example", "--pcap", __file__), "name a new file"),
        (("a.example", "--max-hops", "0"), "max-hops"),
        (("a.example", "--kind", "icmp"), "kind"),
    ],
)
def test_what_cannot_be_done_is_said_in_a_line(config: str, arguments: tuple[str, ...], complaint: str) -> None:
    done = run("trace", *arguments, "--config", config)
    assert done.returncode == 2
    assert done.stdout == b""
    assert complaint in done.stderr.decode()


def test_without_the_right_to_see_packets_no_empty_capture_is_left(config: str, tmp_path: Path) -> None:
    kept = tmp_path / "own.pcap"
    rights = ["setpriv", "--bounding-set=-net_raw", "--inh-caps=-net_raw", "--ambient-caps=-all"]
    with socket.create_server(("127.0.0.1", 0)) as server:
        target = f"127.0.0.1:{server.getsockname()[1]}"
        argv = ["trace", target, "--kind", "tcp", "--max-hops", "1", "--pcap", str(kept), "--config", config]
        done = subprocess.run(
            [*rights, sys.executable, "-m", "blockprobe.cli.main", *argv],
            capture_output=True, text=True, cwd=ROOT, timeout=60, check=False,
        )  # fmt: skip

    assert done.returncode == 0, done.stderr
    assert "No raw sight (packet socket: Operation not permitted)" in " ".join(done.stdout.split())
    assert f"{kept}: not kept, for no packet was seen; seeing them needs CAP_NET_RAW (docs/trace.md)\n" == done.stderr
    assert not kept.exists()


def test_without_a_network_that_is_said(config: str) -> None:
    done = run("trace", "203.0.113.9", "--kind", "tcp", "--no-raw", "--format", "json", "--config", config)
    assert done.returncode == 3
    assert "no network" in done.stderr.decode()
    assert json.loads(done.stdout)["paths"] == []


def wait_until_it_sends(pid: int) -> None:
    """A program that is still being loaded has no socket of its own; asyncio's loop has two."""
    end = time.monotonic() + 30
    folder = Path(f"/proc/{pid}/fd")
    while time.monotonic() < end:
        links = [os.readlink(one) for one in folder.iterdir() if one.is_symlink()]
        if sum(link.startswith("socket:") for link in links) > 2:
            break
        time.sleep(0.05)
    time.sleep(1.0)


def test_ctrl_c_prints_what_is_known(config: str) -> None:
    with full_listener() as endpoint:
        argv = ["trace", f"127.0.0.1:{endpoint.port}", "--no-raw", "--kind", "tcp", "--format", "json"]
        program = subprocess.Popen(
            [sys.executable, "-m", "blockprobe.cli.main", *argv, "--config", config],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=ROOT,
        )  # fmt: skip
        wait_until_it_sends(program.pid)
        program.send_signal(signal.SIGINT)
        out, err = program.communicate(timeout=30)
    assert program.returncode == 130, err
    document = json.loads(out)
    assert document["interrupted"] is True
    assert next(ladder["carrier"] for ladder in document["paths"][0]["ladders"]) == "udp"
    assert b"interrupted" in err
