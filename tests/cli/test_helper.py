"""`blockprobe helper`: says where it listens, and ends when it is told to."""

import signal
import socket
import subprocess
import sys
from pathlib import Path

import trustme

from .program import run


def test_it_says_where_it_listens_and_ends_on_ctrl_c(tmp_path: Path) -> None:
    certificate = trustme.CA().issue_cert("ctl.example")
    certificate.private_key_and_cert_chain_pem.write_to_path(str(tmp_path / "ctl.pem"))
    path = tmp_path / "helper.toml"
    path.write_text(
        '[helper_server]\naddress = "127.0.0.1"\necho_address = "127.0.0.2"\nhttps = 0\nhttp = 0\ndns = 0\n'
        'certificate = "ctl.pem"\nkey = "ctl.pem"\n'
    )
    program = [sys.executable, "-m", "blockprobe.cli.main", "helper", "--config", str(path)]

    with subprocess.Popen(program, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        said = process.stderr.readline()
        process.send_signal(signal.SIGINT)
        out, _ = process.communicate(timeout=30)

    assert said.startswith("helper: API on 127.0.0.1 port ")
    assert said.endswith("; echoes on 127.0.0.2\n")
    assert out == ""
    assert process.returncode == 0


def test_a_port_that_is_in_use_is_named_with_what_to_do(tmp_path: Path) -> None:
    certificate = trustme.CA().issue_cert("ctl.example")
    certificate.private_key_and_cert_chain_pem.write_to_path(str(tmp_path / "ctl.pem"))
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        (tmp_path / "helper.toml").write_text(
            f'[helper_server]\naddress = "127.0.0.1"\necho_address = "127.0.0.2"\nhttps = {port}\nhttp = 0\ndns = 0\n'
            'certificate = "ctl.pem"\nkey = "ctl.pem"\n'
        )
        done = run("helper", "--config", str(tmp_path / "helper.toml"))

    (said,) = done.stderr.decode().splitlines()
    assert done.returncode == 2
    assert said == (
        f"helper_server: cannot listen on 127.0.0.1 port {port}: the port is in use "
        f"(`ss -lnp 'sport = :{port}'` says by whom); stop that, or choose another"
    )


def test_without_a_certificate_it_says_what_is_missing() -> None:
    done = run("helper")

    assert done.returncode == 2
    assert "helper_server.certificate" in done.stderr.decode()
    assert len(done.stderr.splitlines()) == 1
