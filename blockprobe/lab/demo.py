"""The demonstration: every kind of block and every healthy look-alike of `demo_world`, measured on this machine."""

import asyncio
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from blockprobe.lab.demo_world import DEMO
from blockprobe.lab.lab import Lab
from blockprobe.lab.trial import Outcome, measure, outcomes, settings_of, trust
from blockprobe.model.codec import dump_record
from blockprobe.model.record import Record


@dataclass(frozen=True, slots=True, kw_only=True)
class Demonstration:
    """What came of it: outcomes in the world's order, the folder with one file a record, and how long it took."""

    outcomes: tuple[Outcome, ...]
    records: Path
    took_s: float


def demonstrate(on_record: Callable[[Record], None] = lambda record: None) -> Demonstration:
    """Build the simulated ISP, measure, tear down. Raises LabError where the system forbids it.

    Moves the calling process into the laboratory's namespace, so it is the last thing a program does.
    """
    began = time.monotonic()
    folder = Path(tempfile.mkdtemp(prefix="blockprobe-demo-"))
    with Lab() as lab:
        lab.load(DEMO)
        lab.start_helper()
        trust(lab)
        settings = settings_of(lab, DEMO)
        lab.enter_probe()
        records = asyncio.run(measure(settings, DEMO, on_record=on_record))
    found = tuple(outcomes(DEMO, records))
    for outcome in found:
        (folder / f"{_file_name(outcome.expect.target)}.json").write_bytes(dump_record(outcome.record) + b"\n")
    return Demonstration(outcomes=found, records=folder, took_s=time.monotonic() - began)


def _file_name(target: str) -> str:
    return target.removeprefix("http://").removeprefix("https://").strip("/")
