"""The machine's own resolvers, as the C library would use them (resolv.conf(5))."""

import ipaddress
from pathlib import Path

RESOLV_CONF = Path("/etc/resolv.conf")
#: Where systemd-resolved keeps the servers that stand behind its stub.
RESOLVED_CONF = Path("/run/systemd/resolve/resolv.conf")
_STUBS = frozenset({"127.0.0.53", "127.0.0.54"})
_MAX_BYTES = 65536


def system_resolvers(path: Path = RESOLV_CONF, behind_stub: Path = RESOLVED_CONF) -> tuple[str, ...]:
    """The addresses of the system's resolvers, in order, each once.

    A local stub hides several resolvers behind one, so those behind it are asked where the system tells them. No
    `nameserver` line at all means the machine itself, as resolv.conf(5) has it.
    """
    named = _nameservers(path)
    if named and set(named) <= _STUBS:
        named = _nameservers(behind_stub) or named
    return named or ("127.0.0.1",)


def _nameservers(path: Path) -> tuple[str, ...]:
    try:
        with path.open("rb") as stream:
            text = stream.read(_MAX_BYTES).decode(errors="replace")
    except OSError:
        return ()
    found: dict[str, None] = {}
    for line in text.splitlines():
        words = line.split()
        if len(words) >= 2 and words[0] == "nameserver" and _is_address(words[1]):
            found[words[1]] = None
    return tuple(found)


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True
