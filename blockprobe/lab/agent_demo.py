"""An agent on the simulated ISP's line: the folder of an operator, the agent as he starts it, and a story in time."""

import contextlib
import http.client
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

from blockprobe.lab import configuration
from blockprobe.lab.agent_world import (
    AGENT_DEMO,
    ENDED_NAME,
    LIFTED,
    LIFTED_NAME,
    MIRRORED_NAME,
    calendar,
    orders_of_today,
)
from blockprobe.lab.lab import Lab
from blockprobe.lab.topology import WIRES
from blockprobe.model.errors import ConfigError, LabError
from blockprobe.net.clock import Clock, SystemClock

#: Tells people what happens, one sentence each.
Say = Callable[[str], None]

_CATALOGUE: Final = Path(__file__).parent / "data" / "catalogue"
#: Both blocks are left as they are for so long after the agent has seen them (seconds).
QUIET_S: Final = 5.0
#: They come back after this time: long enough for the alert, which waits ten minutes (seconds).
LIFTED_S: Final = 1200.0
_STOP_S: Final = 30.0
_LOOK_S: Final = 0.3


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What was typed: `folder` for configuration and store (None: a new one), `port` of the metrics on 127.0.0.1,
    `minutes` (None: until Ctrl-C)."""

    folder: Path | None
    port: int
    minutes: float | None = None


def write_folder(folder: Path, port: int, now: datetime) -> Path:
    """Write configuration, catalogue and calendar; the configuration's path. A store that is there goes on.

    Raises ConfigError where the folder belongs to something else or cannot be written to.
    """
    config = folder / "probe.toml"
    try:
        if folder.exists() and any(folder.iterdir()) and not _is_ours(config):
            raise ConfigError(f"{folder}: is not empty and not of an earlier demonstration; give another --dir")
        shutil.copytree(_CATALOGUE, folder / "catalogue", dirs_exist_ok=True)
        (folder / "catalogue/orders/zz/today.toml").write_text(orders_of_today(now), encoding="utf-8")
        (folder / "calendar.toml").write_text(calendar(now), encoding="utf-8")
        config.write_text(configuration.agent(AGENT_DEMO, f"127.0.0.1:{port}"), encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"{error.filename or folder}: {error.strerror}; give another --dir") from error
    return config


def demonstrate_agent(wish: Wish, say: Say, clock: Clock | None = None) -> None:
    """Run until the time is over, Ctrl-C or SIGTERM; only the folder is left. Raises ConfigError and LabError."""
    clock = clock or SystemClock()
    with _listening(wish.port) as outside, _interruptible():
        folder = wish.folder or Path(tempfile.mkdtemp(prefix="blockprobe-agent-"))
        config = write_folder(folder, wish.port, clock.now())
        with Lab(wires=frozenset(WIRES)) as lab:
            lab.load(AGENT_DEMO)
            lab.start_helper()
            door = [sys.executable, "-m", "blockprobe.lab.doorway", str(outside.fileno()), str(wish.port)]
            agent = [sys.executable, "-m", "blockprobe.cli.main", "agent", "--config", str(config)]
            with _running(lab, door, pass_fds=(outside.fileno(),)), _running(lab, agent) as process:
                say(f"configuration {config}, metrics http://127.0.0.1:{wish.port}/metrics; Ctrl-C ends it")
                Story(lab=lab, agent=process, wish=wish, say=say, clock=clock).tell()


class _OverError(Exception):
    """The minutes that were asked for are over."""


@dataclass(slots=True, kw_only=True)
class Story:
    """What happens to the line while the agent works."""

    lab: Lab
    agent: "subprocess.Popen[str]"
    wish: Wish
    say: Say
    clock: Clock
    quiet_s: float = QUIET_S
    lifted_s: float = LIFTED_S
    ends_at: float = float("inf")

    def tell(self) -> None:
        """Until the time is over; raises LabError when the agent ends before."""
        if self.wish.minutes is not None:
            self.ends_at = self.clock.monotonic() + 60.0 * self.wish.minutes
        with contextlib.suppress(_OverError):
            self._wait_until(self._sees_what_changes)
            self._pause(self.quiet_s)
            self.lab.load(LIFTED)
            again = self.clock.now() + timedelta(seconds=self.lifted_s)
            self.say(
                f"{LIFTED_NAME} and {ENDED_NAME} are open from now on, until {again:%H:%M:%S} UTC; "
                f"a mirror of {MIRRORED_NAME} is blocked instead"
            )
            self._pause(self.lifted_s)
            self.lab.load(AGENT_DEMO)
            self.say(f"{LIFTED_NAME} and {ENDED_NAME} are blocked again")
            self._wait_until(lambda: False)

    def _pause(self, seconds: float) -> None:
        end = self.clock.monotonic() + seconds
        self._wait_until(lambda: self.clock.monotonic() >= end)

    def _wait_until(self, holds: Callable[[], bool]) -> None:
        while not holds():
            if self.agent.poll() is not None:
                raise LabError(f"The agent ended with status {self.agent.returncode}; the lines above say why.")
            if self.clock.monotonic() >= self.ends_at:
                raise _OverError
            time.sleep(_LOOK_S)

    def _sees_what_changes(self) -> bool:
        """Both blocks, and both open mirrors, of which one will be blocked."""
        shown = scrape(self.wish.port)
        if 'class="undetermined",state="open"} 2\n' not in shown:
            return False
        blocked = (f'blockprobe_site_state{{site="{name}",state="blocked"}} 1' for name in (LIFTED_NAME, ENDED_NAME))
        return all(line in shown for line in blocked)


def scrape(port: int) -> str:
    """The agent's metrics as anybody on this machine reads them; empty while there are none."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10.0)
    try:
        connection.request("GET", "/metrics")
        return connection.getresponse().read().decode()
    except (OSError, http.client.HTTPException):
        return ""
    finally:
        connection.close()


def _is_ours(config: Path) -> bool:
    head = configuration.AGENT_HEAD.encode()
    return config.is_file() and config.read_bytes().startswith(head)


def _listening(port: int) -> socket.socket:
    """Listens on this machine's loopback alone. Raises ConfigError."""
    try:
        return socket.create_server(("127.0.0.1", port), backlog=16)
    except OSError as error:
        raise ConfigError(f"127.0.0.1:{port}: {os.strerror(error.errno or 0)}; give another --port") from error


@contextlib.contextmanager
def _interruptible() -> Iterator[None]:
    """Within the block Ctrl-C and SIGTERM are its ordinary end."""
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    except KeyboardInterrupt:
        pass
    finally:
        signal.signal(signal.SIGTERM, before)


@contextlib.contextmanager
def _running(lab: Lab, argv: list[str], **options: Any) -> Iterator["subprocess.Popen[str]"]:
    """A program on the subscriber's line, ended with the block and not by Ctrl-C, which is for this process."""
    process = lab.start_in("probe", argv, start_new_session=True, **options)
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(_STOP_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
