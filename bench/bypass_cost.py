"""What does a battery against one target cost: connections, bytes, seconds, by kind of censor? And is every cell right?

The table of `blockprobe.lab.bypass_world`, in the built-in laboratory, by `blockprobe bypass` as users run it. The goal
is that no battery passes the limits of [bypass] and no cell is wrong; the exit status is 1 otherwise.
Run: `python bench/bypass_cost.py [--quick] [--loss 0.05] [--concurrency N]`.
"""

import argparse
import sys
from typing import Any

from common import laboratory, save

from blockprobe.lab.bypass_world import TRUTHS, WORLD, Truth, with_loss
from blockprobe.lab.lab import Lab
from blockprobe.model.bypass import Bypass
from blockprobe.model.bypass_codec import load_bypass
from blockprobe.model.settings import BypassSettings

#: Censors that answer at once, one a layer.
QUICK = ("https://nx.example/", "https://sni.example/", "http://notice.example/")
LIMITS = BypassSettings()


def main() -> int:
    """Measure, print, and say whether the goal is met."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="three censors, nothing saved")
    parser.add_argument("--loss", type=float, default=0.0, help="share of packets lost each way")
    parser.add_argument("--concurrency", type=int, default=4)
    wish = parser.parse_args()
    world = with_loss(WORLD, wish.loss) if wish.loss else WORLD
    truths = [truth for truth in TRUTHS if truth.target in QUICK or not wish.quick]
    with laboratory(world) as lab:
        found = run(lab, [truth.target for truth in truths if not truth.force], wish.concurrency, force=False)
        found |= run(lab, [truth.target for truth in truths if truth.force], wish.concurrency, force=True)
    rows = [row_of(truth, found[truth.target]) for truth in truths]
    show(rows)
    if not wish.quick:
        topic = f"bypass_cost_{wish.loss:g}" if wish.loss else "bypass_cost"
        print(save(topic, 20, {"limits": limits(), "concurrency": wish.concurrency, "targets": rows}))
    return 0 if all(row["within"] and not row["wrong"] for row in rows) else 1


def run(lab: Lab, targets: list[str], concurrency: int, *, force: bool) -> dict[str, Bypass]:
    """The results of one run of the program, by target."""
    if not targets:
        return {}
    config = lab.directory / "probe.toml"
    config.write_text(lab.settings_toml())
    argv = [sys.executable, "-m", "blockprobe.cli.main", "bypass", *targets, "--format", "json"]
    argv += ["--config", str(config), "--concurrency", str(concurrency), *(["--force"] if force else [])]
    done = lab.run_in_probe(argv, timeout_s=1800.0)
    if done.returncode != 0:
        raise RuntimeError(f"blockprobe bypass: {done.stderr[-3000:]}")
    return {result.target.input: result for result in map(load_bypass, done.stdout.splitlines())}


def row_of(truth: Truth, bypass: Bypass) -> dict[str, Any]:
    """What one battery cost, with and without the plain path before and after it, and which cells are wrong."""
    cells = truth.cells()
    wrong = [str(trial.technique) for trial in bypass.trials if trial.outcome is not cells[trial.technique]]
    connections = sum(trial.cost.connections for trial in bypass.trials)
    moved = sum(trial.cost.bytes for trial in bypass.trials)
    return {
        "target": truth.target,
        "cells": len(bypass.trials),
        "wrong": wrong,
        "connections": bypass.cost.connections,
        "bytes": bypass.cost.bytes,
        "seconds": round(bypass.cost.seconds, 1),
        "battery_connections": connections,
        "battery_bytes": moved,
        "within": connections <= LIMITS.connections and moved <= LIMITS.bytes,
    }


def limits() -> dict[str, float]:
    """Those of a battery."""
    return {"connections": LIMITS.connections, "bytes": LIMITS.bytes, "seconds": LIMITS.seconds}


def show(rows: list[dict[str, Any]]) -> None:
    """A line a target, and the sums."""
    print(f"{'target':32} {'connections':>12} {'(battery)':>10} {'kB':>8} {'(battery)':>10} {'seconds':>8}  wrong")
    for row in rows:
        print(
            f"{row['target']:32} {row['connections']:12} {row['battery_connections']:10} {row['bytes'] / 1000:8.0f} "
            f"{row['battery_bytes'] / 1000:10.0f} {row['seconds']:8.1f}  {' '.join(row['wrong']) or '-'}"
        )
    cells, wrong = sum(row["cells"] for row in rows), sum(len(row["wrong"]) for row in rows)
    most = max(row["battery_connections"] for row in rows)
    print(f"{cells} cells, {wrong} wrong; most connections of a battery {most} of {LIMITS.connections} allowed")


if __name__ == "__main__":
    sys.exit(main())
