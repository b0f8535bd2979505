"""One round of watching mirrors, top to bottom: measure the sites → measure their mirrors → what became of each.

The site itself is measured first: its page, as the helper sees it, is what a mirror is held against, and how it is
blocked here is when its mirrors begin to matter.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from blockprobe.mirrors.figures import is_site
from blockprobe.mirrors.lives import advance, is_due
from blockprobe.mirrors.looks import look_of, reference_of
from blockprobe.model.errors import TargetError
from blockprobe.model.mirror_life import Life
from blockprobe.model.record import Record
from blockprobe.model.target import parse_target
from blockprobe.run import Run, measure_all


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What one look made of a life."""

    before: Life
    after: Life
    record: Record


async def watch_once(run: Run, lives: Iterable[Life], *, on_change: Callable[[Change], None]) -> None:
    """Look at the sites among the lives, then at those of the others that are due.

    `on_change` gets every look, whether it changed anything or not. Without a helper nothing is known to live.
    """
    lives, now = tuple(lives), run.shared.clock.now()
    sites = _by_name(life for life in lives if is_site(life))
    others = _by_name(life for life in lives if not is_site(life) and is_due(life, now) and is_name(life.name))
    references: dict[str, tuple[int, ...]] = {}

    def told(before: Life, record: Record) -> None:
        look = look_of(record, references.get(before.site, ()))
        on_change(Change(before=before, after=advance(before, look), record=record))

    def take_site(record: Record) -> None:
        references[record.target.input] = reference_of(record)
        for before in sites[record.target.input]:
            told(before, record)

    def take(record: Record) -> None:
        for before in others[record.target.input]:
            told(before, record)

    await measure_all(run, [parse_target(name) for name in sites], on_record=take_site)
    await measure_all(run, [parse_target(name) for name in others], on_record=take)


def _by_name(lives: Iterable[Life]) -> dict[str, list[Life]]:
    """One name may be a candidate for several sites."""
    found: dict[str, list[Life]] = {}
    for life in lives:
        found.setdefault(life.name, []).append(life)
    return found


def is_name(name: str) -> bool:
    """Whether it can be measured."""
    try:
        parse_target(name)
    except TargetError:
        return False
    return True
