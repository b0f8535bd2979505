"""Does an archive hold what its manifests say? Every fault is named, and nothing is changed."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

from blockprobe.model.errors import StoreError
from blockprobe.store.files import told
from blockprobe.store.layout import Place, places
from blockprobe.store.manifest import Manifest, read_manifest
from blockprobe.store.reader import read_segment
from blockprobe.store.signing import signature_fault


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """What was found: `faults` one line each, segments and records that are there, segments that were `pruned` and are
    known by their manifests only, segments `open` (without a manifest yet), and the first one's number."""

    faults: tuple[str, ...]
    segments: int
    records: int
    pruned: int
    open: int
    signed: int
    begins_at: int | None


@dataclass(slots=True)
class _Count:
    segments: int = 0
    records: int = 0
    pruned: int = 0
    open: int = 0
    signed: int = 0


def verify_store(path: Path, *, allowed_signers: Path | None = None) -> Verification:
    """Check every manifest, the chain of their hashes, each segment's hash and size, and that every record can be read.

    With `allowed_signers` (ssh-keygen(1), ALLOWED SIGNERS) each manifest must be signed by one of them. Raises
    StoreError only when the folder itself cannot be read.
    """
    found = places(path)
    faults: list[str] = []
    count = _Count()
    chain = _Chain()
    for place in found:
        try:
            faults += _check(place, chain, count)
            if allowed_signers is not None and (place.sealed or place.pruned):
                faults += _check_signature(place, allowed_signers, count)
        except StoreError as error:
            faults.append(str(error))
    if not found:
        faults.append(f"{path}: no segments in it; give the folder that [store] dir names")
    return Verification(
        faults=tuple(faults),
        segments=count.segments,
        records=count.records,
        pruned=count.pruned,
        open=count.open,
        signed=count.signed,
        begins_at=found[0].n if found else None,
    )


class _Chain:
    """The hash that the next manifest must name; None until the first was read."""

    def __init__(self) -> None:
        self.last: str | None = None
        self.begun = False
        self.kept = False  # a segment was there: none after it may be pruned
        self.open = False

    def faults(self, place: Place, manifest: Manifest, digest: str) -> list[str]:
        """What does not fit, with the one before."""
        faults = []
        if self.begun and manifest.previous != self.last:
            faults.append(f"{place.manifest}: does not name the manifest before it: one is missing or was changed")
        if not self.begun and manifest.previous is not None and place.n == 1:
            faults.append(f"{place.manifest}: the first one names one before it")
        if (manifest.n, manifest.segment) != (place.n, place.path.name):
            faults.append(f"{place.manifest}: is that of {manifest.segment}, number {manifest.n}")
        if place.pruned and self.kept:
            faults.append(f"{place.path}: was dropped although older segments were kept")
        if self.open:
            faults.append(f"{place.manifest}: follows a segment that has none")
        self.begun, self.last = True, digest
        self.kept = self.kept or not place.pruned
        return faults


def _check(place: Place, chain: _Chain, count: _Count) -> list[str]:
    if not (place.sealed or place.pruned):
        count.open += 1
        chain.open = True
        faults, records = _read(place.path, unsealed=True)
        count.records += records
        return faults
    manifest, digest = read_manifest(place.manifest)
    faults = chain.faults(place, manifest, digest)
    if place.pruned:
        count.pruned += 1
        return faults
    if not place.present:
        return [*faults, f"{place.path}: is missing, and its manifest does not say that it was dropped"]
    count.segments += 1
    return faults + _check_segment(place.path, manifest, count)


def _check_segment(path: Path, manifest: Manifest, count: _Count) -> list[str]:
    faults = []
    with told(path, "read"):
        size = path.stat().st_size
        with path.open("rb") as stream:
            sha256 = hashlib.file_digest(stream, "sha256").hexdigest()
    if size != manifest.bytes:
        faults.append(f"{path}: {size} bytes, and its manifest says {manifest.bytes}")
    if sha256 != manifest.sha256:
        faults.append(f"{path}: its SHA-256 is not that of its manifest: it was changed after it was sealed")
    unreadable, records = _read(path)
    count.records += records
    if not unreadable and records != manifest.records:
        faults.append(f"{path}: {records} records, and its manifest says {manifest.records}")
    return faults + unreadable


def _read(path: Path, *, unsealed: bool = False) -> tuple[list[str], int]:
    records = 0
    try:
        for _ in read_segment(path, unsealed=unsealed):
            records += 1
    except StoreError as error:
        return [str(error)], records
    return [], records


def _check_signature(place: Place, allowed_signers: Path, count: _Count) -> list[str]:
    fault = signature_fault(place.manifest, allowed_signers)
    count.signed += fault is None
    return [] if fault is None else [f"{place.manifest}: {fault}"]
