"""How long does a list take whose names all meet silence, with few echoes to try them at, and how much memory?

Every site is healthy; the censor drops each connection that names one in TLS. A name needs four seconds at an echo: one
after another at two of them, each would add two seconds to the list. Exit status 1: a goal was missed, or a verdict was
wrong.
Run: `python bench/silent_list.py [--quick] [--names N] [--echoes N] [--save]`.
"""

import argparse
import sys
from collections import Counter

from common import laboratory, run_client, save

from blockprobe.lab.censor import Action, Sni
from blockprobe.lab.scenario import Scenario
from blockprobe.lab.sites import site

NAMES, QUICK_NAMES = 420, 40
GOAL_S_A_NAME, GOAL_RSS_MB = 0.4, 150.0
#: What even a single name takes (seconds): its three attempts, and the echo's half beside the last.
FIRST_S = 7.5


def main() -> int:
    """Measure, print, save, and say whether the goals are met."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help=f"{QUICK_NAMES} names; results are not saved")
    parser.add_argument("--names", type=int, default=None, help=f"({NAMES})")
    parser.add_argument("--echoes", type=int, default=2)
    parser.add_argument("--save", action="store_true", help="write results although --quick")
    options = parser.parse_args()
    names = [f"listed{n}.example" for n in range(options.names or (QUICK_NAMES if options.quick else NAMES))]
    world = Scenario(
        name="silent-list",
        story="healthy sites",
        sites=tuple(site(name, 10 + n) for n, name in enumerate(names)),
        rules=(Sni(names=tuple(names), action=Action.DROP),),
        delay_ms=20.0,
        echoes=options.echoes,
    )
    job = {"mode": "check", "targets": [f"https://{name}/" for name in names], "concurrency": 64}
    with laboratory(world) as lab:
        done = run_client(lab, world, job)
    states = Counter(result["state"] for result in done["results"])
    wall, rss = done["wall_s"], done["peak_rss_mb"]
    a_name = (wall - FIRST_S) / len(names)
    print(f"{len(names)} silent names, {options.echoes} echoes: wall {wall:.1f} s, {a_name:.2f} s a name beyond the "
          f"first (goal {GOAL_S_A_NAME}); peak RSS {rss:.0f} MB (goal {GOAL_RSS_MB:.0f}); {dict(states)}")  # fmt: skip
    figures = {
        "names": len(names), "echoes": options.echoes, "wall_s": wall, "s_a_name": a_name, "peak_rss_mb": rss,
        "states": dict(states),
        "samples": [{key: one[key] for key in ("target", "state", "runtime_s")} for one in done["results"]],
    }  # fmt: skip
    if options.save or not options.quick:
        print("written:", save("silent_list", 0, figures))
    return int(a_name > GOAL_S_A_NAME or rss > GOAL_RSS_MB or states != {"blocked": len(names)})


if __name__ == "__main__":
    sys.exit(main())
