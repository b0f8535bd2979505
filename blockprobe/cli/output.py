"""Where records go as they are measured: JSON lines at once, a table at the end."""

import sys
from typing import Protocol

from blockprobe.cli.options import Format
from blockprobe.cli.render.rows import Row, row_of
from blockprobe.model.codec import dump_record
from blockprobe.model.record import Record, Target
from blockprobe.model.settings import Settings


class Output(Protocol):
    """Takes records; `progress` says whether a progress bar may run beside it."""

    progress: bool

    def add(self, record: Record) -> None:
        """One more record."""

    def close(self) -> None:
        """No more will come."""


def open_output(format_: Format, settings: Settings, targets: tuple[Target, ...] = ()) -> Output:
    """The output for `--format`; `targets` give the order of the table, and one alone is shown in detail."""
    if format_ == "json":
        return JsonOutput()
    return OoniOutput(settings) if format_ == "ooni" else TableOutput(targets)


def write_line(line: bytes) -> None:
    """One document on standard output, out at once: whoever reads the pipe sees it now."""
    sys.stdout.buffer.write(line + b"\n")
    sys.stdout.buffer.flush()


class JsonOutput:
    """`--format json`: the record itself."""

    def __init__(self) -> None:
        """The bar and the lines share a terminal, so there is none when both would show."""
        self.progress = not sys.stdout.isatty()

    def add(self, record: Record) -> None:
        """Write the record."""
        write_line(dump_record(record))

    def close(self) -> None:
        """Everything is out already."""


class OoniOutput:
    """`--format ooni`: an OONI measurement without the probe's own addresses."""

    def __init__(self, settings: Settings) -> None:
        """Look up once which addresses are our own."""
        from blockprobe.cli.own_addresses import own_addresses

        self.progress = not sys.stdout.isatty()
        self._own = own_addresses(settings)

    def add(self, record: Record) -> None:
        """Convert and write the record."""
        import json

        from blockprobe.export.ooni import to_ooni_measurement

        write_line(json.dumps(to_ooni_measurement(record, own=self._own), ensure_ascii=False).encode())

    def close(self) -> None:
        """Everything is out already."""


class TableOutput:
    """`--format table`: rows are kept and records are not, so that a list of any length fits into memory."""

    progress = True

    def __init__(self, targets: tuple[Target, ...]) -> None:
        """Remember the order in which the targets were given."""
        self._order = {(target.url, target.bare): place for place, target in enumerate(targets)}
        self._rows: list[tuple[int, Row]] = []
        self._record: Record | None = None

    def add(self, record: Record) -> None:
        """Keep what the table needs."""
        place = self._order.get((record.target.url, record.target.bare), len(self._rows))
        self._rows.append((place, row_of(record)))
        self._record = record if len(self._rows) == 1 and len(self._order) <= 1 else None

    def close(self) -> None:
        """Print the detail of a single record, or the table of many."""
        from blockprobe.cli.render.console import people
        from blockprobe.cli.render.record_detail import print_detail
        from blockprobe.cli.render.record_table import print_table

        if self._record is not None:
            print_detail(people(), self._record)
        elif self._rows:
            print_table(people(), tuple(row for _, row in sorted(self._rows, key=lambda pair: pair[0])))
