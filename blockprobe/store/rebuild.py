"""The state from the archive: after the state was damaged, and for what was measured since it was last saved."""

from collections.abc import Container, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path

from blockprobe.model.history import History, Seen, Transition
from blockprobe.model.order import Network
from blockprobe.model.record import Record
from blockprobe.model.words import Reason, State
from blockprobe.store.layout import places
from blockprobe.store.manifest import read_manifest
from blockprobe.store.reader import Stored, read_segment
from blockprobe.store.slim import SlimRecord
from blockprobe.store.state import StateDb
from blockprobe.verdict.history import advance, seen_of

#: The agent saves its state at least so often.
SAVED_WITHIN = timedelta(hours=1)


def rebuild(db: StateDb, folder: Path, *, network: Network | None = None, targets: Container[str] | None = None) -> int:
    """Bring the histories in `db` up to what the archive in `folder` holds; returns how many records were new to them.

    `network`: what the catalogue knows of the line's. `targets`: whose histories are wanted (None: all that were ever
    measured, checks of the line included). A change is believed when the next look at the target says the same, as
    plans ask by default. The schedule is not in the archive. Sealed segments that end more than an hour before the
    newest look in `db` are not read: the state was saved since. Raises StoreError where a segment cannot be read.
    """
    work = _Work(histories=db.histories(), network=network)
    known = {target: history.last_at for target, history in work.histories.items()}
    newest = max((at for at in known.values() if at is not None), default=None)
    for stored in _stored(folder, newest):
        target = stored.target.input
        if targets is None or target in targets:
            work.take(stored, known.get(target))
    work.finish()
    db.save((work.histories[target] for target in sorted(work.changed)), work.transitions)
    return work.count


def _stored(folder: Path, newest: datetime | None) -> Iterator[Stored]:
    for place in places(folder):
        if place.present:
            if newest is not None and place.sealed:
                manifest, _ = read_manifest(place.manifest)
                if manifest.last_measured_at < newest - SAVED_WITHIN:
                    continue
            yield from read_segment(place.path, unsealed=not place.sealed)


@dataclass(slots=True, kw_only=True)
class _Work:
    """Histories on their way; `doubted` are looks that show a change and wait for the next one to confirm it."""

    histories: dict[str, History]
    network: Network | None
    transitions: list[Transition] = field(default_factory=list)
    changed: set[str] = field(default_factory=set)
    count: int = 0
    full: dict[str, Seen] = field(default_factory=dict)
    doubted: dict[str, tuple[Stored, Seen]] = field(default_factory=dict)

    def take(self, stored: Stored, known: datetime | None) -> None:
        """One more record, unless the history knew it."""
        seen = self._seen(stored)
        if known is not None and stored.measured_at <= known:
            return
        self.count += 1
        target = stored.target.input
        doubted = self.doubted.pop(target, None)
        if doubted is not None:
            self._advance(doubted[0], doubted[1], believed=doubted[1].state is seen.state)
        history = self.histories.get(target)
        known_state = history.state if history is not None and history.network == _isp(stored) else None
        if known_state in (None, seen.state) or seen.state is State.INCONCLUSIVE:
            self._advance(stored, seen, believed=True)
        else:
            self.doubted[target] = stored, seen

    def finish(self) -> None:
        """The last looks that nothing confirmed."""
        for stored, seen in self.doubted.values():
            self._advance(stored, seen, believed=False)

    def _advance(self, stored: Stored, seen: Seen, *, believed: bool) -> None:
        target = stored.target.input
        if not believed:
            seen = replace(seen, state=State.INCONCLUSIVE, reasons=(Reason.FLAPPING,))
        before = self.histories.get(target, History(target=target))
        after, transition = advance(before, seen, network=_isp(stored))
        if isinstance(stored, Record):
            after = replace(after, last_full=stored.id, last_full_at=stored.measured_at)
        self.histories[target] = after
        self.transitions += [transition] if transition else []
        self.changed.add(target)

    def _seen(self, stored: Stored) -> Seen:
        """A slim record was kept slim because it said what the last full one says; only then does it borrow of it."""
        if isinstance(stored, Record):
            seen = self.full[stored.target.input] = seen_of(stored, self.network)
            return seen
        full = self.full.get(stored.target.input)
        seen = _slim_seen(stored)
        if full is None or full.record != stored.last_full:
            return seen
        return replace(
            seen, implemented_by=full.implemented_by, not_by_order=full.not_by_order, own_resolver=full.own_resolver
        )


def _slim_seen(slim: SlimRecord) -> Seen:
    verdict = slim.verdict
    return Seen(
        record=slim.id,
        at=slim.measured_at,
        took_s=slim.runtime_s,
        state=verdict.state,
        mechanisms=verdict.mechanisms,
        suspected=verdict.suspected,
        reasons=verdict.reasons,
        by=verdict.attribution.by,
        cause=verdict.attribution.cause,
        via_redirect=verdict.via_redirect,
        parity_gap=verdict.parity_gap,
        partial=verdict.partial,
    )


def _isp(stored: Stored) -> str | None:
    return stored.isp if isinstance(stored, SlimRecord) else stored.vantage.isp
