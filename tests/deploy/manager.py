"""What systemd does for a unit of Type=notify, as far as tests need it; an agent's configuration in the laboratory."""

import os
import socket
import time
from pathlib import Path

from blockprobe.lab.lab import Lab

CATALOGUE = Path(__file__).parents[2] / "blockprobe/lab/data/catalogue"


def agent_toml(lab: Lab, folder: Path) -> str:
    """The laboratory's probe as an agent with the bundled demonstration orders; everything it writes is in `folder`."""
    probe = lab.settings_toml().replace("[vantage]\n", '[vantage]\nisp = "zz/demo"\n')
    return (
        f'{probe}\n[catalogue]\npaths = ["{CATALOGUE}"]\n[agent]\nplans = ["demo"]\ncycle_s = 1.0\n'
        f'[store]\ndir = "{folder}"\n[metrics]\nlisten = "127.0.0.1:9890"\n'
    )


class Manager:
    """The service manager's end of the notification socket (sd_notify(3))."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "notify"
        self._door = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._door.bind(str(self._path))

    def environment(self, lab: Lab, *, watchdog_s: float) -> dict[str, str]:
        """What a unit's program finds in its environment, beside what the laboratory needs."""
        return lab.environment() | {"NOTIFY_SOCKET": str(self._path), "WATCHDOG_USEC": str(int(watchdog_s * 1e6))}

    def wait_for(self, word: str, *, timeout_s: float = 60.0) -> str:
        """The first message that has the line `word`; raises TimeoutError."""
        end = time.monotonic() + timeout_s
        while (left := end - time.monotonic()) > 0:
            self._door.settimeout(left)
            message = os.fsdecode(self._door.recv(4096))
            if word in message.splitlines():
                return message
        raise TimeoutError(word)

    def close(self) -> None:
        """The end."""
        self._door.close()
