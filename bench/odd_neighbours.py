"""Is a strange server ever blamed for what a censor does to others? Random worlds with a censor and few echoes.

Half of the sites are those of odd_servers.py: nobody filters them, whatever their servers and firewalls do. The other
half is healthy and filtered by name, some of them by filters that punish the place for a while. All are measured at
once, so that they share echoes, the ledger and the crowd. Every odd site that is called `blocked`, or has interference,
is a fault of blockprobe's, and every filtered one that is called `accessible` or `down`. Exit status 1: there was one.
Run: `python bench/odd_neighbours.py [--quick] [--worlds N] [--seed S] [--keep FOLDER] [--save]`.
"""

import argparse
import random
import sys
import time
from collections import Counter
from dataclasses import replace
from typing import Any

from common import laboratory, run_client, save, shuffled, upper_bound
from odd_servers import FIRST_PLACE, SITES, hosters, odd_sites, weather

from blockprobe.lab.censor import Action, Host, Residual, Rule, Sni
from blockprobe.lab.scenario import Scenario
from blockprobe.lab.sites import Site, site

WORLDS, QUICK_WORLDS = 20, 1
FILTERED = 30
#: Filtered sites stand behind all odd ones, which may have two places each.
BEHIND = FIRST_PLACE + 2 * SITES
HONEST = ("blocked", "inconclusive")


def main() -> int:
    """Measure every world, print, save, and say whether anybody was wronged."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help=f"{QUICK_WORLDS} world; results are not saved")
    parser.add_argument("--worlds", type=int, default=None, help=f"({WORLDS}) of {SITES} + {FILTERED} sites each")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", default=None, help="a folder for the records of what was wronged")
    parser.add_argument("--save", action="store_true", help="write results although --quick")
    options = parser.parse_args()
    worlds = options.worlds or (QUICK_WORLDS if options.quick else WORLDS)
    began, rows = time.monotonic(), []
    for number in range(worlds):
        rows += measured(random.Random(f"{options.seed}/{number}"), number, options.keep)
    figures = tallied(rows) | {"worlds": worlds, "wall_s": time.monotonic() - began}
    print({key: value for key, value in figures.items() if key != "rows"})
    if options.save or not options.quick:
        print("written:", save("odd_neighbours", options.seed, figures | {"rows": rows}))
    return int(figures["blamed"] > 0 or figures["missed"] > 0)


def measured(dice: random.Random, number: int, keep: str | None) -> list[dict[str, Any]]:
    """One world, measured: for each site whether it is filtered, and what was said of it."""
    odd, names, _ = odd_sites(dice)
    filtered = tuple(site(f"filtered{n}.example", BEHIND + n) for n in range(FILTERED))
    rules = censor(dice, filtered)
    world = Scenario(
        name=f"neighbours-{number}", story="servers of every kind", sites=(*odd, *filtered), names=names,
        rules=(*weather(dice), *hosters(dice, odd), *rules), echoes=dice.choice((1, 2, 3, 8)),
    )  # fmt: skip
    hosts = [name for each in (*odd, *filtered) for name in each.names]
    targets = shuffled([f"https://{host}/" for host in hosts], dice.randrange(2**31))
    job = {"mode": "check", "targets": targets, "concurrency": 64, "keep": keep, "expected": {}, "slow_s": 1e9}
    with laboratory(world) as lab:
        done = run_client(lab, world, job)
    rows = []
    for result in done["results"]:
        host = result["target"].split("/")[2]
        rows.append({"world": number, "filtered": host.startswith("filtered")} | result)
        if is_wrong(rows[-1]):
            print(f"  world {number}, {world.echoes} echoes, {rules}: {rows[-1]}", flush=True)
    return rows


def censor(dice: random.Random, sites: tuple[Site, ...]) -> tuple[Rule, ...]:
    """Filters for all the sites by name: silence or reset, in TLS and in requests; some punish for some seconds."""
    rules: list[Rule] = []
    for each in sites:
        silent = dice.random() < 0.7
        residual = None
        if dice.random() < 0.15:
            residual = Residual(seconds=dice.choice((2, 5, 8, 15, 40)), action="drop" if silent else "reset")
        rule = Sni(names=each.names, residual=residual)
        rules.append(replace(rule, action=Action.DROP) if silent else rule)
        rules.append(Host(names=each.names))
    return tuple(rules)


def is_wrong(row: dict[str, Any]) -> bool:
    """Whether an odd site was blamed, or a filtered one said to be well or dead."""
    if row["filtered"]:
        return row["state"] not in HONEST
    return row["state"] == "blocked" or bool(row["interference"])


def tallied(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """What came out, and the upper bound of the chance that a neighbour is blamed."""
    odd, filtered = ([row for row in rows if row["filtered"] is kind] for kind in (False, True))
    blamed = sum(map(is_wrong, odd))
    return {
        "odd": len(odd), "odd_states": dict(Counter(row["state"] for row in odd)), "blamed": blamed,
        "blamed_upper_95": upper_bound(blamed, len(odd)),
        "filtered": len(filtered), "filtered_states": dict(Counter(row["state"] for row in filtered)),
        "missed": sum(map(is_wrong, filtered)), "rules": dict(Counter(row["rule"] for row in rows)),
    }  # fmt: skip


if __name__ == "__main__":
    sys.exit(main())
