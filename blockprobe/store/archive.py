"""The archive of a probe: records wait in memory, `flush` makes them durable, segments are sealed one after another.

Nothing here runs by itself: the agent calls `flush` when `due` is true or often enough for its operator.
"""

from collections import Counter, deque
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

from blockprobe.model.errors import StoreError
from blockprobe.model.record import Record
from blockprobe.model.settings import StoreSettings
from blockprobe.net.clock import Clock
from blockprobe.store.chain import Chain
from blockprobe.store.layout import segment_path
from blockprobe.store.lines import Packed
from blockprobe.store.lock import Lock
from blockprobe.store.members import MEMBER_BYTES, MEMBER_RECORDS
from blockprobe.store.pack import pack
from blockprobe.store.repair import Contents, Repair
from blockprobe.store.segment import Segment
from blockprobe.store.slim import pack_slim, slim_of

#: A segment is sealed at this size (bytes) or age (seconds); smaller in a small store.
SEGMENT_BYTES = 8 * 1024 * 1024
SEAL_AFTER_S = 86_400.0
#: What may wait in memory while the disk does not take it; then the oldest go.
MAX_WAITING = 5_000
MAX_WAITING_BYTES = 32 * 1024 * 1024

CAP, AGE, OVERFLOW = "cap", "age", "waiting"


class Archive:
    """Append-only evidence of one probe; one process at a time.

    `repairs` says what opening had to cut off; `drops` counts records by why they went: `cap` (max_bytes), `age`
    (retention_days), `waiting` (the disk did not take them and too many waited). `last_durable_at`: of the last flush.
    """

    def __init__(self, settings: StoreSettings, *, name: str, clock: Clock) -> None:
        """Use `Archive.open`."""
        self._dir = Path(settings.dir)
        self._settings = settings
        self._name = name
        self._clock = clock
        self._waiting: deque[Packed] = deque()
        self._waiting_bytes = 0
        self._drops: Counter[str] = Counter()
        self._segment: Segment | None = None
        self._began = 0.0
        self._segment_bytes = min(SEGMENT_BYTES, max(1, settings.max_bytes // 8))
        self.last_durable_at: datetime | None = None
        self._lock = Lock(self._dir)
        self._chain = Chain(self._dir, sign_with=settings.sign_with)
        self.repairs: tuple[Repair, ...] = ()

    @classmethod
    def open(cls, settings: StoreSettings, *, name: str, clock: Clock) -> "Archive":
        """The archive in `settings.dir`, made if it is not there. A segment that a crash left open is repaired and
        sealed. Raises StoreError: the folder cannot be used, or another process uses it."""
        archive = cls(settings, name=name, clock=clock)
        archive._lock.take()
        try:
            archive.repairs = archive._chain.load(clock.now())
        except BaseException:
            archive._lock.release()
            raise
        return archive

    @property
    def waiting(self) -> int:
        """Records that are not durable yet."""
        return len(self._waiting)

    @property
    def due(self) -> bool:
        """Whether a whole member waits: a good moment to flush."""
        return len(self._waiting) >= MEMBER_RECORDS or self._waiting_bytes >= MEMBER_BYTES

    @property
    def drops(self) -> Mapping[str, int]:
        """Records that were dropped since opening, by reason."""
        return {reason: self._drops[reason] for reason in (CAP, AGE, OVERFLOW)}

    @property
    def bytes_used(self) -> int:
        """Bytes of segments, manifests and what was kept aside."""
        return self._chain.bytes + (self._segment.bytes if self._segment else 0)

    @property
    def recovered(self) -> bool:
        """Whether the last agent did not end in order: then the state may know less than the archive (`rebuild`)."""
        return self._chain.recovered > 0

    @property
    def signature_fault(self) -> str | None:
        """Why the last manifest could not be signed; None when it was, or when no key is configured."""
        return self._chain.signature_fault

    def append(self, record: Record, *, full: bool, last_full: str | None) -> None:
        """Take a record; it is durable when `flush` has named it. Never touches the disk."""
        packed = pack(record) if full else pack_slim(slim_of(record, last_full))
        self._waiting.append(packed)
        self._waiting_bytes += packed.size
        while len(self._waiting) > MAX_WAITING or self._waiting_bytes > MAX_WAITING_BYTES:
            self._waiting_bytes -= self._waiting.popleft().size
            self._drops[OVERFLOW] += 1

    def flush(self) -> tuple[str, ...]:
        """Write what waits; returns the ids that are durable now.

        Raises StoreError when nothing could be written (disk full, read-only, …); what waits goes on waiting. When
        only a part could be written, that part is returned, and the next call raises.
        """
        done: list[str] = []
        try:
            while self._waiting:
                batch = self._batch()
                self._current().write(batch)
                for packed in batch:
                    self._waiting.popleft()
                    self._waiting_bytes -= packed.size
                    done.append(packed.id)
                self.last_durable_at = self._clock.now()
            self._prune()
        except StoreError:
            if not done:
                raise
        return tuple(done)

    def seal(self) -> None:
        """Close the segment in use, if it holds anything, and write its manifest. Raises StoreError."""
        segment = self._segment
        if segment is None:
            return
        if segment.records:
            found = Contents(
                sha256=segment.sha256,
                bytes=segment.bytes,
                records=segment.records,
                first_at=segment.first_at,
                last_at=segment.last_at,
            )
            self._chain.seal(segment.path, segment.n, found, self._clock.now())
        segment.close()
        self._segment = None

    def close(self) -> None:
        """Flush, seal, and let others use the folder. Raises StoreError when that could not be written."""
        try:
            self.flush()
            self.seal()
        finally:
            if self._segment is not None:
                self._segment.close()
            self._lock.release()

    def _batch(self) -> list[Packed]:
        batch: list[Packed] = []
        size = 0
        for packed in self._waiting:
            if batch and (len(batch) == MEMBER_RECORDS or size + packed.size > MEMBER_BYTES):
                break
            batch.append(packed)
            size += packed.size
        return batch

    def _current(self) -> Segment:
        now = self._clock.monotonic()
        if self._segment is not None and self._segment.records:
            old = now - self._began >= SEAL_AFTER_S
            if old or self._segment.bytes >= self._segment_bytes:
                self.seal()
        if self._segment is None:
            n = self._chain.next_number()
            self._segment = Segment(segment_path(self._dir, self._name, self._clock.now(), n), n)
            self._began = now
        return self._segment

    def _prune(self) -> None:
        """Oldest sealed segments first. Where the segment in use alone is too much, it is sealed and goes too."""
        settings = self._settings
        self._drops[AGE] += self._chain.prune_older(self._clock.now(), settings.retention_days)
        if self.bytes_used <= settings.max_bytes:
            return
        self._drops[CAP] += self._chain.prune_to(settings.max_bytes - (self._segment.bytes if self._segment else 0))
        if self.bytes_used > settings.max_bytes and self._segment is not None:
            self.seal()
            self._drops[CAP] += self._chain.prune_to(settings.max_bytes)
