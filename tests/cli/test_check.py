"""`blockprobe check` end to end, on loopback: outputs, lists, exit statuses, Ctrl-C. Verdicts are tested elsewhere."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from blockprobe.model.codec import load_record

from .program import run


@pytest.fixture
def silent() -> Iterator[socket.socket]:
    """A listener on loopback where nothing is ever said."""
    with socket.create_server(("127.0.0.1", 0)) as sock:
        sock.settimeout(60)
        yield sock


@pytest.fixture
def closed_port() -> int:
    """A TCP port on loopback where nobody listens."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


@pytest.fixture
def config(tmp_path: Path) -> str:
    """A line without resolvers, helpers and neutral sites: nothing leaves this machine."""
    path = tmp_path / "c.toml"
    path.write_text(
        "[resolvers]\nisp = []\n[controls]\nneutral = []\n"
        '[limits]\ntimeout_s = 30\n[addresses]\npublic = ["127.0.0.0/8"]\n'
    )
    return str(path)


def test_json_is_one_record_a_line_and_nothing_else(config: str, closed_port: int) -> None:
    done = run(
        "check", f"http://127.0.0.1:{closed_port}/", f"127.0.0.2:{closed_port}", "--format", "json", "--config", config
    )

    records = [load_record(line) for line in done.stdout.splitlines()]
    assert {record.target.host for record in records} == {"127.0.0.1", "127.0.0.2"}
    assert done.stderr == b""
    assert done.returncode == 0


def test_ooni_output_is_one_measurement_a_line(config: str, closed_port: int) -> None:
    done = run("check", f"http://127.0.0.1:{closed_port}/", "--format", "ooni", "--config", config)

    [document] = [json.loads(line) for line in done.stdout.splitlines()]
    assert document["input"] == f"http://127.0.0.1:{closed_port}/"
    assert document["test_keys"]["tcp_connect"][0]["status"] == {"failure": "connection_refused", "success": False}


def test_one_target_is_shown_in_detail_and_several_as_a_table(config: str, closed_port: int) -> None:
    targets = [f"http://127.0.0.{n}:{closed_port}/" for n in (1, 2)]

    one = run("check", targets[0], "--config", config).stdout.decode()
    two = run("check", *targets, "--config", config).stdout.decode()

    assert "Connections" in one
    assert "connection_refused" in one
    assert "2 measured: " in two
    assert two.index("127.0.0.1") < two.index("127.0.0.2")
    assert max(map(len, (one + two).splitlines())) <= 80


def test_bad_lines_are_named_and_the_rest_is_measured(config: str, closed_port: int) -> None:
    lines = f"# list\nhttp://127.0.0.1:{closed_port}/\nbad line\nhttp://127.0.0.1:{closed_port}/\n".encode()

    done = run("check", "--file", "-", "--format", "json", "--config", config, stdin=lines)

    assert len(done.stdout.splitlines()) == 1
    assert done.stderr.decode().startswith("standard input:3: 'bad line': contains white space")
    assert done.returncode == 0
    assert run("check", "--file", "-", "--strict", "--config", config, stdin=lines).returncode == 2


def test_strict_tells_inconclusive_ones_by_the_exit_status(config: str, closed_port: int) -> None:
    """Without a helper nobody knows whether the refusal is the site's."""
    target = f"http://127.0.0.1:{closed_port}/"

    assert run("check", target, "--config", config).returncode == 0
    assert run("check", target, "--strict", "--config", config).returncode == 4


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("check",), "nothing to measure"),
        (("check", "ftp://a.example/"), "'ftp' cannot be measured"),
        (("check", "a.example", "--ip", "b.example"), "no IP address"),
        (("check", "--file", "/nonexistent/list"), "cannot be read: No such file or directory"),
        (("check", "a.example", "--config", "/nonexistent/c.toml"), "cannot be read: No such file or directory"),
    ],
)
def test_unusable_wishes_are_one_line_and_status_2(arguments: tuple[str, ...], complaint: str) -> None:
    done = run(*arguments)

    assert done.returncode == 2
    assert complaint in done.stderr.decode()
    assert len(done.stderr.splitlines()) == 1
    assert done.stdout == b""


@pytest.mark.parametrize("format_", ["json", "table"])
def test_ctrl_c_prints_what_is_known(format_: str, config: str, closed_port: int, silent: socket.socket) -> None:
    quick, slow = f"http://127.0.0.1:{closed_port}/", f"http://127.0.0.1:{silent.getsockname()[1]}/"
    arguments = ["check", quick, slow, "--format", format_, "--config", config]
    program = [sys.executable, "-u", "-m", "blockprobe.cli.main", *arguments]
    with subprocess.Popen(program, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        first = process.stdout.readline() if format_ == "json" else b""
        asked, _ = silent.accept()
        with asked:
            if format_ == "table":
                with pytest.raises(subprocess.TimeoutExpired):
                    process.wait(3)  # the quick one is done by now, the slow one waits for an answer
            process.send_signal(signal.SIGINT)
            out, complaints = process.communicate(timeout=20)

    assert process.returncode == 130
    assert complaints.decode() == "interrupted: 1 of 2 targets measured\n"
    if format_ == "json":
        assert load_record(first).target.input == quick
    else:
        assert "1 measured: 1 inconclusive." in out.decode()


def test_without_a_network_the_exit_status_is_3() -> None:
    unshare = shutil.which("unshare")
    if unshare is None or subprocess.run([unshare, "-rn", "true"], capture_output=True, check=False).returncode:
        pytest.skip("user namespaces are not allowed here; sysctl kernel.unprivileged_userns_clone=1 allows them")
    environ = {"BLOCKPROBE_RESOLVERS__ISP": "198.51.100.153", "PATH": os.environ["PATH"], "HOME": "/nonexistent"}
    program = [unshare, "-rn", sys.executable, "-m", "blockprobe.cli.main"]

    for command in (["check", "a.example"], ["whoami"]):
        done = subprocess.run([*program, *command], env=environ, capture_output=True, timeout=60, check=False)

        assert done.returncode == 3, command
        assert done.stderr.decode().startswith("no network: ")


def test_throttling_without_a_helper_says_what_to_set(config: str) -> None:
    done = run("check", "a.example", "--throttling", "--config", config)

    assert done.returncode == 2
    assert done.stdout == b""
    assert done.stderr.count(b"\n") == 1
    assert b"[helper] urls and echo" in done.stderr


def test_a_speed_that_was_not_measured_is_said(tmp_path: Path, closed_port: int) -> None:
    path = tmp_path / "c.toml"
    helper = f'[helper]\nurls = ["https://127.0.0.1:{closed_port}/"]\necho = ["127.0.0.1"]\n'
    path.write_text(
        "[resolvers]\nisp = []\n[controls]\nneutral = []\n[limits]\nthrottling = true\n"
        f'{helper}[addresses]\npublic = ["127.0.0.0/8"]\n'
    )
    done = run("check", f"http://127.0.0.1:{closed_port}/", "--format", "json", "--config", str(path))

    assert done.stderr.startswith(b"speed was measured of 0 of 1 targets"), done.stderr
