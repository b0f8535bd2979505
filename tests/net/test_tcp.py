import asyncio
import contextlib

import pytest

from blockprobe.model.failure import Failure
from blockprobe.model.observation import TcpObservation
from blockprobe.net.dial import TcpOptions
from blockprobe.net.tcp import Endpoint, connect
from tests.net.wire import WHY, a_session, closed_port, full_listener, served, silent


def _failed(endpoint: Endpoint, *, timeout_s: float = 2.0, options: TcpOptions | None = None) -> TcpObservation:
    async def scenario() -> TcpObservation:
        session = a_session(timeout_s)
        observation, stream = await connect(session, WHY, endpoint, options=options or TcpOptions())
        assert stream is None
        return observation

    return asyncio.run(scenario())


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_a_connection_is_observed_and_handed_on(host: str) -> None:
    async def scenario() -> None:
        async with served(silent, host) as endpoint:
            seen, stream = await connect(a_session(), WHY, endpoint, host="a.example", options=TcpOptions(maxseg=700))
            assert stream is not None
            async with contextlib.aclosing(stream):
                assert (seen.failure, seen.icmp, seen.packets, seen.detail) == (None, None, 1, None)
                assert (seen.address, seen.port, seen.host) == (host, endpoint.port, "a.example")
                assert 0 <= seen.t0_s <= seen.t_s < 1
                assert seen.maxseg == stream.maxseg == 700

    asyncio.run(scenario())


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_a_closed_port_is_refused(host: str) -> None:
    seen = _failed(closed_port(host))
    assert seen.failure is Failure.CONNECTION_REFUSED
    assert seen.icmp is None
    assert "refused" in (seen.detail or "")


def test_silence_is_a_timeout_after_the_time_of_the_session() -> None:
    with full_listener() as endpoint:
        seen = _failed(endpoint, timeout_s=0.1)
    assert seen.failure is Failure.GENERIC_TIMEOUT_ERROR
    assert 0.1 <= seen.t_s - seen.t0_s < 0.5


def test_a_foreign_source_address_is_not_available() -> None:
    seen = _failed(Endpoint(address="127.0.0.1", port=9), options=TcpOptions(source="203.0.113.9"))
    assert seen.failure is Failure.ADDRESS_NOT_AVAILABLE
    assert seen.packets == 0
