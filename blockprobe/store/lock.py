"""One writer at a time: the kernel lets go of the lock when its process ends, however it ends."""

import fcntl
import os
from pathlib import Path

from blockprobe.model.errors import StoreError
from blockprobe.store.files import make_folders, told

#: The file that is locked for everything in a store's folder but the book of proxies, which no agent touches.
STORE, PROXIES = "lock", "proxies.lock"
_HELD = {
    STORE: "another process writes into this store; stop it, or give each agent a [store] dir of its own",
    PROXIES: "another `proxies watch` keeps its book here; stop it, or name another folder with --store",
}


class Lock:
    """A lock in a store's folder (flock on the file `lock`, or another of the names above); `with` takes it."""

    def __init__(self, folder: Path, name: str = STORE) -> None:
        self._path = folder / name
        self._handle: int | None = None

    def take(self) -> None:
        """Take it, making the folder if need be; raises StoreError when another process has it."""
        with told(self._path):
            make_folders(self._path.parent)
            handle = os.open(self._path, os.O_RDONLY | os.O_CREAT, 0o640)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(handle)
            raise StoreError(f"{self._path.parent}: {_HELD[self._path.name]}") from None
        self._handle = handle

    def __enter__(self) -> "Lock":
        """`take`."""
        self.take()
        return self

    def __exit__(self, *_: object) -> None:
        """`release`."""
        self.release()

    def release(self) -> None:
        """Let go of it."""
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None
