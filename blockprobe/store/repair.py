"""What a crash left: a torn last member is cut off and kept aside, and a segment without a manifest is measured."""

import hashlib
import json
import os
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from blockprobe.model.errors import StoreError
from blockprobe.store.files import sync_folder, told, write_file
from blockprobe.store.layout import TORN, beside
from blockprobe.store.lines import EVIDENCE, RECORD, SLIM
from blockprobe.store.members import read_members, whole_bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Repair:
    """One torn end: which segment, how many bytes were cut, and the file that holds them now."""

    segment: str
    cut_bytes: int
    kept_in: str

    def __str__(self) -> str:
        return f"{self.segment}: a torn end of {self.cut_bytes} bytes was cut off and is kept in {self.kept_in}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Contents:
    """What a segment holds; times are None when it holds no record."""

    sha256: str
    bytes: int
    records: int
    first_at: datetime | None
    last_at: datetime | None


def cut_torn_end(path: Path) -> Repair | None:
    """Cut a segment back to its last whole member. The rest is written elsewhere before, so that nothing is destroyed;
    a segment of nothing else is removed. Raises StoreError."""
    whole = whole_bytes(path)
    with told(path):
        size = path.stat().st_size
        repair = None
        if size > whole:
            aside = beside(path, f"{TORN}{whole}")
            with path.open("rb") as stream:
                stream.seek(whole)
                write_file(aside, stream.read())
            repair = Repair(segment=path.name, cut_bytes=size - whole, kept_in=aside.name)
            os.truncate(path, whole)
            _sync(path)
        if not whole:
            path.unlink()
            sync_folder(path.parent)
    return repair


def contents(path: Path) -> Contents:
    """Read a whole segment; raises StoreError when it cannot be."""
    digest, records, times = hashlib.sha256(), 0, set[datetime]()
    with told(path, "read"), path.open("rb") as stream:
        for _, member in read_members(stream):
            for line in member.splitlines():
                at = _measured_at(path, line)
                if at is not None:
                    records += 1
                    times = {min({at, *times}), max({at, *times})}
        stream.seek(0)
        while chunk := stream.read(1 << 20):
            digest.update(chunk)
        size = stream.tell()
    first, last = (min(times), max(times)) if times else (None, None)
    return Contents(sha256=digest.hexdigest(), bytes=size, records=records, first_at=first, last_at=last)


def _measured_at(path: Path, line: bytes) -> datetime | None:
    """When a record was measured; None for a part."""
    try:
        document = json.loads(line)
        if document["schema"] not in (EVIDENCE, RECORD, SLIM):
            return None
        return datetime.fromisoformat(document["measured_at"])
    except (KeyError, TypeError, ValueError, RecursionError) as error:
        raise StoreError(f"{path}: a line that is none of ours: {type(error).__name__}: {error}") from None


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
