"""Results of batteries on disk: one file a day of gzipped JSON lines, beside the archive of records; and what each
target's last one said.

They are not sealed: the two records that a battery names are, and those prove the block. A result is durable when
`append` returns. What a crash tore is cut off and kept beside the file before anything follows it. Old files go first,
by age and by size.
"""

import gzip
import logging
import os
import zlib
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from blockprobe.model.bypass import Bypass, BypassSeen
from blockprobe.model.bypass_codec import dump_bypass, load_bypass
from blockprobe.model.codec import MAX_RECORD_BYTES
from blockprobe.model.errors import StoreError
from blockprobe.model.settings import StoreSettings
from blockprobe.store.files import make_folders, sync_folder, told, write_all, write_file
from blockprobe.store.layout import TORN
from blockprobe.store.repair import cut_torn_end

_LOG = logging.getLogger(__name__)
FOLDER = "bypass"
LATEST = "latest.json"
_SUFFIX = ".jsonl.gz"
#: Batteries may take this share of [store] max_bytes, beside what the archive takes.
_SHARE = 10


class BypassLog:
    """The results in `<dir>/bypass/`; one process at a time. Writing raises StoreError.

    `latest` is what the last battery of each target said.
    """

    def __init__(self, settings: StoreSettings) -> None:
        """Read `latest`; a file that cannot be read is as good as none, because the next batteries write it anew."""
        self._folder = Path(settings.dir) / FOLDER
        self._most_bytes = settings.max_bytes // _SHARE
        self._keep = timedelta(days=settings.retention_days)
        self._latest = _read_latest(self._folder / LATEST)
        self._whole: Path | None = None  # the file whose end is known not to be torn

    @property
    def latest(self) -> Mapping[str, BypassSeen]:
        """By target."""
        return self._latest

    def append(self, bypass: Bypass) -> None:
        """Write one result, durably; each is a gzip member of its own, so that a torn end costs one result."""
        path = self._folder / f"{bypass.measured_at.astimezone(UTC):%Y-%m-%d}{_SUFFIX}"
        with told(path):
            make_folders(self._folder)
            self._mend(path)
            new, self._whole = not path.exists(), None
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o640)
            try:
                write_all(handle, gzip.compress(dump_bypass(bypass) + b"\n", mtime=0))
                os.fsync(handle)
            finally:
                os.close(handle)
            if new:
                sync_folder(self._folder)
        self._whole = path

    def _mend(self, path: Path) -> None:
        """Nothing that follows a torn end could be read."""
        repair = cut_torn_end(path) if path.exists() and path != self._whole else None
        if repair is not None:
            _LOG.warning("store: %s", repair)

    def remember(self, target: str, seen: BypassSeen | None) -> None:
        """What the target's last battery said; None: nothing any more, as nothing is blocked."""
        if seen is None and target not in self._latest:
            return
        rest = {name: one for name, one in self._latest.items() if name != target}
        self._latest = rest if seen is None else rest | {target: seen}
        with told(self._folder / LATEST):
            make_folders(self._folder)
            write_file(self._folder / LATEST, _adapter().dump_json(list(self._latest.values())))

    def prune(self, now: datetime) -> int:
        """Delete days that are too old, then the oldest while all together are too large; how many went. The last day
        stays."""
        gone = 0
        with told(self._folder, "pruned"):
            files = self.files()
            sizes = {path: path.stat().st_size for path in files}
            limit = f"{(now - self._keep).astimezone(UTC):%Y-%m-%d}{_SUFFIX}"
            for path in files[:-1]:
                if path.name < limit or sum(sizes.values()) > self._most_bytes:
                    for one in (*self._folder.glob(f"{path.name}{TORN}*"), path):
                        one.unlink()
                    del sizes[path]
                    gone += 1
        return gone

    def files(self) -> list[Path]:
        """The days there are, oldest first."""
        return sorted(self._folder.glob(f"*{_SUFFIX}")) if self._folder.exists() else []


def read_bypasses(path: Path) -> Iterator[Bypass]:
    """The results in one day's file; raises StoreError, and RecordError for what is none. A torn end is left out."""
    with told(path, "read"), gzip.open(path) as stream:
        while True:
            try:
                line = stream.readline(MAX_RECORD_BYTES + 2)  # one more than any result, so that load_bypass refuses it
            except EOFError:
                return
            except zlib.error as error:
                raise StoreError(f"{path}: is damaged ({error}); move it away") from error
            if not line.endswith(b"\n") and len(line) <= MAX_RECORD_BYTES:
                return
            yield load_bypass(line)


def _adapter() -> TypeAdapter[list[BypassSeen]]:
    return TypeAdapter(list[BypassSeen])


def _read_latest(path: Path) -> dict[str, BypassSeen]:
    try:
        content = path.read_bytes()
        found = _adapter().validate_json(content)
    except (OSError, ValidationError):
        return {}
    return {seen.target: seen for seen in found}
