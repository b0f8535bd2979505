"""What this laboratory needs of the machine, and the one line that says what is missing."""

import os
import shutil
import subprocess
from functools import cache

PROGRAMS = {
    "named": "bind9",
    "pdns_recursor": "pdns-recursor",
    "rec_control": "pdns-recursor",
    "unbound": "unbound",
    "dnsdist": "dnsdist",
    "nginx": "nginx-light",
    "nft": "nftables",
    "dnssec-keygen": "bind9-utils",
    "dnssec-signzone": "bind9-utils",
    "faketime": "faketime",
    "iptables-restore": "iptables",
    "ip6tables-restore": "iptables",
    "conntrack": "conntrack",
    "ethtool": "ethtool",
    "tinyproxy": "tinyproxy",
    "danted": "dante-server",
    "microsocks": "microsocks",
    "openvpn": "openvpn",
    "node": "nodejs",
    "curl": "curl",
    "httrack": "httrack",
    "wget": "wget",
    "ip": "iproute2",
    "ping": "iputils-ping",
    "nsenter": "util-linux",
    "unshare": "util-linux",
    "setpriv": "util-linux",
}
"""Program and the Debian package it is in; `.ci/packages.txt` lists the same packages."""

ACCEPTANCE = os.environ.get("BLOCKPROBE_ACCEPTANCE") == "1"
"""Whether the tests that take minutes are wanted too."""

_SBIN = "/usr/sbin:/sbin"


@cache
def missing() -> str | None:
    """Why the laboratory cannot run here and what to do about it, in one line; None if it can."""
    os.environ["PATH"] = f"{os.environ.get('PATH', '')}:{_SBIN}"
    absent = sorted({package for program, package in PROGRAMS.items() if shutil.which(program) is None})
    hint = f"apt-get install -y --no-install-recommends {' '.join(absent)}" if absent else ""
    if os.geteuid() != 0:
        return "real-daemon laboratory: needs root; run the tests as root" + (f" after: {hint}" if hint else "")
    if absent:
        return f"real-daemon laboratory: programs are missing; get them with: {hint}"
    tried = subprocess.run(
        ["unshare", "--net", "--mount", "--pid", "--fork", "true"], capture_output=True, text=True, check=False
    )
    if tried.returncode:
        why = tried.stderr.strip()
        return f"real-daemon laboratory: this machine forbids namespaces ({why}); use one that is no container"
    return None
