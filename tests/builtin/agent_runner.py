"""An agent on the subscriber's line: a small catalogue, its configuration, and what can be asked of it from outside."""

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

from blockprobe.store.reader import read_archive

NETWORK = """[[network]]
id = "gb/example"
name = "Example Internet"
country = "gb"
asns = [64500]
resolvers = ["198.51.100.153"]
"""
ORDER = """[[order]]
id = "gb/demo"
jurisdiction = "gb"
title = "Demonstration"
court = "High Court"
legal_basis = "none: this order is made up"
[[order.source]]
text = "made up for tests"
[[order.respondent]]
network = "gb/example"
"""
PLAN = """[[plan]]
id = "demo"
orders = ["gb/demo"]
interval_s = 10.0
per_host_s = 0.0
"""
SCRAPE = "import sys, urllib.request as u; print(u.urlopen(sys.argv[1], timeout=5).read().decode())"


def write_catalogue(folder, targets, *, plan=PLAN):
    """An order over `targets` that binds gb/example, and the plan `demo`."""
    for name, text in (("networks/gb/example.toml", NETWORK), ("plans/demo.toml", plan)):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    entries = [
        f'[[order.target]]\nvalue = "{one}"\nkind = "{"url" if "://" in one else "domain"}"\n' for one in targets
    ]
    path = folder / "orders/gb/demo.toml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(ORDER + "".join(entries))


class RunningAgent:
    """A process; leaving the context ends it."""

    def __init__(self, lab, scenario, folder: Path, *, vantage="", more="", plans=("demo",), arguments=()):
        self.lab, self.folder, self.store = lab, folder, folder / "store"
        self.config, self.log = folder / "agent.toml", folder / "agent.log"
        stated = f'[vantage]\nisp = "gb/example"\n{vantage}\n'
        self.config.write_text(
            lab.settings_toml(scenario).replace("[vantage]\n", stated, 1)
            + f'\n[catalogue]\npaths = ["{folder / "catalogue"}"]\n'
            + f'[agent]\nplans = {json.dumps(plans)}\ncycle_s = 1.0\n[store]\ndir = "{self.store}"\n{more}'
        )
        argv = [sys.executable, "-m", "blockprobe.cli.main", "agent", "--config", str(self.config), *arguments]
        with self.log.open("w") as log:
            self.process = lab.start_in("probe", argv, stdout=subprocess.DEVNULL, stderr=log)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()

    def said(self):
        return self.log.read_text()

    def metrics(self):
        """Series with their labels as text, and values."""
        done = self.lab.run_in_probe([sys.executable, "-c", SCRAPE, "http://127.0.0.1:9890/metrics"])
        lines = [line for line in done.stdout.splitlines() if line and not line.startswith("#")]
        return {line.rpartition(" ")[0]: float(line.rpartition(" ")[2]) for line in lines}

    def wait_for(self, holds, *, within=40.0):
        """The first metrics for which `holds`; fails with what was there instead."""
        end, found = time.monotonic() + within, {}
        while time.monotonic() < end and self.process.poll() is None:
            found = self.metrics()
            if found and holds(found):
                return found
            time.sleep(0.3)
        states = {name: value for name, value in found.items() if "step" not in name}
        raise AssertionError(f"{self.said()}\n{json.dumps(states, indent=1)}")

    def send(self, number):
        self.process.send_signal(number)

    def end(self, *, within=20.0):
        """SIGTERM; exit status and how long it took (seconds)."""
        began = time.monotonic()
        self.send(signal.SIGTERM)
        return self.process.wait(within), time.monotonic() - began

    def status(self):
        return json.loads((self.store / "status.json").read_text())

    def records(self):
        return list(read_archive(self.store))


def by_state(metrics, plan="demo"):
    """How many targets are in each state that any is in."""
    start = f'blockprobe_targets_by_state{{plan="{plan}",state="'
    return {name[len(start) : -2]: value for name, value in metrics.items() if name.startswith(start) and value}
