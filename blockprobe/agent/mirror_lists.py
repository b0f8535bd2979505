"""The files of mirrors that plans name: read again when one changes; what is wrong with a line is told and left out."""

import logging
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from pathlib import Path

from blockprobe.agent.lists import Mark, mark_of
from blockprobe.mirrors.listed import MAX_LINE, lives_in
from blockprobe.model.mirror_life import Life
from blockprobe.model.plan import Plan

_LOG = logging.getLogger(__name__)
#: Names that one plan watches; the first count, and `mirrors find` prints the likeliest first.
MAX_NAMES = 2_000
#: Lines of one file that are read, and faults of it that are logged.
_MAX_LINES, _LOGGED = 200_000, 5


@dataclass(frozen=True, slots=True, kw_only=True)
class _Read:
    """A file as it was last read. `fault`: why not all of it, or an older state of it, is in force."""

    mark: Mark
    lives: tuple[Life, ...]
    fault: str | None = None


class MirrorLists:
    """All files, by path."""

    def __init__(self) -> None:
        """Nothing is read yet."""
        self._files: dict[str, _Read] = {}
        self._plans: dict[str, tuple[Life, ...]] = {}
        self._full: dict[str, str] = {}

    @property
    def plans(self) -> dict[str, tuple[Life, ...]]:
        """What each plan watches, by the plan's id; lives that have not begun."""
        return self._plans

    @property
    def faults(self) -> tuple[str, ...]:
        """A line for every file that is not, or not wholly, in force, and for every plan that has too many names."""
        files = (read.fault for read in self._files.values())
        return (*(fault for fault in files if fault is not None), *self._full.values())

    def refresh(self, plans: Iterable[Plan], now: datetime) -> bool:
        """Read what has changed on disk or in the plans; whether any names changed. Raises nothing."""
        plans, before = tuple(plans), self._plans
        wanted = dict.fromkeys(path for plan in plans for path in plan.mirrors)
        self._files = {path: self._current(path, now) for path in wanted}
        self._full = {}
        self._plans = {plan.id: self._of(plan) for plan in plans if plan.mirrors}
        return self._plans != before

    def _of(self, plan: Plan) -> tuple[Life, ...]:
        named = {(life.site, life.name): life for path in plan.mirrors for life in self._files[path].lives}
        if len(named) > MAX_NAMES:
            self._full[plan.id] = f"plan {plan.id}: {len(named)} mirrors; the first {MAX_NAMES} are watched"
        return tuple(islice(named.values(), MAX_NAMES))

    def _current(self, path: str, now: datetime) -> _Read:
        mark, known = mark_of(Path(path)), self._files.get(path)
        if known is not None and known.mark == mark:
            return known
        try:
            lives, faults = read_names(path, now)
        except OSError as error:
            fault = f"mirrors {path}: {error.strerror}; the names before stay in force"
            _LOG.warning("%s", fault)
            return _Read(mark=mark, lives=() if known is None else known.lives, fault=fault)
        for told in faults[:_LOGGED]:
            _LOG.warning("mirrors %s: %s", path, told)
        bad = f"mirrors {path}: {len(faults)} lines are bad, the first: {faults[0]}" if faults else None
        _LOG.info("mirrors %s: %d names", path, len(lives))
        return _Read(mark=mark, lives=tuple(lives), fault=bad)


def read_names(path: str, now: datetime) -> tuple[list[Life], list[str]]:
    """The names in a file, and a sentence about each line that is none; raises OSError."""
    lives: list[Life] = []
    faults: list[str] = []
    with Path(path).open(encoding="utf-8", errors="replace") as stream:
        lines = iter(lambda: stream.readline(MAX_LINE + 2), "")
        for found in lives_in(islice(lines, _MAX_LINES), site=None, now=now):
            if isinstance(found, str):
                faults.append(found)
            else:
                lives.append(found)
    return lives, faults
