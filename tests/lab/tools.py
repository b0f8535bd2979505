"""Circumvention software of the world, as people use it: proxies from Debian, a web proxy from npm, a VPN.

All of it runs in `ctl`, at addresses of its own, and looks names up at the public resolver.
"""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from . import eyes, plan
from .real import RealLab

WEB_PROXY = Path(__file__).parent / "web_proxy"
ADDRESS, ADDRESS_V6 = plan.TOOLS, plan.TOOLS_V6
TINYPROXY, TINYPROXY_LOGIN, DANTE, MICROSOCKS_LOGIN, UNBLOCKER, LIAR = 3128, 3129, 1080, 1081, 8443, 8444
LOGIN = ("ann", "open-sesame")
INTERFACE = "tun-out"
_TUNNEL = ("198.18.200.1", "198.18.200.2")
_VPN_PORT = 1194


def missing() -> str | None:
    """How to get the web proxy, if it is not there; the rest are Debian packages (needs.py)."""
    if (WEB_PROXY / "node_modules" / "unblocker").is_dir():
        return None
    return f"the web proxy is missing; get it with: npm ci --ignore-scripts --prefix {WEB_PROXY}"


def start(lab: RealLab) -> None:
    """Start everything that is not there yet; it answers when this returns, and ends with the laboratory."""
    folder = lab.folder / "tools"
    if folder.exists():
        return
    folder.mkdir()
    for name, argv in _daemons(folder, lab.pki.path("webproxy")).items():
        command = lab.inside("ctl", lab.folder / "ctl-resolv.conf", argv)
        lab.world.adopt(command, log=f"{name}.log", env=lab.environment() | {"NODE_EXTRA_CA_CERTS": str(lab.pki.trust)})
    ports = (TINYPROXY, TINYPROXY_LOGIN, DANTE, MICROSOCKS_LOGIN, UNBLOCKER, LIAR)
    lab.wait({str(port): lambda port=port: lab.probe.see(eyes.connect, ADDRESS, port) == "ok" for port in ports})


def _daemons(folder: Path, web_proxy: Path) -> dict[str, list[str]]:
    serve = str(WEB_PROXY / "serve.js")
    user, password = LOGIN
    return {
        "tinyproxy": ["tinyproxy", "-d", "-c", _tinyproxy(folder, TINYPROXY, "")],
        "tinyproxy-login": [
            "tinyproxy",
            "-d",
            "-c",
            _tinyproxy(folder, TINYPROXY_LOGIN, f"BasicAuth {user} {password}"),
        ],
        "danted": ["danted", "-f", _dante(folder)],
        "microsocks": ["microsocks", "-i", ADDRESS, "-p", str(MICROSOCKS_LOGIN), "-u", user, "-P", password],
        "unblocker": ["node", serve, ADDRESS, str(UNBLOCKER), str(web_proxy)],
        "liar": ["node", serve, ADDRESS, str(LIAR), str(web_proxy), "own"],
    }


def _tinyproxy(folder: Path, port: int, more: str) -> str:
    """As Debian ships it, but for the addresses: CONNECT to 443 and 563 only."""
    path = folder / f"tinyproxy-{port}.conf"
    path.write_text(
        f"Port {port}\nListen {ADDRESS}\nTimeout 30\nMaxClients 100\nConnectPort 443\nConnectPort 563\n"
        f"DisableViaHeader Yes\nLogLevel Warning\n{more}\n"
    )
    return str(path)


def _dante(folder: Path) -> str:
    path = folder / "danted.conf"
    path.write_text(
        f"logoutput: stderr\ninternal: {ADDRESS} port = {DANTE}\nexternal: transit\nclientmethod: none\n"
        "socksmethod: none\nuser.privileged: root\nuser.unprivileged: root\n"
        "client pass { from: 0/0 to: 0/0 }\nsocks pass { from: 0/0 to: 0/0 }\n"
    )
    return str(path)


@contextmanager
def vpn(lab: RealLab) -> Iterator[None]:
    """OpenVPN with a shared key, over UDP; the far end hides the tunnel's addresses behind its own. Afterwards
    the probe has no such interface."""
    key = lab.folder / "tools" / "vpn.key"
    subprocess.run(["openvpn", "--genkey", "secret", str(key)], check=True, capture_output=True)
    common = [
        "--dev",
        INTERFACE,
        "--dev-type",
        "tun",
        "--proto",
        "udp",
        "--secret",
        str(key),
        "--cipher",
        "AES-256-CBC",
    ]
    common += ["--verb", "1"]
    far = ["--local", ADDRESS, "--port", str(_VPN_PORT), "--ifconfig", *_TUNNEL]
    near = ["--remote", ADDRESS, str(_VPN_PORT), "--nobind", "--ifconfig", *reversed(_TUNNEL)]
    ends = [_vpn_end(lab, "ctl", [*common, *far]), _vpn_end(lab, "probe", [*common, *near])]
    hide = "chain out { type nat hook postrouting priority srcnat;\noifname transit masquerade\n}"
    lab.world.execute(
        "ctl", ["nft", "-f", "-"], text=f"table ip vpn {{}}\ndelete table ip vpn\ntable ip vpn {{ {hide}\n}}\n"
    )
    lab.wait({"vpn": lambda: _is_up(lab)})
    lab.world.execute("probe", ["ip", "route", "add", "default", "dev", INTERFACE, "metric", "1000"])
    try:
        yield
    finally:
        for end in ends:
            end.terminate()  # and the kernel ends openvpn, whose parent it was
        lab.wait({"the end of the VPN": lambda: not _is_up(lab)})


def _vpn_end(lab: RealLab, place: str, arguments: list[str]) -> "subprocess.Popen[bytes]":
    command = lab.inside(place, lab.folder / "ctl-resolv.conf", ["openvpn", *arguments])
    return lab.world.adopt(command, log=f"vpn-{place}.log", env=lab.environment())


def _is_up(lab: RealLab) -> bool:
    return f" {INTERFACE}:" in lab.world.execute("probe", ["ip", "-o", "link", "show", "up"])
