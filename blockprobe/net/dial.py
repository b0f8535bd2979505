"""The one place that opens sockets: non-blocking, to numeric addresses, with ICMP errors made visible.

Linux only: `IP_RECVERR` keeps what a router said (its address, ICMP type and code) beside a failed connection.
"""

import asyncio
import errno
import os
import socket
import struct
from dataclasses import dataclass

from blockprobe.model.observation import Icmp
from blockprobe.net.bare import bare
from blockprobe.net.ready import poller

# <linux/in.h>, <linux/in6.h>, <linux/errqueue.h>; the socket module of 3.11 does not name them all.
_IP_RECVERR = 11
_IPV6_RECVERR = 25
_IP_BIND_ADDRESS_NO_PORT = 24
_ORIGINS_ICMP = (2, 3)  # SO_EE_ORIGIN_ICMP, SO_EE_ORIGIN_ICMP6

# struct sock_extended_err: u32 errno; u8 origin, type, code, pad; u32 info, data; then the offender's sockaddr.
_EXTENDED_ERROR = struct.Struct("=IBBBxII")

# struct tcp_info (<linux/tcp.h>): u8 tcpi_state at 0; u32 tcpi_rtt (µs) at 68; u32 tcpi_total_retrans at 100.
_TCP_INFO = struct.Struct("=B67xI28xI")
_SYN_SENT, _CLOSED = 2, 7
_QUOTED_BYTES = 64  # enough to know our own datagram again
_DEFAULT_HOPS = -1  # both IP_TTL and IPV6_UNICAST_HOPS take it for "the system's default"

_PENDING = (errno.EINPROGRESS, errno.EINTR)


@dataclass(frozen=True, slots=True, kw_only=True)
class TcpOptions:
    """Set before connecting: `maxseg` in bytes (TCP_MAXSEG), `ttl` in hops, `source` a local address.

    `source_port` keeps packets of several connections on one path where routers spread flows over several; one
    connection to the same place at a time can have it, and it must end with a RST so that nothing lingers.
    `interface`: all packets leave through this one whatever the routes say (SO_BINDTODEVICE; without privileges since
    Linux 5.7).
    """

    maxseg: int | None = None
    ttl: int | None = None
    source: str | None = None
    source_port: int | None = None
    interface: str | None = None


_PLAIN = TcpOptions()


@dataclass(frozen=True, slots=True, kw_only=True)
class TcpInfo:
    """What the kernel knows of a TCP socket: `retransmissions` since it was opened, SYNs included."""

    state: int
    rtt_s: float | None
    retransmissions: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TcpAttempt:
    """How one connection attempt ended: a connected `sock`, or the `error` with what a router said about it.

    `packets` counts SYNs. `error` is a TimeoutError when nothing came back.
    """

    sock: socket.socket | None = None
    error: OSError | None = None
    icmp: Icmp | None = None
    packets: int = 1


class Dialer:
    """Opens every socket of blockprobe; it has no state."""

    def udp(self, address: str, port: int) -> socket.socket:
        """A non-blocking socket connected to a numeric address, so that ICMP errors arrive; raises OSError."""
        sock = socket.socket(family_of(address), socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
        try:
            report_icmp(sock, on=True)
            sock.connect((address, port))
        except BaseException:
            sock.close()
            raise
        return sock

    def reserve_port(self, address: str) -> socket.socket:
        """A TCP socket bound to a free port for connections to `address` from that very port (`source_port`); the
        port is kept as long as it is open. Raises OSError."""
        sock = socket.socket(family_of(address), socket.SOCK_STREAM)
        try:
            _bind_port(sock, 0)
        except BaseException:
            sock.close()
            raise
        return sock

    async def tcp(self, address: str, port: int, *, timeout_s: float, options: TcpOptions = _PLAIN) -> socket.socket:
        """A connected non-blocking socket; raises OSError or its subclass TimeoutError."""
        attempt = await self.attempt(address, port, timeout_s=timeout_s, options=options)
        if attempt.sock is None:
            assert attempt.error is not None
            raise attempt.error
        return attempt.sock

    async def attempt(self, address: str, port: int, *, timeout_s: float, options: TcpOptions = _PLAIN) -> TcpAttempt:
        """Like `tcp`, but a failure is returned with its evidence. The caller closes `sock`."""
        family = family_of(address)
        try:
            sock = _tcp_socket(family, options)
        except OSError as error:
            return TcpAttempt(error=error, packets=0)
        try:
            return await _attempt(sock, address, port, timeout_s)
        except BaseException:
            sock.close()
            raise


def family_of(address: str) -> socket.AddressFamily:
    """AF_INET or AF_INET6; raises ValueError for anything but a numeric address (a name would be looked up)."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    try:
        socket.inet_pton(family, address.partition("%")[0])
    except OSError:
        raise ValueError(f"{address!r} is no IP address") from None
    return family


def set_hop_limit(sock: socket.socket, hops: int | None) -> None:
    """Let packets of this socket live for `hops` hops; None: the system's default."""
    value = _DEFAULT_HOPS if hops is None else hops
    if sock.family == socket.AF_INET6:
        sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_UNICAST_HOPS, value)
    else:
        sock.setsockopt(socket.IPPROTO_IP, socket.IP_TTL, value)


def report_icmp(sock: socket.socket, *, on: bool) -> None:
    """Queue ICMP errors for `read_icmp`; on an established connection they then also fail the next call."""
    if sock.family == socket.AF_INET6:
        sock.setsockopt(socket.IPPROTO_IPV6, _IPV6_RECVERR, on)
    else:
        sock.setsockopt(socket.IPPROTO_IP, _IP_RECVERR, on)


def tcp_info(sock: socket.socket) -> TcpInfo:
    """State, smoothed round-trip time in seconds (None: not measured yet) and retransmissions of a TCP socket."""
    raw = sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _TCP_INFO.size)
    state, rtt_us, retransmissions = _TCP_INFO.unpack(raw)
    return TcpInfo(state=state, rtt_s=rtt_us / 1e6 if rtt_us else None, retransmissions=retransmissions)


def retransmissions_of(sock: socket.socket) -> int:
    """`tcp_info(sock).retransmissions` alone, for which everything asks."""
    _, _, retransmissions = _TCP_INFO.unpack(sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _TCP_INFO.size))
    return int(retransmissions)


def read_icmp(sock: socket.socket) -> Icmp | None:
    """The first ICMP error in the socket's queue (None: there is none); never waits."""
    found = _pop_error(sock)
    return found[1] if found else None


def read_quoted(sock: socket.socket) -> tuple[bytes, Icmp] | None:
    """Like `read_icmp`, with what the router quoted of our datagram's payload (RFC 792 lets it quote nothing)."""
    found = _pop_error(sock, _QUOTED_BYTES)
    return (found[2], found[1]) if found else None


def _pop_error(sock: socket.socket, size: int = 1) -> tuple[int, Icmp, bytes] | None:
    """The errno that the kernel made of the first queued ICMP error, the error, and `size` bytes of our own packet."""
    try:
        quoted, ancillary, _, _ = sock.recvmsg(size, 512, socket.MSG_ERRQUEUE)
    except OSError:  # empty, or already dead: there is nothing to be told
        return None
    for level, kind, data in ancillary:
        if (level, kind) == (socket.IPPROTO_IP, _IP_RECVERR):
            start, length, family = 4, 4, socket.AF_INET
        elif (level, kind) == (socket.IPPROTO_IPV6, _IPV6_RECVERR):
            start, length, family = 8, 16, socket.AF_INET6
        else:
            continue
        code, origin, icmp_type, icmp_code, _, _ = _EXTENDED_ERROR.unpack_from(data)
        sender = data[_EXTENDED_ERROR.size + start :][:length]
        if origin in _ORIGINS_ICMP and len(sender) == length:
            return code, Icmp(sender=socket.inet_ntop(family, sender), type=icmp_type, code=icmp_code), quoted
    return None


def _tcp_socket(family: socket.AddressFamily, options: TcpOptions) -> socket.socket:
    sock = socket.socket(family, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
    try:
        # Without it the request would wait for the acknowledgement of the handshake's last flight.
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        report_icmp(sock, on=True)
        if options.maxseg is not None:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, options.maxseg)
        if options.ttl is not None:
            set_hop_limit(sock, options.ttl)
        if options.interface is not None:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, options.interface.encode())
        if options.source_port is not None:
            _bind_port(sock, options.source_port, options.source or "")
        elif options.source is not None:
            sock.setsockopt(socket.IPPROTO_IP, _IP_BIND_ADDRESS_NO_PORT, 1)
            sock.bind((options.source, 0))
    except BaseException:
        sock.close()
        raise
    return sock


def _bind_port(sock: socket.socket, port: int, source: str = "") -> None:
    """Bind to a port that other sockets may have as well, as long as they speak to other places."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if sock.family == socket.AF_INET6:
        sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    sock.bind((source, port))


async def _attempt(sock: socket.socket, address: str, port: int, timeout_s: float) -> TcpAttempt:
    error: OSError | None
    icmp: Icmp | None
    try:
        async with asyncio.timeout(timeout_s):
            error, icmp = await _connect(sock, address, port)
    except OSError as failed:
        error, icmp = bare(failed), read_icmp(sock)
    packets = 1 + retransmissions_of(sock)
    if error is None:
        # From here on as any program's connection: a router's complaint is no reason to hang up.
        report_icmp(sock, on=False)
        return TcpAttempt(sock=sock, packets=packets)
    sock.close()
    return TcpAttempt(error=error, icmp=icmp, packets=packets)


async def _connect(sock: socket.socket, address: str, port: int) -> tuple[OSError | None, Icmp | None]:
    """Wait until the socket is connected or has failed.

    Not `loop.sock_connect`: a queued ICMP error wakes it while SO_ERROR is still 0 (the packet came while the kernel
    held the socket), and it would take that for success.
    """
    code, icmp = sock.connect_ex((address, port)), None
    while code in _PENDING:
        await poller().writable(sock.fileno())
        code, icmp = _outcome(sock)
    if not code:
        return None, None
    return OSError(code, os.strerror(code)), icmp or read_icmp(sock)


def _outcome(sock: socket.socket) -> tuple[int, Icmp | None]:
    """0 when connected, EINPROGRESS while undecided, else the errno; with the ICMP error that it came from."""
    code = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
    if code:
        return code, None
    if sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)[0] not in (_SYN_SENT, _CLOSED):
        return 0, None
    found = _pop_error(sock)
    return found[:2] if found else (errno.EINPROGRESS, None)


async def readable(sock: socket.socket) -> None:
    """Wait until a read of the socket would not block. One waiter at a time; cancelled, it no longer waits."""
    await poller().readable(sock.fileno())
