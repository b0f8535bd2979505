"""Was there a network at all? Answered from a record alone, so that no packet is spent on it."""

import ipaddress
from collections.abc import Iterator

from blockprobe.model.failure import Failure
from blockprobe.model.observation import (
    DnsObservation,
    HttpObservation,
    Observation,
    QuicObservation,
    TcpObservation,
    TlsObservation,
    TransferObservation,
)
from blockprobe.model.record import Record

#: What the kernel says without sending anything, for want of a route or an interface.
_NEVER_SENT = frozenset({Failure.NETWORK_UNREACHABLE, Failure.NETWORK_DOWN, Failure.ADDRESS_NOT_AVAILABLE})


def nothing_reached(record: Record) -> bool:
    """Whether nobody but this machine itself answered, and there is a sign that nothing could get out.

    Such a sign is a kernel without a route, or neutral sites failing in every family that was tried. Silence alone
    is none: it is also what a block looks like.
    """
    families = record.line.families.values()
    if any(families) or any(control.failure is None for control in record.control):
        return False
    if any(_answered(one) for one in record.observations):
        return False
    failures = {one.failure for one in (*record.observations, *record.control)}
    return bool(failures & _NEVER_SENT) or False in families


def _answered(one: Observation) -> bool:
    match one:
        case DnsObservation():
            return one.reply is not None and not _is_local(one.resolver)
        case TcpObservation():
            return one.failure is None or one.failure in (Failure.CONNECTION_REFUSED, Failure.CONNECTION_RESET)
        case TlsObservation() | HttpObservation() | QuicObservation():
            return one.bytes_received > 0
        case TransferObservation():
            return one.wire_bytes > 0
    return any(sender is not None for hop in one.hops for sender in hop.senders)


def _is_local(resolver: str) -> bool:
    return any(_is_loopback(part) for part in _hosts(resolver))


def _hosts(resolver: str) -> Iterator[str]:
    authority = resolver.partition("://")[2].partition("/")[0] or resolver
    yield authority.strip("[]")
    yield authority.rpartition(":")[0].strip("[]")


def _is_loopback(text: str) -> bool:
    try:
        return ipaddress.ip_address(text).is_loopback
    except ValueError:
        return False
