"""The work of `check`: read the targets, measure them, hand each record to its output, sum up."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from blockprobe.cli.configuration import read_settings
from blockprobe.cli.network import nothing_reached
from blockprobe.cli.options import Format
from blockprobe.cli.output import Output, open_output
from blockprobe.cli.process import Exit, complain
from blockprobe.cli.render.progress import progress_bar
from blockprobe.cli.target_list import Overrides, read_targets
from blockprobe.model.record import Record, Target
from blockprobe.model.settings import Settings
from blockprobe.model.words import State


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What was typed after `blockprobe check`."""

    targets: tuple[str, ...]
    file: str | None
    format: Format
    ip: str | None
    sni: str | None
    host: str | None
    throttling: bool
    config: str | None
    strict: bool
    concurrency: int | None


class Tally:
    """What the exit status depends on, without keeping the records."""

    def __init__(self) -> None:
        """Nothing measured yet."""
        self.done = 0
        self.speeds = 0
        self.inconclusive = 0
        self.offline = 0

    def add(self, record: Record) -> None:
        """Count one record."""
        self.done += 1
        self.speeds += any(one.kind == "transfer" for one in record.observations)
        self.inconclusive += record.verdict.state is State.INCONCLUSIVE
        self.offline += nothing_reached(record)


def check_targets(wish: Wish) -> int:
    """Measure everything wished for; the exit status."""
    limits: dict[str, object] = {} if wish.concurrency is None else {"concurrency": wish.concurrency}
    if wish.throttling:
        limits["throttling"] = True
    settings = read_settings(wish.config, {"limits": limits})
    if settings.limits.throttling and not (settings.helper.urls and settings.helper.echo):
        complain("throttling cannot be measured without a helper: set [helper] urls and echo (docs/throttling.md)")
        return Exit.USAGE
    listed = read_targets(wish.targets, wish.file, Overrides(ip=wish.ip, sni=wish.sni, header_host=wish.host))
    for fault in listed.faults:
        complain(fault)
    if not listed.targets:
        complain("no target that can be measured; mend the lines named above")
        return Exit.USAGE
    tally = Tally()
    output = open_output(wish.format, settings, listed.targets)
    interrupted = _measure_until_done(settings, listed.targets, tally=tally, output=output)
    output.close()
    if interrupted:
        complain(f"interrupted: {tally.done} of {len(listed.targets)} targets measured")
        return Exit.INTERRUPTED
    if settings.limits.throttling and tally.speeds < tally.done:
        complain(
            f"speed was measured of {tally.speeds} of {tally.done} targets: it takes a site that answers and a "
            "helper's echo within reach"
        )
    return _status(tally, strict=wish.strict, faults=bool(listed.faults))


def _measure_until_done(settings: Settings, targets: tuple[Target, ...], *, tally: Tally, output: Output) -> bool:
    """Whether Ctrl-C ended it early; everything measured until then has been handed to `output`."""
    with progress_bar(len(targets), wanted=output.progress) as advance:

        def take(record: Record) -> None:
            tally.add(record)
            output.add(record)
            advance()

        try:
            asyncio.run(_measure(settings, targets, take))
        except KeyboardInterrupt:
            return True
    return False


async def _measure(settings: Settings, targets: tuple[Target, ...], take: Callable[[Record], None]) -> None:
    from blockprobe.cli.knowledge import load_knowledge
    from blockprobe.run import Run, measure_all

    known = load_knowledge(settings)
    run = await Run.open(settings, fingerprints=known.fingerprints, catalogue=known.version)
    try:
        await measure_all(run, targets, on_record=take)
    except* BrokenPipeError:
        raise BrokenPipeError from None  # the reader of our output has had enough
    finally:
        await run.aclose()


def _status(tally: Tally, *, strict: bool, faults: bool) -> Exit:
    if tally.offline == tally.done:
        complain("no network: nothing could be reached at all; is this machine connected?")
        return Exit.NO_NETWORK
    if strict and faults:
        return Exit.USAGE
    return Exit.INCONCLUSIVE if strict and tally.inconclusive else Exit.DONE
