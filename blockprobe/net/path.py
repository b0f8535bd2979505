"""TTL-limited packets to one address, unprivileged: which hop answers, and with what (RFC 792, RFC 4443).

The hop limit at which a verdict appears locates the box that gives it. Linux routers answer one address with a burst
of about six ICMP errors and then one a second (`icmp_ratelimit`), so whoever compares traces spaces and interleaves
them.
"""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from typing import Literal

from blockprobe.model.failure import Failure
from blockprobe.model.observation import Icmp, PathHop, PathObservation, PathReply, Why
from blockprobe.net.classify import failure_of
from blockprobe.net.dial import TcpAttempt, TcpOptions
from blockprobe.net.session import Session
from blockprobe.net.stream import Stream
from blockprobe.net.tcp import Endpoint

#: Sockets of one trace open at once.
MAX_SOCKETS = 16
#: Seconds between the rounds of one trace, so that its packets do not share one loss burst.
ROUND_GAP_S = 0.1

_UNREACHABLE_V4, _EXCEEDED_V4 = 3, 11
_UNREACHABLE_V6, _EXCEEDED_V6 = 1, 3
_PROHIBITED_V4 = frozenset({9, 10, 13})  # RFC 1122, 3.2.2.1; RFC 1812, 5.2.7.1
_PROHIBITED_V6 = frozenset({1, 5, 6})  # RFC 4443, 3.1

_BY_FAILURE = {
    Failure.CONNECTION_REFUSED: PathReply.REFUSED,
    Failure.CONNECTION_RESET: PathReply.RESET,
    Failure.CONNECTION_ABORTED: PathReply.RESET,
    Failure.GENERIC_TIMEOUT_ERROR: PathReply.NONE,
    Failure.HOST_UNREACHABLE: PathReply.UNREACHABLE,
    Failure.NETWORK_UNREACHABLE: PathReply.UNREACHABLE,
    Failure.PERMISSION_DENIED: PathReply.PROHIBITED,
}

Reply = tuple[PathReply, str | None, Failure | None]
"""What came back, from whom, and why nothing could be sent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """What to send on an open connection, `per_ttl` times at each hop limit, listening `wait_s` seconds each time.

    `data` is the whole message (`tls.client_hello`, or an HTTP request), `name` the host name in it.
    """

    carrying: Literal["client_hello", "http_request"]
    name: str | None
    data: bytes
    per_ttl: int = 1
    wait_s: float = 1.0


async def trace_syn(  # noqa: PLR0913 - the rungs of the ladder belong to the question
    session: Session, why: Why, endpoint: Endpoint, ttls: Sequence[int], *, per_ttl: int = 3, wait_s: float = 1.0
) -> PathObservation:
    """Send `per_ttl` SYNs at each hop limit and wait `wait_s` seconds for each; ends early when all are answered.

    A connection that comes about is reset at once. `failure` is set only when no packet could be sent at all.
    """
    open_at_once = asyncio.Semaphore(MAX_SOCKETS)

    async def one(ttl: int, turn: int) -> Reply:
        await asyncio.sleep(turn * ROUND_GAP_S)
        async with open_at_once:
            return await _syn(session, endpoint, ttl, wait_s)

    t0 = session.elapsed()
    hops, failure = await climb(ttls, per_ttl, one)
    return PathObservation(
        why=why,
        t0_s=t0,
        t_s=session.elapsed(),
        failure=failure,
        address=endpoint.address,
        port=endpoint.port,
        hops=hops,
    )


async def trace_opening(
    session: Session, why: Why, endpoint: Endpoint, ttls: Sequence[int], opening: Opening
) -> PathObservation:
    """Connect without a limit, then send `opening` with each hop limit: what follows the name sent, at which hop.

    A RST or FIN counts as `reset`, any byte as `connected`; `time_exceeded` is any ICMP error, for on an open
    connection the kernel keeps neither its kind nor its sender. A reset after an ICMP error wins: a box beside the
    path answers later than the router.
    """
    open_at_once = asyncio.Semaphore(MAX_SOCKETS)

    async def one(ttl: int, turn: int) -> Reply:
        await asyncio.sleep(turn * ROUND_GAP_S)
        async with open_at_once:
            return await _open(session, endpoint, ttl, opening)

    t0 = session.elapsed()
    hops, failure = await climb(ttls, opening.per_ttl, one)
    return PathObservation(
        why=why,
        t0_s=t0,
        t_s=session.elapsed(),
        failure=failure,
        address=endpoint.address,
        port=endpoint.port,
        carrying=opening.carrying,
        name=opening.name,
        hops=hops,
    )


async def climb(
    ttls: Sequence[int], per_ttl: int, send: Callable[[int, int], Coroutine[None, None, Reply]]
) -> tuple[tuple[PathHop, ...], Failure | None]:
    """All hop limits at once; the failure when nothing at all could be sent."""
    async with asyncio.TaskGroup() as group:
        tasks = {ttl: [group.create_task(send(ttl, turn)) for turn in range(per_ttl)] for ttl in ttls}
    results = {ttl: [task.result() for task in row] for ttl, row in tasks.items()}
    hops = tuple(
        PathHop(ttl=ttl, replies=tuple(one[0] for one in row), senders=tuple(one[1] for one in row))
        for ttl, row in results.items()
    )
    failures = [one[2] for row in results.values() for one in row]
    return hops, failures[0] if failures and all(failures) else None


async def _syn(session: Session, endpoint: Endpoint, ttl: int, wait_s: float) -> Reply:
    options = TcpOptions(ttl=ttl)
    attempt = await session.dialer.attempt(endpoint.address, endpoint.port, timeout_s=wait_s, options=options)
    if attempt.sock is not None:
        Stream(attempt.sock, endpoint.address, endpoint.port).reset()
        return PathReply.CONNECTED, None, None
    return _of_failed(attempt)


async def _open(session: Session, endpoint: Endpoint, ttl: int, opening: Opening) -> Reply:
    timeout_s = session.timeout_s
    attempt = await session.dialer.attempt(endpoint.address, endpoint.port, timeout_s=timeout_s)
    if attempt.sock is None:
        reply, sender, failure = _of_failed(attempt)
        return reply, sender, failure or failure_of(attempt.error or TimeoutError())
    stream = Stream(attempt.sock, endpoint.address, endpoint.port)
    try:
        stream.limit_hops(ttl, hear_routers=True)
        return await _listen(stream, opening), None, None
    finally:
        stream.reset()


async def _listen(stream: Stream, opening: Opening) -> PathReply:
    seen = PathReply.NONE
    try:
        async with asyncio.timeout(opening.wait_s):
            await stream.sendall(opening.data)
            while True:
                try:
                    return PathReply.CONNECTED if await stream.recv() else PathReply.RESET
                except OSError as error:
                    if _BY_FAILURE.get(failure_of(error)) is PathReply.RESET:
                        return PathReply.RESET
                    seen = PathReply.TIME_EXCEEDED
                    await asyncio.sleep(0)  # an error is no wait: let the time run out
    except TimeoutError:
        return seen


def _of_failed(attempt: TcpAttempt) -> Reply:
    if attempt.icmp is not None:
        return reply_of(attempt.icmp), attempt.icmp.sender, None
    failure = failure_of(attempt.error) if attempt.error else Failure.UNKNOWN_FAILURE
    reply = _BY_FAILURE.get(failure, PathReply.NONE)
    heard = reply in (PathReply.REFUSED, PathReply.RESET) or failure is Failure.GENERIC_TIMEOUT_ERROR
    return reply, None, None if heard else failure


def reply_of(icmp: Icmp) -> PathReply:
    """What an ICMP error means for the path; the sender's family tells ICMP from ICMPv6."""
    v6 = ":" in icmp.sender
    if icmp.type == (_EXCEEDED_V6 if v6 else _EXCEEDED_V4):
        return PathReply.TIME_EXCEEDED
    if icmp.type == (_UNREACHABLE_V6 if v6 else _UNREACHABLE_V4):
        prohibited = icmp.code in (_PROHIBITED_V6 if v6 else _PROHIBITED_V4)
        return PathReply.PROHIBITED if prohibited else PathReply.UNREACHABLE
    return PathReply.NONE
