"""`blockprobe bypass` end to end: on loopback for usage and outputs, on the simulated ISP for a whole battery."""

import json
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from blockprobe.model.bypass_codec import load_bypass
from blockprobe.model.codec import load_record

from .program import run


@pytest.fixture
def config(tmp_path: Path) -> str:
    """A line without resolvers, helpers and neutral sites: nothing leaves this machine."""
    path = tmp_path / "c.toml"
    path.write_text(
        "[resolvers]\nisp = []\n[controls]\nneutral = []\n"
        '[limits]\ntimeout_s = 1\n[addresses]\npublic = ["127.0.0.0/8"]\n'
    )
    return str(path)


@pytest.fixture
def closed_port() -> int:
    """A TCP port on loopback where nobody listens."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


def test_a_fault_in_the_file_of_logins_is_told_before_anything_is_sent(config: str, tmp_path: Path) -> None:
    (tmp_path / "logins").write_text("socks5://127.0.0.1 ann\n")
    with Path(config).open("a") as stream:
        stream.write('[bypass]\nsecrets_file = "logins"\n')
    done = run("bypass", "http://127.0.0.1/", "--config", config)

    assert done.returncode == 2
    assert b"logins, line 1: write the proxy's URL, the user and the password" in b" ".join(done.stderr.split())


def test_json_is_one_result_a_line_and_the_records_go_where_they_were_wished(
    config: str, closed_port: int, tmp_path: Path
) -> None:
    kept = tmp_path / "records.jsonl"
    targets = [f"http://127.0.0.1:{closed_port}/", f"http://127.0.0.2:{closed_port}/"]

    done = run("bypass", *targets, "--format", "json", "--records", str(kept), "--config", config)

    results = [load_bypass(line) for line in done.stdout.splitlines()]
    assert {result.target.input for result in results} == set(targets)
    assert {(result.trials, result.because) for result in results} == {
        ((), "whether there is anything to get around is not known: the plain path is inconclusive (no_control)")
    }
    assert {load_record(line).id for line in kept.read_bytes().splitlines()} == {r.records[0] for r in results}
    assert (done.stderr, done.returncode) == (b"", 0)


def test_forced_on_an_address_every_technique_says_why_it_cannot_be_tried(config: str, closed_port: int) -> None:
    done = run("bypass", f"http://127.0.0.1:{closed_port}/", "--force", "--format", "json", "--config", config)

    (result,) = map(load_bypass, done.stdout.splitlines())
    assert result.trials
    assert {trial.outcome.value for trial in result.trials} == {"not_available"}
    assert {trial.technique.value: trial.because for trial in result.trials}["resolver_doh"] == (
        "the target is an address: no name is looked up"
    )


def test_the_table_says_what_was_found_and_what_it_cost(config: str, closed_port: int) -> None:
    done = run("bypass", f"http://127.0.0.1:{closed_port}/", "--force", "--config", config)

    text = " ".join(done.stdout.decode().split())
    assert "lowest effort none" in text
    assert "not_available" in text
    assert "cost: " in text
    assert "A way that exists is not a way that is used." in text


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ((), "nothing to measure"),
        (("ftp://a.example/",), "cannot be measured"),
        (("a.example", "--records", "/nonexistent/r.jsonl"), "--records /nonexistent/r.jsonl: No such file"),
    ],
)
def test_wrong_usage_is_one_clear_line(config: str, arguments: tuple[str, ...], complaint: str) -> None:
    done = run("bypass", *arguments, "--config", config)

    assert complaint in done.stderr.decode()
    assert len(done.stderr.splitlines()) == 1
    assert (done.stdout, done.returncode) == (b"", 2)


def test_the_program_loads_nothing_of_it_before_it_runs() -> None:
    code = "import sys, blockprobe.cli.main; print('blockprobe.measure.bypass' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout.strip().lower()) is False
