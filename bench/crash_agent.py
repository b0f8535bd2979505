"""The trial of bench/crash.py that kills whole agents: `blockprobe agent` as an operator starts it, on a busy line.

Several stores at once, each with an agent of its own in the built-in laboratory, while the censor comes and goes. What
counts as reported is what the agent's metrics say (crash_ledger.py).
"""

import json
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

from common import HERE, laboratory

from blockprobe.lab.censor import Sni
from blockprobe.lab.lab import Lab
from blockprobe.lab.lies import Lie, Say
from blockprobe.lab.scenario import Scenario
from blockprobe.lab.sites import Page, says, site
from blockprobe.model.errors import LabError

#: Kills that are spread over more stores, and over how many; a store with few kills is hardly a history.
MANY, LANES, FEW_LANES = 40, 4, 2
#: The censor changes so often (seconds).
CHANGE_S = 9.0
WHOLE_EVERY = 25
#: Every other store has the least room there can be: its segments are small, and the oldest go.
ROOM_BYTES, TIGHT_BYTES = 40_000_000, 1_000_000

#: What is aimed at, in twenty kills; only stores with little room rotate under way.
AIMS = ["start"] * 3 + ["line check"] * 2 + ["work"] * 4 + ["rest"] * 2 + ["write"] * 5 + ["end"] * 4
AIMS_TIGHT = [*AIMS[:-1], "rotation"]
QUICK_AIMS = ["start", "work", "write", "end", "line check"]

OPEN = tuple(f"open{n}.example" for n in range(12))
BLOCKED = tuple(f"blocked{n}.example" for n in range(24))
TOGGLED = tuple(f"sometimes{n}.example" for n in range(8))
MIRRORS = tuple(f"mirror{n}.example" for n in range(3))

#: Whose evidence is kept in full fills segments: stores with little room look at more blocked sites.
TARGETS = (*OPEN, *BLOCKED[:10], *TOGGLED)
TARGETS_TIGHT = (*OPEN[:4], *BLOCKED, *TOGGLED[:4])

_CATALOGUE = {
    "networks/gb/example.toml": """[[network]]
id = "gb/example"
name = "Example Internet"
country = "gb"
asns = [64500]
resolvers = ["198.51.100.153"]
""",
    "orders/gb/crash.toml": """[[order]]
id = "gb/crash"
jurisdiction = "gb"
title = "Benchmark"
court = "High Court"
legal_basis = "none: this order is made up"
mirrors_allowed = true
[[order.source]]
text = "made up for a benchmark"
[[order.respondent]]
network = "gb/example"
""",
    "plans/crash.toml": """[[plan]]
id = "often"
orders = ["gb/crash"]
interval_s = 10.0
per_host_s = 0.0
[[plan]]
id = "again"
orders = ["gb/crash"]
interval_s = 10.0
per_host_s = 0.0
[[plan]]
id = "mirrors"
mirrors = ["mirrors.txt"]
interval_s = 10.0
""",
    "plans/mirrors.txt": "".join(f"{name} {OPEN[0]}\n" for name in MIRRORS),
}


def _catalogue(targets: tuple[str, ...]) -> dict[str, str]:
    listed = "".join(f'[[order.target]]\nvalue = "{name}"\n' for name in targets)
    return {name: text + (listed if name.startswith("orders/") else "") for name, text in _CATALOGUE.items()}


def world(*, blocked: tuple[str, ...]) -> Scenario:
    """The line with these sites blocked, half by name in the ClientHello and half by a lie in DNS."""
    names = (*OPEN, *BLOCKED, *TOGGLED)
    return Scenario(
        name="crash",
        story="open sites, blocked sites, and some that come and go",
        sites=(
            *(site(name, 10 + n) for n, name in enumerate(names)),
            *(site(name, 10 + len(names) + n, says(Page(seed=OPEN[0]))) for n, name in enumerate(MIRRORS)),
        ),
        rules=(Sni(names=blocked[::2]),),
        lies=(Lie(names=blocked[1::2], say=Say.NXDOMAIN),),
    )


LESS, MORE = world(blocked=BLOCKED), world(blocked=BLOCKED + TOGGLED)


def agents_killed(folder: Path, seed: int, kills: int) -> dict[str, Any]:
    """So many kills over all stores; figures with every kill, and what was broken."""
    lanes = LANES if kills >= MANY else FEW_LANES
    began = time.monotonic()
    try:
        with laboratory(LESS) as lab:
            started = [_start(lab, folder, number, seed, _share(kills, lanes, number)) for number in range(lanes)]
            _change_the_censor(lab, [process for _, process in started])
    except LabError as error:
        return {"broken": [f"the trial could not be run: {error}"]}
    answers = [_answer(result, process) for result, process in started]
    return _summed(answers) | {"took_s": round(time.monotonic() - began, 1)}


def _share(kills: int, lanes: int, number: int) -> int:
    return kills // lanes + (number < kills % lanes)


def _start(lab: Lab, folder: Path, number: int, seed: int, kills: int) -> tuple[Path, "subprocess.Popen[str]"]:
    """A store of its own, with its configuration; the process that starts and kills its agents."""
    home = folder / f"agent{number}"
    few = kills < MANY // LANES
    tight = number % 2 == 1
    job = {
        "config": str(home / "probe.toml"), "store": str(home / "store"), "log": str(home / "agent.log"),
        "result": str(home / "result.json"), "port": 9890 + number, "seed": seed * 1000 + number, "kills": kills,
        "whole_every": WHOLE_EVERY, "aims": QUICK_AIMS if few else AIMS_TIGHT if tight else AIMS,
    }  # fmt: skip
    for name, text in _catalogue(TARGETS_TIGHT if tight else TARGETS).items():
        path = home / "catalogue" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    (home / "probe.toml").write_text(_configuration(lab, home, TIGHT_BYTES if tight else ROOM_BYTES, job["port"]))
    (home / "job.json").write_text(json.dumps(job))
    argv = [sys.executable, str(HERE / "crash_lane.py"), str(home / "job.json")]
    with (home / "lane.log").open("w") as log:
        return home / "result.json", lab.start_in("probe", argv, stdout=log, stderr=log)


def _configuration(lab: Lab, home: Path, room: int, port: object) -> str:
    stated = f'[vantage]\nisp = "gb/example"\nmust_open = ["https://{OPEN[1]}/"]\n'
    return (
        lab.settings_toml(LESS).replace("[vantage]\n", stated, 1)
        + f'\n[catalogue]\npaths = ["{home / "catalogue"}"]\n'
        + '[agent]\nplans = ["often", "again", "mirrors"]\ncycle_s = 1.0\n'
        + f'[store]\ndir = "{home / "store"}"\nmax_bytes = {room}\n'
        + f'[metrics]\nlisten = "127.0.0.1:{port}"\nper_site = "all"\n'
    )


def _change_the_censor(lab: Lab, processes: list["subprocess.Popen[str]"]) -> None:
    """As long as anybody works; agents that still do when this process ends die with it."""
    now, then, changed = LESS, MORE, time.monotonic()
    while any(process.poll() is None for process in processes):
        time.sleep(0.2)
        if time.monotonic() - changed >= CHANGE_S:
            now, then, changed = then, now, time.monotonic()
            lab.load(now)


def _answer(result: Path, process: "subprocess.Popen[str]") -> dict[str, Any]:
    if process.returncode or not result.exists():
        said = (result.parent / "lane.log").read_text()[-2000:]
        return {"broken": [f"{result.parent.name}: the benchmark failed: {said}"]}
    answer: dict[str, Any] = json.loads(result.read_text())
    answer["broken"] = [f"{result.parent.name}: {text}" for text in answer["broken"]]
    return answer


def _summed(answers: list[dict[str, Any]]) -> dict[str, Any]:
    kills = [kill for answer in answers for kill in answer.get("kills", ())]
    said = Counter[str]()
    for answer in answers:
        said.update(answer.get("said", {}))
    return {
        "kills": len(kills),
        "stores": len(answers),
        "aims": dict(Counter(kill["aim"] for kill in kills)),
        "remains": dict(Counter(what for kill in kills for what in (kill["remains"] or ["nothing half done"]))),
        "reported": sum(kill["reported"] for kill in kills),
        "records": sum(answer.get("records", 0) for answer in answers),
        "segments": sum(answer.get("segments", 0) for answer in answers),
        "stores_that_dropped_segments": sum(bool(answer.get("pruned")) for answer in answers),
        "ended_in_order_before_the_kill": sum(answer.get("ended_in_order", 0) for answer in answers),
        "next_starts": dict(said),
        "start_s": [start for answer in answers for start in answer.get("start_s", ())],
        "samples": [" | ".join(map(str, _row(number, kill))) for number, answer in enumerate(answers)
                    for kill in answer.get("kills", ())],
        "broken": [text for answer in answers for text in answer["broken"]],
    }  # fmt: skip


def _row(store: int, kill: dict[str, Any]) -> tuple[object, ...]:
    """One kill in a line: store, aim, age in seconds, ready, records reported, records found, what was half done."""
    remains = ", ".join((*kill["remains"], *(["torn end"] if kill["torn"] else ()))) or "nothing"
    return store, kill["aim"], kill["after_s"], kill["ready"], kill["reported"], kill["found"], remains
