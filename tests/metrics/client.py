"""A running server and a client that sends what it likes, for the tests of both."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

from blockprobe.metrics.server import Health, MetricsServer
from tests.metrics.build import NOW

TEXT = b"blockprobe_targets 1\n"
WELL = Health(healthy=True, last_cycle=NOW, store="ok", controls=True)


class Answer:
    """One answer, taken apart."""

    def __init__(self, raw: bytes) -> None:
        head, _, self.body = raw.partition(b"\r\n\r\n")
        first, *lines = head.decode("ascii").split("\r\n")
        self.status = int(first.split(" ")[1]) if first else 0
        self.headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}


def served(
    work: Callable[[MetricsServer], Awaitable[Any]],
    source: Callable[[], bytes | Iterator[bytes]] = lambda: TEXT,
    health: Callable[[], Health] = lambda: WELL,
    listen: str = "127.0.0.1:0",
) -> Any:
    """What `work` finds with a running server."""

    async def run() -> Any:
        server = await MetricsServer.start(listen, source, health)
        try:
            async with asyncio.timeout(30):
                return await work(server)
        finally:
            await server.aclose()

    return asyncio.run(run())


async def talk(server: MetricsServer, sent: bytes) -> Answer:
    """Send these bytes and read until the end."""
    reader, writer = await asyncio.open_connection(server.address, server.port)
    try:
        writer.write(sent)
        return Answer(await reader.read())
    finally:
        writer.close()


async def get(server: MetricsServer, path: str = "/metrics", *headers: str, method: str = "GET") -> Answer:
    lines = [f"{method} {path} HTTP/1.1", "Host: probe", *headers, "", ""]
    return await talk(server, "\r\n".join(lines).encode())
