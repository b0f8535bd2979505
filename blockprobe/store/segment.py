"""One segment while it is written: members are appended and synced; a failed write leaves no trace."""

import hashlib
import os
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from pathlib import Path

from blockprobe.model.errors import StoreError
from blockprobe.store.files import make_folders, sync_folder, told, write_all
from blockprobe.store.lines import Packed, Part, PartKind
from blockprobe.store.members import compress

_ORDER = {kind: place for place, kind in enumerate(PartKind)}


class Segment:
    """A new segment at `path`. The file appears with the first member."""

    def __init__(self, path: Path, n: int) -> None:
        self.path = path
        self.n = n
        self.bytes = 0
        self.records = 0
        self.first_at: datetime | None = None
        self.last_at: datetime | None = None
        self._digest = hashlib.sha256()
        self._handle: int | None = None
        self._numbers: dict[bytes, int] = {}
        self._next = 0
        self._torn = False

    @property
    def sha256(self) -> str:
        """The hash of what is in the file."""
        return self._digest.hexdigest()

    def write(self, batch: Sequence[Packed]) -> int:
        """One member with these records, durable on return; returns its bytes. Raises StoreError and leaves the file
        as it was before."""
        known, first = len(self._numbers), self._next
        data = compress(self._member(batch))
        try:
            with told(self.path):
                self._append(data)
        except StoreError:
            for key in list(self._numbers)[known:]:  # dicts keep the order in which keys came
                del self._numbers[key]
            self._next = first
            raise
        self._count(batch, data)
        return len(data)

    def close(self) -> None:
        """Let go of the file; one that nothing could be written to is removed."""
        if self._handle is not None:
            if not self.records:
                with suppress(OSError):
                    self.path.unlink()
            os.close(self._handle)
            self._handle = None

    def _member(self, batch: Sequence[Packed]) -> bytes:
        """Parts first, and what is alike together, for a compressor sees 32 KiB at a time. Pages count for one member
        only. Records that do not stand in their order bear their place."""
        pages: dict[bytes, int] = {}
        new: list[tuple[int, Part]] = []
        lines: list[bytes] = []
        order = sorted(range(len(batch)), key=lambda place: (batch[place].shape, place))
        in_order = order == list(range(len(batch)))
        for place in order:
            packed = batch[place]
            numbers = []
            for part in packed.parts:
                known = pages if part.kind is PartKind.PAGE else self._numbers
                if part.key not in known:
                    known[part.key] = self._next
                    new.append((self._next, part))
                    self._next += 1
                numbers.append(known[part.key])
            lines.append(packed.line(tuple(numbers), None if in_order else place))
        new.sort(key=lambda item: (_ORDER[item[1].kind], item[0]))
        return b"".join([*(part.line(number) for number, part in new), *lines])

    def _append(self, data: bytes) -> None:
        handle = self._open()
        if self._torn:
            self._cut(handle)
        try:
            write_all(handle, data)
            os.fsync(handle)
        except OSError:
            self._torn = True
            with suppress(OSError):
                self._cut(handle)
            raise

    def _cut(self, handle: int) -> None:
        """Back to the last whole member: what a failed write left would make the rest unreadable."""
        os.ftruncate(handle, self.bytes)
        os.fsync(handle)
        self._torn = False

    def _open(self) -> int:
        if self._handle is None:
            make_folders(self.path.parent)
            self._handle = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o640)
            sync_folder(self.path.parent)
        return self._handle

    def _count(self, batch: Sequence[Packed], data: bytes) -> None:
        self._digest.update(data)
        self.bytes += len(data)
        self.records += len(batch)
        times = [one.measured_at for one in batch]
        self.first_at = min([*times, *([self.first_at] if self.first_at else [])])
        self.last_at = max([*times, *([self.last_at] if self.last_at else [])])
