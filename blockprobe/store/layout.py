"""Where the files of a store are and what their names say; sequence numbers decide the order, never times."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from blockprobe.store.files import told

SEGMENTS = "segments"
SEGMENT = ".jsonl.gz"
MANIFEST = ".manifest.json"
PRUNED = ".pruned.json"
SIGNATURE = ".sig"
TORN = ".torn-"

_FILE = re.compile(r"(?P<segment>.+-\d{8}T\d{6}Z-(?P<n>\d{8,})\.jsonl\.gz)(?P<rest>\..+)?")
_UNSAFE = re.compile(r"[^A-Za-z0-9._]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """One segment: its number, its path, and which of its files are there. `pruned`: only the manifest is kept."""

    n: int
    path: Path
    present: bool
    sealed: bool
    pruned: bool

    @property
    def manifest(self) -> Path:
        """Where its manifest is, or would be."""
        return beside(self.path, PRUNED if self.pruned else MANIFEST)


def beside(segment: Path, suffix: str) -> Path:
    """A file that belongs to a segment."""
    return segment.with_name(segment.name + suffix)


def segment_path(folder: Path, name: str, at: datetime, n: int) -> Path:
    """Where a new segment goes; what a file name cannot hold becomes `-`."""
    safe = _UNSAFE.sub("-", name).strip("-.")[:64] or "probe"
    return folder / SEGMENTS / f"{at:%Y/%m/%d}" / f"{safe}-{at:%Y%m%dT%H%M%SZ}-{n:08d}{SEGMENT}"


def places(folder: Path) -> list[Place]:
    """The segments of a store in their order; raises StoreError when the folder cannot be read."""
    found: dict[Path, set[str]] = {}
    for path, match in _files(folder):
        found.setdefault(path.with_name(match["segment"]), set()).add(match["rest"] or "")
    listed = [_place(path, rests) for path, rests in found.items() if rests & {"", MANIFEST, PRUNED}]
    return sorted(listed, key=lambda place: (place.n, place.path.name))


def highest_number(folder: Path) -> int:
    """The last number that was ever used and left a trace; 0 when there is none."""
    return max((int(match["n"]) for _, match in _files(folder)), default=0)


def _files(folder: Path) -> Iterator[tuple[Path, re.Match[str]]]:
    root = folder / SEGMENTS
    with told(root, "read"):
        for path in root.rglob("*") if root.exists() else ():
            match = _FILE.fullmatch(path.name)
            if match is not None:
                yield path, match


def _place(path: Path, rests: set[str]) -> Place:
    match = _FILE.fullmatch(path.name)
    assert match is not None, path
    return Place(
        n=int(match["n"]),
        path=path,
        present="" in rests,
        sealed=MANIFEST in rests,
        pruned=PRUNED in rests and MANIFEST not in rests,
    )
