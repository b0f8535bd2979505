"""The work of `mirrors watch` and `mirrors show`: the book, rounds of looks, lives and figures as lines or a page."""

import asyncio
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from blockprobe.cli.configuration import read_settings
from blockprobe.cli.options import PlainFormat
from blockprobe.cli.output import write_line
from blockprobe.cli.process import Exit, complain
from blockprobe.cli.render.lives import figures_line, life_line, print_lives
from blockprobe.cli.render.progress import progress_bar
from blockprobe.mirrors.figures import is_site
from blockprobe.mirrors.listed import lives_in
from blockprobe.mirrors.lives import is_due
from blockprobe.model.errors import ConfigError
from blockprobe.model.mirror import Source
from blockprobe.model.mirror_life import Life
from blockprobe.model.settings import Settings
from blockprobe.model.target import parse_target
from blockprobe.net.clock import SystemClock
from blockprobe.store.lock import Lock
from blockprobe.store.mirror_book import MirrorBook
from blockprobe.watch import Change, watch_once


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What was typed after `blockprobe mirrors watch`; `every_s`: seconds between two rounds (None: one round)."""

    sites: tuple[str, ...]
    add: tuple[str, ...]
    every_s: float | None
    store: str | None


def watch_mirrors(wish: Wish, format_: PlainFormat, config: str | None) -> int:
    """Look once, or until Ctrl-C; what is known then is printed. The book is saved after every round.

    Raises StoreError when an agent, which keeps a book of its own there, works on the store.
    """
    settings = read_settings(config)
    if not settings.helper.urls:
        raise ConfigError(
            "mirrors cannot be watched without a helper: it tells the dead from the blocked; set [helper] urls"
        )
    with Lock(Path(wish.store or settings.store.dir)):
        return _watch_book(settings, wish, format_)


def _watch_book(settings: Settings, wish: Wish, format_: PlainFormat) -> int:
    book = MirrorBook(wish.store or settings.store.dir)
    sites, whole = _read_names(wish, book)
    if not sites:
        complain("no site whose mirrors are to be watched; name one, or --add what `mirrors find` printed")
        return Exit.USAGE
    interrupted = _rounds(settings, wish, book, sites)
    _print(book, sites, format_)
    if interrupted:
        return Exit.INTERRUPTED
    return Exit.DONE if whole else Exit.USAGE


def show_mirrors(site: str, out: str | None, store: str | None, format_: PlainFormat, config: str | None) -> int:
    """Print what the book says of a site, or write a page."""
    folder = store or read_settings(config).store.dir
    host = parse_target(site).host
    lives = MirrorBook(folder).of_site(host)
    if not lives:
        complain(f"{host}: nothing is known of its mirrors in {folder}; run `blockprobe mirrors watch {host}` first")
        return Exit.USAGE
    if out is None:
        _print_lives({host: lives}, format_)
        return Exit.DONE
    from blockprobe.mirrors.timeline import timeline_page

    page = timeline_page(host, lives, SystemClock().now())
    try:
        Path(out).write_text(page, encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"--out {out}: {error.strerror}; give a file that can be written") from error
    return Exit.DONE


def _read_names(wish: Wish, book: MirrorBook) -> tuple[list[str], bool]:
    """The sites to look at, and whether everything could be read; new names are in the book then."""
    now, whole = SystemClock().now(), True
    sites = [parse_target(site).host for site in wish.sites]
    only = sites[0] if len(sites) == 1 else None
    for source in wish.add:
        with opened(source, "--add") as lines:
            for found in lives_in(lines, site=only, now=now):
                if isinstance(found, str):
                    complain(f"{source}: {found}")
                    whole = False
                else:
                    book.add([found])
                    sites += [found.site] if not wish.sites else []
    sites = list(dict.fromkeys(sites or (life.site for life in book.lives.values())))
    book.add(Life(name=site, site=site, source=Source.OPERATOR, known_at=now) for site in sites)
    return sites, whole


@contextmanager
def opened(source: str, option: str) -> Iterator[TextIO]:
    """A file, or standard input for `-`; raises ConfigError that names the `option`."""
    if source == "-":
        yield sys.stdin
        return
    try:
        with Path(source).open(encoding="utf-8", errors="replace") as lines:
            yield lines
    except OSError as error:
        raise ConfigError(f"{option} {source}: {error.strerror}; give a file of names") from error


def _rounds(settings: Settings, wish: Wish, book: MirrorBook, sites: list[str]) -> bool:
    """Whether Ctrl-C ended it; the book holds every look until then."""
    try:
        asyncio.run(_watch(settings, wish, book, sites))
    except KeyboardInterrupt:
        book.save()
        return wish.every_s is None
    return False


async def _watch(settings: Settings, wish: Wish, book: MirrorBook, sites: list[str]) -> None:
    from blockprobe.cli.knowledge import load_knowledge
    from blockprobe.run import Run

    known = load_knowledge(settings)
    while True:
        began = asyncio.get_running_loop().time()
        run = await Run.open(settings, fingerprints=known.fingerprints, catalogue=known.version)
        lives = [life for site in sites for life in book.of_site(site)]
        due = sum(is_site(life) or is_due(life, SystemClock().now()) for life in lives)
        with progress_bar(due, wanted=True) as advance:

            def take(change: Change) -> None:
                book.put(change.after)
                advance()

            try:
                await watch_once(run, lives, on_change=take)
            finally:
                await run.aclose()
        book.save()
        if wish.every_s is None:
            return
        await asyncio.sleep(max(0.0, began + wish.every_s - asyncio.get_running_loop().time()))


def _print(book: MirrorBook, sites: Iterable[str], format_: PlainFormat) -> None:
    _print_lives({site: book.of_site(site) for site in sites}, format_)


def _print_lives(by_site: dict[str, list[Life]], format_: PlainFormat) -> None:
    now = SystemClock().now()
    if format_ == "json":
        for site, lives in by_site.items():
            for life in lives:
                write_line(life_line(life))
            write_line(figures_line(site, lives, now))
        return
    from blockprobe.cli.render.console import people

    for site, lives in by_site.items():
        print_lives(people(), site, lives, now)
