"""The work of `blockprobe orders`: from files to faults, notes, tables and documents."""

import json
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from blockprobe.agent.mirror_lists import read_names
from blockprobe.catalogue.calendar import load_calendar, unknown_orders
from blockprobe.catalogue.csv_list import read_list
from blockprobe.catalogue.data import data_folders
from blockprobe.catalogue.due import plans_named
from blockprobe.catalogue.faults import CatalogueFaults, nearest
from blockprobe.catalogue.order_notes import notes_on
from blockprobe.catalogue.orders import Catalogue, catalogue_of, load_catalogue
from blockprobe.catalogue.plan_checks import list_name
from blockprobe.cli.configuration import read_settings
from blockprobe.cli.options import PlainFormat
from blockprobe.cli.output import write_line
from blockprobe.cli.process import Exit, complain
from blockprobe.model.errors import ConfigError
from blockprobe.model.order import Order
from blockprobe.model.settings import Settings
from blockprobe.net.clock import SystemClock

_ADAPTER = TypeAdapter(Order)


def check_catalogue(config: str | None, paths: tuple[str, ...], format_: PlainFormat) -> int:
    """Check the catalogue in effect and the folders beside it; raises CatalogueFaults where the format is a table."""
    settings = read_settings(config)
    shipped, *others = data_folders(settings.catalogue.paths)
    folders = list(dict.fromkeys([shipped, *others, *_folders(paths)]))
    try:
        catalogue = load_catalogue(folders, public=settings.addresses.public)
        faults = _agent_faults(catalogue, settings)
    except CatalogueFaults as error:
        catalogue, faults = None, error.faults
    notes = () if catalogue is None else notes_on(catalogue)
    counts = {} if catalogue is None else _counts(catalogue)
    if format_ == "json":
        write_line(json.dumps({"faults": faults, "notes": notes, **counts}, ensure_ascii=False).encode())
    else:
        complain("\n".join(faults))
        _print_checked(notes, counts, good=not faults)
    return Exit.USAGE if faults else Exit.DONE


def list_orders(config: str | None, format_: PlainFormat) -> int:
    """Print the orders of the catalogue in effect, as a table or one document a line."""
    catalogue = catalogue_of(read_settings(config))
    if format_ == "json":
        for order in catalogue.orders.values():
            write_line(document(order))
        return Exit.DONE
    from blockprobe.cli.render.console import people
    from blockprobe.cli.render.order_table import print_orders

    print_orders(people(), tuple(catalogue.orders.values()))
    return Exit.DONE


def show_order(config: str | None, name: str, format_: PlainFormat) -> int:
    """Print one order; raises ConfigError where the catalogue has none of that id."""
    catalogue = catalogue_of(read_settings(config))
    if (order := catalogue.orders.get(name)) is None:
        remedy = nearest(name, list(catalogue.orders), "see `blockprobe orders list`")
        raise ConfigError(f"order {name!r}: not in the catalogue; {remedy}")
    if format_ == "json":
        write_line(document(order))
        return Exit.DONE
    from blockprobe.cli.render.console import people
    from blockprobe.cli.render.order_table import print_order

    lists = (one for plan in catalogue.plans.values() for one in plan.lists if one.order == order.id)
    print_order(people(), order, catalogue.networks, tuple(list_name(one) for one in lists))
    return Exit.DONE


def document(order: Order) -> bytes:
    """An order as one line of JSON: the keys of the model, times in UTC."""
    return _ADAPTER.dump_json(order)


def _folders(paths: tuple[str, ...]) -> list[Path]:
    """The catalogue folders that the paths name; a file stands for the folder that it belongs to."""
    found = []
    for text in paths:
        path = Path(text).expanduser()
        if not path.exists():
            raise ConfigError(f"{path}: no such file or folder; give a folder with orders/, networks/ or plans/ in it")
        above = path.absolute().parents
        tops = [folder for folder in above if folder.name in ("orders", "networks", "plans")]
        if path.is_file() and not tops:
            raise ConfigError(
                f"{path}: lies in no catalogue; put it into orders/<country>, networks/<country> or plans"
            )
        found.append(tops[0].parent if path.is_file() else path)
    return found


def _agent_faults(catalogue: Catalogue, settings: Settings) -> tuple[str, ...]:
    """What the agent would stumble over: plans that are not there, lists and the calendar."""
    lists = (one for plan in catalogue.plans.values() for one in plan.lists)
    public = settings.addresses.public
    faults = [fault for one in lists for fault in read_list(one, Path(), previous=None, public=public).faults]
    faults += [fault for plan in catalogue.plans.values() for path in plan.mirrors for fault in _mirror_faults(path)]
    try:
        plans_named(catalogue, settings.agent.plans)
    except CatalogueFaults as error:
        faults.extend(error.faults)
    if settings.agent.calendar is not None:
        path = Path(settings.agent.calendar)
        try:
            faults.extend(f"{path}: {fault}" for fault in unknown_orders(load_calendar(path), catalogue.orders))
        except CatalogueFaults as error:
            faults.extend(error.faults)
    return tuple(faults)


def _mirror_faults(path: str) -> list[str]:
    try:
        _, faults = read_names(path, SystemClock().now())
    except OSError as error:
        return [f"mirrors {path}: {error.strerror}; give a file of names"]
    return [f"mirrors {path}: {fault}" for fault in faults]


def _counts(catalogue: Catalogue) -> dict[str, Any]:
    return {
        "orders": len(catalogue.orders),
        "networks": len(catalogue.networks),
        "plans": len(catalogue.plans),
        "targets": sum(len(order.targets) for order in catalogue.orders.values()),
        "digest": catalogue.digest,
    }


def _print_checked(notes: tuple[str, ...], counts: dict[str, Any], *, good: bool) -> None:
    from blockprobe.cli.render.console import printable

    for note in notes:
        print(f"note: {printable(note)}")
    if good:
        print(f"good: {', '.join(f'{counts[key]} {key}' for key in ('orders', 'networks', 'plans', 'targets'))}")
