"""Runs the tests in several processes at once: `python tests/together.py [--processes N] [PYTEST ARGUMENT...]`.

Tests of networks mostly wait. Each process is an ordinary pytest with laboratories of its own, and takes the next test
when it has done one. (pytest-xdist's workers have threads, and a process with threads cannot enter a user namespace, so
with it an ordinary user could not run the laboratories' tests.) A single test is easier to watch with plain pytest.
"""

import argparse
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


# -- in each process: a plugin of pytest ----------------------------------------------------------------------------


class Share:
    """Takes tests one by one from a counter that all processes share, and writes down what came of them."""

    def __init__(self, folder: Path, *, gives_way: bool) -> None:
        self.folder = folder
        self.gives_way = gives_way
        self.collected = 0
        self.reports: list[dict[str, Any]] = []

    def pytest_runtestloop(self, session: pytest.Session) -> bool | None:
        """As pytest's own loop, but over the tests that no other process has taken."""
        if session.testsfailed or session.config.option.collectonly:
            return None
        self.collected = len(session.items)
        mine = self._items(session.items)
        current = next(mine, None)
        while current is not None:
            following = next(mine, None)  # fixtures are kept for as long as the next test needs them
            current.config.hook.pytest_runtest_protocol(item=current, nextitem=following)
            current = following
        return True

    def _items(self, items: list[pytest.Item]) -> Iterator[pytest.Item]:
        """What waits first, then what computes; a process that gives way to others takes only the latter."""
        waiting = sorted((item for item in items if item.nodeid.startswith(WAITING)), key=_rank)
        computing = [item for item in items if not item.nodeid.startswith(WAITING)]
        queues = {"computing": computing} if self.gives_way else {"waiting": waiting, "computing": computing}
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
        text = json.dumps({"collected": self.collected, "reports": self.reports})
        (self.folder / f"{os.getpid()}.json").write_text(text)


def _rank(item: pytest.Item) -> int:
    return next((rank for rank, start in enumerate(FIRST) if item.nodeid.startswith(start)), len(FIRST))


def _portion(item: pytest.Item) -> str:
    """What one process takes at a time: a file, whose tests share what is made once (the daemons of tests/lab take
    seconds to start); of the built-in laboratory, which every process has anyway, a test."""
    return item.nodeid if item.nodeid.startswith("tests/builtin/") else str(item.path)


def pytest_configure(config: pytest.Config) -> None:
    gives_way = os.environ["BLOCKPROBE_TESTS_ROLE"] == "computing"
    if gives_way:
        os.nice(10)  # a test that watches a clock beside it must not be late on its account
    config.pluginmanager.register(Share(Path(os.environ["BLOCKPROBE_TESTS_SHARED"]), gives_way=gives_way))


# -- in the process that the user started ---------------------------------------------------------------------------


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--processes", type=int, default=7, help="that wait; two more compute beside them")
    options, arguments = parser.parse_known_args()
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="blockprobe-tests-") as name:
        folder = Path(name)
        roles = ["computing"] * COMPUTING + ["waiting"] * options.processes
        processes = [_start(folder, number, role, arguments) for number, role in enumerate(roles)]
        try:
            _watch(processes, folder)
        except KeyboardInterrupt:
            for process in processes:
                process.wait()
        results = {process.pid: folder / f"{process.pid}.json" for process in processes}
        shares = [json.loads(path.read_text()) for path in results.values() if path.exists()]
        broken = [n for n, p in enumerate(processes) if p.returncode not in (0, 1) or not results[p.pid].exists()]
        for number in broken[:1]:
            print((folder / f"{number}.log").read_text())
    return _summary(shares, broken=len(broken), seconds=time.monotonic() - began)


def _start(folder: Path, number: int, role: str, arguments: list[str]) -> "subprocess.Popen[bytes]":
    argv = [sys.executable, "-m", "pytest", "-p", "tests.together", "-p", "no:cacheprovider", *arguments]
    environment = {**os.environ, "BLOCKPROBE_TESTS_SHARED": str(folder), "BLOCKPROBE_TESTS_ROLE": role}
    with (folder / f"{number}.log").open("wb") as log:
        return subprocess.Popen(argv, cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log)


def _watch(processes: "list[subprocess.Popen[bytes]]", folder: Path) -> None:
    """Wait for all; a terminal sees how far they are."""
    while any(process.poll() is None for process in processes):
        time.sleep(0.5)
        if sys.stderr.isatty():
            turns = [path.read_text() for name in ("waiting", "computing") if (path := folder / name).exists()]
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
