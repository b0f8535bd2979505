"""The public lists of the plans: read again when the file changes, and the last good copy kept in the store.

A list that shrank too much or cannot be read is refused, here and after a restart: the copy stays in force.
"""

import contextlib
import hashlib
import logging
import os
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from blockprobe.catalogue.csv_list import read_list
from blockprobe.catalogue.plan_checks import list_name
from blockprobe.model.order import OrderTarget
from blockprobe.model.plan import CsvList, Plan

_LOG = logging.getLogger(__name__)
#: Faults of one list that are logged; `blockprobe orders check` names all.
_LOGGED = 5

Mark = tuple[int, int, int] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Read:
    """A list in force, the file it was last compared with, and how it was to be read."""

    how: CsvList
    mark: Mark
    targets: tuple[OrderTarget, ...]
    fault: str | None = None


class ListBook:
    """All lists, by their names."""

    def __init__(self, folder: Path, *, public: tuple[str, ...] = (), counts: Mapping[str, int] | None = None) -> None:
        """`folder`: the store's. `counts`: entries of each list before the restart. `public`: as configured."""
        self._folder = folder / "lists"
        self._public = public
        self._counts = dict(counts or {})
        self._lists: dict[str, _Read] = {}

    @property
    def targets(self) -> dict[str, tuple[OrderTarget, ...]]:
        """The entries in force, by list."""
        return {name: read.targets for name, read in self._lists.items()}

    @property
    def counts(self) -> dict[str, int]:
        """How many entries each list has: what a restart needs to notice a list that shrank."""
        return {name: len(read.targets) for name, read in self._lists.items()}

    @property
    def faults(self) -> tuple[str, ...]:
        """Why lists are not the ones on disk, a line each."""
        return tuple(read.fault for read in self._lists.values() if read.fault is not None)

    def use(self, *, public: tuple[str, ...]) -> None:
        """From now on with these reserved ranges that count as public."""
        self._public = public

    def refresh(self, plans: Iterable[Plan]) -> bool:
        """Read what has changed on disk or in the plans; whether any entries changed. Raises nothing."""
        wanted = {list_name(one): one for plan in plans for one in plan.lists}
        before = self.targets
        self._lists = {name: self._current(name, one) for name, one in wanted.items()}
        return self.targets != before

    def _current(self, name: str, one: CsvList) -> _Read:
        mark, known = mark_of(Path(one.path)), self._lists.get(name)
        if known is not None and known.mark == mark and known.how == one:
            return known
        previous = self._counts.get(name) if known is None else len(known.targets)
        found = read_list(one, Path("/"), previous=previous, public=self._public)
        for fault in found.faults[:_LOGGED]:
            _LOG.warning("list %s: %s", name, fault)
        if len(found.faults) > _LOGGED:
            _LOG.warning(
                "list %s: %d more lines are bad; see `blockprobe orders check`", name, len(found.faults) - _LOGGED
            )
        if found.refused:
            old = known.targets if known is not None else self._copied(name, one)
            return _Read(how=one, mark=mark, targets=old, fault=found.faults[0])
        self._copy(name, Path(one.path))
        _LOG.info("list %s: %d entries", name, len(found.targets))
        return _Read(how=one, mark=mark, targets=found.targets)

    def _copied(self, name: str, one: CsvList) -> tuple[OrderTarget, ...]:
        """The list that was in force before the restart."""
        copy = replace(one, path=str(self._place(name)))
        return read_list(copy, Path("/"), previous=None, public=self._public).targets

    def _copy(self, name: str, path: Path) -> None:
        """Keep the file as the last good one; a store that cannot be written to is told elsewhere."""
        with contextlib.suppress(OSError):
            self._folder.mkdir(exist_ok=True)
            new = self._place(name).with_suffix(".new")
            shutil.copyfile(path, new)
            os.replace(new, self._place(name))

    def _place(self, name: str) -> Path:
        return list_copy(self._folder.parent, name)


def list_copy(folder: Path, name: str) -> Path:
    """Where the last good copy of a list is; `folder` is the store's."""
    return folder / "lists" / f"{hashlib.sha256(name.encode()).hexdigest()[:16]}.csv"


def mark_of(path: Path) -> Mark:
    """What tells one version of the file from the next; None while there is none."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino
