"""Does the agent's store keep its word? Killed at random moments, on a full disk, read-only, under a clock that jumps.

Whole agents are killed in the built-in laboratory (crash_agent.py). The agent's own keeper (archive, state, counters)
is killed under more load than a line can bring (crash_keeper.py): records made from golden ones; it names on a pipe
every id that it reports as durable. Then: nothing reported is lost, nothing is there twice, everything can be read, and
manifests and hashes hold. Run: `python bench/crash.py [--quick] [--only TRIAL] [--kills N] [--seed S] [--save]`;
bench/README.md explains. The exit status is 1 when a promise was broken.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from common import HERE, save
from crash_agent import agents_killed
from crash_keeper import broken_promises, killed, records_in, take
from crash_load import JumpingClock, Load, due_of, open_keeper

KILLS, QUICK_KILLS, QUICK_AGENT_KILLS = 200, 10, 5
TRIALS = ("agent", "killed", "full_disk", "read_only", "clock")
TMPFS_BYTES = 3_000_000
DAY_S = 86_400.0


def main() -> int:
    """Run every trial, print, save, and say whether all promises were kept."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    quick = f"{QUICK_AGENT_KILLS} kills of agents and {QUICK_KILLS} of keepers; results are not saved"
    parser.add_argument("--quick", action="store_true", help=quick)
    parser.add_argument("--only", choices=TRIALS, action="append", help="this trial; results are not saved")
    parser.add_argument("--kills", type=int, default=None, help=f"({KILLS}, of agents and as many of keepers)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--save", action="store_true", help="write results although --quick")
    parser.add_argument("--inside", choices=sorted(INSIDE), default=None, help=argparse.SUPPRESS)
    parser.add_argument("folder", nargs="?", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.inside:
        print(json.dumps(INSIDE[options.inside](Path(options.folder), options.seed)))
        return 0
    with tempfile.TemporaryDirectory(prefix="blockprobe-crash-") as name:
        trials = {trial: run_trial(trial, Path(name), options) for trial in options.only or TRIALS}
    for trial, figures in trials.items():
        print(f"{trial:<10} {json.dumps({what: value for what, value in figures.items() if what not in RAW})}")
    broken = [f"{trial}: {text}" for trial, figures in trials.items() for text in figures["broken"]]
    print(
        *(broken or ["nothing reported as stored was lost, nothing is there twice, everything can be read"]), sep="\n"
    )
    if options.save or not (options.quick or options.only):
        print("written:", save("crash", options.seed, {"trials": trials}))
    return 1 if broken else 0


#: What is saved and not printed.
RAW = ("samples", "start_s")


def run_trial(trial: str, folder: Path, options: argparse.Namespace) -> dict[str, Any]:
    """One trial's figures; `broken` are the promises that were not kept."""
    folder, seed = folder / trial, options.seed
    few = QUICK_AGENT_KILLS if trial == "agent" else QUICK_KILLS
    kills = options.kills or (few if options.quick else KILLS)
    match trial:
        case "agent":
            return agents_killed(folder, seed, kills)
        case "killed":
            return killed(folder, seed, kills)
        case "clock":
            return clock_jumps(folder, seed)
        case _:
            return _inside(trial, folder, seed)


# -- a full disk, a read-only folder -----------------------------------------------------------------------------


def _inside(trial: str, folder: Path, seed: int) -> dict[str, Any]:
    """Run a trial on a small file system of its own: a tmpfs in a user and mount namespace."""
    folder.mkdir()
    mount = f"mount -t tmpfs -o size={TMPFS_BYTES},mode=755 none {folder} && exec "
    argv = [sys.executable, str(HERE / "crash.py"), "--inside", trial, "--seed", str(seed), str(folder / "store")]
    done = subprocess.run(
        ["unshare", "-rm", "sh", "-c", mount + '"$@"', "sh", *argv], capture_output=True, text=True, check=False
    )
    if done.returncode:
        return {"broken": [f"the trial could not be run: {done.stderr.strip()[-300:]}"]}
    figures: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return figures


def full_disk(folder: Path, seed: int) -> dict[str, Any]:
    """Room for little more than the store needs at first; later the disk is full, and later still there is room."""
    load, clock = Load(seed), JumpingClock()
    reported: set[str] = set()
    keeper = open_keeper(folder, clock, reported.update)
    taken = take(keeper, load, clock, 200)
    keeper.save(due_of(clock), at_once=True)
    filler = folder.parent / "filler"
    _fill(filler)
    before = len(reported)
    taken += take(keeper, load, clock, 600)
    trouble, waiting, durable = keeper.trouble, keeper.archive.waiting, len(reported)
    broken = [] if trouble else ["a full disk was not noticed"]
    broken += broken_promises(folder, reported)
    filler.unlink()
    taken += take(keeper, load, clock, 50)
    broken += [] if keeper.trouble is None else [f"trouble although there is room again: {keeper.trouble}"]
    keeper.close(due_of(clock))
    return _summed(folder, reported, taken, broken) | {
        "said": trouble, "waited": waiting, "durable_meanwhile": durable - before
    }  # fmt: skip


def read_only(folder: Path, seed: int) -> dict[str, Any]:
    """A folder in which nothing can be made any more (its mount is remounted; files that are open may be written)."""
    load, clock = Load(seed), JumpingClock()
    reported: set[str] = set()
    keeper = open_keeper(folder, clock, reported.update)
    taken = take(keeper, load, clock, 200)
    keeper.archive.seal()
    _shut(folder, shut=True)
    taken += take(keeper, load, clock, 200)
    trouble, waiting = keeper.trouble, keeper.archive.waiting
    broken = [] if trouble else ["a read-only folder was not noticed"]
    broken += broken_promises(folder, reported)
    _shut(folder, shut=False)
    taken += take(keeper, load, clock, 50)
    broken += [] if keeper.trouble is None else [f"trouble although it can be written again: {keeper.trouble}"]
    keeper.close(due_of(clock))
    return _summed(folder, reported, taken, broken) | {"said": trouble, "waited": waiting}


def _summed(folder: Path, reported: set[str], taken: int, broken: list[str]) -> dict[str, Any]:
    broken = broken + broken_promises(folder, reported)
    records = records_in(folder)
    if records != taken or len(reported) != taken:
        broken.append(f"{taken} records were taken, {len(reported)} reported, {records} are there")
    return {"taken": taken, "reported": len(reported), "records": records, "broken": broken}


def _fill(path: Path) -> None:
    """Leave no byte free."""
    with path.open("wb", buffering=0) as file:
        for size in (65_536, 4_096, 1):
            try:
                while True:
                    file.write(bytes(size))
            except OSError:
                continue


def _shut(folder: Path, *, shut: bool) -> None:
    """Make every folder of the store immutable by mounting a read-only view over `segments`, or take that away."""
    segments = str(folder / "segments")
    if shut:
        subprocess.run(["mount", "--bind", segments, segments], check=True)
        subprocess.run(["mount", "-o", "remount,bind,ro", segments], check=True)
    else:
        subprocess.run(["umount", segments], check=True)


INSIDE = {"full_disk": full_disk, "read_only": read_only}


# -- clocks ------------------------------------------------------------------------------------------------------


def clock_jumps(folder: Path, seed: int) -> dict[str, Any]:
    """A day forward, two back, one forward again, with a restart after each jump."""
    load, clock = Load(seed), JumpingClock()
    reported: set[str] = set()
    taken = 0
    for jump_s in (0.0, DAY_S, -2.0 * DAY_S, DAY_S):
        clock.skew_s += jump_s
        keeper = open_keeper(folder, clock, reported.update)
        taken += take(keeper, load, clock, 150)
        clock.skew_s += jump_s / 2.0
        taken += take(keeper, load, clock, 150)
        clock.skew_s -= jump_s / 2.0
        keeper.close(due_of(clock))
    return _summed(folder, reported, taken, [])


if __name__ == "__main__":
    sys.exit(main())
