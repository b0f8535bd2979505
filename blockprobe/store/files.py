"""Writing so that it is still there after a power cut, and saying in one line why it cannot be."""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from blockprobe.model.errors import StoreError

_REMEDY = {
    errno.ENOSPC: "free space on this file system, or lower [store] max_bytes",
    errno.EDQUOT: "raise the quota, or lower [store] max_bytes",
    errno.EROFS: "mount it for writing, or set [store] dir to a folder that can be written",
    errno.EACCES: "give this user write access, or set [store] dir to a folder of its own",
    errno.EPERM: "give this user write access, or set [store] dir to a folder of its own",
    errno.ENOTDIR: "set [store] dir to a folder",
    errno.EEXIST: "set [store] dir to a folder",
    errno.EIO: "the disk fails: replace it, and keep what is on it",
}


@contextmanager
def told(path: Path, doing: str = "written") -> Iterator[None]:
    """Turn an OSError into a StoreError that names the file, the fault and the remedy."""
    try:
        yield
    except OSError as error:
        remedy = _REMEDY.get(error.errno or 0, "see that the folder exists and can be used")
        raise StoreError(f"{path}: cannot be {doing}: {error.strerror or error}; {remedy}") from error


def sync_folder(folder: Path) -> None:
    """Make names in a folder durable."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def make_folders(folder: Path) -> None:
    """Make a folder and those above it, durably."""
    missing = [one for one in (folder, *folder.parents) if not one.exists()]
    for one in reversed(missing):
        one.mkdir(mode=0o750, exist_ok=True)
        sync_folder(one.parent)


def write_all(handle: int, data: bytes) -> None:
    """Write everything; the kernel may take less at once."""
    view = memoryview(data)
    while view:
        view = view[os.write(handle, view) :]


def write_file(path: Path, data: bytes) -> None:
    """The file with this content, or the one before: never a part of it."""
    draft = path.with_name(path.name + ".tmp")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o640)
    try:
        write_all(handle, data)
        os.fsync(handle)
    finally:
        os.close(handle)
    draft.rename(path)
    sync_folder(path.parent)
