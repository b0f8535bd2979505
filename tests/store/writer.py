"""A probe that stores without pause and says what is durable, until it is killed."""

import os
import random
import signal
import time
from pathlib import Path

from blockprobe.store.pack import pack

from .build import SetClock, opened, record


def store_until_killed(folder: Path, number: int, out: int) -> None:
    """Records have numbers from `number` on. A line says that the archive is open; then one of ids for every flush."""
    dice = random.Random(number)
    with opened(folder, SetClock(), max_bytes=200_000_000) as archive:
        os.write(out, b"open\n")
        while True:
            for _ in range(dice.randint(1, 40)):
                archive.append(record(number), full=dice.random() < 0.7, last_full=None)
                number += 1
            stored = archive.flush()
            os.write(out, (" ".join(stored) + "\n").encode())
            if dice.random() < 0.2:
                archive.seal()


def run_and_kill(folder: Path, number: int, after_s: float) -> list[str]:
    """The ids that a writer reported until it was killed, `after_s` after its archive was open."""
    pack(record(0))  # what is made at the first use is made here, once for all children
    ours, theirs = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.close(ours)
            store_until_killed(folder, number, theirs)
        finally:
            os._exit(1)
    os.close(theirs)
    with os.fdopen(ours, "rb") as stream:
        assert stream.readline() == b"open\n"
        time.sleep(after_s)
        os.kill(child, signal.SIGKILL)
        output = stream.read().decode()
    _, status = os.waitpid(child, 0)
    assert os.WTERMSIG(status) == signal.SIGKILL
    return output.rpartition("\n")[0].split()
