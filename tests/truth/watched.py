"""An agent on some line, with its catalogue and a scraper beside it; and what it left behind."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from . import scrapes
from .scrapes import Scrape

CADENCE_S = 10.0
"""The shortest interval that a plan may have."""
PLANS = f"""
[[plan]]
id = "quick"
orders = ["*"]
interval_s = {CADENCE_S}
jitter = 0.0
per_host_s = 0.0
confirm = 1
[[plan]]
id = "census"
orders = ["*"]
"""
"""The second one is there because its hour decides how long a figure is fresh: commands run after the agent's end."""
_AGENT = """
[catalogue]
paths = ["{folder}/catalogue"]
[agent]
plans = ["quick", "census"]
cycle_s = 1.0
[store]
dir = "{folder}/store"
[metrics]
textfile = "{folder}/agent.prom"
per_site = "all"
"""
_BLOCKPROBE = (sys.executable, "-m", "blockprobe.cli.main")


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A laboratory's subscriber line: its settings for a probe, how a command is started there, and how one ends
    the process of that number as it is called there."""

    settings: str
    start: Callable[[list[str], Path], "subprocess.Popen[Any]"]
    terminate: Callable[[int], object]


class Watched:
    """It works from entering until `end`; leaving the context ends it in any case."""

    def __init__(self, line: Line, folder: Path, catalogue: Mapping[str, str]) -> None:
        self._line, self.folder, self.store = line, folder, folder / "store"
        self.config = folder / "agent.toml"
        self.config.write_text(line.settings + _AGENT.format(folder=folder))
        for name, text in {**catalogue, "plans/truth.toml": PLANS}.items():
            path = folder / "catalogue" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)

    def __enter__(self) -> "Watched":
        """Everything is looked at once; then the agent goes on from there, so that all targets are due together."""
        agent = [*_BLOCKPROBE, "agent", "--config", str(self.config)]
        first = self._line.start([*agent, "--once"], self.folder / "agent.log")
        assert first.wait(60) == 0, self.said()
        self._first_count = self._count()
        scraper = [sys.executable, scrapes.__file__, "http://127.0.0.1:9890/metrics", str(self.folder / "scrapes")]
        self._processes = [self._line.start(agent, self.folder / "agent.log")]
        self._processes.append(self._line.start(scraper, self.folder / "scraper.log"))
        return self

    def __exit__(self, *_: object) -> None:
        for process in self._processes:
            if process.poll() is None:
                process.kill()
            process.wait()

    def said(self) -> str:
        return (self.folder / "agent.log").read_text()

    def scrapes(self) -> list[Scrape]:
        return scrapes.read(self.folder / "scrapes")

    def await_states(self, within_s: float = 45.0, **wanted: str) -> None:
        """Until the metrics show these states; names are given without their `.example`."""
        shown: dict[str, str] = {}
        until = time.monotonic() + within_s
        while time.monotonic() < until and self._processes[0].poll() is None:
            seen = self.scrapes()
            shown = seen[-1].states if seen else {}
            if all(shown.get(f"{name}.example") == state for name, state in wanted.items()):
                return
            time.sleep(0.2)
        raise AssertionError(f"{wanted} was not shown, but {shown}\n{self.said()}")

    def await_series(self, name: str, value: float, within_s: float = 45.0) -> None:
        """Until a series has the value."""
        until = time.monotonic() + within_s
        while time.monotonic() < until and self._processes[0].poll() is None:
            seen = self.scrapes()
            if seen and seen[-1].series.get(name) == value:
                return
            time.sleep(0.2)
        raise AssertionError(f"{name} never was {value}\n{self.said()}")

    def end(self) -> None:
        """SIGTERM, and an end without a fault."""
        self._line.terminate(json.loads((self.store / "status.json").read_text())["pid"])
        assert self._processes[0].wait(20) == 0, self.said()

    def counted(self) -> int:
        """The records that were counted, by both processes: the text file is written after the last cycle."""
        return self._first_count + self._count()

    def _count(self) -> int:
        series = scrapes.parsed((self.folder / "agent.prom").read_text())
        return int(sum(value for name, value in series.items() if name.startswith("blockprobe_records_total{")))

    def command(self, *argv: str) -> str:
        """What a command of this configuration prints; it must succeed."""
        done = subprocess.run([*_BLOCKPROBE, *argv], capture_output=True, text=True, timeout=60, env={**os.environ})
        assert done.returncode == 0, done.stderr
        return done.stdout

    def compliance(self) -> dict[str, dict[str, Any]]:
        """`orders compliance`, by order."""
        text = self.command("orders", "compliance", "--format", "json", "--config", str(self.config))
        return {one["order"]: one for one in map(json.loads, text.splitlines())}


def kill(pid: int) -> None:
    """For a laboratory whose processes have the numbers that they have here."""
    os.kill(pid, signal.SIGTERM)


def at(text: str | None) -> datetime | None:
    """A time of a JSON document."""
    return None if text is None else datetime.fromisoformat(text)
