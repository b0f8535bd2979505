"""Censors in the second of the three routers, for what has to find them: filters, a tap, a proxy, silence.

    probe -- isp1 (hop 1) -- isp2 (hop 2, here) -- transit (hop 3) -- web (hop 4)

A filter in a router's forwarding acts on what the router has accepted already: packets with hop limit 2 end at isp2,
those with 3 meet the filter. The tap listens before the router, so that hop limit 2 is enough for it.
"""

import ipaddress
import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from . import eyes, plan
from .real import RealLab
from .topology import LabRefused

_HERE = Path(__file__).parent
_PROXY_PORT = 8081
_RESETTING = (
    "chain passing { type filter hook forward priority 0;\nct mark 0x51 meta l4proto tcp reject with tcp reset\n}"
)
_REDIRECTING = (
    f"chain in {{ type nat hook prerouting priority dstnat;\niifname isp1 tcp dport 80 redirect to :{_PROXY_PORT}\n}}"
)
_MUTE = (
    "chain out { type filter hook output priority 0;\nicmp type time-exceeded drop\nicmpv6 type time-exceeded drop\n}"
)
_NGINX = """daemon off;
user root;
worker_processes 1;
pid {folder}/nginx.pid;
error_log {folder}/error.log warn;
events {{ worker_connections 256; }}
http {{
access_log off;
client_body_temp_path {folder}/body;
proxy_temp_path {folder}/proxy;
fastcgi_temp_path {folder}/fastcgi;
uwsgi_temp_path {folder}/uwsgi;
scgi_temp_path {folder}/scgi;
server {{
listen {port}; listen [::]:{port};
resolver {resolver} ipv6=off;
location / {{ proxy_pass http://$http_host$request_uri; }}
}} }}
"""


class Middle:
    """What the second router does; each `with` holds for its length and leaves nothing behind."""

    def __init__(self, lab: RealLab) -> None:
        self._lab = lab

    @contextmanager
    def filtering(self, *, dropped: str, reset: str | None = None) -> Iterator[None]:
        """In the path: packets with one name in their ClientHello are dropped, with another reset and dropped."""
        rules = [f"{_sni(dropped)} -j DROP"]
        if reset is not None:
            rules.append(f"{_sni(reset)} -j CONNMARK --set-mark 0x51")
        try:
            with self.nft("isp2", _RESETTING, table="resetting"):
                self._restore(rules)
                yield
        finally:
            self._restore([])

    @contextmanager
    def tapping(self, *rules: dict[str, object]) -> Iterator[None]:
        """Beside the path: forged packets race the true ones."""
        tap = [sys.executable, "-S", "-E", str(_HERE / "tap.py"), "isp1"]
        child = self._lab.world.start("isp2", tap, log="tap-middle.log", pipe=True)
        try:
            assert child.stdin
            assert child.stdout
            child.stdin.write(json.dumps(rules).encode() + b"\n")
            child.stdin.flush()
            if [child.stdout.readline() for _ in range(2)] != [b"ready\n"] * 2:
                raise LabRefused("the tap died")
            yield
        finally:
            _end(child)

    @contextmanager
    def proxying(self) -> Iterator[None]:
        """In the path: nginx takes every connection to port 80, at the address it was meant for."""
        folder = self._lab.folder / "middle"
        folder.mkdir(exist_ok=True)
        config = folder / "nginx.conf"
        config.write_text(_NGINX.format(folder=folder, port=_PROXY_PORT, resolver=plan.PUBLIC_RESOLVER))
        child = self._lab.world.start("isp2", ["nginx", "-c", str(config)], log="nginx-middle.log")
        try:
            with self.nft("isp2", _REDIRECTING, table="redirecting"):
                self._lab.wait({"proxy": lambda: self._lab.probe.see(eyes.connect, "203.0.113.1", 80) == "ok"})
                yield
        finally:
            _end(child)

    @contextmanager
    def mute(self, *routers: str) -> Iterator[None]:
        """These routers send no ICMP "time exceeded"."""
        if not routers:
            yield
            return
        with self.nft(routers[0], _MUTE, table="mute"), self.mute(*routers[1:]):
            yield

    @contextmanager
    def nft(self, router: str, chains: str, *, table: str) -> Iterator[None]:
        """A table of nftables in a router."""
        enter = self._lab.world.execute
        enter(router, ["nft", "-f", "-"], text=f"table inet {table} {{\n{chains}\n}}\n")
        try:
            yield
        finally:
            enter(router, ["nft", "delete", "table", "inet", table])

    def _restore(self, rules: list[str]) -> None:
        lines = "\n".join(f"-A FORWARD -i isp1 -p tcp {rule}" for rule in rules)
        for program in ("iptables-restore", "ip6tables-restore"):
            self._lab.world.execute("isp2", [program], text=f"*mangle\n{lines}\nCOMMIT\n")


def _sni(name: str) -> str:
    return f'--dport 443 -m string --algo bm --from 40 --hex-string "|00{len(name):04x}|{name}"'


def _end(child: "subprocess.Popen[bytes]") -> None:
    """The program's own process: what `nsenter` started dies with the order to it."""
    if child.stdin:
        child.stdin.close()
    else:
        child.terminate()
    child.wait(timeout=10)


def hop(family: int, number: int) -> str:
    """The address of router `number` (1 to 3) as the probe sees it."""
    link = plan.LINKS[number - 1]
    return str(ipaddress.ip_interface((link.v4 if family == 4 else link.v6)[1]).ip)


def tls_reset(name: str) -> dict[str, object]:
    return {"do": "tls", "name": name, "how": "rst", "reassemble": True}


def dns_answer(name: str, v4: Sequence[str], v6: Sequence[str]) -> dict[str, object]:
    return {"do": "dns", "name": name, "rcode": 0, "v4": list(v4), "v6": list(v6), "share": 1.0, "copies": 1}
