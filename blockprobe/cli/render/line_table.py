"""The line as a table of questions and answers."""

from collections.abc import Iterator
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from blockprobe.cli.render.console import printable


def print_line(console: Console, document: dict[str, Any]) -> None:
    """Print the document of `whoami`."""
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    table.add_column("This line")
    table.add_column("", overflow="fold", ratio=1)
    for question, answer in _rows(document):
        table.add_row(question, Text(printable(answer)))
    console.print(table)


def _rows(document: dict[str, Any]) -> Iterator[tuple[str, str]]:
    vantage, line, egress = document["vantage"], document["line"], document["egress"]
    yield "Name", _or(vantage["name"], "not stated ([vantage] name)")
    yield "ISP", ", ".join(str(part) for part in (vantage["isp"], vantage["asn"], vantage["country"]) if part) or "–"
    yield "Access", f"{vantage['access']}, parental filter {vantage['filters']}"
    yield "Resolvers", ", ".join(vantage["resolvers"])
    yield from (("  asked by", _asker(one)) for one in egress)
    yield "IPv4", _works(line["families"].get("4"))
    yield "IPv6", _works(line["families"].get("6"))
    yield "QUIC to our echo", _works(document["quic"])
    yield "NAT64", _or(line["nat64"], "none found")
    yield "Captive portal", _yes(line["portal"])
    yield "DNS intercepted", _yes(line["intercepted"])
    yield "Clock", "not checked" if line["clock_offset_s"] is None else f"true time is {line['clock_offset_s']:+.1f} s"
    yield "MTU", _or(line["mtu"], "unknown")
    hops = [f"{hop['address']} (IPv{hop['family']}, hop {hop['ttl']})" for hop in line["common_path"]]
    yield "Common path", ", ".join(hops) or "unknown: no path proof ([controls] neutral)"


def _asker(egress: dict[str, Any]) -> str:
    """Who asked the helper's zone in a resolver's place."""
    edns = "no EDNS" if egress["edns_bytes"] is None else f"EDNS {egress['edns_bytes']} bytes"
    passed_on = "" if egress["ecs_bits"] is None else f", passes on {egress['ecs_bits']} bits of your address"
    return (
        f"{egress['resolver']}: {egress['address'] or 'this line itself'} over {egress['transport']}, {edns}{passed_on}"
    )


def _or(value: Any, otherwise: str) -> str:
    return otherwise if value is None else str(value)


def _works(value: bool | None) -> str:
    return "not tested" if value is None else "works" if value else "does not work"


def _yes(value: bool | None) -> str:
    return "not checked" if value is None else "yes" if value else "no"
