"""What systemd is told (sd_notify(3)): one datagram a message, and nothing where no manager listens."""

import contextlib
import os
import socket
from collections.abc import Mapping

#: The watchdog is told this many times within its period, so that one late message does no harm.
_PER_PERIOD = 3


class Notifier:
    """Speaks to the service manager named in the environment; without one every method does nothing."""

    def __init__(self, environment: Mapping[str, str] | None = None) -> None:
        """Reads NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID."""
        known = os.environ if environment is None else environment
        self._address = _address(known.get("NOTIFY_SOCKET", ""))
        self._status = ""
        self.watchdog_s = _watchdog_s(known)

    def ready(self, status: str) -> None:
        """The start is over."""
        self._status = status
        self._send("READY=1", f"STATUS={status}")

    def status(self, status: str) -> None:
        """One line for `systemctl status`; only told when it changes."""
        if status != self._status:
            self._status = status
            self._send(f"STATUS={status}")

    def alive(self) -> None:
        """Everything is well; said by the loop that would stand still if it were not."""
        if self.watchdog_s is not None:
            self._send("WATCHDOG=1")

    def reloading(self, monotonic: float) -> None:
        """SIGHUP has come; `ready` ends it. `monotonic` in seconds."""
        self._send("RELOADING=1", f"MONOTONIC_USEC={int(monotonic * 1e6)}")

    def stopping(self) -> None:
        """The end has begun."""
        self._send("STOPPING=1")

    def _send(self, *lines: str) -> None:
        """A manager that is gone or busy is no reason to stop measuring."""
        if self._address is None:
            return
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as door:
            door.setblocking(False)
            door.sendto("\n".join(lines).encode(), self._address)


def _address(text: str) -> str | None:
    """A path, or a name in the abstract namespace; anything else (vsock) is not spoken."""
    if text.startswith("@"):
        return "\0" + text[1:]
    return text if text.startswith("/") else None


def _watchdog_s(known: Mapping[str, str]) -> float | None:
    """How often to say that all is well (seconds); None where nobody asked this process."""
    if known.get("WATCHDOG_PID", str(os.getpid())) != str(os.getpid()):
        return None
    usec = known.get("WATCHDOG_USEC", "")
    return int(usec) / 1e6 / _PER_PERIOD if usec.isdecimal() and int(usec) > 0 else None
