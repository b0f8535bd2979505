import asyncio
import socket

import pytest

from blockprobe.net.stream import Stream
from tests.net.wire import connected, reset, silent


async def _echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65_536):
        writer.write(data)
        await writer.drain()


def test_what_is_sent_comes_back_and_is_counted() -> None:
    async def scenario() -> None:
        async with connected(_echo) as stream:
            await stream.sendall(b"hello")
            assert await stream.recv() == b"hello"
            assert stream.bytes_received == 5
            assert not stream.tls
            assert stream.rtt_s is not None
            assert stream.retransmissions == 0

    asyncio.run(scenario())


def test_megabytes_pass_although_the_kernel_takes_less_at_once() -> None:
    async def drain(stream: Stream, total: int) -> int:
        count = 0
        while count < total:
            count += len(await stream.recv())
        return count

    async def scenario() -> None:
        data = bytes(3_000_000)
        async with connected(_echo) as stream:
            _, count = await asyncio.gather(stream.sendall(data), drain(stream, len(data)))
            assert count == stream.bytes_received == len(data)

    asyncio.run(scenario())


def test_the_end_of_the_stream_is_empty_and_a_reset_raises() -> None:
    async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)

    async def slam(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        reset(writer)

    async def scenario() -> None:
        async with connected(hang_up) as stream:
            await stream.sendall(b"x")
            assert await stream.recv() == b""
        async with connected(slam) as stream:
            await stream.sendall(b"x")
            with pytest.raises(ConnectionResetError):
                await stream.recv()

    asyncio.run(scenario())


def test_a_hop_limit_holds_until_the_peer_is_heard() -> None:
    async def scenario() -> None:
        async with connected(_echo) as stream:
            sock = stream._sock
            usual = sock.getsockopt(socket.IPPROTO_IP, socket.IP_TTL)
            stream.limit_hops(3)
            await stream.sendall(b"x")
            assert sock.getsockopt(socket.IPPROTO_IP, socket.IP_TTL) == 3
            await stream.recv()
            assert sock.getsockopt(socket.IPPROTO_IP, socket.IP_TTL) == usual

    asyncio.run(scenario())


def test_reset_ends_the_connection_with_a_rst() -> None:
    ends: list[str] = []

    async def note(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            ends.append("fin" if not await reader.read() else "data")
        except ConnectionResetError:
            ends.append("rst")

    async def scenario() -> None:
        async with connected(note) as stream:
            stream.reset()
            stream.reset()
            assert stream.closed
            await asyncio.sleep(0.02)
        async with connected(note) as stream:
            stream.close()
            stream.close()
            await asyncio.sleep(0.02)
        async with connected(note) as stream:
            stream.limit_hops(3)
            stream.close()
            await asyncio.sleep(0.02)

    asyncio.run(scenario())
    assert ends == ["rst", "fin", "rst"]


def test_cancelling_a_read_leaves_a_stream_that_can_be_closed() -> None:
    async def scenario() -> None:
        async with connected(silent) as stream:
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.02):
                    await stream.recv()
            stream.close()
            assert stream.retransmissions == 0

    asyncio.run(scenario())


def test_acknowledged_returns_when_the_peer_has_all_and_what_was_read_too_early_can_be_given_back() -> None:
    async def scenario() -> None:
        async with connected(_echo) as stream:
            await stream.sendall(b"hello")
            await asyncio.wait_for(stream.acknowledged(), 1)
            got = await stream.recv()
            stream.unread(got)
            assert await stream.recv(2) == b"he"
            assert await stream.recv() == b"llo"
            await stream.sendall(b"again")
            assert await stream.recv() == b"again"
            assert stream.bytes_received == 10, "counted once, on the wire"
            stream.enter_tunnel(b"rest")
            assert (await stream.recv(), stream.tls) == (b"rest", False)

    asyncio.run(scenario())
