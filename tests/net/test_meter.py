"""What passes through a metered dialer's sockets is counted, and nothing passes beyond a limit."""

import asyncio
import socket
import threading
from contextlib import suppress

import pytest

from blockprobe.net.dial import readable
from blockprobe.net.meter import BudgetSpent, Meter, MeteredDialer


def echo(server: socket.socket) -> None:
    """Take one connection and send back what comes; none comes where the limit is reached before."""
    with suppress(OSError):
        connection, _ = server.accept()
        with connection:
            while data := connection.recv(1000):
                connection.sendall(data)


def spoken(meter: Meter, texts: list[bytes]) -> bytes:
    """Send the texts over one connection and hear them again."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=echo, args=(server,), daemon=True).start()
        return asyncio.run(_spoken(meter, texts, server.getsockname()[1]))


async def _spoken(meter: Meter, texts: list[bytes], port: int) -> bytes:
    heard = b""
    with await MeteredDialer(meter).tcp("127.0.0.1", port, timeout_s=5.0) as sock:
        for text in texts:
            await asyncio.get_running_loop().sock_sendall(sock, text)
            wanted = len(heard) + len(text)
            while len(heard) < wanted:
                await readable(sock)
                heard += sock.recv(1000)
    return heard


def test_bytes_are_counted_both_ways_and_sockets_once() -> None:
    meter = Meter()

    assert spoken(meter, [b"one", b"fifteen"]) == b"onefifteen"
    assert (meter.connections, meter.bytes) == (1, 20)


def test_what_one_counts_all_above_it_count_too() -> None:
    whole = Meter()
    parts = [Meter(above=whole), Meter(above=whole)]
    for part in parts:
        spoken(part, [b"12345"])

    assert [(part.connections, part.bytes) for part in parts] == [(1, 10), (1, 10)]
    assert (whole.connections, whole.bytes) == (2, 20)


def test_no_socket_is_opened_beyond_the_limit_and_a_refused_one_is_not_counted() -> None:
    whole = Meter(most_connections=1)
    spoken(Meter(above=whole), [b"x"])

    with pytest.raises(BudgetSpent, match="the limit of 1 connections"):
        spoken(Meter(above=whole), [b"x"])
    assert whole.connections == 1


def test_reading_ends_at_the_limit_of_bytes() -> None:
    with pytest.raises(BudgetSpent, match="the limit of 100 bytes"):
        spoken(Meter(most_bytes=100), [b"x" * 60])


def test_datagrams_count_as_well() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as far:
        far.bind(("127.0.0.1", 0))
        meter = Meter()
        with MeteredDialer(meter).udp("127.0.0.1", far.getsockname()[1]) as near:
            near.send(b"question")
            far.sendto(b"answers", near.getsockname())
            far.settimeout(5)
            assert near.getblocking() is False
            near.settimeout(5)
            assert near.recv(100) == b"answers"
    assert (meter.connections, meter.bytes) == (1, 15)


def test_a_connection_that_nobody_takes_is_an_error_and_counts() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as taken:
        taken.bind(("127.0.0.1", 0))
        meter = Meter()
        attempt = asyncio.run(MeteredDialer(meter).attempt("127.0.0.1", taken.getsockname()[1], timeout_s=5.0))

    assert isinstance(attempt.error, ConnectionRefusedError)
    assert meter.connections == 1
