"""The process itself, on loopback: what it sees, what it holds, and how it ends. Skipped without CAP_NET_RAW."""

import json
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

PROGRAM = [sys.executable, "-P", "-W", "error::SyntaxWarning", "-m", "blockprobe.raw.main"]


def _permitted() -> bool:
    with suppress(OSError), socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM):
        return True
    return False


needs_raw = pytest.mark.skipif(not _permitted(), reason="needs CAP_NET_RAW")


@contextmanager
def watching(order: object, *arguments: str, files: tuple[int, ...] = ()) -> Iterator["subprocess.Popen[bytes]"]:
    """The process with its order; it is ended at the end."""
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen([*PROGRAM, *arguments], pass_fds=files, **pipes) as process:
        assert process.stdin
        process.stdin.write(json.dumps(order).encode() + b"\n")
        process.stdin.flush()
        try:
            yield process
        finally:
            process.kill()


def _lines(process: "subprocess.Popen[bytes]") -> list[dict[str, object]]:
    assert process.stdin
    assert process.stdout
    process.stdin.close()
    told = [json.loads(line) for line in process.stdout.read().splitlines()]
    assert process.wait(10) == 0
    return told


@needs_raw
@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_it_tells_of_its_flow_and_of_no_other_and_holds_no_privilege(host: str, tmp_path: Path) -> None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.create_server((host, 0), family=family) as server, (tmp_path / "own.pcap").open("wb") as pcap:
        port = server.getsockname()[1]
        with socket.socket(family) as ours, socket.socket(family) as other:
            for each in (ours, other):
                each.bind((host, 0))
            flows = [["tcp", host, port, ours.getsockname()[1]]]
            order = {"flows": flows, "max_packets": 50, "max_seconds": 30}
            with watching(order, "--pcap-descriptor", str(pcap.fileno()), files=(pcap.fileno(),)) as process:
                assert process.stdout
                assert json.loads(process.stdout.readline()) == {"ready": True}
                status = Path(f"/proc/{process.pid}/status").read_text()
                other.connect((host, port))
                ours.connect((host, port))
                accepted = [server.accept()[0] for _ in range(2)]
                for each in accepted:
                    each.sendall(b"hello")
                    each.close()
                assert ours.recv(10) == b"hello"
                told = _lines(process)
    held = dict(line.split(":\t") for line in status.splitlines() if line.startswith(("Cap", "NoNew", "Uid")))
    assert {held[name] for name in ("CapInh", "CapPrm", "CapEff", "CapAmb")} == {"0" * 16}
    assert held["NoNewPrivs"] == "1"
    assert os.geteuid() != 0 or "65534" in held["Uid"]
    assert {(one["address"], one["port"], one["source_port"]) for one in told} == {(host, port, flows[0][3])}
    assert "first" in told[0], "the SYN that we sent ourselves"
    assert (told[1]["flags"], told[1]["number"]) == ("SA", (int(str(told[0]["first"])) + 1) % (1 << 32))
    assert [one["size"] for one in told if one.get("size")] == [5]
    assert (tmp_path / "own.pcap").stat().st_size > 24 + 3 * 40


@needs_raw
def test_it_stops_after_as_many_packets_as_it_was_told() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, socket.socket() as ours:
        ours.bind(("127.0.0.1", 0))
        flows = [["tcp", "127.0.0.1", server.getsockname()[1], ours.getsockname()[1]]]
        with watching({"flows": flows, "max_packets": 2, "max_seconds": 30}) as process:
            assert process.stdout
            assert json.loads(process.stdout.readline()) == {"ready": True}
            ours.connect(server.getsockname())
            assert process.wait(10) == 0


def test_a_senseless_order_is_refused_in_its_first_line() -> None:
    with watching({"flows": [], "max_packets": 1, "max_seconds": 1}) as process:
        told = _lines(process)
    assert [set(one) for one in told] == [{"ready", "refused"}]
    assert "flows" in str(told[0]["refused"])


@pytest.mark.skipif(shutil.which("setpriv") is None, reason="needs setpriv (util-linux)")
def test_without_the_capability_it_says_so_and_ends() -> None:
    order = {"flows": [["tcp", "127.0.0.1", 9, 9]], "max_packets": 1, "max_seconds": 1}
    powerless = ["setpriv", "--bounding-set=-all", "--inh-caps=-all"] if os.geteuid() == 0 else []
    done = subprocess.run(
        [*powerless, *PROGRAM], input=json.dumps(order).encode() + b"\n", capture_output=True, timeout=30, check=False
    )
    assert json.loads(done.stdout) == {"ready": False, "refused": "packet socket: Operation not permitted"}
    assert done.returncode == 0
