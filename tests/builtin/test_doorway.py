"""The door between this machine and a port on the subscriber's line."""

import contextlib
import socket
import subprocess
import sys
import threading

import pytest

from blockprobe.lab.demo_world import DEMO

ECHO = """
import socket
with socket.create_server(("127.0.0.1", 9890)) as server:
    print("ready", flush=True)
    while True:
        peer, _ = server.accept()
        while block := peer.recv(65536):
            peer.sendall(block)
        peer.close()
"""


@pytest.fixture
def outside(laboratory):
    """Where the door listens here; ended with the test."""
    laboratory.load(DEMO)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        argv = [sys.executable, "-m", "blockprobe.lab.doorway", str(listening.fileno()), "9890"]
        door = laboratory.start_in("probe", argv, pass_fds=(listening.fileno(),))
        address = listening.getsockname()
    yield address
    door.kill()
    door.wait()


@pytest.fixture
def echo(laboratory):
    """A server on the subscriber's own loopback."""
    server = laboratory.start_in("probe", [sys.executable, "-c", ECHO], stdout=subprocess.PIPE)
    assert server.stdout.readline() == "ready\n"
    yield
    server.kill()
    server.wait()
    server.stdout.close()


def test_both_directions_carry_every_byte_and_their_end(outside, echo):
    sent = bytes(range(256)) * 4096
    with socket.create_connection(outside, 20) as client:
        sender = threading.Thread(target=lambda: (client.sendall(sent), client.shutdown(socket.SHUT_WR)))
        sender.start()
        got = b"".join(iter(lambda: client.recv(65536), b""))
        sender.join()

    assert got == sent


def test_where_nobody_serves_inside_the_connection_just_ends(outside):
    with socket.create_connection(outside, 20) as client, contextlib.suppress(ConnectionResetError):
        assert client.recv(1) == b""
