"""QUIC servers on loopback for tests: real ones with HTTP/3, and sockets that answer with bytes of the test's."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import trustme
from aioquic.asyncio.protocol import QuicConnectionProtocol
from aioquic.asyncio.server import QuicServer
from aioquic.quic.configuration import QuicConfiguration
from aioquic.quic.events import QuicEvent, StreamDataReceived

from blockprobe.helper.quic_server import H3Request, H3Response, QuicFront, configuration
from blockprobe.net.tcp import Endpoint

PAGE = b"<html><title>Welcome</title><body>" + b"<p>some words of a page</p>" * 20 + b"</body></html>"


def shown(folder: Path, ca: Any, *names: str, **options: Any) -> QuicConfiguration:
    """A configuration with a certificate of `ca` for the names."""
    leaf = ca.issue_cert(*names, common_name=names[0], **options)
    path = folder / f"{names[0]}-{id(leaf)}.pem"
    leaf.private_key_and_cert_chain_pem.write_to_path(str(path))
    return configuration(str(path))


async def _page(request: H3Request) -> H3Response | None:
    return H3Response(status=200, headers=(("content-type", "text/html"),), body=PAGE)


@contextlib.asynccontextmanager
async def serving(
    made: QuicConfiguration,
    handler: Any = _page,
    *,
    retry: bool = False,
    seen: list[str] | None = None,
    at: tuple[str, int] = ("127.0.0.1", 0),
) -> AsyncIterator[Endpoint]:
    """A QUIC server for the duration; `seen` collects the server names asked for."""

    def choose(name: str) -> QuicConfiguration:
        if seen is not None:
            seen.append(name)
        return made

    front = QuicFront(choose, handler, retry=retry)
    transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(lambda: front, at)
    try:
        address, port = transport.get_extra_info("sockname")[:2]
        yield Endpoint(address=address, port=port)
    finally:
        front.close()
        await asyncio.sleep(0.01)


class _Raw(QuicConnectionProtocol):
    """Sends bytes of the test's on the streams that a request opens, and on one of its own."""

    answer: tuple[bytes, bytes] = (b"", b"")

    def quic_event_received(self, event: QuicEvent) -> None:
        if isinstance(event, StreamDataReceived) and event.stream_id == 0:
            on_request, on_own = self.answer
            self._quic.send_stream_data(3, on_own)
            self._quic.send_stream_data(0, on_request, end_stream=True)
            self.transmit()


@contextlib.asynccontextmanager
async def saying(made: QuicConfiguration, answer: tuple[bytes, bytes]) -> AsyncIterator[Endpoint]:
    """A QUIC server that speaks no HTTP/3: it sends these bytes on the request's stream and on one of its own."""

    def conversation(*arguments: Any, **options: Any) -> _Raw:
        raw = _Raw(*arguments, **options)
        raw.answer = answer
        return raw

    loop = asyncio.get_running_loop()
    server = QuicServer(configuration=made, create_protocol=conversation)
    transport, _ = await loop.create_datagram_endpoint(lambda: server, ("127.0.0.1", 0))
    try:
        address, port = transport.get_extra_info("sockname")[:2]
        yield Endpoint(address=address, port=port)
    finally:
        for one in set(server._protocols.values()):
            if one._timer is not None:
                one._timer.cancel()
            one._transmit_task = None
        transport.close()
        await asyncio.sleep(0.01)


class _Odd(asyncio.DatagramProtocol):
    def __init__(self, answer: Callable[[bytes, int], list[bytes]]) -> None:
        self._answer = answer
        self._count = 0
        self._transport: Any = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def datagram_received(self, data: bytes, addr: Any) -> None:
        for one in self._answer(data, self._count):
            self._transport.sendto(one, addr)
        self._count += 1


@contextlib.asynccontextmanager
async def answering(answer: Callable[[bytes, int], list[bytes]]) -> AsyncIterator[Endpoint]:
    """A socket that sends back what `answer` makes of each datagram and of how many came before it."""
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(lambda: _Odd(answer), ("127.0.0.1", 0))
    try:
        address, port = transport.get_extra_info("sockname")[:2]
        yield Endpoint(address=address, port=port)
    finally:
        transport.close()
        await asyncio.sleep(0.01)


def closed_port() -> Endpoint:
    """A port where nothing listens."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", 0))
        return Endpoint(address="127.0.0.1", port=sock.getsockname()[1])


def authority(name: str) -> Any:
    """A certificate authority."""
    return trustme.CA(organization_name=name)
