"""The work of `bypass`: read the targets, run a battery against each, hand each result to its output."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from blockprobe.bypass import Around, get_around
from blockprobe.cli.configuration import read_settings
from blockprobe.cli.network import nothing_reached
from blockprobe.cli.options import PlainFormat
from blockprobe.cli.output import write_line
from blockprobe.cli.process import Exit, complain
from blockprobe.cli.render.progress import progress_bar
from blockprobe.cli.target_list import Overrides, read_targets
from blockprobe.model.bypass import Bypass
from blockprobe.model.bypass_codec import dump_bypass
from blockprobe.model.codec import dump_record
from blockprobe.model.errors import ConfigError
from blockprobe.model.record import Target
from blockprobe.model.settings import Settings
from blockprobe.net.proxy_logins import read_logins


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What was typed after `blockprobe bypass`."""

    targets: tuple[str, ...]
    file: str | None
    format: PlainFormat
    force: bool
    records: str | None
    config: str | None
    concurrency: int


def bypass_targets(wish: Wish) -> int:
    """A battery against everything wished for; the exit status."""
    settings = read_settings(wish.config)
    read_logins(settings.bypass.secrets_file)  # a fault there is told before anything is sent
    listed = read_targets(wish.targets, wish.file, Overrides())
    for fault in listed.faults:
        complain(fault)
    if not listed.targets:
        complain("no target that can be tried; mend the lines named above")
        return Exit.USAGE
    done: list[Bypass] = []
    offline = 0
    with _appended(wish.records) as records, progress_bar(len(listed.targets), wanted=True) as advance:

        def take(around: Around) -> None:
            nonlocal offline
            offline += nothing_reached(around.records[0])
            for record in around.records if records is not None else ():
                records.write(dump_record(record) + b"\n")  # type: ignore[union-attr]  # it is not None here
            if wish.format == "json":
                write_line(dump_bypass(around.bypass))
            done.append(around.bypass)
            advance()

        interrupted = _run(settings, listed.targets, wish, take)
    if wish.format == "table" and done:
        from blockprobe.cli.render.bypass_table import print_bypasses
        from blockprobe.cli.render.console import people

        print_bypasses(people(), sorted(done, key=lambda one: listed.targets.index(one.target)), settings.bypass)
    if interrupted:
        complain(f"interrupted: {len(done)} of {len(listed.targets)} targets done")
        return Exit.INTERRUPTED
    if offline == len(done):
        complain("no network: nothing could be reached at all; is this machine connected?")
        return Exit.NO_NETWORK
    return Exit.DONE


def _run(settings: Settings, targets: tuple[Target, ...], wish: Wish, take: Callable[[Around], None]) -> bool:
    """Whether Ctrl-C ended it early; every result until then has been taken."""
    try:
        asyncio.run(_batteries(settings, targets, wish, take))
    except KeyboardInterrupt:
        return True
    return False


async def _batteries(
    settings: Settings, targets: tuple[Target, ...], wish: Wish, take: Callable[[Around], None]
) -> None:
    from blockprobe.cli.knowledge import load_knowledge
    from blockprobe.run import Run

    known = load_knowledge(settings)
    run = await Run.open(settings, fingerprints=known.fingerprints, catalogue=known.version)
    waiting = iter(targets)

    async def worker() -> None:
        for target in waiting:
            take(await get_around(run, target, force=wish.force))

    try:
        async with asyncio.TaskGroup() as group:
            for _ in range(min(wish.concurrency, len(targets))):
                group.create_task(worker())
    except* BrokenPipeError:
        raise BrokenPipeError from None  # the reader of our output has had enough
    finally:
        await run.aclose()


@contextmanager
def _appended(path: str | None) -> Iterator[BinaryIO | None]:
    if path is None:
        yield None
        return
    try:
        with Path(path).open("ab") as stream:
            yield stream
    except OSError as error:
        raise ConfigError(f"--records {path}: {error.strerror}; give a file that can be written") from error
