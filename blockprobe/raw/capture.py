"""The packet socket with its filter, and giving up what is not needed: by ctypes, for Python 3.11 lacks both."""

import contextlib
import ctypes
import errno
import os
import socket
import struct
import time
from collections.abc import Sequence

from blockprobe.raw.bpf import INSTRUCTION, packed, program

_ETH_P_ALL = 3
_SO_ATTACH_FILTER = 26
_SO_TIMESTAMPNS = 35
_TIMESPEC = struct.Struct("@ll")
_OUTGOING = 4
_RECEIVE_BUFFER = 4 * 1024 * 1024
_MAX_BYTES = 65_535

_PR_CAPBSET_DROP, _PR_SET_NO_NEW_PRIVS, _PR_CAP_AMBIENT, _PR_CAP_AMBIENT_CLEAR = 24, 38, 47, 4
_CAPABILITY_VERSION_3 = 0x20080522
_CAP_SETGID, _CAP_SETUID, _CAP_NET_RAW, _LAST_CAP = 6, 7, 13, 63
_NEEDED = (_CAP_SETGID, _CAP_SETUID, _CAP_NET_RAW)
_NOBODY = 65_534

_libc = ctypes.CDLL(None, use_errno=True)


class CaptureError(OSError):
    """A privilege could not be given up; nothing is watched then."""


def keep_little() -> None:
    """Give up every capability but those for opening the socket and becoming nobody; and never gain a new one."""
    for capability in range(_LAST_CAP + 1):
        if capability not in _NEEDED:
            _libc.prctl(_PR_CAPBSET_DROP, capability, 0, 0, 0)  # fails without CAP_SETPCAP: then there is less to drop
    _libc.prctl(_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_CLEAR, 0, 0, 0)
    _capset(_effective() & sum(1 << capability for capability in _NEEDED))
    if _libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0:
        raise CaptureError(ctypes.get_errno(), "new privileges cannot be forbidden")


def drop_everything() -> None:
    """Give up what is left; raises CaptureError if anything stays."""
    _capset(0)
    if _effective():
        raise CaptureError(errno.EPERM, "capabilities are left")


def become_nobody() -> None:
    """Change from root to nobody, before the capabilities for that are given up; elsewhere nothing is to be done."""
    if os.geteuid() != 0:
        return
    # In a user namespace nobody may not exist; that namespace's root is an ordinary user outside.
    with contextlib.suppress(OSError):
        os.setgroups([])
        os.setresgid(_NOBODY, _NOBODY, _NOBODY)
        os.setresuid(_NOBODY, _NOBODY, _NOBODY)


def _effective() -> int:
    """The effective capabilities as bits."""
    with open("/proc/self/status", encoding="ascii") as status:
        return next(int(line.split()[1], 16) for line in status if line.startswith("CapEff:"))


def _capset(bits: int) -> None:
    header = struct.pack("=Ii", _CAPABILITY_VERSION_3, 0)
    low, high = bits & 0xFFFFFFFF, bits >> 32
    data = struct.pack("=6I", low, low, 0, high, high, 0)
    if _libc.capset(header, data) != 0:
        raise CaptureError(ctypes.get_errno(), "capabilities cannot be given up")


class Tap:
    """Packets from and to a few addresses, on every interface; raises OSError without CAP_NET_RAW."""

    def __init__(self, addresses: Sequence[str]) -> None:
        """Open and filter; what slipped in before the filter is sorted out with the ports."""
        self.socket = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(_ETH_P_ALL))
        try:
            _attach(self.socket, packed(program(addresses)))
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _RECEIVE_BUFFER)
            self.socket.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPNS, 1)
            self.socket.setblocking(False)
        except BaseException:
            self.socket.close()
            raise

    def read(self) -> tuple[bytes, float, bool] | None:
        """A packet from its IP header on, when it came (CLOCK_MONOTONIC, s), whether we sent it; None: no more."""
        try:
            data, ancillary, _, where = self.socket.recvmsg(_MAX_BYTES, 128)
        except (BlockingIOError, InterruptedError):
            return None
        age_s = 0.0
        for level, kind, value in ancillary:
            if (level, kind) == (socket.SOL_SOCKET, _SO_TIMESTAMPNS) and len(value) >= _TIMESPEC.size:
                seconds, nanoseconds = _TIMESPEC.unpack_from(value)
                age_s = time.clock_gettime(time.CLOCK_REALTIME) - seconds - nanoseconds / 1e9
        return data, time.clock_gettime(time.CLOCK_MONOTONIC) - max(0.0, age_s), where[2] == _OUTGOING


def _attach(sock: socket.socket, code: bytes) -> None:
    buffer = ctypes.create_string_buffer(code, len(code))
    count = len(code) // INSTRUCTION.size
    sock.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, struct.pack("@HP", count, ctypes.addressof(buffer)))
