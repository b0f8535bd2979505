import asyncio
import errno
import gc
import os
import socket

import pytest

from blockprobe.model.observation import Icmp
from blockprobe.net.dial import Dialer, TcpOptions, read_icmp, tcp_info
from blockprobe.net.ready import poller
from tests.net.wire import closed_port, full_listener, served, silent


def _open_descriptors() -> int:
    gc.collect()
    return len(os.listdir("/proc/self/fd"))


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_a_listening_port_gives_a_connected_non_blocking_socket(host: str) -> None:
    async def scenario() -> None:
        async with served(silent, host) as endpoint:
            with await Dialer().tcp(endpoint.address, endpoint.port, timeout_s=2) as sock:
                assert sock.getpeername()[:2] == (endpoint.address, endpoint.port)
                assert sock.gettimeout() == 0
                info = tcp_info(sock)
                assert info.retransmissions == 0
                assert info.rtt_s is not None
                assert 0 < info.rtt_s < 0.5

    asyncio.run(scenario())


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_a_closed_port_raises_connection_refused(host: str) -> None:
    endpoint = closed_port(host)
    with pytest.raises(ConnectionRefusedError):
        asyncio.run(_connect_and_close(endpoint.address, endpoint.port))


async def _connect_and_close(address: str, port: int, timeout_s: float = 2.0) -> None:
    (await Dialer().tcp(address, port, timeout_s=timeout_s)).close()


def test_silence_raises_timeout_error_in_the_time_asked_for() -> None:
    with full_listener() as endpoint, pytest.raises(TimeoutError):
        asyncio.run(_connect_and_close(endpoint.address, endpoint.port, timeout_s=0.05))


def test_a_failed_attempt_tells_how_many_syns_were_sent() -> None:
    async def scenario() -> int:
        attempt = await Dialer().attempt(endpoint.address, endpoint.port, timeout_s=1.3)
        assert isinstance(attempt.error, TimeoutError)
        return attempt.packets

    with full_listener() as endpoint:
        assert asyncio.run(scenario()) == 2  # the kernel repeats a SYN after one second


def test_segment_size_hop_limit_and_source_are_set_before_connecting() -> None:
    peers: list[str] = []

    async def note(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        peers.append(writer.get_extra_info("peername")[0])
        await reader.read()

    async def scenario() -> None:
        options = TcpOptions(maxseg=536, ttl=7, source="127.0.0.9")
        async with served(note) as endpoint:
            with await Dialer().tcp(endpoint.address, endpoint.port, timeout_s=2, options=options) as sock:
                assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG) <= 536
                assert sock.getsockopt(socket.IPPROTO_IP, socket.IP_TTL) == 7
            await asyncio.sleep(0.02)

    asyncio.run(scenario())
    assert peers == ["127.0.0.9"]


def test_the_hop_limit_is_set_over_ipv6_too() -> None:
    async def scenario() -> None:
        async with served(silent, "::1") as endpoint:
            options = TcpOptions(ttl=9)
            with await Dialer().tcp(endpoint.address, endpoint.port, timeout_s=2, options=options) as sock:
                assert sock.getsockopt(socket.IPPROTO_IPV6, socket.IPV6_UNICAST_HOPS) == 9

    asyncio.run(scenario())


def test_a_source_address_that_is_not_ours_sends_nothing() -> None:
    async def scenario() -> None:
        attempt = await Dialer().attempt("127.0.0.1", 9, timeout_s=1, options=TcpOptions(source="203.0.113.9"))
        assert attempt.error is not None
        assert attempt.error.errno == errno.EADDRNOTAVAIL
        assert attempt.packets == 0

    asyncio.run(scenario())


@pytest.mark.parametrize("address", ["a.example", "", "127.0.0.1.2", "::zz"])
def test_a_name_is_refused_rather_than_looked_up(address: str) -> None:
    with pytest.raises(ValueError, match="is no IP address"):
        asyncio.run(_connect_and_close(address, 80))


def test_cancelling_closes_the_socket_and_propagates() -> None:
    async def scenario() -> None:
        gc.collect()  # the loops of other tests have descriptors of their own
        poller()
        before = _open_descriptors()
        task = asyncio.create_task(_connect_and_close(endpoint.address, endpoint.port, timeout_s=5))
        await asyncio.sleep(0.02)
        assert _open_descriptors() == before + 1
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert _open_descriptors() == before

    with full_listener() as endpoint:
        asyncio.run(scenario())


def test_a_udp_socket_hears_that_a_port_is_closed_and_from_whom() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    with Dialer().udp("127.0.0.1", port) as sock:
        assert sock.gettimeout() == 0
        assert read_icmp(sock) is None
        sock.send(b"?")
        with pytest.raises(ConnectionRefusedError):
            sock.recv(1)
        assert read_icmp(sock) == Icmp(sender="127.0.0.1", type=3, code=3)


def test_a_udp_socket_hears_it_over_ipv6_too() -> None:
    with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as taken:
        taken.bind(("::1", 0))
        port = taken.getsockname()[1]
    with Dialer().udp("::1", port) as sock:
        sock.send(b"?")
        with pytest.raises(ConnectionRefusedError):
            sock.recv(1)
        assert read_icmp(sock) == Icmp(sender="::1", type=1, code=4)
