"""QUIC Initials with a hop limit to one address: which router answers, and with what (RFC 792, RFC 4443)."""

import asyncio
import contextlib
import socket
from collections.abc import Sequence

from blockprobe.model.evidence import PathReply
from blockprobe.model.failure import Failure
from blockprobe.model.observation import PathObservation, Why
from blockprobe.net.classify import failure_of
from blockprobe.net.dial import read_icmp, readable, set_hop_limit
from blockprobe.net.path import MAX_SOCKETS, ROUND_GAP_S, Reply, climb, reply_of
from blockprobe.net.quic_wire import first_datagram
from blockprobe.net.session import Session
from blockprobe.net.tcp import Endpoint

_MAX_DATAGRAM = 65_535


async def trace_initial(  # noqa: PLR0913 - the rungs of the ladder belong to the question
    session: Session, why: Why, endpoint: Endpoint, ttls: Sequence[int], *, name: str, per_ttl: int = 3,
    wait_s: float = 1.0,
) -> PathObservation:  # fmt: skip
    """Send `per_ttl` Initials that name `name` at each hop limit, each from a socket of its own, and wait `wait_s`
    seconds for each. Any datagram counts as `connected`. Needs the extra `quic`."""
    open_at_once = asyncio.Semaphore(MAX_SOCKETS)

    async def one(ttl: int, turn: int) -> Reply:
        await asyncio.sleep(turn * ROUND_GAP_S)
        async with open_at_once:
            return await _send(session, endpoint, ttl, name, wait_s)

    t0 = session.elapsed()
    hops, failure = await climb(ttls, per_ttl, one)
    return PathObservation(
        why=why,
        t0_s=t0,
        t_s=session.elapsed(),
        failure=failure,
        address=endpoint.address,
        port=endpoint.port,
        carrying="quic_initial",
        name=name,
        hops=hops,
    )


async def _send(session: Session, endpoint: Endpoint, ttl: int, name: str, wait_s: float) -> Reply:
    try:
        sock = session.dialer.udp(endpoint.address, endpoint.port)
    except OSError as error:
        return PathReply.NONE, None, failure_of(error)
    with sock:
        try:
            set_hop_limit(sock, ttl)
            sock.send(first_datagram(name))
            async with asyncio.timeout(wait_s):
                await _datagram(sock)
        except TimeoutError:
            return PathReply.NONE, None, None
        except OSError as error:
            icmp = read_icmp(sock)
            if icmp is not None:
                return _of_icmp(reply_of(icmp), icmp.type, icmp.code), icmp.sender, None
            word = failure_of(error)
            return PathReply.NONE, None, None if word is Failure.CONNECTION_REFUSED else word
        return PathReply.CONNECTED, None, None


async def _datagram(sock: socket.socket) -> None:
    """Wait for one, whatever is in it; raises OSError for an ICMP error."""
    while True:
        await readable(sock)
        with contextlib.suppress(BlockingIOError):
            sock.recv(_MAX_DATAGRAM)
            return


def _of_icmp(reply: PathReply, kind: int, code: int) -> PathReply:
    """ "Port unreachable" is what a host without a QUIC server says: for UDP that is a refusal (RFC 1122, 4.1.3.1)."""
    port = (kind, code) in ((3, 3), (1, 4))
    return PathReply.REFUSED if port and reply is PathReply.UNREACHABLE else reply
