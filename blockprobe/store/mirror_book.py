"""The lives of mirrors on disk: one JSON document, replaced as a whole, durable when `save` returns.

Names stay in this file. Metrics and exports get counts.
"""

from collections.abc import Iterable
from dataclasses import replace
from functools import cache
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from blockprobe.model.errors import StoreError
from blockprobe.model.mirror import MirrorClass
from blockprobe.model.mirror_life import Life
from blockprobe.store.files import make_folders, told, write_file

FILE, PROXIES_FILE = "mirrors.json", "proxies.json"
#: A book of more is none of ours.
MAX_BYTES = 64 * 1024 * 1024
#: Lives that a book holds; the longest dead go first, then names that were never seen alive.
MAX_LIVES = 20_000


class MirrorBook:
    """The book in a store's folder; every method raises StoreError.

    Who will write takes a lock of lock.py before reading: the store's, or for `proxies.json` one of its own.
    """

    def __init__(self, folder: Path | str, file: str = FILE) -> None:
        """Reads the book, if there is one. One that cannot be read is a StoreError: it is never written over."""
        self._path = Path(folder) / file
        self.lives: dict[tuple[str, str], Life] = {(life.site, life.name): life for life in self._read()}

    def of_site(self, site: str) -> list[Life]:
        """The lives of one site's mirrors, by name."""
        return sorted((life for life in self.lives.values() if life.site == site), key=lambda life: life.name)

    def add(self, lives: Iterable[Life]) -> int:
        """Lives of names that are not in the book yet; how many were new. A stated class counts for old ones."""
        before = len(self.lives)
        for life in lives:
            known = self.lives.setdefault((life.site, life.name), life)
            if life.kind not in (MirrorClass.UNDETERMINED, known.kind):
                self.put(replace(known, kind=life.kind))
        return len(self.lives) - before

    def put(self, life: Life) -> None:
        """What became of a life."""
        self.lives[life.site, life.name] = life

    def save(self) -> None:
        """Write the book."""
        if len(self.lives) > MAX_LIVES:
            for life in sorted(self.lives.values(), key=_worth)[: len(self.lives) - MAX_LIVES]:
                del self.lives[life.site, life.name]
        with told(self._path):
            make_folders(self._path.parent)
            write_file(self._path, _adapter().dump_json(list(self.lives.values()), exclude_defaults=True))

    def _read(self) -> list[Life]:
        with told(self._path, "read"):
            if not self._path.exists():
                return []
            if self._path.stat().st_size > MAX_BYTES:
                raise StoreError(f"{self._path}: more than {MAX_BYTES} bytes; it is no such book, move it away")
            content = self._path.read_bytes()
        try:
            return _adapter().validate_json(content)
        except ValidationError as error:
            what = str(error.errors()[0]["msg"])
            raise StoreError(f"{self._path}: cannot be read as a book of mirrors: {what}; move it away") from None


def move_aside(folder: Path | str) -> Path:
    """Rename a book that cannot be read to the next free name; where it went. Raises StoreError."""
    path, number = Path(folder) / FILE, 1
    while (aside := path.with_name(f"{FILE}.damaged-{number}")).exists():
        number += 1
    with told(path):
        path.rename(aside)
    return aside


def _worth(life: Life) -> tuple[int, float]:
    """What goes first: names never seen alive, oldest first; then the dead, longest dead first; the living last."""
    at = life.dead.until if life.dead else life.known_at
    return (2 if life.dead is None else 1) if life.first_alive else 0, at.timestamp()


@cache
def _adapter() -> TypeAdapter[list[Life]]:
    return TypeAdapter(list[Life])
