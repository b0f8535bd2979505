"""Does the agent's store keep its word? Killed at random moments, on a full disk, read-only, under a clock that jumps.

The agent's own keeper (archive, state, counters) works under load on records made from golden ones and names on a pipe
every id that it reports as durable. Then: nothing reported is lost, nothing is there twice, everything can be read, and
manifests and hashes hold. Run: `python bench/crash.py [--quick] [--kills N] [--seed S] [--save]`; bench/README.md
explains. The exit status is 1 when a promise was broken.
"""

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

from common import HERE, save
from crash_load import JumpingClock, Load, due_of, open_keeper

from blockprobe.agent.keeper import Keeper
from blockprobe.store.reader import read_archive
from blockprobe.store.verify import verify_store

KILLS, QUICK_KILLS = 200, 10
#: A whole check of the archive after so many kills, and after the last.
CHECK_EVERY = 25
TMPFS_BYTES = 3_000_000
DAY_S = 86_400.0


def main() -> int:
    """Run every trial, print, save, and say whether all promises were kept."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help=f"{QUICK_KILLS} kills; results are not saved")
    parser.add_argument("--kills", type=int, default=None, help=f"({KILLS})")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--save", action="store_true", help="write results although --quick")
    parser.add_argument("--inside", choices=sorted(INSIDE), default=None, help=argparse.SUPPRESS)
    parser.add_argument("folder", nargs="?", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.inside:
        print(json.dumps(INSIDE[options.inside](Path(options.folder), options.seed)))
        return 0
    kills = options.kills or (QUICK_KILLS if options.quick else KILLS)
    with tempfile.TemporaryDirectory(prefix="blockprobe-crash-") as name:
        folder = Path(name)
        trials = {
            "killed": killed(folder / "killed", options.seed, kills),
            "full_disk": _inside("full_disk", folder / "full", options.seed),
            "read_only": _inside("read_only", folder / "read-only", options.seed),
            "clock": clock_jumps(folder / "clock", options.seed),
        }
    for trial, figures in trials.items():
        print(f"{trial:<10} {json.dumps(figures)}")
    broken = [f"{trial}: {text}" for trial, figures in trials.items() for text in figures["broken"]]
    print(
        *(broken or ["nothing reported as stored was lost, nothing is there twice, everything can be read"]), sep="\n"
    )
    if options.save or not options.quick:
        print("written:", save("crash", options.seed, {"trials": trials}))
    return 1 if broken else 0


# -- what must be true afterwards --------------------------------------------------------------------------------


def broken_promises(folder: Path, reported: set[str]) -> list[str]:
    """What is wrong with the archive, a sentence each; `reported` are ids that were called durable."""
    found = []
    try:
        seen = Counter(stored.id for stored in read_archive(folder))
    except Exception as error:
        return [f"the archive cannot be read: {error}"]
    if lost := reported - seen.keys():
        found.append(f"{len(lost)} records were reported as stored and are lost, {min(lost)} for one")
    if twice := [one for one, count in seen.items() if count > 1]:
        found.append(f"{len(twice)} records are there twice, {twice[0]} for one")
    found += verify_store(folder).faults
    return found


def records_in(folder: Path) -> int:
    """How many records can be read."""
    return sum(1 for _ in read_archive(folder))


# -- SIGKILL -----------------------------------------------------------------------------------------------------


def killed(folder: Path, seed: int, kills: int) -> dict[str, Any]:
    """One store, many lives, each ended by SIGKILL at a random moment under load."""
    load, dice = Load(seed), random.Random(seed)
    reported: set[str] = set()
    broken: list[str] = []
    with tempfile.TemporaryDirectory() as warm:  # what is made once in a process is made before the first fork
        keeper = open_keeper(Path(warm), JumpingClock(), lambda ids: None)
        _take(keeper, load, JumpingClock(), 50)
        keeper.close(due_of(JumpingClock()))
    lives, began = Counter[str](), time.monotonic()
    for number in range(1, kills + 1):
        told, ended = _one_life(folder, load, seed * 1000 + number, dice.uniform(0.005, 0.5), early=number % 4 == 0)
        lives[ended] += 1
        if again := reported & set(told):
            broken.append(f"{len(again)} ids were reported in two lives")
        reported |= set(told)
        if number % CHECK_EVERY == 0 or number == kills:
            _repaired(folder)
            broken += broken_promises(folder, reported)
        if broken:
            break
    return {
        "kills": number, "ended": dict(lives), "reported": len(reported), "records": records_in(folder),
        "took_s": round(time.monotonic() - began, 1), "broken": broken,
    }  # fmt: skip


def _one_life(folder: Path, load: Load, seed: int, lives_s: float, *, early: bool) -> tuple[list[str], str]:
    """Fork, let it work, kill it; the ids that it reported, complete lines only.

    It lives so long from its first report on or, with `early`, from its birth: then it may be repairing still.
    """
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        try:
            _live(folder, load, seed, writing)
        finally:
            os._exit(1)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        first = pipe.readline() + (b"" if early else pipe.readline())
        time.sleep(lives_s)
        os.kill(child, signal.SIGKILL)
        told = first + pipe.read()
    _, status = os.waitpid(child, 0)
    lines = told.split(b"\n")[:-1]
    return [line.decode() for line in lines if line != b"begun"], "killed" if os.WIFSIGNALED(status) else "by itself"


def _live(folder: Path, load: Load, seed: int, pipe: int) -> None:
    clock = JumpingClock()
    dice = load.dice = random.Random(seed)
    os.write(pipe, b"begun\n")
    keeper = open_keeper(folder, clock, lambda ids: _say(pipe, ids))
    while True:
        for _ in range(dice.randint(5, 250)):
            keeper.take(load.looks(clock))
        keeper.flush()
        if dice.random() < 0.2:
            keeper.save(due_of(clock), at_once=True)
        if dice.random() < 0.05:
            keeper.archive.seal()


def _say(pipe: int, ids: tuple[str, ...]) -> None:
    data = "".join(f"{one}\n" for one in ids).encode()
    while data:
        data = data[os.write(pipe, data) :]


def _repaired(folder: Path) -> None:
    """What the next start does: open, repair, and read the state."""
    keeper = open_keeper(folder, JumpingClock(), lambda ids: None)
    keeper.close(due_of(JumpingClock()))


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
    taken = _take(keeper, load, clock, 200)
    keeper.save(due_of(clock), at_once=True)
    filler = folder.parent / "filler"
    _fill(filler)
    before = len(reported)
    taken += _take(keeper, load, clock, 600)
    trouble, waiting, durable = keeper.trouble, keeper.archive.waiting, len(reported)
    broken = [] if trouble else ["a full disk was not noticed"]
    broken += broken_promises(folder, reported)
    filler.unlink()
    taken += _take(keeper, load, clock, 50)
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
    taken = _take(keeper, load, clock, 200)
    keeper.archive.seal()
    _shut(folder, shut=True)
    taken += _take(keeper, load, clock, 200)
    trouble, waiting = keeper.trouble, keeper.archive.waiting
    broken = [] if trouble else ["a read-only folder was not noticed"]
    broken += broken_promises(folder, reported)
    _shut(folder, shut=False)
    taken += _take(keeper, load, clock, 50)
    broken += [] if keeper.trouble is None else [f"trouble although it can be written again: {keeper.trouble}"]
    keeper.close(due_of(clock))
    return _summed(folder, reported, taken, broken) | {"said": trouble, "waited": waiting}


def _summed(folder: Path, reported: set[str], taken: int, broken: list[str]) -> dict[str, Any]:
    broken = broken + broken_promises(folder, reported)
    records = records_in(folder)
    if records != taken or len(reported) != taken:
        broken.append(f"{taken} records were taken, {len(reported)} reported, {records} are there")
    return {"taken": taken, "reported": len(reported), "records": records, "broken": broken}


def _take(keeper: Keeper, load: Load, clock: JumpingClock, count: int) -> int:
    for number in range(count):
        keeper.take(load.looks(clock))
        if number % 50 == 49:
            keeper.flush()
    return count


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
        taken += _take(keeper, load, clock, 150)
        clock.skew_s += jump_s / 2.0
        taken += _take(keeper, load, clock, 150)
        clock.skew_s -= jump_s / 2.0
        keeper.close(due_of(clock))
    return _summed(folder, reported, taken, [])


if __name__ == "__main__":
    sys.exit(main())
