"""A trace for people: the way drawn hop by hop, listed beside neutral, and below it what that means."""

from collections.abc import Iterable, Iterator

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

from blockprobe.cli.render.console import printable
from blockprobe.model.trace import Carrier, Effect, Finding, Hop, Ladder, Position, Subject, TraceDocument, TracePath
from blockprobe.model.trace import Heard as H
from blockprobe.verdict.trace_rungs import came_of

_MARKS = {
    H.TIME_EXCEEDED: "·",
    H.CONNECTED: "✓",
    H.DATA: "✓",
    H.ANSWER: "✓",
    H.OTHER_ANSWER: "2",
    H.REFUSED: "R",
    H.RESET: "R",
    H.CLOSED: "F",
    H.UNREACHABLE: "!",
    H.PROHIBITED: "!",
}
_SILENT = "?"
_LEGEND = (
    "· ended at the router  ✓ answered  2 a second, other answer  R reset  F closed  ! rejected by ICMP  ? silence"
)
_STYLES = {Effect.NONE: "green", Effect.UNKNOWN: "yellow"}
_POSITIONS = {
    Position.IN_PATH: "in the path: packets end there",
    Position.ON_PATH: "beside the path: packets go on",
    Position.UNKNOWN: "in or beside the path: not known",
}
_NAMES = {
    Carrier.DNS: "DNS, resolver",
    Carrier.DNS_ADDRESS: "DNS, no resolver",
    Carrier.TCP: "TCP",
    Carrier.TLS: "TLS",
    Carrier.HTTP: "HTTP",
    Carrier.UDP: "UDP",
}
#: Text from the network is shown up to so many characters.
_NOTE_CHARS = 60
#: Wider than any drawing (columns): room to measure one in.
_ANY_WIDTH = 10_000


def print_trace(console: Console, document: TraceDocument) -> None:
    """Every path with its drawing and findings, then the notes."""
    for path in document.paths:
        console.print(Text(f"{printable(document.host)} at {path.address} (IPv{path.family})", style="bold"))
        for drawing in _drawings(console, path):
            console.print(drawing)
        for finding in path.findings:
            _print_finding(console, path, finding)
        console.print()
    if document.paths:
        seen = "packets seen" if document.sight == "raw" else "as the kernel tells"
        console.print(Text(f"{_LEGEND}\nEach mark is one try; {document.packets} tries, {seen}.", style="dim"))
    for note in document.notes:
        console.print(Text(printable(note), style="yellow"))


def _drawings(console: Console, path: TracePath) -> Iterator[Table]:
    """The way with as many kinds of packets side by side as the terminal has room for, then the way again."""
    here: dict[str, list[Ladder]] = {}
    kinds: dict[str, dict[str, list[Ladder]]] = {}
    for title, ladders in _columns(path).items():
        kinds.setdefault(title.partition("\n")[0], {})[title] = ladders
    for columns in kinds.values():
        wide = Measurement.get(
            console, console.options.update(width=_ANY_WIDTH), _drawing(path, here | columns)
        ).maximum
        if here and wide > console.width:
            yield _drawing(path, here)
            here = {}
        here |= columns
    yield _drawing(path, here)


def _drawing(path: TracePath, columns: dict[str, list[Ladder]]) -> Table:
    """A row a hop; the hop at which something parts is marked."""
    table = Table(box=SIMPLE_HEAD, pad_edge=False, collapse_padding=True)
    for title in ("", "Hop", "Router", "ms", *columns):
        table.add_column(title, no_wrap=title in ("", "Hop", "ms"), overflow="fold")
    stops = {f.part.first.ttl for f in path.findings if f.part is not None and f.effect is not Effect.NONE}
    table.add_row("○", "0", "this machine", "", *("" for _ in columns))
    last = max([hop.ttl for hop in path.hops], default=0)
    for hop in path.hops:
        shape = "✗" if hop.ttl in stops else "●" if hop.ttl == last and _ends(path) == hop.ttl else "│"
        cells = (_cell(ladders, hop.ttl) for ladders in columns.values())
        table.add_row(shape, str(hop.ttl), _router(path, hop), _ms(hop), *cells)
    if any(ladder.tries and ladder.tries[-1].ttl is None for row in columns.values() for ladder in row):
        table.add_row("", "–", "no limit", "", *(_cell(row, None) for row in columns.values()))
    return table


def _columns(path: TracePath) -> dict[str, list[Ladder]]:
    """Ladders by column title, in the order in which they were climbed; the plain datagrams need no column."""
    found: dict[str, list[Ladder]] = {}
    several = len({one.port for one in path.ladders if one.carrier is Carrier.TCP}) > 1
    for ladder in path.ladders:
        if ladder.carrier is not Carrier.UDP:
            port = f" {ladder.port}" if several and ladder.carrier is Carrier.TCP else ""
            found.setdefault(f"{_NAMES[ladder.carrier]}{port}\n{ladder.subject}", []).append(ladder)
    return found


def _ends(path: TracePath) -> int | None:
    """The hop at which the destination answers, if it does."""
    found = [
        one.ttl for ladder in path.ladders if ladder.address == path.address and ladder.subject is Subject.LISTED
        for one in ladder.tries if one.ttl is not None
        and any(event.what is not H.TIME_EXCEEDED for event in one.heard)
    ]  # fmt: skip
    return max(found, default=None)


def _router(path: TracePath, hop: Hop) -> str:
    if hop.addresses:
        return "\n".join(hop.addresses)
    return path.address if hop.ttl == _ends(path) else "*"


def _ms(hop: Hop) -> str:
    return "" if hop.rtt_s is None else f"{hop.rtt_s * 1000:.1f}"


def _cell(ladders: Iterable[Ladder], ttl: int | None) -> str:
    """A mark for each try; what came beside a router's answer stands after it."""
    came = [
        came_of(ladder.carrier, one)
        for ladder in ladders
        for one in ladder.tries
        if one.ttl == ttl and one.connected is not False
    ]
    return " ".join(
        "".join(dict.fromkeys(_MARKS[word] for word in _MARKS if word in words)) or _SILENT for words in came
    )


def _print_finding(console: Console, path: TracePath, finding: Finding) -> None:
    style = _STYLES.get(finding.effect, "red")
    port = f" {finding.port}" if finding.carrier is Carrier.TCP else ""
    head = Text(f"{_NAMES[finding.carrier]}{port}: ", style="bold")
    if finding.effect not in (Effect.NONE, Effect.UNKNOWN):
        head.append(f"{finding.effect.value} {finding.k} of {finding.n}; {_POSITIONS[finding.position]}", style=style)
        console.print(head)
        console.print(Text(f"  {printable(finding.because)}"))
    else:
        console.print(head.append(printable(finding.because), style=style))
    for mark in finding.marks:
        console.print(Text(f"  {printable(mark)}", style="dim"))
    for answer in sorted(_answers(path, finding)):
        console.print(Text(f"  said: {printable(answer)[:_NOTE_CHARS]}", style="dim"))


def _answers(path: TracePath, finding: Finding) -> set[str]:
    """What the listed name was told, where that is the interference."""
    if finding.effect not in (Effect.ANSWER, Effect.PAGE):
        return set()
    return {
        event.note for ladder in path.ladders
        if ladder.carrier is finding.carrier and ladder.subject is Subject.LISTED
        for one in ladder.tries for event in one.heard if event.note
    }  # fmt: skip
