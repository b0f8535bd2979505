"""What the agent must know after a restart: histories, what is due, changes of the line. A cache of the archive.

Saved once in a while, not for every look: what is newer is read from the archive again (`rebuild`).
"""

import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from blockprobe.model.errors import StoreError
from blockprobe.model.history import History, Transition
from blockprobe.store.files import make_folders, told
from blockprobe.store.state_file import Before, begin, connect, end, is_damage, move_aside
from blockprobe.store.state_rows import (
    HISTORIES,
    LOOKS,
    from_micros,
    history_from,
    history_row,
    pack_named,
    pack_numbers,
    pack_rows,
    row_digest,
    to_micros,
    transition_from,
    transition_row,
    unpack_named,
    unpack_numbers,
    unpack_rows,
)

FILE = "state.sqlite3"
#: Older transitions go; at ten a day these are 27 years.
MAX_TRANSITIONS = 100_000

_SECOND = 1_000_000

Due = Mapping[tuple[str, str], datetime]


@dataclass(frozen=True, slots=True, kw_only=True)
class LineChange:
    """The line was found to hang on another network: `before` and `after` are catalogue ids (None: unknown), `signs`
    what differed."""

    at: datetime
    before: str | None
    after: str | None
    signs: tuple[str, ...] = ()


class StateDb:
    """The state in `<dir>/state.sqlite3`. One process at a time; every method raises StoreError.

    `damaged`: where a file went that could not be read (None: it could); then everything is empty until `rebuild`.
    """

    def __init__(self, path: Path, connection: sqlite3.Connection, damaged: Path | None) -> None:
        """Use `StateDb.open`."""
        self._path = path
        self._connection = connection
        self.damaged = damaged
        self._numbers: dict[str, int] = {}
        self._targets: dict[int, str] = {}
        self._said: dict[int, int] = {}  # what a row says, as a hash: the rows themselves would be a megabyte or two
        self._looks: dict[int, int] = {}
        self._next = 0
        self._read = False

    @classmethod
    def open(cls, folder: Path | str) -> "StateDb":
        """The state in a folder, made if it is not there. A file that cannot be read is moved aside, never deleted;
        one of a newer version raises StoreError."""
        path = Path(folder) / FILE
        with told(path):
            make_folders(path.parent)
        try:
            return cls(path, connect(path), None)
        except sqlite3.DatabaseError as error:
            if isinstance(error, sqlite3.OperationalError) and not is_damage(error):
                raise StoreError(f"{path}: cannot be used: {error}; see that the folder can be written") from error
        aside = move_aside(path)
        return cls(path, connect(path), aside)

    def begin(self) -> Before:
        """An agent begins; how the one before ended. Until `end` the state may know less than the archive."""
        with self._told():
            return begin(self._connection)

    def end(self) -> None:
        """The agent ends, and everything that is in the archive was saved."""
        with self._told():
            end(self._connection)

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()

    def histories(self) -> dict[str, History]:
        """All histories, by target."""
        with self._told():
            rows = self._connection.execute("SELECT row FROM histories").fetchall()
            looks = self._connection.execute("SELECT row FROM looks").fetchall()
        self._looks = {number: at for (packed,) in looks for number, at in unpack_numbers(packed).items()}
        self._targets, self._said, found = {}, {}, {}
        for (packed,) in rows:
            for number, (target, row) in unpack_rows(packed).items():
                self._targets[number], self._said[number] = target, row_digest(row)
                found[target] = history_from(target, row, self._last_at(number))
        self._numbers = {target: number for number, target in self._targets.items()}
        self._next = max(self._next, max(self._targets, default=-1) + 1)
        self._read = True
        return found

    def save(self, histories: Iterable[History], transitions: Iterable[Transition] = ()) -> None:
        """Keep these histories and transitions, all or none; rows that say the same as before are not written.

        A first look (`before` is None) changed nothing: it is in the history, and no transition is kept.
        """
        with self._transaction():
            rows: dict[int, str] = {}
            looks: list[int] = []
            for history in histories:
                number = self._number(history.target)
                row = history_row(history)
                if self._said.get(number) != row_digest(row):
                    rows[number], self._said[number] = row, row_digest(row)
                if self._looked(number, history.last_at):
                    looks.append(number)
            self._write_rows(rows)
            self._write_looks(looks)
            self._connection.executemany(
                "INSERT INTO transitions (target, row) VALUES (?, ?)",
                [(one.target, transition_row(one)) for one in transitions if one.before is not None],
            )
            self._connection.execute(
                "DELETE FROM transitions WHERE id <= (SELECT max(id) FROM transitions) - ?", (MAX_TRANSITIONS,)
            )

    def forget(self, targets: Iterable[str]) -> None:
        """Targets that no order and no list names any more; their transitions stay."""
        with self._transaction():
            numbers = [self._numbers.pop(target) for target in set(targets) if target in self._numbers]
            for number in numbers:
                del self._targets[number], self._said[number]
                self._looks.pop(number, None)
            self._write_rows(dict.fromkeys(numbers))
            self._write_looks(numbers)

    def transitions(self, target: str | None = None) -> tuple[Transition, ...]:
        """The transitions of a target, or of all, oldest first."""
        with self._told():
            rows = self._connection.execute(
                "SELECT row FROM transitions WHERE ? IS NULL OR target = ? ORDER BY id", (target, target)
            ).fetchall()
        return tuple(transition_from(row) for (row,) in rows)

    def due(self) -> dict[tuple[str, str], datetime]:
        """When each target of each plan is due: {(plan, target): time}, to the second."""
        self._ensure_read()
        with self._told():
            rows = self._connection.execute("SELECT plan, row, unseen FROM schedule").fetchall()
        found: dict[tuple[str, str], datetime] = {}
        for plan, row, unseen in rows:
            seen = {self._targets[n]: at for n, at in unpack_numbers(row).items() if n in self._targets}
            times = unpack_named(unseen) | seen
            found |= {(plan, target): from_micros(at * _SECOND) for target, at in times.items()}
        return found

    def save_schedule(self, due: Due) -> None:
        """Keep all of what is due; plans that are not in it are forgotten."""
        with self._transaction():
            self._connection.execute("DELETE FROM schedule")
            for plan in sorted({plan for plan, _ in due}):
                times = {target: to_micros(at) // _SECOND for (of, target), at in due.items() if of == plan}
                seen = {self._numbers[target]: at for target, at in times.items() if target in self._numbers}
                unseen = {target: at for target, at in times.items() if target not in self._numbers}
                self._connection.execute(
                    "INSERT INTO schedule (plan, row, unseen) VALUES (?, ?, ?)",
                    (plan, pack_numbers(seen), pack_named(unseen)),
                )

    def line_changes(self) -> tuple[LineChange, ...]:
        """The changes of network, oldest first."""
        with self._told():
            rows = self._connection.execute("SELECT at, before, after, signs FROM line_changes ORDER BY id").fetchall()
        return tuple(
            LineChange(at=from_micros(at), before=before, after=after, signs=tuple(json.loads(signs)))
            for at, before, after, signs in rows
        )

    def add_line_change(self, change: LineChange) -> None:
        """Keep a change of network."""
        with self._transaction():
            self._connection.execute(
                "INSERT INTO line_changes (at, before, after, signs) VALUES (?, ?, ?, ?)",
                (to_micros(change.at), change.before, change.after, json.dumps(change.signs)),
            )

    def lists(self) -> dict[str, int]:
        """How many entries each public list had when it was last accepted."""
        with self._told():
            return dict(self._connection.execute("SELECT name, entries FROM lists").fetchall())

    def save_list(self, name: str, entries: int) -> None:
        """Keep how many entries a list has."""
        with self._transaction():
            self._connection.execute(
                "INSERT INTO lists (name, entries) VALUES (?, ?)"
                " ON CONFLICT (name) DO UPDATE SET entries = excluded.entries",
                (name, entries),
            )

    def _number(self, target: str) -> int:
        """The number of a target; a new one for one that is new."""
        number = self._numbers.get(target)
        if number is None:
            number = self._numbers[target] = self._next
            self._targets[number] = target
            self._next += 1
        return number

    def _looked(self, number: int, last_at: datetime | None) -> bool:
        """Remember a last look; whether it is a new one."""
        if last_at is None:
            return False
        at = to_micros(last_at)
        known, self._looks[number] = self._looks.get(number), at
        return known != at

    def _write_rows(self, changed: Mapping[int, str | None]) -> None:
        """Put these rows in place of those before (None: away with it); neighbours in a chunk stay as they are."""
        for chunk in sorted({number // HISTORIES for number in changed}):
            members = range(chunk * HISTORIES, (chunk + 1) * HISTORIES)
            held = self._connection.execute("SELECT row FROM histories WHERE chunk = ?", (chunk,)).fetchone()
            rows = unpack_rows(held[0]) if held else {}
            for number in members:
                text = changed.get(number)
                if text is not None:
                    rows[number] = self._targets[number], text
                elif number in changed:
                    rows.pop(number, None)
            self._connection.execute(
                "INSERT INTO histories (chunk, row) VALUES (?, ?) ON CONFLICT (chunk) DO UPDATE SET row = excluded.row",
                (chunk, pack_rows(dict(sorted(rows.items())))),
            )

    def _write_looks(self, numbers: Iterable[int]) -> None:
        for chunk in sorted({number // LOOKS for number in numbers}):
            members = range(chunk * LOOKS, (chunk + 1) * LOOKS)
            times = {number: self._looks[number] for number in members if number in self._looks}
            row = pack_numbers(times, first=members.start)
            self._connection.execute(
                "INSERT INTO looks (chunk, row) VALUES (?, ?) ON CONFLICT (chunk) DO UPDATE SET row = excluded.row",
                (chunk, row),
            )

    def _last_at(self, number: int) -> datetime | None:
        at = self._looks.get(number)
        return None if at is None else from_micros(at)

    def _ensure_read(self) -> None:
        if not self._read:
            self.histories()

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        """All or nothing. What was read before is read again after a failure."""
        self._ensure_read()
        try:
            with self._told():
                self._connection.execute("BEGIN IMMEDIATE")
                with self._connection:
                    yield
        except StoreError:
            self._read = False
            raise

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise StoreError(
                f"{self._path}: cannot be read or written: {error}; see that the disk is neither full nor read-only"
            ) from error
