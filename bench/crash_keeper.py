"""The trial of bench/crash.py that kills the agent's keeper under load; what must be true of an archive afterwards."""

import os
import random
import signal
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

from crash_load import JumpingClock, Load, due_of, open_keeper

from blockprobe.agent.keeper import Keeper
from blockprobe.store.reader import read_archive
from blockprobe.store.verify import verify_store

#: A whole check of the archive after so many kills, and after the last.
CHECK_EVERY = 25


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


def take(keeper: Keeper, load: Load, clock: JumpingClock, count: int) -> int:
    """So many looks, made durable fifty at a time; how many they were."""
    for number in range(count):
        keeper.take(load.looks(clock))
        if number % 50 == 49:
            keeper.flush()
    return count


# -- SIGKILL -----------------------------------------------------------------------------------------------------


def killed(folder: Path, seed: int, kills: int) -> dict[str, Any]:
    """One store, many lives, each ended by SIGKILL at a random moment under load."""
    load, dice = Load(seed), random.Random(seed)
    reported: set[str] = set()
    broken: list[str] = []
    with tempfile.TemporaryDirectory() as warm:  # what is made once in a process is made before the first fork
        keeper = open_keeper(Path(warm), JumpingClock(), lambda ids: None)
        take(keeper, load, JumpingClock(), 50)
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
