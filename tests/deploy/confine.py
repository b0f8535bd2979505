"""Runs a program as its systemd unit confines it, without systemd: `confine.py UNIT -- PROGRAM ARGUMENT…`.

What a process can do to itself is done here, from the unit's own lines: another user than root, the system call filter,
address families, namespaces, memory that is never writable and executable, capabilities. A system call outside the
filter kills, where the unit would say EPERM: a program that ends well has needed none. What concerns the file system
and devices needs systemd itself.
"""

import ctypes
import errno
import os
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

_KILL, _ALLOW, _ERRNO = 0x80000000, 0x7FFF0000, 0x00050000
_EQUAL, _AT_LEAST, _MASKED_EQUAL = 4, 5, 7
_PR_SET_NO_NEW_PRIVS, _PR_CAPBSET_DROP, _PR_SET_MDWE = 38, 24, 65
_FAMILIES = {"AF_UNIX": 1, "AF_INET": 2, "AF_INET6": 10, "AF_NETLINK": 16, "AF_PACKET": 17}
_CAPABILITIES = {"CAP_NET_BIND_SERVICE": 10, "CAP_NET_RAW": 13}
_NAMESPACES = (0x00020000, 0x02000000, 0x04000000, 0x08000000, 0x10000000, 0x20000000, 0x40000000)
_LAST_CAPABILITY = 63
_NEW_USER = 0x10000000


class _Compare(ctypes.Structure):
    """struct scmp_arg_cmp of seccomp.h."""

    _fields_ = [
        ("arg", ctypes.c_uint),
        ("op", ctypes.c_int),
        ("datum_a", ctypes.c_uint64),
        ("datum_b", ctypes.c_uint64),
    ]


def options(unit: Path) -> dict[str, list[str]]:
    """The lines of [Service], by key, in their order."""
    found: dict[str, list[str]] = defaultdict(list)
    for line in unit.read_text().partition("[Service]")[2].partition("\n[")[0].splitlines():
        key, separator, value = line.partition("=")
        if separator and not line.startswith("#"):
            found[key].append(value)
    return dict(found)


def allowed_calls(lines: list[str]) -> set[str]:
    """The system calls that the unit's filter leaves: what is allowed, without what later lines take away."""
    groups = _groups()
    allowed = set(_expanded("@default", groups))
    for line in lines:
        names = {name for word in line.removeprefix("~").split() for name in _expanded(word, groups)}
        allowed = allowed - names if line.startswith("~") else allowed | names
    return allowed


def _groups() -> dict[str, list[str]]:
    """This systemd's sets of system calls."""
    text = subprocess.run(["systemd-analyze", "syscall-filter"], capture_output=True, text=True, check=True).stdout
    found: dict[str, list[str]] = {}
    for line in text.splitlines():
        if line.startswith("@"):
            members = found[line.strip()] = []
        elif line.strip() and not line.strip().startswith("#") and found:
            members.append(line.strip())
    return found


def _expanded(word: str, groups: dict[str, list[str]]) -> list[str]:
    if not word.startswith("@"):
        return [word]
    return [name for member in groups[word] for name in _expanded(member, groups)]


class Filter:
    """One seccomp filter (seccomp(2)), through libseccomp."""

    def __init__(self, otherwise: int) -> None:
        self._library = ctypes.CDLL("libseccomp.so.2", use_errno=True)
        self._library.seccomp_init.restype = ctypes.c_void_p
        self._context = ctypes.c_void_p(self._library.seccomp_init(ctypes.c_uint32(otherwise)))

    def rule(self, action: int, call: str, *compare: _Compare) -> None:
        """Do `action` for this call where all comparisons hold; a call that this kernel lacks needs none."""
        number = self._library.seccomp_syscall_resolve_name(call.encode())
        if number < 0:
            return
        array = (_Compare * len(compare))(*compare)
        done = self._library.seccomp_rule_add_array(self._context, ctypes.c_uint32(action), number, len(compare), array)
        if done != 0:
            raise OSError(-done, f"seccomp rule for {call}")

    def load(self) -> None:
        """From now on, for this process and all that it starts."""
        done = self._library.seccomp_load(self._context)
        if done != 0:
            raise OSError(-done, "seccomp_load")


def confine(unit: Path) -> None:
    """Apply the unit's options to this process."""
    said = options(unit)
    if said.get("PrivateUsers") == ["yes"]:
        _become_nobody()
    _drop_capabilities({word for line in said.get("CapabilityBoundingSet", []) for word in line.split()})
    _prctl(_PR_SET_NO_NEW_PRIVS, 1)
    if said.get("MemoryDenyWriteExecute") == ["yes"]:
        _prctl(_PR_SET_MDWE, 1)
    if "RestrictAddressFamilies" in said:
        _restrict_families({_FAMILIES[word] for line in said["RestrictAddressFamilies"] for word in line.split()})
    if said.get("RestrictNamespaces") == ["yes"]:
        _restrict_namespaces()
    if "SystemCallFilter" in said:
        calls = Filter(_KILL)
        for call in sorted(allowed_calls(said["SystemCallFilter"])):
            calls.rule(_ALLOW, call)
        calls.load()


def _become_nobody() -> None:
    """A user namespace whose one user is 65534: programs behave differently for root, and the unit's are not root."""
    user, group = os.geteuid(), os.getegid()
    library = ctypes.CDLL(None, use_errno=True)
    if library.unshare(_NEW_USER) != 0:
        raise OSError(ctypes.get_errno(), "unshare")
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/uid_map").write_text(f"65534 {user} 1")
    Path("/proc/self/gid_map").write_text(f"65534 {group} 1")


def _restrict_families(families: set[int]) -> None:
    """As systemd does: other families do not exist."""
    action, refused = _ERRNO | errno.EAFNOSUPPORT, Filter(_ALLOW)
    for family in sorted(set(range(64)) - families):
        refused.rule(action, "socket", _Compare(0, _EQUAL, family, 0))
    refused.rule(action, "socket", _Compare(0, _AT_LEAST, 64, 0))
    refused.load()


def _restrict_namespaces() -> None:
    """clone3 hides its flags from filters, so it does not exist, and the C library falls back to clone."""
    refused = Filter(_ALLOW)
    for call in ("unshare", "setns"):
        refused.rule(_ERRNO | errno.EPERM, call)
    for flag in _NAMESPACES:
        refused.rule(_ERRNO | errno.EPERM, "clone", _Compare(0, _MASKED_EQUAL, flag, flag))
    refused.rule(_ERRNO | errno.ENOSYS, "clone3")
    refused.load()


def _drop_capabilities(kept: set[str]) -> None:
    """Out of the bounding set, so that the program begins without them; whoever may not do that has none."""
    numbers = {_CAPABILITIES[name] for name in kept}
    for number in range(_LAST_CAPABILITY + 1):
        if number not in numbers:
            _prctl(_PR_CAPBSET_DROP, number, may_fail=True)


def _prctl(option: int, value: int, *, may_fail: bool = False) -> None:
    library = ctypes.CDLL(None, use_errno=True)
    if library.prctl(option, ctypes.c_ulong(value), 0, 0, 0) != 0 and not may_fail:
        raise OSError(ctypes.get_errno(), f"prctl {option}")


if __name__ == "__main__":
    confine(Path(sys.argv[1]))
    os.execvp(sys.argv[3], sys.argv[3:])
