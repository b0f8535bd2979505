"""`/metrics`, `/healthz` and a landing page over HTTP/1.1: one request a connection, everything bounded.

An agent measures while it is scraped. So there is one exposition at a time, shared by all who ask in the same second;
it is written out in pieces and compressed in a thread, and a reader that does not read costs one block of memory.
"""

import asyncio
import contextlib
import gzip
import json
import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Self

import h11

from blockprobe import __version__
from blockprobe.metrics.http import BLOCK_BYTES, HEAD_BYTES, Answer, read_request, send, wants_gzip
from blockprobe.metrics.listen import listen_on
from blockprobe.metrics.text import CONTENT_TYPE

_LOG = logging.getLogger(__name__)
_ANSWER_S = 30.0  # from the first byte of a request to the last of its answer
_CONNECTIONS = 16
_FRESH_S = 1.0
_GZIP_LEVEL = 1  # series compress to a tenth at any level, and a Raspberry Pi has other work

#: An exposition, whole or in pieces between which other work may go on.
Source = Callable[[], bytes | Iterator[bytes]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """Whether the agent does its work: `healthy` decides the status, the rest says why.

    `store` is "ok" or one clause about what is wrong; `controls` whether those of the last cycle held (None: no cycle).
    """

    healthy: bool
    last_cycle: datetime | None
    store: str
    controls: bool | None


class MetricsServer:
    """The running server; `address` and `port` say where it listens."""

    def __init__(self, source: Source, health: Callable[[], Health]) -> None:
        """Use `start`."""
        self._source = source
        self._health = health
        self._server: asyncio.Server | None = None
        self._talks: set[asyncio.Task[None]] = set()
        self._writing = asyncio.Lock()
        self._body = b""
        self._packed = b""
        self._until = float("-inf")
        self.address = ""
        self.port = 0

    @classmethod
    async def start(cls, listen: str, source: Source, health: Callable[[], Health]) -> Self:
        """Listen on "127.0.0.1:9890" or "[::1]:9890"; raises ConfigError when that cannot be."""
        server = cls(source, health)
        server._server, server.address, server.port = await listen_on(listen, server._accept, head_bytes=HEAD_BYTES)
        return server

    @property
    def url(self) -> str:
        """Where a browser finds the landing page."""
        host = f"[{self.address}]" if ":" in self.address else self.address
        return f"http://{host}:{self.port}/"

    async def aclose(self) -> None:
        """Let nobody in any more, and end the conversations."""
        if self._server is not None:
            self._server.close()
        talks = tuple(self._talks)
        for talk in talks:
            talk.cancel()
        await asyncio.gather(*talks, return_exceptions=True)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if len(self._talks) >= _CONNECTIONS:
            writer.transport.abort()
            return
        task = asyncio.current_task()
        assert task is not None
        self._talks.add(task)
        try:
            with contextlib.suppress(OSError, TimeoutError, EOFError):
                async with asyncio.timeout(_ANSWER_S):
                    await self._talk(reader, writer)
        except asyncio.CancelledError:  # the server stops; a cancelled task would make asyncio's streams complain
            pass
        finally:
            writer.transport.abort()
            self._talks.discard(task)

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.transport.set_write_buffer_limits(high=BLOCK_BYTES)
        request = await read_request(reader)
        if isinstance(request, Answer):
            answer, method = request, b"GET"
        else:
            answer, method = await self._answer(request), request.method
        await send(reader, writer, answer, bodiless=method == b"HEAD")

    async def _answer(self, request: h11.Request) -> Answer:
        path = request.target.partition(b"?")[0]
        if path not in (b"/", b"/metrics", b"/healthz"):
            return Answer(status=404, body=b"not found: there are /, /metrics and /healthz\n")
        if request.method not in (b"GET", b"HEAD"):
            return Answer(status=405, body=b"only GET and HEAD\n", allow=True)
        try:
            if path == b"/":
                return Answer(status=200, body=landing_page().encode(), content_type="text/html; charset=utf-8")
            if path == b"/healthz":
                return _healthz(self._health())
            return await self._metrics(gzipped=wants_gzip(request))
        except Exception:
            _LOG.exception("no answer for %s", path.decode("ascii", "replace"))
            return Answer(status=500, body=b"this answer could not be made; the log says why\n")

    async def _metrics(self, *, gzipped: bool) -> Answer:
        """The exposition, at most a second old; those who ask meanwhile wait for the same one."""
        clock = asyncio.get_running_loop().time
        async with self._writing:
            if clock() >= self._until:
                self._body, self._packed = await _whole(self._source()), b""
                self._until = clock() + _FRESH_S
                asyncio.get_running_loop().call_later(2 * _FRESH_S, self._forget)
            if gzipped and not self._packed:
                self._packed = await asyncio.to_thread(gzip.compress, self._body, _GZIP_LEVEL)
            body = self._packed if gzipped else self._body
        return Answer(status=200, body=body, content_type=CONTENT_TYPE, gzipped=gzipped)

    def _forget(self) -> None:
        """Give the memory of an old exposition back."""
        if asyncio.get_running_loop().time() >= self._until:
            self._body = self._packed = b""


def landing_page() -> str:
    """What a person sees who opens the port in a browser."""
    return (
        "<!doctype html>\n<html lang=en><meta charset=utf-8><title>blockprobe</title>\n"
        f"<h1>blockprobe {__version__}</h1>\n"
        "<p>A probe that measures whether and how sites are blocked on this line.</p>\n"
        "<ul><li><a href=/metrics>/metrics</a>: for Prometheus\n"
        "<li><a href=/healthz>/healthz</a>: 200 while the agent does its work, else 503</ul></html>\n"
    )


async def _whole(source: bytes | Iterator[bytes]) -> bytes:
    if isinstance(source, bytes):
        return source
    pieces = []
    for piece in source:
        pieces.append(piece)
        await asyncio.sleep(0)
    return b"".join(pieces)


def _healthz(health: Health) -> Answer:
    controls = {True: "ok", False: "failed", None: "unknown"}[health.controls]
    told = {
        "healthy": health.healthy,
        "last_cycle": None if health.last_cycle is None else health.last_cycle.isoformat(),
        "store": health.store,
        "controls": controls,
    }
    body = json.dumps(told).encode() + b"\n"
    return Answer(status=200 if health.healthy else 503, body=body, content_type="application/json")
