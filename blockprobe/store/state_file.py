"""The file of the state: opened, or moved aside when it is damaged."""

import sqlite3
from pathlib import Path

from blockprobe.store.files import told
from blockprobe.store.state_schema import prepare


def connect(path: Path) -> sqlite3.Connection:
    """The state file, made and migrated as needed; raises sqlite3.Error, StoreError for one of a newer version."""
    connection = sqlite3.connect(path, isolation_level=None, timeout=5.0, check_same_thread=False)
    try:
        prepare(connection, path)
    except BaseException:
        connection.close()
        raise
    return connection


def is_damage(error: sqlite3.OperationalError) -> bool:
    """Most operational errors are about the disk; these are about what is in the file."""
    return any(word in str(error) for word in ("malformed", "no such table", "no such column", "already exists"))


def move_aside(path: Path) -> Path:
    """Rename a damaged state, with its journal, to the next free name; where it went. Raises StoreError."""
    number = 1
    while (aside := path.with_name(f"{path.name}.damaged-{number}")).exists():
        number += 1
    with told(path):
        path.rename(aside)
        for suffix in ("-wal", "-shm"):
            with_suffix = path.with_name(path.name + suffix)
            if with_suffix.exists():
                with_suffix.rename(aside.with_name(aside.name + suffix))
    return aside
