"""The sealed segments in their order: adding one, dropping the oldest, and what they take on disk."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from blockprobe import __version__
from blockprobe.model.errors import StoreError
from blockprobe.store.files import sync_folder, told
from blockprobe.store.layout import MANIFEST, PRUNED, SEGMENTS, SIGNATURE, TORN, beside, highest_number, places
from blockprobe.store.manifest import Manifest, read_manifest, write_manifest
from blockprobe.store.repair import Contents, Repair, contents, cut_torn_end
from blockprobe.store.signing import Signer

#: A clock that jumps ahead must not empty the archive: nothing is older than the newest sealed record says, by more
#: than this.
_TRUST = timedelta(days=7)


@dataclass(slots=True)
class _Sealed:
    """A sealed segment that is still there."""

    path: Path
    records: int
    last_at: datetime


class Chain:
    """Sealed segments, oldest first. `bytes` is what all files of the archive take but the segment in use; `recovered`
    counts segments that a crash had left open."""

    def __init__(self, folder: Path, *, sign_with: str | None) -> None:
        self._folder = folder
        self._signer = Signer(sign_with) if sign_with else None
        self._sealed: list[_Sealed] = []
        self._last: str | None = None
        self._number = 0
        self.bytes = 0
        self.recovered = 0
        self.signature_fault: str | None = None

    def load(self, now: datetime) -> tuple[Repair, ...]:
        """Read what is there and repair what a crash left. Raises StoreError."""
        repairs = []
        self._number = highest_number(self._folder)
        for place in places(self._folder):
            if place.pruned:
                _, self._last = read_manifest(place.manifest)
                _finish_drop(place.path, present=place.present)
            elif place.sealed:
                manifest, self._last = read_manifest(place.manifest)
                if place.present:
                    self._add(place.path, manifest.records, manifest.last_measured_at)
            else:
                repair = cut_torn_end(place.path)
                repairs += [repair] if repair else []
                self.recovered += 1
                if place.path.exists():
                    self.seal(place.path, place.n, contents(place.path), now)
        self.bytes = self._measure()
        return tuple(repairs)

    def next_number(self) -> int:
        """The number of the next segment; never used before."""
        self._number += 1
        return self._number

    def seal(self, path: Path, n: int, found: Contents, now: datetime) -> None:
        """Write the manifest of a segment and sign it, if a key is configured. Raises StoreError; a signature that
        cannot be made is no reason to stop, but told in `signature_fault` and made with the next one."""
        if found.first_at is None or found.last_at is None:
            raise StoreError(f"{path}: holds no record and cannot be sealed; move it away")
        manifest = Manifest(
            segment=path.name,
            n=n,
            sha256=found.sha256,
            bytes=found.bytes,
            records=found.records,
            first_measured_at=found.first_at,
            last_measured_at=found.last_at,
            sealed_at=now,
            previous=self._last,
            blockprobe=__version__,
        )
        target = beside(path, MANIFEST)
        with told(target):
            self._last = write_manifest(target, manifest)
            self.bytes += found.bytes + target.stat().st_size
        self._add(path, found.records, found.last_at)
        self._sign()

    def prune_older(self, now: datetime, days: int) -> int:
        """Drop segments whose last record is older than `days`; returns how many records went."""
        if not self._sealed:
            return 0
        newest = max(one.last_at for one in self._sealed)
        limit = min(now, newest + _TRUST) - timedelta(days=days)
        dropped = 0
        while self._sealed and self._sealed[0].last_at < limit:
            dropped += self._drop_oldest()
        return dropped

    def prune_to(self, room_bytes: int) -> int:
        """Drop the oldest segments until the rest takes no more than `room_bytes`; returns how many records went."""
        dropped = 0
        while self._sealed and self.bytes > room_bytes:
            dropped += self._drop_oldest()
        return dropped

    def _drop_oldest(self) -> int:
        """The manifest stays under another name, byte for byte: the chain can be checked for ever."""
        oldest = self._sealed[0]
        with told(oldest.path):
            beside(oldest.path, MANIFEST).rename(beside(oldest.path, PRUNED))
            _finish_drop(oldest.path, present=True)
        del self._sealed[0]
        self.bytes = self._measure()
        return oldest.records

    def _add(self, path: Path, records: int, last_at: datetime) -> None:
        self._sealed.append(_Sealed(path, records, last_at.astimezone(UTC)))

    def _measure(self) -> int:
        root = self._folder / SEGMENTS
        with told(root, "read"):
            return sum(one.stat().st_size for one in root.rglob("*") if one.is_file()) if root.exists() else 0

    def _sign(self) -> None:
        if self._signer is None:
            return
        self.signature_fault = None
        try:
            for one in self._sealed:
                manifest = beside(one.path, MANIFEST)
                if not beside(manifest, SIGNATURE).exists():
                    self._signer.sign(manifest)
        except StoreError as error:
            self.signature_fault = str(error)


def _finish_drop(segment: Path, *, present: bool) -> None:
    """What is left to do when the manifest has its other name: now, or after a crash that came between."""
    signature = beside(beside(segment, MANIFEST), SIGNATURE)
    with told(segment):
        if signature.exists():
            signature.rename(beside(beside(segment, PRUNED), SIGNATURE))
        if present:
            sync_folder(segment.parent)
            _remove(segment)


def _remove(segment: Path) -> None:
    """A segment's evidence, and torn ends that were kept beside it."""
    with told(segment):
        for one in segment.parent.glob(f"{segment.name}{TORN}*"):
            one.unlink()
        segment.unlink(missing_ok=True)
