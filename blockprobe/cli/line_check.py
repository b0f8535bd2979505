"""The work of `whoami`: check the line and show what was found."""

import asyncio
import json
from dataclasses import asdict
from typing import Any

from blockprobe.cli.configuration import read_settings
from blockprobe.cli.options import PlainFormat
from blockprobe.cli.process import Exit, complain
from blockprobe.model.line import Line, ResolverEgress
from blockprobe.model.settings import Settings

SCHEMA = "blockprobe.line/1"


def show_line(config: str | None, format_: PlainFormat) -> int:
    """Measure the line, print it, and say 3 when no family works at all."""
    settings = read_settings(config)
    line, egress, quic = asyncio.run(_check_line(settings))
    document = line_document(settings, line) | {"egress": [asdict(one) for one in egress], "quic": quic}
    if format_ == "json":
        print(json.dumps(document, default=str, ensure_ascii=False))
    else:
        from blockprobe.cli.render.console import people
        from blockprobe.cli.render.line_table import print_line

        print_line(people(), document)
    if _nothing_works(settings, line):
        complain("no network: no neutral site could be reached; is this machine connected?")
        return Exit.NO_NETWORK
    return Exit.DONE


def line_document(settings: Settings, line: Line) -> dict[str, Any]:
    """What this line is, as `whoami --format json` prints it."""
    said = settings.vantage
    vantage = {
        "name": said.name,
        "isp": said.isp,
        "asn": said.asn,
        "country": said.country,
        "access": said.access,
        "filters": said.filters,
        "families": [int(family) for family, works in sorted(line.families.items()) if works],
        "nat64": line.nat64,
        "resolvers": list(settings.resolvers.isp),
    }
    checked = asdict(line)
    checked["checked_at"] = None if line.checked_at is None else line.checked_at.isoformat().replace("+00:00", "Z")
    return {"schema": SCHEMA, "vantage": vantage, "line": checked}


def _nothing_works(settings: Settings, line: Line) -> bool:
    """Neutral sites were tried and none was reached; a captive portal in their place is a network too."""
    reached = any(line.families.values()) or any(one.ok for one in line.neutral) or line.portal
    return bool(settings.controls.neutral) and not reached


async def _check_line(settings: Settings) -> tuple[Line, tuple[ResolverEgress, ...], bool | None]:
    from blockprobe.measure.quic_tests import quic_to_echo
    from blockprobe.run import Run

    run = await Run.open(settings)
    try:
        line = await run.check_line()
        return line, run.shared.egress, await quic_to_echo(run.shared)
    finally:
        await run.aclose()
