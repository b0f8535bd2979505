"""A copy of sealed segments for publication. The originals are only read; the copy has manifests of its own, each of
which names the hash of its original, so that a court can be shown which sealed evidence it was made from."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from blockprobe import __version__
from blockprobe.model.errors import StoreError
from blockprobe.net.clock import Clock
from blockprobe.store.files import make_folders, told, write_all
from blockprobe.store.layout import MANIFEST, SEGMENTS, Place, beside, places
from blockprobe.store.manifest import Manifest, Original, digest, read_manifest, write_manifest
from blockprobe.store.members import MEMBER_BYTES, MEMBER_RECORDS, compress
from blockprobe.store.reader import Stored, read_segment

#: Makes the line that is published of a record; None: nothing is.
Convert = Callable[[Stored], bytes | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """How many sealed segments were copied, with how many records; `open` segments cannot be published yet."""

    segments: int
    records: int
    open: int


def publish(store: Path, out: Path, convert: Convert, clock: Clock) -> Published:
    """Copy every sealed segment of `store` into the new folder `out`, each record as `convert` gives it.

    Raises StoreError: `out` holds something already, a segment cannot be read, or is not what its manifest says.
    """
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise StoreError(f"{out}: is not empty; a copy goes into a new folder")
    found = [place for place in places(store) if place.present]
    sealed = [place for place in found if place.sealed]
    if not sealed:
        raise StoreError(f"{store}: no sealed segment to publish; one is sealed once a day and when the agent stops")
    previous, records = None, 0
    for place in sealed:
        copy = out / SEGMENTS / place.path.relative_to(store / SEGMENTS)
        manifest = _copy(place, copy, convert, (previous, clock.now()))
        if manifest is not None:
            with told(copy):
                previous = write_manifest(beside(copy, MANIFEST), manifest)
            records += manifest.records
    return Published(segments=len(sealed), records=records, open=len(found) - len(sealed))


def _copy(place: Place, copy: Path, convert: Convert, chain: tuple[str | None, datetime]) -> Manifest | None:
    original, original_hash = read_manifest(place.manifest)
    with told(place.path, "read"):
        if digest(place.path.read_bytes()) != original.sha256:
            raise StoreError(f"{place.path}: its SHA-256 is not that of its manifest; nothing of it is published")
    records = 0
    with told(copy):
        make_folders(copy.parent)
        with copy.open("xb") as stream:
            for lines in _members(place.path, convert):
                write_all(stream.fileno(), compress(b"".join(lines)))
                records += len(lines)
        data = copy.read_bytes()
        if not records:
            copy.unlink()
            return None
    previous, now = chain
    return Manifest(
        segment=copy.name,
        n=place.n,
        sha256=digest(data),
        bytes=len(data),
        records=records,
        first_measured_at=original.first_measured_at,
        last_measured_at=original.last_measured_at,
        sealed_at=now,
        previous=previous,
        blockprobe=__version__,
        copy_of=Original(segment=original.segment, sha256=original.sha256, manifest_sha256=original_hash),
    )


def _members(path: Path, convert: Convert) -> Iterator[list[bytes]]:
    lines: list[bytes] = []
    size = 0
    for stored in read_segment(path):
        line = convert(stored)
        if line is None:
            continue
        if lines and (len(lines) == MEMBER_RECORDS or size + len(line) > MEMBER_BYTES):
            yield lines
            lines, size = [], 0
        lines.append(line + b"\n")
        size += len(line) + 1
    if lines:
        yield lines
