"""Are servers that are strange, broken or choosy ever taken for a censor? Random worlds without any censor.

Every site misbehaves in its own random way: certificates, ports that hang or reset, answers that differ by who asks
(the subscriber, the ISP's network, the helper), firewalls of its own or its hoster's, one family only, other addresses
by geography.
Loss, jitter and resolvers that fail at random, whatever the name, are drawn too. Nothing here is blocked, so every
`blocked` is a fault of blockprobe's. Exit status 1: there was one.
Run: `python bench/odd_servers.py [--quick] [--worlds N] [--seed S] [--keep FOLDER] [--save]`.
"""

import argparse
import random
import sys
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

from common import laboratory, run_client, save, upper_bound

from blockprobe.lab import addresses as at
from blockprobe.lab.censor import Action, Delay, Drop, Host, IcmpReject, Loss, Match, Mtu, Rst, Rule, Sni
from blockprobe.lab.lies import Lie, Say
from blockprobe.lab.scenario import Scenario
from blockprobe.lab.sites import Behaviour, Cert, Door, Page, Redirect, Reply, Site, Trouble, place, says
from blockprobe.lab.zones import Name

WORLDS, QUICK_WORLDS = 20, 1
SITES = 50
CONCURRENCY = 16
#: Sites of a scenario begin here: the first places are those of the neutral ones.
FIRST_PLACE = 10
HOSTERS_ROUTER = ("100.99.99.1", "2001:db8:8fff::1")


def main() -> int:
    """Measure every world, print, save, and say whether anything was called blocked."""
    figures = in_worlds("odd_servers", __doc__, measured, tallied)
    return int(figures["blocked"] > 0 or figures["interference"] > 0)


Rows = list[dict[str, Any]]


def in_worlds(
    topic: str, told: str | None, measured: Callable[[random.Random, int, str | None], Rows],
    tallied: Callable[[Rows], dict[str, Any]],
) -> dict[str, Any]:  # fmt: skip
    """The figures of as many worlds as the command line wants, printed and saved under `topic`."""
    parser = argparse.ArgumentParser(description=told, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help=f"{QUICK_WORLDS} world; results are not saved")
    parser.add_argument("--worlds", type=int, default=None, help=f"({WORLDS})")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", default=None, help="a folder for the records of all that did not open")
    parser.add_argument("--save", action="store_true", help="write results although --quick")
    options = parser.parse_args()
    worlds = options.worlds or (QUICK_WORLDS if options.quick else WORLDS)
    began, rows = time.monotonic(), []
    for number in range(worlds):
        rows += measured(random.Random(f"{options.seed}/{number}"), number, options.keep)
    figures = tallied(rows) | {"worlds": worlds, "wall_s": time.monotonic() - began}
    print(figures)
    if options.save or not options.quick:
        print("written:", save(topic, options.seed, figures | {"rows": rows}))
    return figures


def measured(dice: random.Random, number: int, keep: str | None) -> list[dict[str, Any]]:
    """One world, measured: for each site its oddities and what was said of it."""
    sites, names, told = odd_sites(dice)
    rules, troubles = weather(dice) + hosters(dice, sites), resolver_trouble(dice)
    world = Scenario(
        name=f"odd-{number}", story="servers of every kind", sites=sites, names=names, rules=rules, lies=troubles
    )
    targets = [f"{scheme}{name}" for name in told for scheme in [dice.choice(("", "", "https://", "http://"))]]
    job = {"mode": "check", "targets": targets, "concurrency": CONCURRENCY, "keep": keep,
           "expected": {}, "slow_s": 1e9}  # fmt: skip
    with laboratory(world) as lab:
        done = run_client(lab, world, job)
    rows = []
    for result in done["results"]:
        name = result["target"].rpartition("/")[2]
        rows.append({"world": number, "oddities": told[name]} | result)
        if result["state"] == "blocked" or result["interference"]:
            print(f"  world {number}, {rules} {troubles}: {rows[-1]}", flush=True)
    return rows


def tallied(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """What came out, and the upper bound of the chance of a false `blocked`."""
    blocked = sum(row["state"] == "blocked" for row in rows)
    return {
        "checks": len(rows),
        "sites_a_world": SITES,
        "states": dict(Counter(row["state"] for row in rows)),
        "rules": dict(Counter(row["rule"] for row in rows)),
        "blocked": blocked,
        "interference": sum(bool(row["interference"]) for row in rows),
        "blocked_upper_95": upper_bound(blocked, len(rows)),
    }


# -- the dice ----------------------------------------------------------------------------------------------------


def odd_sites(dice: random.Random) -> tuple[tuple[Site, ...], tuple[Name, ...], dict[str, list[str]]]:
    """Sites, what else DNS says of them, and each one's oddities in words."""
    sites: list[Site] = []
    names: list[Name] = []
    told: dict[str, list[str]] = {}
    for number in range(SITES):
        name = f"odd{number}.example"
        made, geography = odd_site(dice, name, number)
        sites.append(made)
        names += geography
        told[name] = _oddities(made, geography)
    return tuple(sites), tuple(names), told


def odd_site(dice: random.Random, name: str, number: int) -> tuple[Site, tuple[Name, ...]]:
    """One site; each of its features is ordinary more often than not, so that few are odd at once."""
    here, there = place(FIRST_PLACE + 2 * number), place(FIRST_PLACE + 2 * number + 1)
    families = dice.choice(("both", "both", "both", "v4", "v6"))
    by_geography = _odd(dice, 0.2)
    addresses = [pair for pair in (here, there) if pair == here or by_geography]
    v4 = tuple(pair[0] for pair in addresses) if families != "v6" else ()
    v6 = tuple(pair[1] for pair in addresses) if families != "v4" else ()
    made = Site(
        names=(name,),
        v4=v4,
        v6=v6,
        cert=dice.choice(tuple(Cert)) if _odd(dice, 0.25) else Cert.VALID,
        https=dice.choice(tuple(Door)) if _odd(dice, 0.25) else Door.OPEN,
        http=dice.choice(tuple(Door)) if _odd(dice, 0.25) else Door.OPEN,
        replies=_replies(dice),
        strict_sni=_odd(dice, 0.3),
        dropped=_some_clients(dice, 0.15),
        refused=_some_clients(dice, 0.15),
        in_dns=not by_geography,
        any_host=_odd(dice, 0.1),
    )
    return made, _geography(made, by_geography=by_geography)


def _odd(dice: random.Random, chance: float) -> bool:
    return dice.random() < chance


def _some_clients(dice: random.Random, chance: float) -> tuple[Any, ...]:
    return (dice.choice(("probe", "isp", "helper", "outside")),) if _odd(dice, chance) else ()


def _replies(dice: random.Random) -> tuple[Reply, ...]:
    """Up to two rules for some of those who ask, then one for everybody else."""
    rules = []
    for _ in range(dice.choice((0, 0, 1, 1, 2))):
        where = {"client": dice.choice(("any", "probe", "isp", "helper", "outside")),
                 "scheme": dice.choice(("any", "http", "https")), "path": dice.choice(("*", "/"))}  # fmt: skip
        rules.append(says(_behaviour(dice), **where))
    return (*rules, says(_behaviour(dice) if _odd(dice, 0.2) else Page()))


def _behaviour(dice: random.Random) -> Behaviour:
    if _odd(dice, 0.4):
        return dice.choice([one for one in Trouble if one is not Trouble.ENDLESS])
    if _odd(dice, 0.3):
        where = ("https://n1.example/", "/other", "http://n2.example/", "//n3.example/x", "ftp://odd/", "https://")
        return Redirect(location=dice.choice(where), status=dice.choice((301, 302, 303, 307, 308)))
    status = dice.choice((200, 200, 200, 204, 400, 403, 404, 410, 429, 451, 500, 503))
    return Page(
        status=status,
        seed=dice.choice((None, "wall", "robot", "parking lot")),
        title=dice.choice((None, "Just a moment...", "This site is blocked", "Access denied", "Index of /")),
        size=dice.choice((0, 40, 600, 3000, 40_000)),
        delay_s=dice.choice((0.0, 0.0, 0.0, 1.5, 6.0)),
    )


def _geography(made: Site, *, by_geography: bool) -> tuple[Name, ...]:
    """The ISP's resolvers are given the first place, everybody else the other."""
    if not by_geography:
        return ()
    here, there = (tuple(pair[turn] for pair in (made.v4, made.v6) if pair) for turn in (0, 1))
    name = made.names[0]
    return Name(name=name, addresses=here, view="isp"), Name(name=name, addresses=there, view="outside")


def weather(dice: random.Random) -> tuple[Rule, ...]:
    """Loss, jitter and a narrow path, each in some worlds; the narrow path is beyond the ISP."""
    rules: list[Rule] = []
    if _odd(dice, 0.5):
        rate, burst = dice.choice((0.01, 0.03, 0.06)), dice.choice((1.0, 3.0))
        rules.append(Loss(rate=rate, burst=burst, seed=dice.randrange(2**31), at="access"))
    if _odd(dice, 0.4):
        rules.append(Delay(ms=dice.choice((5.0, 60.0)), jitter_ms=dice.choice((0.0, 4.0))))
    if _odd(dice, 0.2):
        rules.append(Mtu(size=dice.choice((1280, 1400)), match=Match(addresses=place(FIRST_PLACE)), at="origin"))
    return tuple(rules)


def hosters(dice: random.Random, sites: tuple[Site, ...]) -> tuple[Rule, ...]:
    """Firewalls in front of a few servers, beyond the ISP: against a name, an address or all of them, for the
    subscriber or for everybody."""
    rules: list[Rule] = []
    for one in sites:
        if _odd(dice, 0.12):
            addresses = dice.choice((one.addresses, one.addresses[:1], one.addresses[-1:]))
            where = Match(addresses=addresses, sources=dice.choice(((), at.PROBE_NETS)))
            rules.append(_firewall(dice, one.names, where))
    return tuple(rules)


def _firewall(dice: random.Random, names: tuple[str, ...], where: Match) -> Rule:
    by_name, by_address = dice.choice((Sni, Host)), dice.choice((Drop, Rst, IcmpReject))
    if by_address is IcmpReject:  # in the hoster's own name
        return IcmpReject(match=where, router_v4=HOSTERS_ROUTER[0], router_v6=HOSTERS_ROUTER[1], at="origin")
    if dice.choice((True, False)):
        return by_address(match=where, at="origin")
    action = dice.choice((Action.DROP, Action.RESET, Action.FIN))
    return by_name(names=names, action=action, in_path=dice.choice((True, False)), match=where, at="origin")


def resolver_trouble(dice: random.Random) -> tuple[Lie, ...]:
    """The line's resolvers fail at random in some worlds, for every name alike: bad service, no censor."""
    if not _odd(dice, 0.3):
        return ()
    say = dice.choice((Say.SERVFAIL, Say.REFUSED, Say.DROP, Say.TRUTH))
    late_s = dice.choice((0.5, 2.0)) if say is Say.TRUTH else 0.0
    return (Lie(names=("example",), say=say, probability=dice.choice((0.1, 0.4)), delay_s=late_s),)


def _oddities(made: Site, geography: tuple[Name, ...]) -> list[str]:
    ordinary = Site(names=made.names, v4=made.v4, v6=made.v6, in_dns=made.in_dns)
    found = [
        f"{key}={getattr(made, key)!r}"
        for key in ("cert", "https", "http", "replies", "strict_sni", "dropped", "refused", "any_host")
        if getattr(made, key) != getattr(ordinary, key)
    ]
    families = [label for label, held in (("v4", made.v4), ("v6", made.v6)) if held]
    return found + ([f"only {families[0]}"] if len(families) == 1 else []) + (["geography"] if geography else [])


if __name__ == "__main__":
    sys.exit(main())
