"""The work of `agent`: run the daemon, or read the file in which it says how it goes."""

import json
import logging
from pathlib import Path

from blockprobe.agent.status import Status, as_document, is_alive, read_status, worries
from blockprobe.cli.configuration import read_settings
from blockprobe.cli.options import PlainFormat
from blockprobe.cli.process import Exit, complain
from blockprobe.net.clock import SystemClock

#: `agent status --check`: the agent does not do its work.
NOT_WELL = 1


def work(config: str | None, *, once: bool, textfile: str | None) -> int:
    """Run the agent until it is told to end."""
    import asyncio

    from blockprobe.agent.daemon import Wish, run_agent

    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    logging.captureWarnings(True)
    asyncio.run(run_agent(lambda: read_settings(config), Wish(once=once, textfile=textfile)))
    return Exit.DONE


def show_status(config: str | None, *, check: bool, format_: PlainFormat) -> int:
    """Print the status; with `check`, 1 when the agent does not do its work."""
    status = read_status(Path(read_settings(config).store.dir))
    troubles = worries(status, SystemClock().now(), is_alive=is_alive)
    if format_ == "json":
        print(json.dumps(as_document(status, troubles), ensure_ascii=False))
    else:
        for name, value in _rows(status):
            print(f"{name:<16} {value}")
        for problem in dict.fromkeys((*troubles, *status.problems)):
            complain(problem)
    return NOT_WELL if check and troubles else Exit.DONE


def _rows(status: Status) -> list[tuple[str, str]]:
    controls = {True: "held", False: "failed", None: "not yet looked at"}[status.controls_ok]
    resolver = {True: "the network's own", False: "a third party's", None: "unknown"}[status.own_resolver]
    return [
        ("agent", f"{status.version}, process {status.pid}, since {status.started_at}"),
        ("seen", f"{status.written_at}{' (stopped)' if status.stopped else ''}"),
        ("network", status.network or "not stated ([vantage] isp)"),
        ("resolver", resolver),
        ("plans", ", ".join(status.plans)),
        ("targets", f"{status.targets} in turn, the next at {status.next_at or 'no time'}, {status.lag_s:g} s late"),
        ("last cycle", status.last_cycle_at or "none yet"),
        ("controls", controls),
        ("measured", f"{status.measured} since the start, in {status.cycles} cycles"),
        ("store", f"{status.store_bytes} bytes, {status.waiting} records wait"),
        ("metrics", status.metrics or "not served"),
    ]
