"""Scripted TCP and TLS servers on loopback, each connection answered by a function of the test."""

import asyncio
import contextlib
import socket
import ssl
import struct
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator

from blockprobe.model.observation import Place, Test, Why
from blockprobe.net.clock import SystemClock
from blockprobe.net.dial import Dialer
from blockprobe.net.session import Session
from blockprobe.net.stream import Stream
from blockprobe.net.tcp import Endpoint, connect

WHY = Why(test=Test.LOOK, place=Place.ORIGIN)
Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


def a_session(timeout_s: float = 2.0, body_bytes: int = 524_288) -> Session:
    """A session that begins now."""
    clock = SystemClock()
    return Session(clock=clock, dialer=Dialer(), began=clock.monotonic(), timeout_s=timeout_s, body_bytes=body_bytes)


@contextlib.asynccontextmanager
async def served(
    handler: Handler, host: str = "127.0.0.1", tls: ssl.SSLContext | None = None
) -> AsyncIterator[Endpoint]:
    """A server for the duration; every connection is closed when its handler or the test ends."""
    writers: set[asyncio.StreamWriter] = set()
    running: set[asyncio.Task[None]] = set()

    async def one(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.add(writer)
        task = asyncio.current_task()
        assert task is not None
        running.add(task)
        with contextlib.suppress(OSError, EOFError):
            await handler(reader, writer)
        writer.close()

    server = await asyncio.start_server(one, host, 0, ssl=tls)
    try:
        address, port = server.sockets[0].getsockname()[:2]
        yield Endpoint(address=address, port=port)
    finally:
        await asyncio.sleep(0.01)  # what was accepted but has no handler yet would be left open
        server.close()
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
        for writer in writers:
            writer.transport.abort()
        await asyncio.sleep(0.01)


@contextlib.asynccontextmanager
async def connected(handler: Handler, tls: ssl.SSLContext | None = None) -> AsyncIterator[Stream]:
    """A stream to a server that answers with `handler`."""
    async with served(handler, tls=tls) as endpoint:
        _, stream = await connect(a_session(), WHY, endpoint)
        assert stream is not None
        async with contextlib.aclosing(stream):
            yield stream


def reset(writer: asyncio.StreamWriter) -> None:
    """Close with a RST."""
    sock = writer.transport.get_extra_info("socket")
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Say nothing, hear everything."""
    while await reader.read(65_536):
        pass
    await asyncio.sleep(60)


@contextlib.contextmanager
def full_listener() -> Iterator[Endpoint]:
    """An endpoint of this machine that leaves SYNs unanswered: its accept queue is full."""
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
        address, port = listener.getsockname()
        for _ in range(2):
            filler = stack.enter_context(socket.socket())
            filler.setblocking(False)
            filler.connect_ex((address, port))
        time.sleep(0.02)
        yield Endpoint(address=address, port=port)


def closed_port(host: str = "127.0.0.1") -> Endpoint:
    """An endpoint of this machine where nobody listens."""
    with socket.create_server((host, 0), family=socket.AF_INET6 if ":" in host else socket.AF_INET) as listener:
        address, port = listener.getsockname()[:2]
    return Endpoint(address=address, port=port)
