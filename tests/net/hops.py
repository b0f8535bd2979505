"""Probe, router and server as three network namespaces of one user namespace; run as a program, prints observations.

    probe 198.51.100.10 -- 198.51.100.1 router 203.0.113.1 -- 203.0.113.5 server

.5 listens on 80 and answers every byte; .6 is not there (the router drops), .7 is prohibited, .8 unreachable; the
server's port 81 is closed. Likewise 2001:db8:1::/64 and 2001:db8:2::/64. Without root and without leaving: nothing here
has a way out.
"""

import asyncio
import contextlib
import ctypes
import errno
import json
import os
import socket
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

from pyroute2 import IPRoute

from blockprobe.model.observation import PathObservation, Place, TcpObservation, Test, Why
from blockprobe.net.clock import SystemClock
from blockprobe.net.dial import Dialer
from blockprobe.net.path import Opening, trace_opening, trace_syn
from blockprobe.net.session import Session
from blockprobe.net.tcp import Endpoint, connect

FORBIDDEN = 77  # exit status: this machine allows no user namespaces
_NEW_USER, _NEW_NET = 0x10000000, 0x40000000
_WHY = Why(test=Test.PATH, place=Place.ORIGIN)


def _unshare(flags: int) -> None:
    if ctypes.CDLL(None, use_errno=True).unshare(flags) != 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


def _without_address_detection() -> None:
    for which in ("all", "default"):
        Path("/proc/sys/net/ipv6/conf", which, "accept_dad").write_text("0")


def _enter_user_namespace() -> None:
    uid, gid = os.getuid(), os.getgid()
    _unshare(_NEW_USER | _NEW_NET)
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/uid_map").write_text(f"0 {uid} 1")
    Path("/proc/self/gid_map").write_text(f"0 {gid} 1")
    _without_address_detection()


def _namespace(live: Callable[[], None]) -> tuple[int, int]:
    """A child in its own network namespace; it calls `live` when a byte is written to the descriptor returned."""
    go_read, go_write = os.pipe()
    ready_read, ready_write = os.pipe()
    pid = os.fork()
    if pid == 0:
        ctypes.CDLL(None).prctl(1, 9)  # PR_SET_PDEATHSIG: not longer than the probe
        os.close(go_write)
        _unshare(_NEW_NET)
        _without_address_detection()
        os.write(ready_write, b"x")
        os.read(go_read, 1)
        live()
        os._exit(0)
    os.read(ready_read, 1)
    for descriptor in (go_read, ready_read, ready_write):
        os.close(descriptor)
    return pid, go_write


def _plug(ip: IPRoute, name: str, *addresses: str) -> None:
    index = ip.link_lookup(ifname=name)[0]
    for address in addresses:
        where, _, length = address.partition("/")
        flags = {"flags": 2} if ":" in where else {}  # IFA_F_NODAD: usable at once
        ip.addr("add", index=index, address=where, prefixlen=int(length), **flags)
    ip.link("set", index=index, state="up")
    ip.link("set", index=ip.link_lookup(ifname="lo")[0], state="up")


def _router() -> None:
    # Left alone, a router answers one address six times and then once a second.
    _set(("ipv4/icmp_ratelimit", 0), ("ipv6/icmp/ratelimit", 0))
    with IPRoute() as ip:
        _plug(ip, "r0", "198.51.100.1/24", "2001:db8:1::1/64")
        _plug(ip, "r1", "203.0.113.1/24", "2001:db8:2::1/64")
        for last, kind in (("6", "blackhole"), ("7", "prohibit"), ("8", "unreachable")):
            ip.route("add", dst=f"203.0.113.{last}/32", type=kind)
            ip.route("add", dst=f"2001:db8:2::{last}/128", type=kind, family=socket.AF_INET6)
    # Last: a router that forwards before it has its routes spends the few errors it may send to the probe on those
    # that wait for it (`net.ipv4.route.error_burst`, five, is no setting of a namespace).
    _set(("ipv4/ip_forward", 1), ("ipv6/conf/all/forwarding", 1))
    time.sleep(60)


def _set(*settings: tuple[str, int]) -> None:
    for path, value in settings:
        Path("/proc/sys/net", path).write_text(str(value))


def _server() -> None:
    with IPRoute() as ip:
        _plug(ip, "s0", "203.0.113.5/24", "2001:db8:2::5/64")
        ip.route("add", dst="0.0.0.0/0", gateway="203.0.113.1")
        ip.route("add", dst="::/0", gateway="2001:db8:2::1", family=socket.AF_INET6)
    with socket.create_server(("::", 80), family=socket.AF_INET6, dualstack_ipv6=True) as listener:
        while True:
            threading.Thread(target=_echo, args=listener.accept()[:1], daemon=True).start()


def _echo(client: socket.socket) -> None:
    with client, contextlib.suppress(OSError):
        while data := client.recv(1000):
            client.sendall(data)


async def _measure() -> dict[str, object]:
    clock = SystemClock()
    session = Session(clock=clock, dialer=Dialer(), began=clock.monotonic(), timeout_s=0.4)
    found: dict[str, object] = {}
    for address in ("203.0.113.5", "2001:db8:2::5"):
        await _until_there(session, Endpoint(address=address, port=80))
    for family, prefix in ((4, "203.0.113."), (6, "2001:db8:2::")):
        # The refusals first and sparingly: a router sends five and then one a second.
        for name, last, port, ttls, per_ttl in (
            ("prohibited", 7, 80, (9,), 1),
            ("unreachable", 8, 80, (9,), 1),
            ("open", 5, 80, (1, 2, 3), 3),
            ("closed", 5, 81, (1, 2), 2),
            ("gone", 6, 80, (1, 2), 2),
        ):
            target = Endpoint(address=f"{prefix}{last}", port=port)
            path = await trace_syn(session, _WHY, target, ttls, per_ttl=per_ttl, wait_s=0.3)
            seen, stream = await connect(session, _WHY, target)
            if stream is not None:
                stream.close()
            found[f"{family} {name}"] = {"path": _path(path), "tcp": _tcp(seen)}
        opening = Opening(carrying="http_request", name="a.example", data=b"GET", wait_s=0.3)
        path = await trace_opening(session, _WHY, Endpoint(address=f"{prefix}5", port=80), (1, 2), opening)
        found[f"{family} opening"] = {"path": _path(path), "carrying": path.carrying, "name": path.name}
    nowhere = Endpoint(address="198.18.0.1", port=80)
    path = await trace_syn(session, _WHY, nowhere, (1,), per_ttl=1, wait_s=0.3)
    found["no route"] = {
        "path": _path(path),
        "failure": path.failure,
        "tcp": _tcp((await connect(session, _WHY, nowhere))[0]),
    }
    return found


async def _until_there(session: Session, endpoint: Endpoint) -> None:
    for _ in range(25):
        _, stream = await connect(session, _WHY, endpoint)
        if stream is not None:
            return stream.close()
        await asyncio.sleep(0.05)
    raise RuntimeError(f"{endpoint} did not come up")


def _path(seen: PathObservation) -> list[list[object]]:
    return [[hop.ttl, list(hop.replies), list(hop.senders)] for hop in seen.hops]


def _tcp(seen: TcpObservation) -> list[object]:
    return [seen.failure, [seen.icmp.sender, seen.icmp.type, seen.icmp.code] if seen.icmp else None]


def main() -> int:
    """Build, measure, print, tear down."""
    try:
        _enter_user_namespace()
        router, go_router = _namespace(_router)
        server, go_server = _namespace(_server)
    except OSError as error:
        if error.errno not in (errno.EPERM, errno.ENOSPC, errno.EACCES, errno.EINVAL):
            raise
        print(f"no user namespaces here: {error}", file=sys.stderr)
        return FORBIDDEN
    try:
        with IPRoute() as ip:
            assert [link.get("ifname") for link in ip.get_links()] == ["lo"], "not in a namespace of our own"
            ip.link("add", ifname="p0", kind="veth", peer={"ifname": "r0", "net_ns_fd": f"/proc/{router}/ns/net"})
            ip.link("add", ifname="s0", kind="veth", peer={"ifname": "r1", "net_ns_fd": f"/proc/{router}/ns/net"})
            ip.link("set", index=ip.link_lookup(ifname="s0")[0], net_ns_fd=f"/proc/{server}/ns/net")
            os.write(go_router, b"x")
            os.write(go_server, b"x")
            _plug(ip, "p0", "198.51.100.10/24", "2001:db8:1::10/64")
            ip.route("add", dst="203.0.113.0/24", gateway="198.51.100.1")
            ip.route("add", dst="2001:db8:2::/64", gateway="2001:db8:1::1", family=socket.AF_INET6)
        print(json.dumps(asyncio.run(_measure())))
    finally:
        for pid in (router, server):
            os.kill(pid, 9)
            os.waitpid(pid, 0)
    return 0


if __name__ == "__main__":
    sys.exit(main())
