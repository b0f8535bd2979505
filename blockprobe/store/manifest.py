"""What a sealed segment held, and the hash of the manifest before: a chain in which nothing can be changed unseen."""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any, Literal

from pydantic import TypeAdapter, ValidationError

from blockprobe.model.errors import StoreError
from blockprobe.store.files import told, write_file

#: Manifests are small; a larger file is none.
MAX_MANIFEST_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Original:
    """The sealed segment that a published copy was made from."""

    segment: str
    sha256: str
    manifest_sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """A sealed segment: its file name, sequence number `n`, SHA-256, size, and records with the times between which
    they were measured. `previous` is the SHA-256 of the manifest before (None: the first); `copy_of` only in copies."""

    schema: Literal["blockprobe.manifest/1"] = "blockprobe.manifest/1"
    segment: str
    n: int
    sha256: str
    bytes: int
    records: int
    first_measured_at: datetime
    last_measured_at: datetime
    sealed_at: datetime
    previous: str | None
    blockprobe: str
    copy_of: Original | None = None


@cache
def _adapter() -> TypeAdapter[Manifest]:
    return TypeAdapter(Manifest)


def manifest_schema() -> dict[str, Any]:
    """The JSON Schema of a manifest."""
    return _adapter().json_schema()


def digest(data: bytes) -> str:
    """SHA-256 in hexadecimal."""
    return hashlib.sha256(data).hexdigest()


def write_manifest(path: Path, manifest: Manifest) -> str:
    """Write it durably; returns the hash that the next one names."""
    data = _adapter().dump_json(manifest, indent=1) + b"\n"
    write_file(path, data)
    return digest(data)


def read_manifest(path: Path) -> tuple[Manifest, str]:
    """The manifest and its hash; raises StoreError."""
    with told(path, "read"), path.open("rb") as stream:
        data = stream.read(MAX_MANIFEST_BYTES + 1)
    if len(data) > MAX_MANIFEST_BYTES:
        raise StoreError(f"{path}: a manifest of more than {MAX_MANIFEST_BYTES} bytes is not read")
    try:
        return _adapter().validate_json(data), digest(data)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(str(part) for part in first["loc"]) or "manifest"
        raise StoreError(f"{path}: {place}: {first['msg']}") from None
