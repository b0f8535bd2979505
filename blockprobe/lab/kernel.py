"""What Python 3.11 lacks of Linux: unshare, setns, prctl, sysctl and ethtool, by ctypes and ioctl."""

import contextlib
import ctypes
import errno
import fcntl
import os
import signal
import socket
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Final

from blockprobe.model.errors import LabError

CLONE_NEWUSER: Final = 0x10000000
CLONE_NEWNET: Final = 0x40000000
CLONE_NEWNS: Final = 0x00020000
_PR_SET_PDEATHSIG: Final = 1
_MS_PRIVATE: Final = 1 << 18
_MS_REC: Final = 1 << 14
_SIOCETHTOOL: Final = 0x8946
_ETHTOOL_OFFLOADS: Final = (0x15, 0x17, 0x1F, 0x25, 0x2C)
"""SRXCSUM, STXCSUM, STSO, SGSO, SGRO of linux/ethtool.h, in an order that the kernel accepts."""

ALLOW: Final = (
    "run as root, or allow user namespaces (sysctl user.max_user_namespaces=10000; Debian "
    "kernel.unprivileged_userns_clone=1; Ubuntu kernel.apparmor_restrict_unprivileged_userns=0; in a container a "
    "seccomp profile that permits unshare)."
)
"""What to do where namespaces are forbidden."""
FORBIDDEN: Final = "The laboratory needs network namespaces and this system forbids them ({why}): " + ALLOW

_libc = ctypes.CDLL(None, use_errno=True)


def forbidden(error: OSError) -> LabError:
    """The one line that says why there is no laboratory here and what to do."""
    return LabError(FORBIDDEN.format(why=error.strerror or error))


def _call(name: str, *arguments: object) -> None:
    if getattr(_libc, name)(*arguments) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), name)


def unshare(flags: int) -> None:
    """unshare(2). Raises OSError."""
    _call("unshare", flags)


def setns(descriptor: int, kind: int) -> None:
    """setns(2). Raises OSError."""
    _call("setns", descriptor, kind)


def die_with_parent() -> None:
    """This process gets SIGKILL when the thread that made it ends. Call after any change of user namespace, which
    clears the wish (prctl(2))."""
    _call("prctl", _PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


def own_network() -> bool:
    """Give this process an empty network namespace, in a user namespace of its own where that is needed.

    True when a user namespace was made. Needs a single thread. Raises LabError."""
    try:
        unshare(CLONE_NEWNET)
    except OSError as error:
        if error.errno != errno.EPERM:
            raise forbidden(error) from error
    else:
        return False
    user, group = os.geteuid(), os.getegid()
    try:
        unshare(CLONE_NEWUSER | CLONE_NEWNET)
        with contextlib.suppress(OSError):  # absent in old kernels
            _write("/proc/self/setgroups", "deny")
        _write("/proc/self/uid_map", f"{user} {user} 1")
        _write("/proc/self/gid_map", f"{group} {group} 1")
    except OSError as error:
        raise forbidden(error) from error
    return True


def cut_network() -> None:
    """Leave this process and its children nothing but an empty network with a loopback interface. Raises LabError."""
    mounts = os.geteuid() == 0
    if not own_network() and mounts:
        with contextlib.suppress(OSError):  # `ip netns` mounts; it must not do so for everybody
            unshare(CLONE_NEWNS)
            _call("mount", b"none", b"/", None, ctypes.c_ulong(_MS_REC | _MS_PRIVATE), None)
    loopback_up()


def loopback_up() -> None:
    """Switch `lo` on in the current network namespace."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        fcntl.ioctl(control, 0x8914, struct.pack("16sH14x", b"lo", 0x1 | 0x40))  # SIOCSIFFLAGS, IFF_UP | IFF_RUNNING


def sysctl(values: dict[str, str], *, optional: bool = False) -> None:
    """Set network parameters of the current network namespace; `optional` ones may be unknown to this kernel."""
    for name, value in values.items():
        try:
            _write(f"/proc/sys/{name}", value)
        except OSError as error:
            if not optional:
                why = f"The laboratory cannot set {name}: {error.strerror}; is /proc/sys read-only?"
                raise LabError(why) from error


def offloads_off(interface: str) -> None:
    """Make the kernel hand over packets as they would be on a wire: segmented and with checksums."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        for command in _ETHTOOL_OFFLOADS:
            value = ctypes.create_string_buffer(struct.pack("II", command, 0))
            request = struct.pack("16sP", interface.encode(), ctypes.addressof(value))
            with contextlib.suppress(OSError):  # a driver may have no such switch
                fcntl.ioctl(control, _SIOCETHTOOL, request)


def current_network() -> int:
    """A descriptor of the calling thread's network namespace; the caller closes it."""
    return os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)


def entering(user: int | None, network: int) -> Callable[[], None]:
    """What a child runs between fork and exec to sit in a namespace and to die with its parent."""

    def enter() -> None:
        if user is not None:
            setns(user, CLONE_NEWUSER)
        setns(network, CLONE_NEWNET)
        die_with_parent()

    return enter


def _write(path: str, text: str) -> None:
    # Unbuffered and in one write(2): the kernel parses each write on its own.
    with Path(path).open("wb", buffering=0) as file:
        file.write(text.encode())
