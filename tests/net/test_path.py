import asyncio
import gc
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from blockprobe.model.failure import Failure
from blockprobe.model.observation import Icmp, PathReply
from blockprobe.net.path import MAX_SOCKETS, Opening, reply_of, trace_opening, trace_syn
from blockprobe.net.ready import poller
from tests.net.hops import FORBIDDEN
from tests.net.wire import WHY, Handler, a_session, closed_port, full_listener, reset, served, silent

_ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def hops() -> dict[str, Any]:
    """What the probe of `hops` saw."""
    command = [sys.executable, "-m", "tests.net.hops"]
    environment = {**os.environ, "PYTHONPATH": str(_ROOT)}
    done = subprocess.run(command, cwd=_ROOT, env=environment, capture_output=True, text=True, timeout=40, check=False)
    if done.returncode == FORBIDDEN:
        pytest.skip(done.stderr.strip())
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


_ROUTER = {4: "198.51.100.1", 6: "2001:db8:1::1"}
_FAMILIES = pytest.mark.parametrize("family", [4, 6])


@_FAMILIES
def test_a_router_answers_up_to_its_hop_and_the_server_beyond(hops: dict[str, Any], family: int) -> None:
    router = _ROUTER[family]
    assert hops[f"{family} open"]["path"] == [
        [1, ["time_exceeded"] * 3, [router] * 3],
        [2, ["connected"] * 3, [None] * 3],
        [3, ["connected"] * 3, [None] * 3],
    ]


@_FAMILIES
def test_a_closed_port_refuses_from_its_own_hop_on(hops: dict[str, Any], family: int) -> None:
    assert hops[f"{family} closed"]["path"] == [
        [1, ["time_exceeded"] * 2, [_ROUTER[family]] * 2],
        [2, ["refused"] * 2, [None] * 2],
    ]
    assert hops[f"{family} closed"]["tcp"] == ["connection_refused", None]


@_FAMILIES
def test_a_router_that_drops_is_silent_even_about_hop_limits(hops: dict[str, Any], family: int) -> None:
    assert hops[f"{family} gone"]["path"] == [[1, ["none"] * 2, [None] * 2], [2, ["none"] * 2, [None] * 2]]
    assert hops[f"{family} gone"]["tcp"] == ["generic_timeout_error", None]


@pytest.mark.parametrize(
    ("case", "reply", "failure", "kind", "code"),
    [
        ("4 prohibited", "prohibited", "host_unreachable", 3, 13),
        ("6 prohibited", "prohibited", "permission_denied", 1, 1),
        ("4 unreachable", "unreachable", "host_unreachable", 3, 1),
        ("6 unreachable", "unreachable", "network_unreachable", 1, 0),
    ],
)
def test_what_a_router_says_is_kept_with_its_address(
    hops: dict[str, Any], case: str, reply: str, failure: str, kind: int, code: int
) -> None:
    router = _ROUTER[int(case[0])]
    assert hops[case]["path"] == [[9, [reply], [router]]]
    assert hops[case]["tcp"] == [failure, [router, kind, code]]


@_FAMILIES
def test_what_is_sent_on_an_open_connection_dies_at_its_hop(hops: dict[str, Any], family: int) -> None:
    assert hops[f"{family} opening"] == {
        "path": [[1, ["time_exceeded"], [None]], [2, ["connected"], [None]]],
        "carrying": "http_request",
        "name": "a.example",
    }


def test_without_a_route_nothing_is_sent_and_that_is_a_failure(hops: dict[str, Any]) -> None:
    assert hops["no route"]["failure"] == "network_unreachable"
    assert hops["no route"]["path"] == [[1, ["unreachable"], [None]]]
    assert hops["no route"]["tcp"] == ["network_unreachable", None]


# Loopback is enough for the rest


def test_a_closed_port_of_this_machine_refuses_at_once() -> None:
    endpoint = closed_port()
    seen = asyncio.run(trace_syn(a_session(), WHY, endpoint, (1, 2), per_ttl=2))
    assert [hop.replies for hop in seen.hops] == [(PathReply.REFUSED,) * 2] * 2
    assert seen.failure is None
    assert seen.t_s - seen.t0_s < 0.9


def test_silence_is_no_failure_and_ends_in_time() -> None:
    with full_listener() as endpoint:
        seen = asyncio.run(trace_syn(a_session(), WHY, endpoint, range(1, MAX_SOCKETS + 3), per_ttl=1, wait_s=0.1))
    assert len(seen.hops) == MAX_SOCKETS + 2
    assert {hop.replies for hop in seen.hops} == {(PathReply.NONE,)}
    assert seen.failure is None
    assert 0.2 <= seen.t_s - seen.t0_s < 1.0  # two batches


def _opened(handler: Handler, ttls: Sequence[int] = (1,)) -> tuple[PathReply, ...]:
    async def scenario() -> tuple[PathReply, ...]:
        opening = Opening(carrying="client_hello", name="a.example", data=b"hello", wait_s=0.15)
        async with served(handler) as endpoint:
            seen = await trace_opening(a_session(), WHY, endpoint, ttls, opening)
        assert (seen.carrying, seen.name, seen.failure) == ("client_hello", "a.example", None)
        return tuple(reply for hop in seen.hops for reply in hop.replies)

    return asyncio.run(scenario())


async def _slam(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read(1)
    reset(writer)


async def _hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read(1)


async def _answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(await reader.read(10))


@pytest.mark.parametrize(
    ("handler", "reply"),
    [
        (_slam, PathReply.RESET),
        (_hang_up, PathReply.RESET),
        (_answer, PathReply.CONNECTED),
        (silent, PathReply.NONE),
    ],
)
def test_what_follows_an_opening(handler: Handler, reply: PathReply) -> None:
    assert _opened(handler, (1, 64)) == (reply, reply)


def test_an_opening_that_finds_no_connection_is_a_failure() -> None:
    opening = Opening(carrying="client_hello", name="a.example", data=b"hello")
    seen = asyncio.run(trace_opening(a_session(), WHY, closed_port(), (1, 2), opening))
    assert seen.failure is Failure.CONNECTION_REFUSED
    assert [hop.replies for hop in seen.hops] == [(PathReply.REFUSED,)] * 2


def test_cancelling_closes_every_socket_and_propagates() -> None:
    async def scenario() -> None:
        gc.collect()  # the loops of other tests have descriptors of their own
        poller()
        before = len(os.listdir("/proc/self/fd"))
        task = asyncio.create_task(trace_syn(a_session(), WHY, endpoint, range(1, 9), wait_s=5))
        await asyncio.sleep(0.05)
        assert len(os.listdir("/proc/self/fd")) == before + 8
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert len(os.listdir("/proc/self/fd")) == before

    with full_listener() as endpoint:
        asyncio.run(scenario())


@pytest.mark.parametrize(
    ("sender", "kind", "code", "reply"),
    [
        ("203.0.113.1", 11, 0, "time_exceeded"),
        ("203.0.113.1", 3, 0, "unreachable"),
        ("203.0.113.1", 3, 1, "unreachable"),
        ("203.0.113.1", 3, 9, "prohibited"),
        ("203.0.113.1", 3, 10, "prohibited"),
        ("203.0.113.1", 3, 13, "prohibited"),
        ("203.0.113.1", 12, 0, "none"),
        ("2001:db8::1", 3, 0, "time_exceeded"),
        ("2001:db8::1", 1, 0, "unreachable"),
        ("2001:db8::1", 1, 1, "prohibited"),
        ("2001:db8::1", 1, 5, "prohibited"),
        ("2001:db8::1", 1, 6, "prohibited"),
        ("2001:db8::1", 11, 0, "none"),
    ],
)
def test_icmp_and_icmpv6_number_their_messages_differently(sender: str, kind: int, code: int, reply: str) -> None:
    assert reply_of(Icmp(sender=sender, type=kind, code=code)) == reply
