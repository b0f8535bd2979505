"""Runs the tests in several processes at once: `python tests/together.py [--processes N] [PYTEST ARGUMENT...]`.

Tests of networks mostly wait. One pytest collects them and forks; each process goes on as an ordinary pytest with a
network and laboratories of its own, and takes the next test when it has done one. (pytest-xdist's workers have threads,
and a process with threads cannot enter a user namespace, so with it an ordinary user could not run the laboratories'
tests.) A single test is easier to watch with plain pytest.
"""

import argparse
import contextlib
import fcntl
import json
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import Any

import pytest

from blockprobe.lab import kernel
from blockprobe.model.errors import LabError

ROOT = Path(__file__).parents[1]
WAITING = (
    *("tests/lab/", "tests/builtin/", "tests/dashboards/test_quickstart.py"),
    *("tests/helper/", "tests/measure/", "tests/net/", "tests/raw/", "tests/mirrors/test_live"),
)
"""Where tests mostly wait, or hold times against a clock: such a test must not give way to others."""
FIRST = ("tests/lab/test_truth_in_time.py", "tests/dashboards/", "tests/builtin/test_verdicts.py")
"""The longest, and beside them what mostly waits: the agents' tests compute, and these two watch a clock."""
COMPUTING = 2
"""Processes beside them that only compute, with what the waiting leaves of the processors."""
STATUSES = "statuses.json"
"""In the folder that all share: each process and its exit status."""


# -- in each process: a plugin of pytest ----------------------------------------------------------------------------


class Share:
    """Makes many of one process, which take tests one by one from a counter that all share, and write down what came
    of them."""

    def __init__(self, folder: Path, roles: list[str]) -> None:
        self.folder = folder
        self.roles = roles
        self.role: str | None = None  # none: the process that collects, and waits for the others
        self.collected = 0
        self.reports: list[dict[str, Any]] = []

    def pytest_runtestloop(self, session: pytest.Session) -> bool | None:
        """As pytest's own loop, but in many processes, each over the tests that no other has taken."""
        if session.testsfailed or session.config.option.collectonly:
            return None
        self.collected = len(session.items)
        self.role = self._fork()
        mine = self._items(session.items) if self.role else iter(())
        current = next(mine, None)
        while current is not None:
            following = next(mine, None)  # fixtures are kept for as long as the next test needs them
            current.config.hook.pytest_runtest_protocol(item=current, nextitem=following)
            current = following
        return True

    def _fork(self) -> str | None:
        """The role of the process that this is afterwards; None in the first one, when all others have ended."""
        children = []
        for number, role in enumerate(self.roles):
            child = os.fork()
            if child == 0:
                self._settle_in(number, role)
                return role
            children.append(child)
        statuses = [_status_of(child) for child in children]
        (self.folder / STATUSES).write_text(json.dumps(statuses))
        return None

    def _settle_in(self, number: int, role: str) -> None:
        with (self.folder / f"{number}.log").open("wb") as log:
            os.dup2(log.fileno(), 1)
            os.dup2(log.fileno(), 2)
        if role == "computing":
            os.nice(10)  # a test that watches a clock beside it must not be late on its account
        with contextlib.suppress(LabError):  # where nothing can be cut, tests/conftest.py leaves out what would send
            kernel.cut_network()
        kernel.die_with_parent()

    def _items(self, items: list[pytest.Item]) -> Iterator[pytest.Item]:
        """What waits first, then what computes; a process that gives way to others takes only the latter."""
        waiting = sorted((item for item in items if item.nodeid.startswith(WAITING)), key=_rank)
        computing = [item for item in items if not item.nodeid.startswith(WAITING)]
        queues = {"computing": computing} if self.role == "computing" else {"waiting": waiting, "computing": computing}
        for name, queue in queues.items():
            portions = [list(portion) for _, portion in groupby(queue, _portion)]
            for turn in self._turns(name, len(portions)):
                yield from portions[turn]

    def _turns(self, queue: str, count: int) -> Iterator[int]:
        with (self.folder / queue).open("a+") as counter:
            while True:
                fcntl.flock(counter, fcntl.LOCK_EX)
                counter.seek(0)
                turn = int(counter.read() or 0)
                counter.truncate(0)
                counter.write(str(turn + 1))
                counter.flush()
                fcntl.flock(counter, fcntl.LOCK_UN)
                if turn >= count:
                    return
                yield turn

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Keep what the summary needs."""
        if report.when != "call" and report.outcome == "passed":
            return
        skip = report.longrepr[2] if report.skipped and isinstance(report.longrepr, tuple) else ""
        self.reports.append({
            "test": report.nodeid,
            "outcome": "error" if report.failed and report.when != "call" else report.outcome,
            "seconds": report.duration,
            "text": skip or report.longreprtext if not report.passed else "",
        })  # fmt: skip

    def pytest_sessionfinish(self) -> None:
        """Hand over."""
        if self.role:
            text = json.dumps({"collected": self.collected, "reports": self.reports})
            (self.folder / f"{os.getpid()}.json").write_text(text)


def _status_of(child: int) -> tuple[int, int]:
    """The process and its exit status, when it has ended; an interrupt is for it as well, and it sums up."""
    while True:
        with contextlib.suppress(KeyboardInterrupt):
            return child, os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def _rank(item: pytest.Item) -> int:
    return next((rank for rank, start in enumerate(FIRST) if item.nodeid.startswith(start)), len(FIRST))


def _portion(item: pytest.Item) -> str:
    """What one process takes at a time: a file, whose tests share what is made once (the daemons of tests/lab take
    seconds to start); of the built-in laboratory, which every process has anyway, a test."""
    return item.nodeid if item.nodeid.startswith("tests/builtin/") else str(item.path)


def pytest_configure(config: pytest.Config) -> None:
    roles = os.environ["BLOCKPROBE_TESTS_ROLES"].split()
    config.pluginmanager.register(Share(Path(os.environ["BLOCKPROBE_TESTS_SHARED"]), roles))


# -- in the process that the user started ---------------------------------------------------------------------------


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--processes", type=int, default=7, help="that wait; two more compute beside them")
    options, arguments = parser.parse_known_args()
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="blockprobe-tests-") as name:
        folder = Path(name)
        roles = ["computing"] * COMPUTING + ["waiting"] * options.processes
        process = _start(folder, roles, arguments)
        _watch(process, folder)
        statuses = json.loads(text) if (text := _read(folder / STATUSES)) else []
        shares = [json.loads(text) for child, _ in statuses if (text := _read(folder / f"{child}.json"))]
        broken = [n for n, (child, status) in enumerate(statuses) if status not in (0, 1)]
        if process.returncode or broken:
            print(_read(folder / (f"{broken[0]}.log" if broken else "first.log")))
    broke_down = max(len(broken), len(statuses) - len(shares), int(bool(process.returncode)))
    return _summary(shares, broken=broke_down, seconds=time.monotonic() - began)


def _read(path: Path) -> str:
    return path.read_text() if path.exists() else ""


def _start(folder: Path, roles: list[str], arguments: list[str]) -> "subprocess.Popen[bytes]":
    """One pytest. It may not capture file descriptors: the processes that come of it would share one file."""
    plugins = ["-p", "tests.together", "-p", "no:cacheprovider", "--capture=sys"]
    argv = [sys.executable, "-m", "pytest", *plugins, *arguments]
    environment = {**os.environ, "BLOCKPROBE_TESTS_SHARED": str(folder), "BLOCKPROBE_TESTS_ROLES": " ".join(roles)}
    with (folder / "first.log").open("wb") as log:
        return subprocess.Popen(argv, cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log)


def _watch(process: "subprocess.Popen[bytes]", folder: Path) -> None:
    """Wait for it; a terminal sees how far they are. An interrupt is for it as well, and it sums up."""
    while process.poll() is None:
        with contextlib.suppress(KeyboardInterrupt):
            time.sleep(0.5)
        if sys.stderr.isatty():
            turns = [_read(folder / name) for name in ("waiting", "computing")]
            print(f"\r{sum(int(turn or 0) for turn in turns)} tests begun", end="", file=sys.stderr, flush=True)
    if sys.stderr.isatty():
        print("\r", end="", file=sys.stderr)


def _summary(shares: list[dict[str, Any]], *, broken: int, seconds: float) -> int:
    reports = [report for share in shares for report in share["reports"]]
    bad = [report for report in reports if report["outcome"] in ("failed", "error")]
    for report in bad:
        print(f"\n{'=' * 20} {report['outcome']}: {report['test']}\n{report['text']}")
    print("\nslowest:")
    for report in sorted(reports, key=lambda report: -report["seconds"])[:5]:
        print(f"  {report['seconds']:6.1f} s  {report['test']}")
    reasons = Counter(report["text"].removeprefix("Skipped: ") for report in reports if report["outcome"] == "skipped")
    for reason, count in reasons.most_common():
        print(f"skipped {count}: {reason}")
    for report in bad:
        print(f"{report['outcome']}: {report['test']}")
    counts = Counter(report["outcome"] for report in reports)
    missing = max((share["collected"] for share in shares), default=0) - len({report["test"] for report in reports})
    if broken or missing:
        print(f"{broken} processes broke down; {missing} tests were not run")
    words = [f"{counts['passed']} passed", f"{counts['failed']} failed"]
    words += [f"{counts[name]} {word}" for name, word in (("error", "errors"), ("skipped", "skipped")) if counts[name]]
    print(f"{', '.join(words)} in {seconds:.0f} s")
    return 1 if bad or broken or missing or not reports else 0


if __name__ == "__main__":
    sys.exit(main())
