"""What the benchmarks share: the laboratory with a patient helper, client processes, statistics, results on disk."""

import json
import math
import os
import platform
import random
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from blockprobe.lab import configuration  # noqa: E402
from blockprobe.lab.lab import Lab  # noqa: E402
from blockprobe.lab.scenario import Scenario  # noqa: E402

TICKS = os.sysconf("SC_CLK_TCK")


# -- the laboratory ----------------------------------------------------------------------------------------------


@contextmanager
def laboratory(scenario: Scenario) -> Iterator[Lab]:
    """The built-in laboratory with our helper, whose budgets are lifted: one client asks thousands of times.

    What its processes complain of goes to bench-lab.log in the laboratory's directory, not between the figures.
    """
    with _quiet_children(), Lab() as lab:
        lab.load(scenario)
        plain = configuration.helper

        def generous(certificate: str) -> str:
            lifted = "[helper_server]\nrequests_per_minute = 1000000\nmegabytes_per_hour = 1000000"
            return plain(certificate).replace("[helper_server]", lifted, 1)

        configuration.helper = generous
        try:
            lab.start_helper()
        finally:
            configuration.helper = plain
        yield lab


@contextmanager
def _quiet_children() -> Iterator[None]:
    """Children forked meanwhile inherit a stderr that goes nowhere; ours comes back when the laboratory has ended."""
    kept = os.dup(2)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    os.close(nowhere)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)


def run_client(lab: Lab, scenario: Scenario, job: dict[str, Any], *, namespace: str = "probe") -> dict[str, Any]:
    """Run bench/client.py on the subscriber's line with `job`; what it printed. Raises RuntimeError with its stderr."""
    config = lab.directory / "probe.toml"
    config.write_text(lab.settings_toml(scenario))
    ask = lab.directory / "job.json"
    ask.write_text(json.dumps({"config": str(config)} | job))
    argv = [sys.executable, str(HERE / "client.py"), str(ask)]
    process = lab.start_in(namespace, argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    try:
        out, err = process.communicate()
    except BaseException:
        process.kill()
        process.wait()
        raise
    if process.returncode != 0:
        raise RuntimeError(f"client: {err[-3000:]}")
    answer: dict[str, Any] = json.loads(out)
    answer["stderr"] = err[-2000:]
    return answer


def cpu_of_children() -> float:
    """CPU seconds used so far by every living descendant of this process (the laboratory: servers, wires, helper)."""
    parents: dict[int, list[int]] = {}
    used: dict[int, float] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:  # it has ended meanwhile
            continue
        pid = int(stat.parent.name)
        parents.setdefault(int(fields[1]), []).append(pid)
        used[pid] = (int(fields[11]) + int(fields[12])) / TICKS
    waiting, total = [os.getpid()], 0.0
    while waiting:
        for child in parents.get(waiting.pop(), ()):
            total += used[child]
            waiting.append(child)
    return total


# -- statistics --------------------------------------------------------------------------------------------------


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that at least `share` of the values do not exceed; nan when there are none."""
    if not values:
        return math.nan
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


def upper_bound(hits: int, trials: int, *, doubt: float = 0.05) -> float:
    """The one-sided Clopper-Pearson upper bound of a rate; for no hits about 3 / trials ("rule of three")."""
    if trials == 0 or hits >= trials:
        return 1.0
    if hits == 0:
        return float(1.0 - doubt ** (1.0 / trials))
    low, high = hits / trials, 1.0
    for _ in range(100):
        middle = (low + high) / 2
        if _at_most(hits, trials, middle) > doubt:
            low = middle
        else:
            high = middle
    return high


def _at_most(hits: int, trials: int, rate: float) -> float:
    """P(X <= hits) for a binomial X, term by term in logarithms."""
    total = 0.0
    for k in range(hits + 1):
        ways = math.lgamma(trials + 1) - math.lgamma(k + 1) - math.lgamma(trials - k + 1)
        total += math.exp(ways + k * math.log(rate) + (trials - k) * math.log1p(-rate))
    return total


# -- results -----------------------------------------------------------------------------------------------------


def machine() -> dict[str, Any]:
    """What the figures were measured on."""
    model = "unknown"
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.lower().startswith(("model name", "hardware")):
            model = line.partition(":")[2].strip()
            break
    return {
        "cpu": model,
        "cores": len(os.sched_getaffinity(0)),
        "kernel": platform.release(),
        "python": platform.python_version(),
        "load_average_before": os.getloadavg()[0],
    }


def commit() -> str:
    """The commit that was measured, with "+" where the tree differs from it."""

    def git(*arguments: str) -> str:
        done = subprocess.run(["git", *arguments], cwd=HERE, capture_output=True, text=True, check=False)
        return done.stdout.strip()

    dirty = git("status", "--porcelain", "--untracked-files=no", "--", "../blockprobe")
    return (git("rev-parse", "HEAD") or "unknown") + ("+" if dirty else "")


def save(topic: str, seed: int, figures: dict[str, Any]) -> Path:
    """Write bench/results/<topic>.json."""
    path = HERE / "results" / f"{topic}.json"
    path.parent.mkdir(exist_ok=True)
    head = {"topic": topic, "commit": commit(), "seed": seed, "machine": machine()}
    path.write_text(json.dumps(head | figures, indent=1) + "\n")
    return path


def shuffled(items: Sequence[Any], seed: int) -> list[Any]:
    """The items in an order that only the seed decides."""
    mixed = list(items)
    random.Random(seed).shuffle(mixed)
    return mixed
