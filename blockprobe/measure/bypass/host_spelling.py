"""The Host line of a cleartext request, spelled in ways that servers accept and simple filters do not know."""

from collections.abc import Callable
from dataclasses import replace

from blockprobe.measure.bypass.bench import Bench
from blockprobe.measure.bypass.road import Road
from blockprobe.measure.bypass.ways import NotAvailable, Ways, by_road
from blockprobe.net.http import Request


def mixed(name: str) -> str:
    """`name` with every second letter in upper case (RFC 9110, 4.2.3: a host is compared without regard to case)."""
    return "".join(c.upper() if place % 2 else c for place, c in enumerate(name))


#: How each spelling writes the line (RFC 9112, 5: field names know no case, and white space around a value is none).
SPELLINGS: dict[str, Callable[[str], str]] = {
    "hOsT: in the field's name": lambda host: f"hOsT: {host}",
    "upper and lower case in the host": lambda host: f"Host: {mixed(host)}",
    "a dot behind the host": lambda host: f"Host: {_dotted(host)}",
    "two spaces before the host": lambda host: f"Host:  {host}",
    "a tab before the host": lambda host: f"Host:\t{host}",
    "no space before the host": lambda host: f"Host:{host}",
}


def _dotted(host: str) -> str:
    name, colon, port = host.partition(":")
    return f"{name}.{colon}{port}"


class SpellingRoad(Road):
    """The plain path with another Host line."""

    def __init__(self, spell: Callable[[str], str]) -> None:
        """`spell` makes the line from the Host header's value."""
        self._spell = spell

    def request(self, request: Request) -> Request:
        """The same request with the line written otherwise."""
        return replace(request, host_line=self._spell(request.host))


async def ways(bench: Bench) -> Ways:
    """Every spelling."""
    if bench.known.leg.tls:
        return NotAvailable(because="over https no filter sees the Host line")
    if bench.known.leg.is_ip:
        return NotAvailable(because="the target is an address, which has one spelling")
    return tuple(by_road(means, SpellingRoad(spell)) for means, spell in SPELLINGS.items())
