"""One record in detail: the verdict and its sentence, what interferes, and what each resolver and address did."""

from collections.abc import Iterator

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from blockprobe.cli.render.changes import changes
from blockprobe.cli.render.console import printable
from blockprobe.cli.render.rows import STYLES, row_of
from blockprobe.model.observation import (
    DnsObservation,
    HttpObservation,
    Observation,
    QuicObservation,
    TcpObservation,
    TlsObservation,
)
from blockprobe.model.observation import Test as Purpose
from blockprobe.model.record import Interference, Record
from blockprobe.model.words import AttributionBy


def print_detail(console: Console, record: Record) -> None:
    """Everything a person wants first; the rest is in the JSON."""
    row = row_of(record)
    head = Text(printable(row.target), style="bold").append("  ").append(row.state.value, style=STYLES[row.state])
    for part in (row.mechanism, row.grade):
        head.append(f" · {printable(part)}" if part else "")
    console.print(head, overflow="fold")
    console.print(Padding(Text(printable(row.because)), (0, 0, 0, 2)))
    for line in _notes(record):
        console.print(Padding(Text(printable(line), style="dim"), (0, 0, 0, 2)))
    for title, table in _tables(record):
        if table.row_count:
            console.print()
            console.print(Text(title, style="bold"))
            console.print(table)
    console.print(Text(f"All the evidence: blockprobe check --format json {printable(row.target)}", style="dim"))


def _notes(record: Record) -> Iterator[str]:
    verdict = record.verdict
    yield f"rule {verdict.rule}; network {verdict.line_state}, site {verdict.site_state}; {record.runtime_s:.2f} s"
    if verdict.attribution.by is not AttributionBy.UNKNOWN:
        yield f"by {verdict.attribution.by}, cause {verdict.attribution.cause} (from: {verdict.attribution.basis})"
    if verdict.parity_gap:
        yield "families, schemes or resolvers differ (parity gap)"
    if verdict.via_redirect:
        yield "met after a redirect, not at the address that was typed"
    if verdict.artefacts:
        yield "artefacts: " + ", ".join(verdict.artefacts)
    failed = [control.helper for control in record.control if control.failure is not None]
    if failed or not record.control:
        yield "no control from outside: " + (", ".join(failed) or "no helper is configured ([helper] urls)")


def _tables(record: Record) -> Iterator[tuple[str, Table]]:
    yield "What the network did", _interference(record.verdict.interference)
    looked = tuple(one for one in record.observations if one.why.test is Purpose.LOOK and one.why.listed)
    yield "Names", _names(looked)
    yield "Connections", _connections(looked)
    yield "One thing changed at a time", _changes(record.observations)


def _table(*titles: str) -> Table:
    table = Table(box=SIMPLE_HEAD, pad_edge=False, title_justify="left")
    for title in titles:
        table.add_column(title, overflow="fold")
    return table


def _interference(found: tuple[Interference, ...]) -> Table:
    table = _table("Mechanism", "Where", "Scope", "Seen")
    for one in found:
        where = f"{one.host}:{one.port}" if one.port else one.host
        where += f" over IPv{one.family}" if one.family else ""
        where += f" at {one.resolver}" if one.resolver else ""
        where += f", redirect {one.hop}" if one.hop else ""
        _add(table, one.mechanism, where, one.scope or "", f"{one.k} of {one.n}")
    return table


def _names(looked: tuple[Observation, ...]) -> Table:
    table = _table("Resolver", "Asked for", "Answer")
    for one in looked:
        if isinstance(one, DnsObservation):
            values = [answer.value for answer in one.reply.answers] if one.reply else []
            codes = [f"EDE {error.code} {error.text}".rstrip() for error in one.reply.ede] if one.reply else []
            answer = ", ".join([*([one.failure] if one.failure else []), *values, *codes])
            _add(table, one.resolver, f"{one.qname} {one.qtype}", answer or "nothing")
    return table


def _connections(looked: tuple[Observation, ...]) -> Table:
    table = _table("Address", "Step", "Result")
    for one in looked:
        match one:
            case TcpObservation():
                _add(table, f"{one.address} {one.port}", "connect", one.failure or "open")
            case TlsObservation():
                good = "valid certificate" if one.valid else "handshake"
                _add(table, f"{one.address} {one.port}", f"TLS {one.server_name or '(no name)'}", one.failure or good)
            case HttpObservation():
                result = one.failure or " ".join(part for part in (str(one.status), one.title, one.location) if part)
                _add(table, f"{one.address} {one.port}", f"GET {one.url}{' over HTTP/3' if one.quic else ''}", result)
            case QuicObservation():
                good = "valid certificate" if one.valid else "handshake"
                _add(table, f"{one.address} {one.port}", f"QUIC {one.server_name or '(no name)'}", one.failure or good)
    return table


def _changes(observations: tuple[Observation, ...]) -> Table:
    table = _table("Changed", "At", "With", "Result")
    for change in changes(observations):
        _add(table, *change)
    return table


def _add(table: Table, *cells: str) -> None:
    table.add_row(*(Text(printable(cell)) for cell in cells))
