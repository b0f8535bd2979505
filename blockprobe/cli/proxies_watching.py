"""The work of `proxies watch`: the list, the book, rounds of looks, lives and figures as lines or a table."""

import asyncio
from dataclasses import dataclass
from pathlib import Path

from blockprobe.cli.configuration import read_settings
from blockprobe.cli.mirrors_watching import opened
from blockprobe.cli.options import PlainFormat
from blockprobe.cli.output import write_line
from blockprobe.cli.process import Exit, complain
from blockprobe.cli.render.lives import figures_line, life_line, print_table
from blockprobe.mirrors.proxy_list import PROXIES, proxies_in
from blockprobe.model.errors import ConfigError
from blockprobe.model.mirror_life import Life
from blockprobe.model.settings import Settings
from blockprobe.net.clock import SystemClock
from blockprobe.store.lock import PROXIES as PROXIES_LOCK
from blockprobe.store.lock import Lock
from blockprobe.store.mirror_book import PROXIES_FILE, MirrorBook

#: Proxies of one list; the first count.
MAX_PROXIES = 2_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What was typed after `blockprobe proxies watch`; `every_s`: seconds between two rounds (None: one round)."""

    file: str
    every_s: float | None
    store: str | None


def watch_list(wish: Wish, format_: PlainFormat, config: str | None) -> int:
    """Look once, or until Ctrl-C; what is known then is printed. The book is saved after every round.

    Raises StoreError when another process keeps a book of proxies in that folder: it would write over this one.
    """
    settings = read_settings(config)
    if not settings.helper.urls:
        raise ConfigError(
            "proxies cannot be watched without a helper: it tells the dead from what this line hides; set [helper] urls"
        )
    with Lock(Path(wish.store or settings.store.dir), PROXIES_LOCK):
        return _watch_book(settings, wish, format_)


def _watch_book(settings: Settings, wish: Wish, format_: PlainFormat) -> int:
    book = MirrorBook(wish.store or settings.store.dir, PROXIES_FILE)
    names, whole = _read(wish.file, book)
    if not names:
        complain(f"{wish.file}: no proxy is listed; write one a line, as socks5://198.51.100.7:1080")
        return Exit.USAGE
    interrupted = False
    try:
        asyncio.run(_watch(settings, wish, book, names))
    except KeyboardInterrupt:
        book.save()
        interrupted = wish.every_s is None
    _print([book.lives[PROXIES, name] for name in names], format_)
    if interrupted:
        return Exit.INTERRUPTED
    return Exit.DONE if whole else Exit.USAGE


def _read(file: str, book: MirrorBook) -> tuple[list[str], bool]:
    """The names that are listed, each once, and whether every line was one; all are in the book then."""
    names: dict[str, None] = {}
    whole = True
    with opened(file, "LIST") as lines:
        for found in proxies_in(lines, now=SystemClock().now()):
            if isinstance(found, str):
                complain(f"{file}: {found}")
                whole = False
            elif len(names) < MAX_PROXIES:
                book.add([found])
                names[found.name] = None
            elif found.name not in names:
                complain(f"{file}: more than {MAX_PROXIES} proxies; the first {MAX_PROXIES} are watched")
                return list(names), False
    return list(names), whole


async def _watch(settings: Settings, wish: Wish, book: MirrorBook, names: list[str]) -> None:
    from blockprobe.cli.knowledge import load_knowledge
    from blockprobe.proxies import watch_proxies
    from blockprobe.run import Run

    known = load_knowledge(settings)
    while True:
        began = asyncio.get_running_loop().time()
        run = await Run.open(settings, fingerprints=known.fingerprints, catalogue=known.version)
        try:
            await watch_proxies(run, [book.lives[PROXIES, name] for name in names], on_life=book.put)
        finally:
            await run.aclose()
        book.save()
        if wish.every_s is None:
            return
        await asyncio.sleep(max(0.0, began + wish.every_s - asyncio.get_running_loop().time()))


def _print(lives: list[Life], format_: PlainFormat) -> None:
    now = SystemClock().now()
    if format_ == "json":
        for life in lives:
            write_line(life_line(life))
        write_line(figures_line(PROXIES, lives, now))
        return
    from blockprobe.cli.render.console import people

    print_table(people(), lives, now, what=PROXIES)
