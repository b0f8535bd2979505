"""Archived records, as if they had just been measured."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from blockprobe.catalogue.fingerprints import load_fingerprints
from blockprobe.model.codec import load_record
from blockprobe.run import new_id
from blockprobe.verdict.fingerprint import FingerprintSet

GOLDENS = Path(__file__).parents[1] / "goldens"
NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
OPEN, BLOCKED, DOWN = "demo-news.example", "demo-forged.example", "stale-nxdomain-new.example"


def known():
    return FingerprintSet(load_fingerprints(()))


def record(name, *, target="a.example", at=NOON):
    """The golden record under another id, time and target."""
    found = load_record((GOLDENS / name / "record.json").read_bytes().strip())
    return replace(found, id=new_id(at), measured_at=at, target=replace(found.target, input=target))


class SetClock:
    """Stands where it is put."""

    def __init__(self, now=NOON):
        self.time, self.seconds = now, 1000.0

    def now(self):
        return self.time

    def monotonic(self):
        return self.seconds

    def on(self, seconds):
        self.time += timedelta(seconds=seconds)
        self.seconds += seconds
