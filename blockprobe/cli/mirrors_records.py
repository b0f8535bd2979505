"""Records for `mirrors find`: a store's folder or segment, or lines of JSON as `check` writes them."""

from collections.abc import Callable
from pathlib import Path

from blockprobe.cli.process import complain
from blockprobe.model.codec import MAX_RECORD_BYTES, load_record
from blockprobe.model.errors import ConfigError, RecordError, StoreError
from blockprobe.model.record import Record


def read_records(path: Path, take: Callable[[Record], None]) -> bool:
    """Hand over each full record; false where something could not be read, which is then named.

    Raises ConfigError for a path that cannot be opened.
    """
    try:
        if path.is_dir() or _packed(path):
            return _stored(path, take)
        return _lines(path, take)
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}; give records or a store's folder") from None


def _packed(path: Path) -> bool:
    with path.open("rb") as stream:
        return stream.read(2) == b"\x1f\x8b"


def _stored(path: Path, take: Callable[[Record], None]) -> bool:
    from blockprobe.store.reader import read_archive

    try:
        for one in read_archive(path):
            if isinstance(one, Record):  # slim ones have no evidence
                take(one)
    except StoreError as error:
        complain(str(error))
        return False
    return True


def _lines(path: Path, take: Callable[[Record], None]) -> bool:
    good, number = True, 0
    with path.open("rb") as stream:
        while line := stream.readline(MAX_RECORD_BYTES + 1):
            number += 1
            rest = line
            while len(rest) > MAX_RECORD_BYTES and not rest.endswith(b"\n"):
                rest = stream.readline(MAX_RECORD_BYTES + 1)
            try:
                if line.strip():
                    take(load_record(line))
            except RecordError as error:
                complain(f"{path}:{number}: {error}")
                good = False
    return good
