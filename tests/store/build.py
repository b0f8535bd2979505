"""Records, clocks and archives for tests of the store."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

from blockprobe.model.codec import load_record
from blockprobe.model.record import Record
from blockprobe.model.settings import StoreSettings
from blockprobe.model.words import State
from blockprobe.store.archive import Archive
from blockprobe.store.reader import read_archive

GOLDENS = Path(__file__).parents[1] / "goldens"
NOON = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


class SetClock:
    """A clock that stands where it is put; `monotonic` goes on by itself."""

    def __init__(self, at: datetime = NOON) -> None:
        self.at = at
        self.seconds = 0.0

    def now(self) -> datetime:
        return self.at

    def monotonic(self) -> float:
        return self.seconds

    def forward(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)
        self.seconds += seconds


@cache
def golden(name: str = "demo-news.example") -> Record:
    """A golden record."""
    return load_record((GOLDENS / name / "record.json").read_bytes())


def goldens() -> list[Record]:
    """All of them."""
    return [golden(path.parent.name) for path in sorted(GOLDENS.glob("*/record.json"))]


def record(number: int, *, at: datetime | None = None, state: State | None = None, small: bool = False) -> Record:
    """A record of its own; `small` ones have no observations."""
    base = golden()
    at = at or NOON + timedelta(seconds=number)
    target = replace(base.target, input=f"site{number}.example", host=f"site{number}.example")
    verdict = base.verdict if state is None else replace(base.verdict, state=state)
    made = replace(base, id=f"R{number:025d}", measured_at=at, target=target, verdict=verdict)
    return replace(made, observations=(), control=()) if small else made


def settings(folder: Path, *, max_bytes: int = 500_000_000, days: int = 90, key: str | None = None) -> StoreSettings:
    """[store] for a folder."""
    return StoreSettings(dir=str(folder), max_bytes=max_bytes, retention_days=days, sign_with=key)


@contextmanager
def opened(folder: Path, clock: SetClock | None = None, **options: int) -> Iterator[Archive]:
    """An archive, closed in the end."""
    archive = Archive.open(settings(folder, **options), name="leeds 3", clock=clock or SetClock())  # type: ignore[arg-type]
    try:
        yield archive
    finally:
        archive.close()


def ids(folder: Path) -> list[str]:
    """Every record's id, in the archive's order."""
    return [stored.id for stored in read_archive(folder)]


def segments(folder: Path) -> list[Path]:
    """The segments, by number."""
    return sorted((folder / "segments").rglob("*.jsonl.gz"), key=lambda path: path.name[-17:])


@contextmanager
def scratch() -> Iterator[Path]:
    """A folder for one example of a property."""
    with tempfile.TemporaryDirectory() as name:
        yield Path(name)
