"""One TCP connection attempt, observed (RFC 9293)."""

from dataclasses import dataclass

from blockprobe.model.observation import TcpObservation, Why
from blockprobe.net.classify import failure_of
from blockprobe.net.dial import TcpAttempt, TcpOptions
from blockprobe.net.session import Session
from blockprobe.net.stream import Stream

_PLAIN = TcpOptions()


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """Where to connect: a numeric IPv4 or IPv6 address and a port."""

    address: str
    port: int


async def connect(
    session: Session, why: Why, endpoint: Endpoint, *, host: str | None = None, options: TcpOptions = _PLAIN
) -> tuple[TcpObservation, Stream | None]:
    """Connect once, within `session.timeout_s`. The stream is None when it failed; else the caller closes it.

    `host` is the name that the address was found for, kept for the record alone.
    """
    t0 = session.elapsed()
    attempt = await session.dialer.attempt(
        endpoint.address, endpoint.port, timeout_s=session.timeout_s, options=options
    )
    observation = TcpObservation(
        why=why,
        t0_s=t0,
        t_s=session.elapsed(),
        failure=failure_of(attempt.error) if attempt.error else None,
        address=endpoint.address,
        port=endpoint.port,
        host=host,
        packets=attempt.packets,
        maxseg=options.maxseg,
        icmp=attempt.icmp,
        detail=_detail(attempt),
    )
    if attempt.sock is None:
        return observation, None
    return observation, Stream(attempt.sock, endpoint.address, endpoint.port, maxseg=options.maxseg)


def _detail(attempt: TcpAttempt) -> str | None:
    return str(attempt.error) or None if attempt.error else None
