"""What an agent knows of mirrors: the names that its plans watch, and the book of their lives.

A look here is one that a plan of mirrors asked for, or any other at a name of the book. What a failed control leaves of
it: a page like the site's own still proves life, for the helper saw it; nothing else counts.
"""

import logging
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

from blockprobe.agent.cycle import Looks
from blockprobe.agent.mirror_lists import MirrorLists
from blockprobe.mirrors.figures import is_site
from blockprobe.mirrors.lives import advance, wait_of
from blockprobe.mirrors.looks import look_of, reference_of
from blockprobe.model.errors import StoreError
from blockprobe.model.mirror import Source
from blockprobe.model.mirror_life import Life, MirrorLook
from blockprobe.model.plan import Plan
from blockprobe.model.words import State
from blockprobe.store.mirror_book import MirrorBook, move_aside

_LOG = logging.getLogger(__name__)
#: A site's page as it was longer ago than this proves no page to be another one.
PAGE_AGE = timedelta(days=7)
#: A mirror waits for the first look at its site, without which nothing could be said of it; it asks again after this
#: time (seconds).
WAIT_S = 5.0


class MirrorKeeper:
    """The mirrors of one agent. The book is opened when a plan first names any."""

    def __init__(self, folder: Path | str) -> None:
        """`folder`: the store's."""
        self._folder = Path(folder)
        self._lists = MirrorLists()
        self._book: MirrorBook | None = None
        self._by_name: dict[str, list[tuple[str, str]]] = {}
        self._changed = False
        self._trouble: str | None = None
        self.urgent = False

    @property
    def plans(self) -> dict[str, tuple[Life, ...]]:
        """The names that each plan watches, by the plan's id."""
        return self._lists.plans

    @property
    def faults(self) -> tuple[str, ...]:
        """What is wrong with the files, a line each."""
        return (*self._lists.faults, *([] if self._trouble is None else [self._trouble]))

    def lives(self) -> list[Life]:
        """The lives of all names that plans watch now, and of their sites."""
        if self._book is None:
            return []
        return [life for name in self._by_name for life in self._of(name)]

    def refresh(self, plans: Iterable[Plan], now: datetime) -> bool:
        """Read what has changed; whether any names changed. A book that cannot be opened is told and tried again."""
        changed = self._lists.refresh(plans, now)
        named = [life for lives in self.plans.values() for life in lives]
        if named and self._book is None:
            self._open()
        if self._book is not None and (changed or not self._by_name):
            own = (Life(name=life.site, site=life.site, source=Source.OPERATOR, known_at=now) for life in named)
            watched = {(life.site, life.name): life for life in (*own, *named)}
            self._book.add(watched.values())
            self._changed = True
            self._by_name = {}
            for site, name in watched:
                self._by_name.setdefault(name, []).append((site, name))
        return changed

    def wait_s(self, name: str, now: datetime) -> float:
        """How long a look at a name has time (seconds; 0.0: it is due)."""
        return min((self._wait_s(life, now) for life in self._of(name)), default=0.0)

    def take(self, looks: Looks, *, believed: bool) -> None:
        """What all looks of one target say of the lives under its name; `believed`: a change of state is confirmed."""
        if self._book is None:
            return
        for life in tuple(self._of(looks.wanted.key)):
            after = advance(self._seen(life, looks), self._look(life, looks, believed=believed))
            self._book.put(after)
            self._changed = True
            self.urgent |= (after.state, after.blocked) != (life.state, life.blocked)

    def save(self) -> None:
        """Write the book, if anything changed; raises StoreError."""
        if self._book is not None and self._changed:
            self._book.save()
            self._changed = self.urgent = False

    def _open(self) -> None:
        """A damaged book is moved aside, for an agent goes on; that there is none is told."""
        try:
            try:
                self._book = MirrorBook(self._folder)
            except StoreError as error:
                aside = move_aside(self._folder)
                _LOG.error("%s; it is now %s, and lives begin anew", error, aside)
                self._book = MirrorBook(self._folder)
        except StoreError as error:
            if self._trouble is None:
                _LOG.error("%s", error)
            self._trouble = str(error)
        else:
            self._trouble = None

    def _of(self, name: str) -> Iterator[Life]:
        for key in self._by_name.get(name, ()):
            life = None if self._book is None else self._book.lives.get(key)
            if life is not None:  # a book that is too large drops names that were never seen alive
                yield life

    def _wait_s(self, life: Life, now: datetime) -> float:
        if is_site(life):
            return 0.0
        site = self._site(life)
        if site is not None and site.last_at is None:
            return WAIT_S
        return max(0.0, wait_of(life, now).total_seconds())

    def _site(self, life: Life) -> Life | None:
        return None if self._book is None else self._book.lives.get((life.site, life.site))

    def _seen(self, life: Life, looks: Looks) -> Life:
        """A site's life with its page as it is now."""
        page = next((found for found in map(reference_of, looks.records) if found), ())
        return replace(life, page=page, page_at=looks.records[0].measured_at) if is_site(life) and page else life

    def _look(self, life: Life, looks: Looks, *, believed: bool) -> MirrorLook:
        """One look, dated by the first record: a second one only confirms it, within seconds."""
        found = [look_of(record, self._reference(life, looks)) for record in looks.records]
        alive: bool | None = True
        if not any(look.alive for look in found):
            sure = looks.controls_ok and all(look.alive is False for look in found)
            alive = False if sure else None
        line = found[0].line if believed and looks.controls_ok else State.INCONCLUSIVE
        return replace(found[0], alive=alive, line=line)

    def _reference(self, life: Life, looks: Looks) -> tuple[int, ...]:
        if is_site(life):
            return next((found for found in map(reference_of, looks.records) if found), ())
        site = self._site(life)
        if site is None or site.page_at is None or looks.records[0].measured_at - site.page_at > PAGE_AGE:
            return ()
        return site.page
