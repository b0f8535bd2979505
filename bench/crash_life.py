"""One life of a whole agent, from outside: it is started as an operator does, watched, scraped, and killed."""

import contextlib
import http.client
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from common import HERE
from crash_ledger import Told, told

from blockprobe.agent.status import read_status
from blockprobe.lab.kernel import die_with_parent

#: No agent on a busy machine needs longer for its start, or from one record to the next (seconds).
PATIENCE_S = 90.0
_SCRAPE_S = 0.3
#: How often files are looked at to find the moment of a write (seconds).
_LOOK_S = 0.001
READY = "INFO ready:"


class UnexpectedError(Exception):
    """The agent did not do what it has to."""


@dataclass(slots=True, kw_only=True)
class Life:
    """A process on `config`, with its store, its metrics on `port` of this network, and its log. `start_s`: how long
    starts take here (seconds); known better once it was ready."""

    config: Path
    store: Path
    port: int
    log: Path
    start_s: float = 1.5
    scrapes: list[Told] = field(default_factory=list)
    began: float = 0.0
    _process: "subprocess.Popen[bytes] | None" = None
    _over: threading.Event = field(default_factory=threading.Event)

    @contextlib.contextmanager
    def running(self) -> Iterator[None]:
        """Start it; the end of the block is the end of the process, whatever happens."""
        argv = [sys.executable, "-m", "blockprobe.cli.main", "agent", "--config", str(self.config)]
        with self.log.open("wb") as log:
            self._process = subprocess.Popen(argv, cwd=HERE.parent, stdout=log, stderr=log, preexec_fn=die_with_parent)
        self.began = time.monotonic()
        scraper = threading.Thread(target=self._scrape, daemon=True)
        scraper.start()
        try:
            yield
        finally:
            self._over.set()
            self.kill()
            scraper.join()

    # -- what it does ------------------------------------------------------------------------------------------

    @property
    def process(self) -> "subprocess.Popen[bytes]":
        """The process, dead or alive."""
        assert self._process is not None
        return self._process

    def age_s(self) -> float:
        """How long ago it was started."""
        return time.monotonic() - self.began

    def said(self) -> str:
        """Its log so far."""
        return self.log.read_text(errors="replace")

    def is_ready(self) -> bool:
        """Whether it has said so."""
        return READY in self.said()

    def ends(self) -> int:
        """Tell it to end, and wait; its exit status."""
        self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(PATIENCE_S)
        except subprocess.TimeoutExpired:
            raise UnexpectedError(f"it did not end within {PATIENCE_S:g} s of SIGTERM") from None

    def kill(self) -> bool:
        """SIGKILL; whether it was alive."""
        with contextlib.suppress(ProcessLookupError):
            self.process.send_signal(signal.SIGKILL)
        return self.process.wait() == -signal.SIGKILL

    def reported(self) -> tuple[Told, ...]:
        """What it said while it lived: its metrics, and its status file, which is younger and knows numbers only."""
        status = read_status(self.store) if self.is_ready() else None
        if status is None or status.pid != self.process.pid or status.waiting:
            return tuple(self.scrapes)
        return (*self.scrapes, Told(stored=status.measured, waiting=0, looks=frozenset()))

    def wait(self, holds: Callable[[], bool], what: str, *, within_s: float = PATIENCE_S, look_s: float = 0.01) -> None:
        """Until `holds`; raises UnexpectedError when it ends before, or when it takes too long."""
        end = time.monotonic() + within_s
        while not holds():
            if self.process.poll() is not None:
                raise UnexpectedError(f"it ended with {self.process.returncode} before {what}: {self.said()[-1500:]}")
            if time.monotonic() > end:
                raise UnexpectedError(f"no {what} within {within_s:g} s: {self.said()[-1500:]}")
            time.sleep(look_s)

    def wait_ready(self) -> None:
        """Until it says that it is ready."""
        self.wait(self.is_ready, "start")
        self.start_s = self.age_s()

    def wait_write(self, times: int = 1) -> None:
        """Until so many writes to the archive or the state were seen, and return at once."""
        known = self._kept()

        def written() -> bool:
            nonlocal known
            before, known = known, self._kept()
            return before != known

        for _ in range(times):
            self.wait(written, "write", look_s=_LOOK_S)

    def wait_reported(self) -> None:
        """Until its metrics call a record stored."""
        self.wait(lambda: any(one.stored for one in self.scrapes), "report")

    # -- its files ---------------------------------------------------------------------------------------------

    def sizes(self) -> dict[str, int]:
        """The files that it writes to now: those of today's segments, and the state."""
        found = {}
        for folder in (self.store, self._today()):
            with contextlib.suppress(OSError), os.scandir(folder) as entries:
                for entry in entries:
                    with contextlib.suppress(OSError):
                        if entry.name.startswith("state.") or entry.name.endswith((".gz", ".json", ".tmp", ".new")):
                            found[entry.name] = entry.stat().st_size
        return found

    def _kept(self) -> dict[str, int]:
        return {name: size for name, size in self.sizes().items() if "status.json" not in name}

    def sealed(self) -> int:
        """How many manifests of today there are."""
        return sum(1 for name in self.sizes() if name.endswith(".manifest.json"))

    def remains(self) -> list[str]:
        """What a kill left half done."""
        names = self.sizes()
        open_ = [one for one in names if one.endswith(".gz") and f"{one}.manifest.json" not in names]
        found = {
            "open segment": bool(open_),
            "draft": any(one.endswith((".tmp", ".new")) for one in names),
        }
        return [what for what, there in found.items() if there]

    def _today(self) -> Path:
        folder = self.store / "segments"
        for _ in range(3):
            with contextlib.suppress(OSError):
                folder = max((one for one in folder.iterdir() if one.is_dir()), default=folder)
        return folder

    def _scrape(self) -> None:
        """Read the metrics as Prometheus does, only more often; an answer that is not whole says nothing."""
        while not self._over.wait(_SCRAPE_S):
            connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10.0)
            try:
                connection.request("GET", "/metrics")
                answer = connection.getresponse()
                text = answer.read().decode()
                if answer.status == 200:
                    self.scrapes.append(told(text))
            except (OSError, http.client.HTTPException):
                continue
            finally:
                connection.close()


# -- the moments -------------------------------------------------------------------------------------------------

#: When a life is killed; each waits for its moment.
Moment = Callable[[Life, random.Random], None]


def in_start(life: Life, dice: random.Random) -> None:
    """While it starts: imports, repair, reading the state."""
    time.sleep(dice.uniform(0.02, 1.05 * life.start_s))


def in_line_check(life: Life, dice: random.Random) -> None:
    """Soon after it is ready: the line's check, the first cycle."""
    life.wait_ready()
    time.sleep(dice.uniform(0.0, 2.0))


def in_work(life: Life, dice: random.Random) -> None:
    """Anywhere in its cycles and between them."""
    life.wait_ready()
    life.wait_reported()
    time.sleep(dice.uniform(0.0, 2.5))


def in_rest(life: Life, dice: random.Random) -> None:
    """After a cycle, before the next one."""
    status = life.store / "status.json"
    life.wait_ready()
    life.wait_reported()
    before = status.stat().st_mtime_ns
    life.wait(lambda: status.stat().st_mtime_ns != before, "end of a cycle", look_s=0.003)
    time.sleep(dice.uniform(0.0, 0.3))


def in_write(life: Life, dice: random.Random) -> None:
    """Within milliseconds of a write to the archive or the state."""
    life.wait_ready()
    if dice.random() < 0.5:
        life.wait_reported()
    life.wait_write(dice.randint(1, 4))
    time.sleep(dice.choice((0.0, dice.uniform(0.0, 0.003), dice.uniform(0.0, 0.03))))


def in_rotation(life: Life, dice: random.Random) -> None:
    """When a segment was sealed under way, or is about to be."""
    life.wait_ready()
    before = life.sealed()
    with contextlib.suppress(UnexpectedError):  # on a machine that is busy no segment is filled in this time
        life.wait(lambda: life.sealed() > before, "seal", within_s=45.0, look_s=_LOOK_S)
    time.sleep(dice.choice((0.0, dice.uniform(0.0, 0.01))))


def in_end(life: Life, dice: random.Random) -> None:
    """While it ends in order: it flushes, seals, and writes the state."""
    life.wait_ready()
    life.wait_reported()
    life.process.send_signal(signal.SIGTERM)
    if dice.random() < 0.5:
        time.sleep(dice.uniform(0.0, 0.8))
    else:
        with contextlib.suppress(UnexpectedError):
            life.wait_write()
        time.sleep(dice.uniform(0.0, 0.01))


MOMENTS: dict[str, Moment] = {
    "start": in_start,
    "line check": in_line_check,
    "work": in_work,
    "rest": in_rest,
    "write": in_write,
    "rotation": in_rotation,
    "end": in_end,
}
