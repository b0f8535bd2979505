import asyncio

import pytest

from blockprobe.model.observation import PathObservation, PathReply, Place, Test, Why
from blockprobe.net.quic_path import trace_initial
from blockprobe.net.tcp import Endpoint
from tests.net.quic_site import answering, closed_port
from tests.net.wire import a_session

WHY = Why(test=Test.PATH, place=Place.ORIGIN, listed=False)


def trace(endpoint: Endpoint, ttls: tuple[int, ...] = (1, 2)) -> PathObservation:
    async def scenario() -> PathObservation:
        return await trace_initial(a_session(), WHY, endpoint, ttls, name="a.example", per_ttl=2, wait_s=0.2)

    return asyncio.run(scenario())


def test_any_datagram_is_an_answer_and_each_packet_names_the_name() -> None:
    sizes: list[int] = []

    async def scenario() -> PathObservation:
        def answer(data: bytes, count: int) -> list[bytes]:
            sizes.append(len(data))
            return [b"?"]

        async with answering(answer) as endpoint:
            return await trace_initial(a_session(), WHY, endpoint, (1, 2), name="a.example", per_ttl=2, wait_s=2.0)

    seen = asyncio.run(scenario())

    assert (seen.carrying, seen.name, seen.failure) == ("quic_initial", "a.example", None)
    assert [(hop.ttl, hop.replies) for hop in seen.hops] == [
        (1, (PathReply.CONNECTED,) * 2),
        (2, (PathReply.CONNECTED,) * 2),
    ]
    assert sizes == [1200] * 4


def test_silence_is_no_reply_and_no_failure() -> None:
    async def scenario() -> PathObservation:
        async with answering(lambda data, count: []) as endpoint:
            return await trace_initial(a_session(), WHY, endpoint, (1,), name="a.example", per_ttl=2, wait_s=0.1)

    seen = asyncio.run(scenario())

    assert (seen.failure, seen.hops[0].replies, seen.hops[0].senders) == (None, (PathReply.NONE,) * 2, (None, None))


def test_a_host_without_a_quic_server_refuses() -> None:
    seen = trace(closed_port())

    assert {reply for hop in seen.hops for reply in hop.replies} == {PathReply.REFUSED}
    assert {sender for hop in seen.hops for sender in hop.senders} == {"127.0.0.1"}


@pytest.mark.parametrize("address", ["203.0.113.1", "2001:db8::1"])
def test_without_a_route_nothing_is_sent_and_that_is_a_failure(address: str) -> None:
    seen = trace(Endpoint(address=address, port=443))

    assert seen.failure is not None
    assert {reply for hop in seen.hops for reply in hop.replies} == {PathReply.NONE}
