"""The server over real sockets: what it answers, and that nothing a client does keeps it from answering others."""

import asyncio
import json

import pytest

from blockprobe import __version__
from blockprobe.metrics import server as module
from blockprobe.metrics.server import Health, MetricsServer
from blockprobe.metrics.text import CONTENT_TYPE
from tests.metrics.build import NOW
from tests.metrics.client import TEXT, WELL, Answer, get, served


def test_metrics_are_text_of_the_version_that_prometheus_knows():
    answer = served(get)

    assert (answer.status, answer.body) == (200, TEXT)
    assert answer.headers["content-type"] == CONTENT_TYPE
    assert answer.headers["content-length"] == str(len(TEXT))
    assert answer.headers["connection"] == "close"


def test_pieces_are_joined():
    assert served(get, source=lambda: iter([b"a 1\n", b"b 2\n"])).body == b"a 1\nb 2\n"


def test_it_listens_on_ipv6_too():
    async def work(server: MetricsServer) -> tuple[str, int]:
        return server.url, (await get(server)).status

    url, status = served(work, listen="[::1]:0")
    assert url.startswith("http://[::1]:")
    assert status == 200


@pytest.mark.parametrize(
    ("health", "status", "told"),
    [
        (WELL, 200, {"healthy": True, "last_cycle": NOW.isoformat(), "store": "ok", "controls": "ok"}),
        (
            Health(healthy=False, last_cycle=None, store="the disk is full", controls=None),
            503,
            {"healthy": False, "last_cycle": None, "store": "the disk is full", "controls": "unknown"},
        ),
        (
            Health(healthy=True, last_cycle=NOW, store="ok", controls=False),
            200,
            {"healthy": True, "last_cycle": NOW.isoformat(), "store": "ok", "controls": "failed"},
        ),
    ],
)
def test_health_is_a_status_and_one_line_of_json(health, status, told):
    answer = served(lambda server: get(server, "/healthz"), health=lambda: health)

    assert answer.status == status
    assert answer.body.count(b"\n") == 1
    assert json.loads(answer.body) == told


def test_the_landing_page_names_version_and_links():
    page = served(lambda server: get(server, "/")).body.decode()

    assert f"blockprobe {__version__}" in page
    assert "href=/metrics" in page
    assert "href=/healthz" in page


def test_a_client_that_hangs_up_early_does_not_hurt():
    async def work(server: MetricsServer) -> int:
        for sent in (b"", b"GET /metr", b"GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n"):
            _, writer = await asyncio.open_connection(server.address, server.port)
            writer.write(sent)
            await writer.drain()
            writer.transport.abort()
        return (await get(server)).status

    assert served(work, source=lambda: TEXT * 100_000) == 200


def test_readers_that_do_not_read_do_not_hold_others_up_and_are_let_go(hurried):
    async def work(server: MetricsServer) -> tuple[int, int]:
        stuck = [await asyncio.open_connection(server.address, server.port, limit=1024) for _ in range(10)]
        for _, writer in stuck:
            writer.write(b"GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n")
        await asyncio.sleep(0.1)
        status = (await get(server, "/healthz")).status
        await asyncio.sleep(0.8)
        left = len(server._talks)
        for _, writer in stuck:
            writer.transport.abort()
        return status, left

    assert served(work, source=lambda: TEXT * 1_000_000) == (200, 0)


def test_too_many_connections_are_turned_away_and_the_others_served(hurried):
    async def work(server: MetricsServer) -> tuple[int, int]:
        idle = [await asyncio.open_connection(server.address, server.port) for _ in range(40)]
        await asyncio.sleep(0.1)
        most = len(server._talks)
        await asyncio.sleep(0.8)
        status = (await get(server)).status
        for _, writer in idle:
            writer.close()
        return most, status

    assert served(work) == (16, 200)


def test_those_who_ask_together_get_the_same_text_which_is_then_made_anew(monkeypatch):
    monkeypatch.setattr(module, "_FRESH_S", 0.3)
    made = []

    def source() -> bytes:
        made.append(1)
        return b"blockprobe_targets %d\n" % len(made)

    async def work(server: MetricsServer) -> tuple[set[bytes], bytes, bytes]:
        together = {answer.body for answer in await asyncio.gather(*(get(server) for _ in range(8)))}
        await asyncio.sleep(0.7)
        kept = server._body
        return together, kept, (await get(server)).body

    assert served(work, source=source) == ({b"blockprobe_targets 1\n"}, b"", b"blockprobe_targets 2\n")


def test_an_exposition_that_cannot_be_made_is_a_500_and_the_next_one_comes(caplog):
    broken = [True]

    def source() -> bytes:
        if broken.pop() if broken else False:
            raise RuntimeError("the reason")
        return TEXT

    async def work(server: MetricsServer) -> tuple[Answer, Answer]:
        return await get(server), await get(server)

    first, second = served(work, source=source)
    assert (first.status, second.status) == (500, 200)
    assert b"the reason" not in first.body
    assert "the reason" in caplog.text


def test_closing_ends_conversations_and_frees_the_port():
    async def run() -> int:
        server = await MetricsServer.start("127.0.0.1:0", lambda: TEXT, lambda: WELL)
        reader, writer = await asyncio.open_connection(server.address, server.port)
        await asyncio.sleep(0.05)
        await server.aclose()
        assert await reader.read() == b""
        writer.close()
        again = await MetricsServer.start(f"127.0.0.1:{server.port}", lambda: TEXT, lambda: WELL)
        status = (await get(again)).status
        await again.aclose()
        return status

    assert asyncio.run(run()) == 200
