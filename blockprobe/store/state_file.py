"""The file of the state: opened, or moved aside when it is damaged."""

import sqlite3
from enum import StrEnum
from pathlib import Path

from blockprobe.store.files import told
from blockprobe.store.state_schema import prepare


class Before(StrEnum):
    """How the agent before ended: there was none, all is in the state, or some may be in the archive only."""

    NOBODY = "nobody"
    IN_ORDER = "in_order"
    CUT_SHORT = "cut_short"


def begin(connection: sqlite3.Connection) -> Before:
    """How the agent before ended. From now on nobody has ended in order, and no power cut takes that back."""
    [(synchronous,)] = connection.execute("PRAGMA synchronous")
    connection.execute("PRAGMA synchronous = FULL")
    try:
        row = connection.execute("SELECT in_order FROM life").fetchone()
        connection.execute("INSERT OR REPLACE INTO life (id, in_order) VALUES (1, 0)")
    finally:
        connection.execute(f"PRAGMA synchronous = {synchronous}")
    if row is None:
        return Before.NOBODY
    return Before.IN_ORDER if row[0] else Before.CUT_SHORT


def end(connection: sqlite3.Connection) -> None:
    """Everything is in the state."""
    connection.execute("INSERT OR REPLACE INTO life (id, in_order) VALUES (1, 1)")


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
