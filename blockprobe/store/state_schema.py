"""The tables of the state, and how one version of them becomes the next (SQLite's user_version counts)."""

import sqlite3
from pathlib import Path

from blockprobe.model.errors import StoreError

#: Each entry leads from the version of its place to the next. Entries are never changed, only added.
MIGRATIONS: tuple[tuple[str, ...], ...] = (
    (
        "CREATE TABLE histories (chunk INTEGER PRIMARY KEY, row BLOB NOT NULL)",
        "CREATE TABLE looks (chunk INTEGER PRIMARY KEY, row BLOB NOT NULL)",
        "CREATE TABLE transitions (id INTEGER PRIMARY KEY, target TEXT NOT NULL, row TEXT NOT NULL)",
        "CREATE TABLE schedule (plan TEXT PRIMARY KEY, row BLOB NOT NULL, unseen BLOB NOT NULL)",
        "CREATE TABLE line_changes (id INTEGER PRIMARY KEY, at INTEGER NOT NULL, before TEXT, after TEXT, "
        "signs TEXT NOT NULL)",
        "CREATE TABLE lists (name TEXT PRIMARY KEY, entries INTEGER NOT NULL)",
    ),
    (
        "CREATE TABLE life (id INTEGER PRIMARY KEY CHECK (id = 1), in_order INTEGER NOT NULL)",
        "INSERT INTO life SELECT 1, 0 WHERE EXISTS (SELECT 1 FROM histories)",
    ),
)


def prepare(connection: sqlite3.Connection, path: Path) -> None:
    """Check the file and bring its tables up to date.

    Raises StoreError for a file of a newer version, and sqlite3.DatabaseError for a damaged one.
    """
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = NORMAL")
    [(version,)] = connection.execute("PRAGMA user_version")
    if version > len(MIGRATIONS):
        raise StoreError(
            f"{path}: written by a newer blockprobe (version {version}, this one knows {len(MIGRATIONS)}); "
            "upgrade, or move the file away to have it made again from the archive"
        )
    [(found,)] = connection.execute("PRAGMA quick_check(1)")
    if found != "ok":
        raise sqlite3.DatabaseError(found)
    for number in range(version, len(MIGRATIONS)):
        connection.execute("BEGIN IMMEDIATE")
        with connection:
            for statement in MIGRATIONS[number]:
                connection.execute(statement)
            connection.execute(f"PRAGMA user_version = {number + 1}")
