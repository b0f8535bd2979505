"""Requests of every kind over real sockets: each has its status, and none keeps the next from its own."""

import gzip
import random

import pytest

from blockprobe.metrics.http import HEAD_BYTES
from blockprobe.metrics.server import MetricsServer
from tests.metrics.client import TEXT, Answer, get, served, talk


@pytest.mark.parametrize(
    ("offer", "packed"),
    [
        ("gzip", True),
        ("deflate, GZIP;q=0.5", True),
        ("*", True),
        ("gzip;q=0", False),
        ("gzip;q=0.0", False),
        ("br", False),
    ],
)
def test_gzip_is_for_those_who_ask(offer, packed):
    answer = served(lambda server: get(server, "/metrics", f"Accept-Encoding: {offer}"), source=lambda: TEXT * 1000)

    assert ("content-encoding" in answer.headers) == packed
    assert (gzip.decompress(answer.body) if packed else answer.body) == TEXT * 1000
    assert len(answer.body) == int(answer.headers["content-length"])


@pytest.mark.parametrize("path", ["/", "/metrics", "/healthz"])
def test_head_has_the_head_of_get_and_no_body(path):
    async def both(server: MetricsServer) -> tuple[Answer, Answer]:
        return await get(server, path), await get(server, path, method="HEAD")

    full, bare = served(both)
    assert bare.body == b""
    assert (bare.status, bare.headers) == (full.status, full.headers)


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (b"GET /nothing HTTP/1.1\r\nHost: a\r\n\r\n", 404),
        (b"GET /metrics/../etc/passwd HTTP/1.1\r\nHost: a\r\n\r\n", 404),
        (b"GET /metrics?name=a HTTP/1.1\r\nHost: a\r\n\r\n", 200),
        (b"GET /metrics HTTP/1.0\r\n\r\n", 200),
        (b"POST /metrics HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc", 405),
        (b"DELETE / HTTP/1.1\r\nHost: a\r\n\r\n", 405),
        (b"GET /metrics HTTP/1.1\r\n\r\n", 400),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", 400),
        (b"hello\r\n\r\n", 400),
        (b"GET /metrics HTTP/1.1\r\nHost: a\r\nX: " + b"x" * HEAD_BYTES + b"\r\n\r\n", 431),
        (b"x" * 300_000, 431),
    ],
)
def test_every_other_request_has_its_status(request_, status):
    answer = served(lambda server: talk(server, request_))

    assert answer.status == status
    assert ("allow" in answer.headers) == (status == 405)


def test_garbage_does_not_hurt():
    dice = random.Random(7)
    rubbish = [dice.randbytes(dice.randrange(1, 3000)) + b"\r\n\r\n" for _ in range(100)]

    async def work(server: MetricsServer) -> tuple[set[int], int]:
        statuses = set()
        for bytes_ in rubbish:
            statuses.add((await talk(server, bytes_)).status)
        return statuses, (await get(server)).status

    statuses, after = served(work)
    assert statuses <= {400, 431}
    assert after == 200


def test_a_client_that_says_nothing_is_told_so_and_let_go(hurried):
    assert served(lambda server: talk(server, b"GET /metrics HTTP/1.1\r\n")).status == 408
