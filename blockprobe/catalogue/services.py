"""Reads probes/parking.toml: services that hold names without a site of their own."""

from collections.abc import Sequence
from pathlib import Path

from blockprobe.catalogue.data import data_folders, read_toml
from blockprobe.catalogue.faults import CatalogueFaults
from blockprobe.catalogue.tables import named, read_table
from blockprobe.model.name_service import NameService

FILE = "parking.toml"


def load_services(paths: Sequence[str | Path] = ()) -> tuple[NameService, ...]:
    """The services of the last `parking.toml` found: an operator's list replaces the shipped one.

    Raises CatalogueFaults with every fault of the file, or ConfigError where it is no TOML.
    """
    path = [folder / FILE for folder in data_folders(paths) if (folder / FILE).is_file()][-1]
    tables = read_toml(path).get("service", [])
    if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
        raise CatalogueFaults((f"{path}: service: must be tables; begin each entry with [[service]]",))
    found, faults = [], list[str]()
    for number, table in enumerate(tables, start=1):
        place = f"{path}: service {number}{named(table)}"
        service = read_table(NameService, table, place, faults)
        if service is not None and not (service.name_servers or service.aliases):
            faults.append(f"{place}: names no host; give name_servers or aliases")
        elif service is not None:
            found.append(service)
    if faults:
        raise CatalogueFaults(tuple(faults))
    return tuple(found)
