"""Is a strange server ever blamed for what a censor does to others? Random worlds with a censor and few echoes.

Fifty sites of a world are those of odd_servers.py: nobody filters them, whatever their servers and firewalls do. Thirty
are healthy and filtered by name, some of them by filters that punish the place for a while. All are measured at once,
so that they share echoes, the ledger and the crowd. Every odd site that is called `blocked`, or has interference, is a
fault of blockprobe's, and every filtered one that is called `accessible` or `down`. Exit status 1: there was one.
Run: `python bench/odd_neighbours.py [--quick] [--worlds N] [--seed S] [--keep FOLDER] [--save]`.
"""

import random
import sys
from collections import Counter
from typing import Any

from common import laboratory, run_client, shuffled, upper_bound
from odd_servers import FIRST_PLACE, SITES, hosters, in_worlds, odd_sites, weather

from blockprobe.lab.censor import Action, Host, Residual, Rule, Sni
from blockprobe.lab.scenario import Scenario
from blockprobe.lab.sites import Site, site

FILTERED = 30
#: Filtered sites stand behind all odd ones, which may have two places each.
BEHIND = FIRST_PLACE + 2 * SITES
HONEST = ("blocked", "inconclusive")


def main() -> int:
    """Measure every world, print, save, and say whether anybody was wronged."""
    figures = in_worlds("odd_neighbours", __doc__, measured, tallied)
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
    targets = [f"{scheme}{host}" for host in hosts for scheme in [dice.choice(("", "https://", "https://", "http://"))]]
    targets = shuffled(targets, dice.randrange(2**31))
    job = {"mode": "check", "targets": targets, "concurrency": 64, "keep": keep, "expected": {}, "slow_s": 1e9}
    with laboratory(world) as lab:
        done = run_client(lab, world, job)
    rows = []
    for result in done["results"]:
        host = result["target"].rpartition("/")[2]
        rows.append({"world": number, "filtered": host.startswith("filtered")} | result)
        if is_wrong(rows[-1]):
            print(f"  world {number}, {world.echoes} echoes, {rules}: {rows[-1]}", flush=True)
    return rows


def censor(dice: random.Random, sites: tuple[Site, ...]) -> tuple[Rule, ...]:
    """Filters for all the sites by name, in TLS and in requests: silence or reset; some punish for some seconds."""
    rules: list[Rule] = []
    for each in sites:
        silent = dice.random() < 0.7
        residual = None
        if dice.random() < 0.15:
            residual = Residual(seconds=dice.choice((2, 5, 8, 15, 40)), action="drop" if silent else "reset")
        action = Action.DROP if silent else Action.RESET
        rules.append(Sni(names=each.names, action=action, residual=residual))
        rules.append(Host(names=each.names, action=action, residual=residual))
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
