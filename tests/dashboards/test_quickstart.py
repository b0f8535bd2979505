"""docs/quickstart.md as a new operator follows it: its commands, in its order, with the files that they name.

Added to what the page says: no registry is asked (the network is cut; the packages are those that run this test), and
the copies that Prometheus reads have their intervals shortened to a second.
"""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import sysconfig
import time
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from dashboard_files import FILES, ROOT, Asked, filled, label_values, load, queries, variables
from live_prometheus import Prometheus, missing

from blockprobe.lab.lab import Lab
from blockprobe.model.errors import LabError

PAGE = ROOT / "docs/quickstart.md"
#: All of it together, and one command alone (seconds).
LIMIT_S, COMMAND_S = 200.0, 120.0
_BLOCK = re.compile(r"^<!-- quickstart(?:: (?P<what>[^>]*?))? -->\n```sh\n(?P<code>.*?)^```$", re.M | re.S)
_COPIED = ("blockprobe", "probes", "Makefile", "pyproject.toml", "README.md", "LICENSE", ".ci")
_FINDINGS = {("BlockprobeBlockLifted", "zz/demo-any"), ("BlockprobeDeadlinePassed", "zz/demo-today")}


def blocks() -> list[tuple[str, str]]:
    """What each tested block is, and its commands."""
    return [(match["what"] or "", match["code"]) for match in _BLOCK.finditer(PAGE.read_text(encoding="utf-8"))]


@dataclass(slots=True, kw_only=True)
class Operator:
    """A checkout and a shell in it; what was started in the background is ended by `leave`."""

    checkout: Path
    running: dict[str, subprocess.Popen[str]] = field(default_factory=dict)
    began: float = field(default_factory=time.monotonic)

    def environment(self) -> dict[str, str]:
        clean = {key: value for key, value in os.environ.items() if not key.startswith(("BLOCKPROBE_", "SSL_CERT"))}
        clean |= {"HOME": str(self.checkout), "TERM": "dumb", "PIP_NO_INDEX": "1", "PIP_NO_DEPS": "1"}
        clean |= {"PIP_NO_BUILD_ISOLATION": "0"}  # as pip reads it: none
        if (self.checkout / ".venv/bin/blockprobe").exists():  # every terminal after the first begins with that
            clean["PATH"] = f"{self.checkout}/.venv/bin:{clean['PATH']}"
        return clean

    def run(self, code: str) -> str:
        """The block's output; fails with it."""
        done = subprocess.run(
            ["sh", "-eu", "-c", code], cwd=self.checkout, env=self.environment(), capture_output=True, text=True,
            timeout=COMMAND_S, check=False, input="",
        )  # fmt: skip
        assert done.returncode == 0, f"{code}\n{done.stdout[-3000:]}{done.stderr[-3000:]}"
        return done.stdout

    def start(self, name: str, code: str) -> None:
        """A terminal of its own; `exec` because a signal is for the program and not for the shell."""
        with (self.checkout / f"{name}.out").open("w") as out:
            self.running[name] = subprocess.Popen(
                ["sh", "-eu", "-c", f"exec {code}"], cwd=self.checkout, env=self.environment(), text=True,
                stdin=subprocess.DEVNULL, stdout=out, stderr=out,
            )  # fmt: skip

    def said(self, name: str) -> str:
        return (self.checkout / f"{name}.out").read_text()

    def stop(self, name: str) -> int:
        """Ctrl-C; the exit status."""
        process = self.running.pop(name)
        process.send_signal(signal.SIGINT)
        return process.wait(40)

    def leave(self) -> None:
        for process in self.running.values():
            process.terminate()
        for process in self.running.values():
            try:
                process.wait(40)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def wait(self, holds, what: str) -> None:
        """Until it holds; fails with `what`, its latest answer and what the background said."""
        while (answer := holds()) is not True:
            alive = all(process.poll() is None for process in self.running.values())
            logs = "".join(f"\n--- {name}\n{self.said(name)[-3000:]}" for name in self.running)
            assert alive, f"{what}: a program in the background ended{logs}"
            assert time.monotonic() < self.began + LIMIT_S, f"not within {LIMIT_S:.0f} s: {what}: {answer}{logs}"
            time.sleep(0.3)


@pytest.fixture
def operator(tmp_path: Path):
    reason = missing()
    if reason:
        pytest.skip(reason)
    for program in ("curl", "make"):
        if shutil.which(program) is None:
            pytest.skip(f"the page uses {program}: apt-get install -y --no-install-recommends {program}")
    for needed in ("hatchling.build", "editables"):
        pytest.importorskip(needed, reason="`make venv` without a registry needs it: pip install -e '.[dev]'")
    try:
        Lab().__enter__().close()
    except LabError as error:
        pytest.skip(str(error))
    one = Operator(checkout=checkout_in(tmp_path / "checkout"))
    try:
        yield one
    finally:
        one.leave()


def checkout_in(folder: Path) -> Path:
    """What a clone has, as far as the page uses it, with a virtual environment that needs no registry."""
    folder.mkdir()
    for name in _COPIED:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(ROOT / name, folder / name)
    for name in ("dashboards", "deploy", "docs"):
        (folder / name).symlink_to(ROOT / name)
    environment_without_registry(folder / ".venv")
    return folder


def environment_without_registry(folder: Path) -> None:
    """A virtual environment that sees the packages of this one; `make venv` installs into it."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
    (site,) = folder.glob("lib/python*/site-packages")
    (site / "zz-packages.pth").write_text(sysconfig.get_path("purelib") + "\n")


def shorten(folder: Path) -> None:
    """In the copies that the operator made: everything that waits, waits a second."""
    for path in [folder / "prometheus.yml", *(folder / "rules").glob("*.yml")]:
        text = re.sub(r"(scrape_interval|evaluation_interval|interval): \w+", r"\1: 1s", path.read_text())
        path.write_text(re.sub(r"^( +for): \w+$", r"\1: 1s", text, flags=re.M))


def without_data(live: Prometheus, asked: list[Asked]) -> list[str]:
    """Panel and variable queries that Prometheus has no data for."""
    found = []
    for one in asked:
        expr = filled(one.expr, rate_interval="15s")
        result = live.series(expr) if one.target.get("instant") else live.course(expr, 5)
        values = [value for each in result for _, value in each.get("values", [each.get("value")])]
        if all(value == "NaN" for value in values):
            found.append(f"{one.where}: {expr}")
    for path in FILES:
        for variable in variables(load(path)).values():
            if variable["type"] == "query":
                selector, label = label_values(variable["query"])
                if not live.values(filled(selector), label):
                    found.append(f"{path.stem}: variable {variable['name']}")
    return found


def firing(live: Prometheus) -> set[tuple[str, str | None]]:
    """Alerts and orders, according to Prometheus."""
    alerts = [alert for alert in live.ask("alerts")["alerts"] if alert["state"] == "firing"]
    return {(alert["labels"]["alertname"], alert["labels"].get("order")) for alert in alerts}


def test_a_new_operator_gets_from_the_checkout_to_data_on_every_panel_and_alerts_that_fire(operator):
    live = Prometheus(url="http://127.0.0.1:9091")
    install, agent, check, look, copy, prometheus, verify, own = (code for _, code in blocks())

    assert "blockprobe 0" in operator.run(install)
    operator.start("agent", agent)
    operator.wait(lambda: "metrics http" in operator.said("agent"), "the agent starts")
    assert "zz/demo-today" in operator.run(check)
    operator.run(copy)
    shorten(operator.checkout / "quickstart/prometheus")
    operator.start("prometheus", prometheus)
    assert "zz/pictures" in operator.run(own)
    operator.wait(lambda: "are open from now on" in operator.said("agent"), "the agent sees every block")
    shown = operator.run(look)
    assert re.search(r'targets_by_state\{plan="demo",state="blocked"\} [1-9]', shown)
    assert json.loads(shown.splitlines()[-1])["healthy"] is True

    operator.wait(lambda: firing(live) >= _FINDINGS or firing(live), f"{_FINDINGS} fire")
    operator.wait(lambda: without_data(live, list(queries())) or True, "every query has data")
    alerts_follow_what_happened(live)
    one = next(one for one in queries() if one.panel["title"] == "Deadlines")
    wrong = {**one.target, "expr": one.expr.replace("deadline_timestamp", "dedline_timestamp")}
    assert len(without_data(live, [Asked(dashboard="", panel=one.panel, target=wrong)])) == 1

    assert operator.stop("agent") == 0
    operator.run(verify)
    sys.stdout.write(f"quickstart: {len(list(queries()))} queries, {time.monotonic() - operator.began:.0f} s\n")


def alerts_follow_what_happened(live: Prometheus) -> None:
    """The lifted block is of one order only, and the deadline that passed meanwhile was no alert before."""
    lifted = live.series('ALERTS{alertname="BlockprobeBlockLifted"}')
    passed = live.course('ALERTS{alertname="BlockprobeDeadlinePassed",order="zz/demo-today"}', LIMIT_S)
    (deadline,) = live.series('blockprobe_order_deadline_timestamp_seconds{order="zz/demo-today"}')

    assert {one["metric"]["order"] for one in lifted} == {"zz/demo-any"}
    assert min(float(at) for one in passed for at, _ in one["values"]) > float(deadline["value"][1])


def test_every_block_of_the_page_that_calls_itself_tested_is_found():
    text = PAGE.read_text(encoding="utf-8")

    assert len(blocks()) == text.count("(*tested*") == 8
