"""Namespaces, wires and routes; and the proof that nothing leads out of them.

One process holds everything: the first of a PID namespace, with a mount and a network namespace of its own and a
private /run in which `ip netns` keeps its names. It ends when its standard input closes, however the test run dies,
and the kernel then ends every daemon and takes every namespace and wire with it.
"""

import ctypes
import json
import os
import subprocess
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import IO, TypeVar

from . import plan

T = TypeVar("T")

_CLONE_NEWNET = 0x40000000
# Process numbers begin anew in each laboratory, and faketime names what it keeps in /dev/shm after them.
_HOLD = "mount -t tmpfs tmpfs /run && mount -t tmpfs tmpfs /dev/shm && mkdir /run/netns && echo ready && read -r _"
_SYSCTLS = {
    "net/ipv4/ip_forward": "1",
    "net/ipv6/conf/all/forwarding": "1",
    "net/ipv6/conf/default/accept_dad": "0",
    "net/ipv6/conf/default/accept_ra": "0",
    "net/ipv6/ip_nonlocal_bind": "1",
    "net/ipv4/ip_nonlocal_bind": "1",
    "net/ipv4/conf/all/rp_filter": "0",
    "net/ipv4/conf/default/rp_filter": "0",
    # Three probes a TTL must get three answers: routers here do not ration their ICMP errors.
    "net/ipv4/icmp_ratelimit": "0",
    "net/ipv6/icmp/ratelimit": "0",
}
# A user namespace may not know these groups; only unprivileged ping needs them.
_PING_GROUPS = "echo 0 2147483647 >/proc/sys/net/ipv4/ping_group_range 2>/dev/null || true"


class LabRefused(RuntimeError):
    """The laboratory will not run here: it could not be made, or something in it leads out."""


class Eye:
    """A thread that lives in one namespace: functions handed to it make their sockets there."""

    def __init__(self, netns: str) -> None:
        self._netns = netns
        self._pool = ThreadPoolExecutor(16, thread_name_prefix="eye", initializer=self._enter)

    def _enter(self) -> None:
        descriptor = os.open(self._netns, os.O_RDONLY)
        try:
            if ctypes.CDLL(None, use_errno=True).setns(descriptor, _CLONE_NEWNET):
                raise OSError(ctypes.get_errno(), "setns", self._netns)
        finally:
            os.close(descriptor)

    def see(self, function: Callable[..., T], *args: object, **kwargs: object) -> T:
        """Runs `function` in the namespace and returns what it returns."""
        return self._pool.submit(function, *args, **kwargs).result()

    def close(self) -> None:
        self._pool.shutdown(wait=False, cancel_futures=True)


class World:
    """All namespaces. `close` (or the end of this process) removes every trace."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        self._children: list[subprocess.Popen[bytes]] = []
        self._holder = subprocess.Popen(
            ["unshare", "--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc", "sh", "-c", _HOLD],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        assert self._holder.stdout
        assert self._holder.stderr
        if self._holder.stdout.readline() != b"ready\n":
            raise LabRefused(self._holder.stderr.read().decode().strip() or "no namespaces on this machine")
        children = Path(f"/proc/{self._holder.pid}/task/{self._holder.pid}/children").read_text().split()
        self.init = int(children[0])
        try:
            self._build()
            self._prove_closed()
        except BaseException:
            self.close()
            raise

    def netns(self, name: str) -> str:
        """The path of a namespace as seen from outside (for `nsenter --net=` and `Eye`)."""
        return f"/proc/{self.init}/root/run/netns/{name}"

    def inside(self, name: str, argv: Sequence[str]) -> list[str]:
        """The command line that runs `argv` in a namespace, to be ended with the laboratory."""
        return ["nsenter", f"--target={self.init}", "--pid", "--mount", f"--net={self.netns(name)}", *argv]

    def execute(self, name: str, argv: Sequence[str], *, text: str = "") -> str:
        """Runs a short command in a namespace; raises `LabRefused` with its complaint if it fails."""
        done = subprocess.run(
            ["nsenter", f"--net={self.netns(name)}", *argv], input=text, capture_output=True, text=True, timeout=20
        )
        if done.returncode:
            raise LabRefused(f"{name}: {' '.join(argv)}: {done.stderr.strip() or done.stdout.strip()}")
        return done.stdout

    def start(
        self, name: str, argv: Sequence[str], *, log: str, env: dict[str, str] | None = None, pipe: bool = False
    ) -> subprocess.Popen[bytes]:
        """Starts a daemon in a namespace; its words go to `log` in the laboratory's folder."""
        return self.adopt(self.inside(name, argv), log=log, env=env, pipe=pipe)

    def adopt(
        self, command: Sequence[str], *, log: str, env: dict[str, str] | None = None, pipe: bool = False
    ) -> subprocess.Popen[bytes]:
        """Starts a command that enters the laboratory by itself."""
        with (self._folder / log).open("ab") as out:
            stdout: IO[bytes] | int = subprocess.PIPE if pipe else out
            child = subprocess.Popen(
                command,
                stdin=subprocess.PIPE if pipe else subprocess.DEVNULL,
                stdout=stdout,
                stderr=out,
                env=env,
            )
        with self._lock:
            self._children.append(child)
        return child

    def close(self) -> None:
        assert self._holder.stdin
        self._holder.stdin.close()
        for process in (self._holder, *self._children):
            process.wait(timeout=10)
            for stream in (process.stdin, process.stdout, process.stderr):
                if stream and not stream.closed:
                    stream.close()

    def _outer(self, argv: Sequence[str], text: str) -> str:
        command = ["nsenter", f"--target={self.init}", "--pid", "--mount", "--net", *argv]
        done = subprocess.run(command, input=text, capture_output=True, text=True, timeout=20)
        if done.returncode:
            raise LabRefused(f"{' '.join(argv)}: {done.stderr.strip()}")
        return done.stdout

    def _build(self) -> None:
        self._outer(["sh", "-e"], "\n".join(f"ip netns add {name}" for name in plan.NAMESPACES))
        settings = "\n".join(f"echo {value} >/proc/sys/{key}" for key, value in _SYSCTLS.items())
        script = [f"ip netns exec {name} sh -e <<'END'\n{settings}\n{_PING_GROUPS}\nEND" for name in plan.NAMESPACES]
        script += [
            f"ip link add {link.right} netns {link.left} numtxqueues 1 numrxqueues 1 "
            f"type veth peer name {link.left} netns {link.right} numtxqueues 1 numrxqueues 1"
            for link in plan.LINKS
        ]
        for name in plan.NAMESPACES:
            script.append(f"ip -n {name} -batch - <<'END'\n" + "\n".join(_addresses(name)) + "\nEND")
            script.append(f"ip -n {name} -batch - <<'END'\n" + "\n".join(_routes(name)) + "\nEND")
        # Whole ClientHellos of several segments would reach the filters as one packet otherwise.
        script += [
            f"nsenter --net=/run/netns/{here} ethtool -K {there} tso off gso off gro off"
            for link in plan.LINKS
            for here, there in ((link.left, link.right), (link.right, link.left))
        ]
        self._outer(["sh", "-e"], "\n".join(script))

    def _prove_closed(self) -> None:
        """Only `lo` and our own wires are up, every wire ends in a sister namespace, and transit has no way out."""
        for name in plan.NAMESPACES:
            peers = {link.right if link.left == name else link.left for link in plan.LINKS if name in _ends(link)}
            found = json.loads(self.execute(name, ["ip", "-json", "-details", "link", "show", "up"]))
            kinds = {each["ifname"]: each.get("linkinfo", {}).get("info_kind", "") for each in found}
            if kinds != {"lo": "", **dict.fromkeys(peers, "veth")}:
                raise LabRefused(f"{name} holds interfaces that are not the laboratory's: {kinds}")
        outside = self._outer(["ip", "-json", "link", "show"], "")
        if any("UP" in each["flags"] or each.get("link_netnsid") for each in json.loads(outside)):
            raise LabRefused("the namespace around the laboratory is connected to something")
        ways = self.execute("transit", ["ip", "route", "show", "default"])
        if ways + self.execute("transit", ["ip", "-6", "route", "show", "default"]):
            raise LabRefused("transit has a default route")


def _ends(link: plan.Link) -> tuple[str, str]:
    return link.left, link.right


def _addresses(name: str) -> list[str]:
    lines = ["link set lo up"]
    for link in plan.LINKS:
        if name in _ends(link):
            side = 0 if name == link.left else 1
            peer = _ends(link)[1 - side]
            lines.append(f"link set {peer} up")
            lines.append(f"addr add {link.v4[side]} dev {peer}")
            lines.append(f"addr add {link.v6[side]} dev {peer} nodad")
    if name == "web":
        # BIND listens only on addresses that an interface has.
        lines.append(f"addr add {plan.AUTHORITY}/32 dev lo")
        lines.append(f"addr add {plan.AUTHORITY_V6}/128 dev lo nodad")
    return lines


def _gateway(name: str, peer: str, family: int) -> str:
    link = next(each for each in plan.LINKS if {name, peer} == set(_ends(each)))
    side = 0 if peer == link.left else 1
    return (link.v4 if family == 4 else link.v6)[side].partition("/")[0]


def _routes(name: str) -> list[str]:
    lines = [f"route add local {network} dev lo" for network in plan.ANY_IP.get(name, ())]
    for network, peer in plan.ROUTES[name]:
        lines.append(f"route add {network} via {_gateway(name, peer, 6 if ':' in network else 4)} dev {peer}")
    if name == "transit":
        lines += [f"route add blackhole {network}" for network in plan.BLACKHOLES]
    return lines
