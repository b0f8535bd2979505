"""What the judge knows beforehand: the fingerprints of the catalogue, and their version."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from blockprobe.model.settings import Settings

if TYPE_CHECKING:
    from blockprobe.verdict.fingerprint import Fingerprint


@dataclass(frozen=True, slots=True, kw_only=True)
class Knowledge:
    """Fingerprints, and the hash of them that a record keeps."""

    fingerprints: tuple["Fingerprint", ...]
    version: str


def load_knowledge(settings: Settings) -> Knowledge:
    """Read the catalogue's fingerprints; raises ConfigError with a line for every fault of every file."""
    from blockprobe.catalogue.fingerprints import content_hash, load_fingerprints

    found = load_fingerprints(settings.catalogue.paths)
    return Knowledge(fingerprints=found, version=content_hash(found))
