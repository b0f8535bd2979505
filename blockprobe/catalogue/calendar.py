"""The operator's calendar: in which windows, usually matches, live plans run."""

from collections.abc import Collection, Sequence
from pathlib import Path

from blockprobe.catalogue.data import read_toml
from blockprobe.catalogue.faults import CatalogueFaults, nearest
from blockprobe.catalogue.tables import named, read_table
from blockprobe.model.errors import ConfigError
from blockprobe.model.plan import Window

#: More windows than this are refused.
MAX_WINDOWS = 10_000
_CADENCE_S = (10.0, 86_400.0)


def load_calendar(path: Path) -> tuple[Window, ...]:
    """The windows ([[window]]) of a TOML file, by their start; raises CatalogueFaults naming all that is wrong."""
    try:
        tables = read_toml(path)
    except ConfigError as error:
        raise CatalogueFaults((str(error),)) from error
    entries = tables.pop("window", [])
    faults = [f"{path}: {key[:60]}: unknown table; begin each entry with [[window]]" for key in tables]
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise CatalogueFaults((*faults, f"{path}: window: must be tables; begin each entry with [[window]]"))
    if len(entries) > MAX_WINDOWS:
        raise CatalogueFaults((*faults, f"{path}: {len(entries)} windows; give at most {MAX_WINDOWS}: drop past ones"))
    windows: dict[str, Window] = {}
    for number, table in enumerate(entries, start=1):
        place = f"{path}: window {number}{named(table)}"
        window = read_table(Window, table, place, faults)
        if window is None:
            continue
        faults.extend(f"{place}: {fault}" for fault in _faults(window, windows))
        windows.setdefault(window.id, window)
    if faults:
        raise CatalogueFaults(tuple(faults))
    return tuple(sorted(windows.values(), key=lambda window: (window.start, window.id)))


def unknown_orders(windows: Sequence[Window], orders: Collection[str]) -> tuple[str, ...]:
    """One line for each order that a window names and the catalogue does not have."""
    known = list(orders)
    return tuple(
        f"window {window.id}: orders: no order {name[:60]!r}; {nearest(name, known, 'see `blockprobe orders list`')}"
        for window in windows
        for name in window.orders
        if name not in orders
    )


def _faults(window: Window, earlier: dict[str, Window]) -> list[str]:
    found = []
    if window.id in earlier:
        found.append("id: is used already; choose another")
    if window.end <= window.start:
        found.append("end: is not after start; correct one of them")
    low, high = _CADENCE_S
    if not low <= window.cadence_s <= high:
        found.append(f"cadence_s: {window.cadence_s} is out of range; give {low} to {high}")
    return found
