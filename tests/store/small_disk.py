"""A store on a disk that is full, then read-only, then well again: `python -m tests.store.small_disk DIR`.

Run as root of a user and mount namespace of its own; prints what happened as JSON.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

from blockprobe.model.errors import StoreError
from blockprobe.store.archive import Archive
from blockprobe.store.verify import verify_store
from tests.store.build import SetClock, ids, record, settings


def main() -> None:
    """Fill the disk, free it, make it read-only, and make it well."""
    folder = Path(sys.argv[1])
    _mount("-t", "tmpfs", "-o", "size=200k", "tmpfs", str(folder))
    archive = Archive.open(settings(folder), name="x", clock=SetClock())
    stored = _store(archive, range(10))
    (folder / "filler").write_bytes(b"x" * _free(folder))
    full, waiting = _fault(archive, range(10, 60)), archive.waiting
    (folder / "filler").unlink()
    stored += archive.flush()
    archive.seal()  # the kernel makes no disk read-only under an open file
    _mount("-o", "remount,ro", str(folder))
    readonly = _fault(archive, range(60, 70))
    opening = _fault_of_opening(folder)
    _mount("-o", "remount,rw", str(folder))
    stored += archive.flush()
    archive.close()
    found = verify_store(folder)
    said = {"full": full, "waiting": waiting, "readonly": readonly, "opening": opening}
    print(json.dumps(said | {"stored": stored, "ids": ids(folder), "faults": found.faults}))


def _store(archive: Archive, numbers: range) -> list[str]:
    for number in numbers:
        archive.append(record(number), full=True, last_full=None)
    return list(archive.flush())


def _fault(archive: Archive, numbers: range) -> str:
    try:
        _store(archive, numbers)
    except StoreError as error:
        return str(error)
    return ""


def _fault_of_opening(folder: Path) -> str:
    try:
        Archive.open(settings(folder / "none"), name="x", clock=SetClock())
    except StoreError as error:
        return str(error)
    return ""


def _free(folder: Path) -> int:
    found = os.statvfs(folder)
    return found.f_bavail * found.f_frsize


def _mount(*arguments: str) -> None:
    subprocess.run(["mount", *arguments], check=True)


if __name__ == "__main__":
    main()
