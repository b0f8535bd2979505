"""What an archive must hold after a crash, known from outside: what was read before, and what the agent's metrics said.

Nothing that could be read once may be missing, moved, changed or there again later, and every record that the metrics
called stored must be there. Segments that `max_bytes` dropped are known by their manifests.
"""

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import common  # noqa: F401  # puts the project on the path

from blockprobe.model.errors import StoreError
from blockprobe.model.words import State
from blockprobe.store.layout import Place, places
from blockprobe.store.manifest import read_manifest
from blockprobe.store.reader import Stored, read_archive, read_segment
from blockprobe.store.verify import verify_store

_SAMPLE = re.compile(
    r'^blockprobe_(?:(records_total)\{.*\}|(store_records_waiting)|(store_dropped_total)\{reason="waiting"\}'
    r'|site_last_conclusive_timestamp_seconds\{site="([^"]*)"\}) (\S+)$',
    re.MULTILINE,
)

#: A look: which site, and when its record began (Unix time, as metrics show it).
Look = tuple[str, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What one scrape said: how many records of this life are stored, and the last conclusive look at each site; those
    are stored as well if no record was `waiting`."""

    stored: int
    waiting: int
    looks: frozenset[Look]


def told(exposition: str) -> Told:
    """Read the agent's metrics."""
    counted = waiting = dropped = 0.0
    looks = set()
    for records, waits, drops, site, value in _SAMPLE.findall(exposition):
        counted += float(value) if records else 0.0
        waiting += float(value) if waits else 0.0
        dropped += float(value) if drops else 0.0
        if site:
            looks.add((site, float(value)))
    return Told(stored=int(counted - waiting - dropped), waiting=int(waiting), looks=frozenset(looks))


@dataclass(slots=True, kw_only=True)
class Ledger:
    """The archive of one store so far. `segments` are the ids in each, by its file's name, in their order."""

    store: Path
    segments: dict[str, tuple[str, ...]] = field(default_factory=dict)
    _manifests: dict[str, str] = field(default_factory=dict)
    _ids: set[str] = field(default_factory=set)
    _looks: Counter[Look] = field(default_factory=Counter)
    _last: dict[str, list[tuple[float, State]]] = field(default_factory=dict)
    _pruned: set[str] = field(default_factory=set)

    def read(self, scrapes: Iterable[Told]) -> tuple[int, list[str]]:
        """Read what is new since the last time; how many records, and what is wrong. `scrapes` are of the life between
        the two."""
        before, broken = len(self._ids), []
        found = places(self.store)
        broken += [f"{name} is gone" for name in self._kept() if name not in {place.path.name for place in found}]
        for place in found:
            broken += self._read_place(place)
        new = len(self._ids) - before
        return new, broken + self._missing(list(scrapes), new)

    def older_than_archive(self, first: Told) -> list[str]:
        """Sites of which an agent that has just started knows less than the archive."""
        shown = dict(first.looks)
        return [
            f"{site}: the archive's last look was at {looks[-1][0]}, the new agent knows of {shown.get(site)}"
            for site, looks in self._last.items()
            if _is_settled(looks) and site in shown and shown[site] < looks[-1][0]
        ]

    def whole(self) -> list[str]:
        """Read everything again: each record once, in the same order, and manifests and hashes hold."""
        expected = [one for name in sorted(self.segments, key=_number) for one in self._there(name)]
        try:
            seen = [stored.id for stored in read_archive(self.store)]
        except StoreError as error:
            return [f"the archive cannot be read: {error}"]
        broken = [f"{one} is there {count} times" for one, count in Counter(seen).items() if count > 1]
        if lost := set(expected) - set(seen):
            broken.append(f"{len(lost)} records were there and are lost, {min(lost)} for one")
        if not broken and seen != expected:
            broken.append("records stand in another order than before")
        return broken + list(verify_store(self.store).faults)

    @property
    def records(self) -> int:
        """Records that were ever read."""
        return len(self._ids)

    @property
    def is_pruned(self) -> bool:
        """Whether any segment was dropped."""
        return bool(self._pruned)

    def _kept(self) -> list[str]:
        return [name for name, ids in self.segments.items() if ids]

    def _there(self, name: str) -> tuple[str, ...]:
        return () if name in self._pruned else self.segments[name]

    def _read_place(self, place: Place) -> list[str]:
        name, broken = place.path.name, []
        known = self.segments.get(name)
        if place.sealed or place.pruned:
            manifest, digest = read_manifest(place.manifest)
            sealed_before = name in self._manifests
            if self._manifests.setdefault(name, digest) != digest:
                broken.append(f"{name}: its manifest was changed")
            if known is not None and manifest.records != len(known):
                broken.append(f"{name}: {len(known)} records were read, its manifest says {manifest.records}")
            if place.pruned:
                self._pruned.add(name)
                self.segments.setdefault(name, ())
            if place.pruned or (sealed_before and known is not None):
                return broken
        try:
            stored = list(read_segment(place.path, unsealed=not place.sealed))
        except StoreError as error:
            return [*broken, str(error)]
        ids = tuple(one.id for one in stored)
        if known is None:
            broken += [f"{one} is there twice" for one in ids if one in self._ids]
            self.segments[name] = ids
            self._note(stored)
        elif known != ids:
            broken.append(f"{name}: {len(known)} records were read, now {len(ids)}, and they are not the same")
        return broken

    def _note(self, stored: list[Stored]) -> None:
        for one in stored:
            at = one.measured_at.timestamp()
            self._ids.add(one.id)
            self._looks[one.target.input, at] += 1
            self._last.setdefault(one.target.input, []).append((at, one.verdict.state))

    def _missing(self, scrapes: list[Told], new: int) -> list[str]:
        """What was called stored and is not there."""
        broken = []
        stored = max((one.stored for one in scrapes), default=0)
        if new < stored:
            broken.append(f"{stored} records of this life were reported as stored, {new} are there")
        claims = {look for one in scrapes if not one.waiting for look in one.looks}
        if wrong := sorted(look for look in claims if self._looks[look] != 1):
            count = self._looks[wrong[0]]
            broken.append(f"{len(wrong)} looks were reported as stored, {wrong[0]} for one is there {count} times")
        return broken


def _is_settled(looks: list[tuple[float, State]]) -> bool:
    """Whether the last look said what the one before did: then an agent believes it."""
    states = [state for _, state in looks[-2:]]
    return len(states) == 2 and states[0] is states[1] is not State.INCONCLUSIVE


def _number(name: str) -> int:
    return int(name.removesuffix(".jsonl.gz").rpartition("-")[2])
