"""One shot on loopback, where nothing expires: what answers is heard, what is silent takes its time."""

import asyncio
import socket
from collections.abc import Callable

import pytest

from blockprobe.model.trace import Event
from blockprobe.model.trace import Heard as H
from blockprobe.net.shots import Datagrams, Shot, first_line, shoot_opening, shoot_syn
from blockprobe.net.tcp import Endpoint

from .wire import Handler, a_session, closed_port, full_listener, reset, served, silent

SHOT = Shot(ttl=5, wait_s=0.3, grace_s=0.1)


def _port() -> int:
    """A source port that is free."""
    with a_session().dialer.reserve_port("127.0.0.1") as reserved:
        return int(reserved.getsockname()[1])


def _whats(events: tuple[Event, ...]) -> list[H]:
    return [event.what for event in events]


async def _slam(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read(1)
    reset(writer)


async def _page(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read(10)
    writer.write(b"HTTP/1.1 403 Forbidden\r\nServer: x\r\n\r\n")


@pytest.mark.parametrize(("handler", "heard"), [(_slam, [H.RESET]), (_page, [H.DATA, H.CLOSED]), (silent, [])])
def test_what_follows_an_opening(handler: Handler, heard: list[H]) -> None:
    async def scenario() -> tuple[bool, tuple[Event, ...]]:
        async with served(handler) as endpoint:
            return await shoot_opening(a_session(), endpoint, SHOT, b"hello", _port())

    connected, events = asyncio.run(scenario())
    assert connected
    assert _whats(events) == heard
    assert [event.note for event in events if event.what is H.DATA] in ([], ["HTTP/1.1 403 Forbidden"])


def test_the_source_port_is_used_again_and_again() -> None:
    async def scenario() -> tuple[set[int], list[bool]]:
        ports, connected = set(), []

        async def note(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            ports.add(writer.get_extra_info("peername")[1])
            await _page(reader, writer)

        source = _port()
        async with served(note) as endpoint:
            for _ in range(5):
                connected.append((await shoot_opening(a_session(), endpoint, SHOT, b"hello", source))[0])
        return ports - {source}, connected

    assert asyncio.run(scenario()) == (set(), [True] * 5)


def test_a_name_that_cannot_be_sent_is_no_silence() -> None:
    assert asyncio.run(shoot_opening(a_session(), closed_port(), SHOT, b"hello", _port())) == (False, ())


def test_what_answers_a_syn() -> None:
    async def scenario() -> list[list[H]]:
        async with served(silent) as endpoint:
            answered = await shoot_syn(a_session(), endpoint, SHOT, _port())
        refused = await shoot_syn(a_session(), closed_port(), SHOT, _port())
        with full_listener() as full:
            unheard = await shoot_syn(a_session(), full, SHOT, _port())
        return [_whats(events) for events in (answered, refused, unheard)]

    assert asyncio.run(scenario()) == [[H.CONNECTED], [H.REFUSED], []]


def _asked(reply: Callable[[bytes], list[bytes]]) -> tuple[Event, ...]:
    """One question to a server that answers with these datagrams."""

    async def scenario() -> tuple[Event, ...]:
        loop = asyncio.get_running_loop()

        class Server(asyncio.DatagramProtocol):
            def connection_made(self, transport: asyncio.BaseTransport) -> None:
                self.transport = transport

            def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
                for each in reply(data):
                    self.transport.sendto(each, addr)  # type: ignore[attr-defined]

        transport, _ = await loop.create_datagram_endpoint(Server, local_addr=("127.0.0.1", 0))
        address, port = transport.get_extra_info("sockname")
        flow = Datagrams(a_session(), Endpoint(address=address, port=port))
        try:
            return await flow.shoot(b"ask", SHOT, lambda data: data.decode() if data.startswith(b"a") else None)
        finally:
            flow.close()
            transport.close()

    return asyncio.run(scenario())


@pytest.mark.parametrize(
    ("sent", "heard"),
    [
        ([b"a1"], [(H.ANSWER, "a1")]),
        ([b"a1", b"a1"], [(H.ANSWER, "a1")]),
        ([b"a1", b"a2"], [(H.ANSWER, "a1"), (H.OTHER_ANSWER, "a2")]),
        ([b"stray", b"a2"], [(H.ANSWER, "a2")]),
        ([b"stray"], []),
        ([], []),
    ],
)
def test_answers_to_a_question(sent: list[bytes], heard: list[tuple[H, str]]) -> None:
    assert [(event.what, event.note) for event in _asked(lambda data: sent)] == heard


def test_a_closed_port_says_so_to_each_datagram_anew() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as gone:
        gone.bind(("127.0.0.1", 0))
        port = gone.getsockname()[1]

    async def scenario() -> list[tuple[Event, ...]]:
        flow = Datagrams(a_session(), Endpoint(address="127.0.0.1", port=port))
        try:
            return [await flow.shoot(b"%d" % n, SHOT, lambda data: None) for n in range(3)]
        finally:
            flow.close()

    for events in asyncio.run(scenario()):
        assert [(event.what, event.sender) for event in events] == [(H.REFUSED, "127.0.0.1")]


@pytest.mark.parametrize(
    ("data", "line"),
    [
        (b"\x15\x03\x03\x00\x02\x02\x70", "TLS alert"),
        (b"\x16\x03\x03\x00\x7a\x02", "TLS handshake"),
        (b"HTTP/1.1 200 OK\r\nA: b", "HTTP/1.1 200 OK"),
        (b"\x1b[31mred\x07", "\ufffd[31mred\ufffd"),
        (b"x" * 500, "x" * 80),
        (b"", ""),
    ],
)
def test_the_beginning_of_an_answer_in_words(data: bytes, line: str) -> None:
    assert first_line(data) == line
