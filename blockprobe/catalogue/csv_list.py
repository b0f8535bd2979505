"""Public lists in CSV: the plan says which column holds what; every bad line is named, the good ones count.

Such files come from strangers and change overnight. So size and number are limited, and a list that suddenly lost a
large share of its entries is not believed: it is refused, and the caller keeps the one before.
"""

import csv
import io
import zoneinfo
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, tzinfo
from pathlib import Path

from blockprobe.catalogue.orders import MAX_TARGETS
from blockprobe.catalogue.plan_checks import list_name
from blockprobe.catalogue.target_values import bare_value, kind_of, normal_value
from blockprobe.model.errors import TargetError
from blockprobe.model.order import OrderTarget, TargetKind
from blockprobe.model.plan import CsvList
from blockprobe.model.target import shown

#: A list larger than this is refused unread (bytes).
MAX_LIST_BYTES = 64 * 1024 * 1024
#: So many bad lines are named; of the rest only the number.
MAX_NAMED = 100

_Row = Callable[[str], str]


@dataclass(frozen=True, slots=True, kw_only=True)
class ListRead:
    """What came of a list: its entries, each once, and one line for each fault.

    `refused`: nothing of the file may be used, `targets` is empty, and the list before stays in force.
    """

    targets: tuple[OrderTarget, ...]
    faults: tuple[str, ...]
    refused: bool = False


class _BadLine(Exception):
    """A line that cannot be used; the text says what is wrong and what to do."""


class _BadFile(Exception):
    """A file that cannot be used at all, likewise."""


def read_list(plan_list: CsvList, folder: Path, *, previous: int | None, public: tuple[str, ...] = ()) -> ListRead:
    """The entries of a list, each value once; never raises for what the file holds.

    A relative path is meant from `folder` (`load_catalogue` has made those of plans absolute). `previous` is how many
    entries the list in force has (None: there is none). `public` are reserved ranges that count as public.
    """
    path = folder / Path(plan_list.path).expanduser()
    try:
        targets, faults = _entries(plan_list, _content(path, plan_list.encoding), public)
        _check_size(plan_list, len(targets), previous)
    except _BadFile as error:
        return ListRead(targets=(), faults=(f"{path}: {error}",), refused=True)
    named = [f"{path}: {fault}" for fault in faults[:MAX_NAMED]]
    if len(faults) > MAX_NAMED:
        named.append(
            f"{path}: {len(faults) - MAX_NAMED} more lines are bad; correct the list or its columns in the plan"
        )
    return ListRead(targets=targets, faults=tuple(named))


def _content(path: Path, encoding: str) -> str:
    try:
        with path.open("rb") as stream:
            content = stream.read(MAX_LIST_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "no possible file name"
        raise _BadFile(f"cannot be read ({reason}); check the file, or fetch it again") from None
    if len(content) > MAX_LIST_BYTES:
        raise _BadFile(f"longer than {MAX_LIST_BYTES} bytes; is it the list?")
    try:
        return content.decode(encoding).removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        raise _BadFile(f"byte {error.start}: not {encoding}; give the list's encoding in the plan") from None
    except (LookupError, UnicodeError):
        raise _BadFile(f"encoding {shown(encoding)} is unknown; use utf-8, iso-8859-1 or windows-1252") from None


def _entries(one: CsvList, text: str, public: tuple[str, ...]) -> tuple[tuple[OrderTarget, ...], list[str]]:
    """The entries of the text, each once, and what is wrong with the other lines."""
    found: dict[tuple[TargetKind, str], OrderTarget] = {}
    faults: list[str] = []
    zone = _zone(one.timezone)
    for number, row in _rows(one, text, faults):
        try:
            if one.where is None or row(one.where) in one.equals:
                target = _target(one, row, zone, public)
                key = (target.kind, target.value)
                found[key] = _joined(found[key], target) if key in found else target
        except (_BadLine, TargetError) as error:
            faults.append(f"line {number}: {error}")
        if len(found) > MAX_TARGETS:
            raise _BadFile(f"more than {MAX_TARGETS} entries; choose some with where and equals")
    return tuple(found.values()), faults


def _rows(one: CsvList, text: str, faults: list[str]) -> Iterator[tuple[int, _Row]]:
    """The lines that are not empty, each with its number in the file and as a function from column to value."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=one.delimiter)
    columns: Mapping[str, int] = {} if one.header else {str(number): number - 1 for number in range(1, 1000)}
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            break
        except csv.Error as error:
            faults.append(f"line {reader.line_num}: no CSV: {error}; correct that line")
            continue
        if not any(cell.strip() for cell in cells):
            continue
        if not columns:
            columns = _header(one, cells)
            continue
        yield reader.line_num, _row(columns, cells)
    if not columns:
        raise _BadFile("is empty; fetch it again")


def _header(one: CsvList, cells: list[str]) -> Mapping[str, int]:
    columns = {cell.strip(): number for number, cell in reversed(list(enumerate(cells)))}
    wanted = [column for column in (one.value, one.from_at, one.until_at, one.where) if column is not None]
    if missing := [column for column in wanted if column not in columns]:
        known = ", ".join(shown(column) for column in list(columns)[::-1][:20])
        raise _BadFile(f"has no column {', '.join(map(shown, missing))}, only {known}; correct list {list_name(one)}")
    return columns


def _row(columns: Mapping[str, int], cells: list[str]) -> _Row:
    def value(column: str) -> str:
        number = columns[column]
        if number >= len(cells):
            raise _BadLine(f"has {len(cells)} columns only, {shown(column)} is number {number + 1}; correct that line")
        return cells[number].strip()

    return value


def _target(one: CsvList, row: _Row, zone: tzinfo | None, public: tuple[str, ...]) -> OrderTarget:
    text = row(one.value)
    kind = one.kind or kind_of(text)
    target = OrderTarget(value=normal_value(bare_value(text, kind), kind, public), kind=kind)
    start = None if one.from_at is None else _time(one, row(one.from_at), zone)
    end = None if one.until_at is None else _time(one, row(one.until_at), zone)
    if start is not None and end is not None and end <= start:
        raise _BadLine("ends before it begins; correct that line")
    return replace(target, from_at=start, until_at=end)


def _joined(one: OrderTarget, other: OrderTarget) -> OrderTarget:
    """A value that stands twice is one entry, from its first start to its last end."""
    starts = [target.from_at for target in (one, other) if target.from_at is not None]
    ends = [target.until_at for target in (one, other) if target.until_at is not None]
    return replace(
        one, from_at=min(starts) if len(starts) == 2 else None, until_at=max(ends) if len(ends) == 2 else None
    )


def _time(one: CsvList, text: str, zone: tzinfo | None) -> datetime | None:
    """An absolute time, or None where the cell is empty."""
    if not text:
        return None
    try:
        time = datetime.strptime(text, one.time_format) if one.time_format else datetime.fromisoformat(text)
        if time.tzinfo is None and zone is not None:
            time = time.replace(tzinfo=zone)
        if time.tzinfo is not None:
            return time.astimezone(UTC)
    except (ValueError, OverflowError):
        example = one.time_format or "2026-11-21T12:00:00Z"
        raise _BadLine(f"{shown(text)} is no time as in {example}; correct it, or time_format in the plan") from None
    raise _BadLine(f"{shown(text)} has no offset from UTC; give the list's timezone in the plan")


def _zone(name: str | None) -> tzinfo | None:
    if name is None or name == "UTC":
        return None if name is None else UTC
    try:
        return zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        raise _BadFile(f"timezone {shown(name)} is unknown here; write as Europe/Copenhagen or UTC") from None


def _check_size(one: CsvList, count: int, previous: int | None) -> None:
    if previous and count < previous * one.shrink_limit:
        raise _BadFile(
            f"{count} entries after {previous}, and shrink_limit = {one.shrink_limit}: the list before stays in force; "
            f"if this is right, lower shrink_limit of list {list_name(one)} in the plan"
        )
