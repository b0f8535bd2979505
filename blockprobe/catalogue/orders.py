"""Reads orders, networks and plans of the catalogue's folders, finds all faults at once, and hashes what was read.

`orders/<cc>/*.toml` holds [[order]], `networks/<cc>/*.toml` [[network]], `plans/*.toml` [[plan]]. An entry of a later
folder replaces an earlier one of the same id, or removes it with `retired = true`.
"""

import hashlib
import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any, Final

from blockprobe.catalogue.data import data_folders, read_toml
from blockprobe.catalogue.faults import CatalogueFaults, nearest
from blockprobe.catalogue.order_checks import Place, check_pages, checked_order
from blockprobe.catalogue.plan_checks import check_references, checked_network, checked_plan
from blockprobe.catalogue.tables import named, read_table
from blockprobe.model.errors import ConfigError
from blockprobe.model.order import Network, Order
from blockprobe.model.plan import Plan
from blockprobe.model.settings import Settings

#: More entries than this in all orders together are refused.
MAX_TARGETS: Final = 200_000
_SLUG = r"[a-z0-9]+(-[a-z0-9]+)*"
_NATIONAL, _PLAIN = re.compile(rf"[a-z]{{2}}/{_SLUG}"), re.compile(_SLUG)
_MAX_ID = 100
_COUNTRY_KEY = {"order": "jurisdiction", "network": "country"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalogue:
    """What was read, each by id; `digest` is `sha256:…` of the content, whatever the order, files and comments."""

    orders: Mapping[str, Order]
    networks: Mapping[str, Network]
    plans: Mapping[str, Plan]
    digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Entry:
    """One entry: where it stands, as it was written, and as it was read (None: faulty or retired)."""

    place: Place
    table: Mapping[str, Any]
    value: Any


_Kept = dict[str, _Entry]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Part:
    """A sort of entries: its name, the model's class, and the check of a value of the right form."""

    name: str
    cls: type[Any]
    check: Callable[[Any, Place], Any]


def catalogue_of(settings: Settings) -> Catalogue:
    """The shipped catalogue and the folders of `[catalogue] paths`; raises ConfigError with all faults."""
    return load_catalogue(data_folders(settings.catalogue.paths), public=settings.addresses.public)


def load_catalogue(folders: Sequence[Path], *, public: tuple[str, ...] = ()) -> Catalogue:
    """The catalogue in `folders`, later ones winning by id; raises CatalogueFaults naming everything that is wrong.

    `public` are reserved ranges that count as public, as laboratories need.
    """
    faults: list[str] = []
    parts = (
        _Part(name="order", cls=Order, check=lambda order, place: checked_order(order, place, public)),
        _Part(name="network", cls=Network, check=checked_network),
        _Part(name="plan", cls=Plan, check=checked_plan),
    )
    orders, networks, plans = (_read_part(folders, part, faults) for part in parts)
    _check_together(orders, networks, plans, faults)
    if faults:
        raise CatalogueFaults(tuple(faults))
    return Catalogue(
        orders=_values(orders),
        networks=_values(networks),
        plans=_values(plans),
        digest=_digest(orders, networks, plans),
    )


def _read_part(folders: Sequence[Path], part: _Part, faults: list[str]) -> _Kept:
    """All entries of one sort, in the order of their ids."""
    kept: _Kept = {}
    for folder in folders:
        found: _Kept = {}
        top = folder / f"{part.name}s"
        for path in sorted(top.glob("**/*.toml")):
            country = _country(path, top, part.name, faults)
            for number, table in enumerate(_tables(path, part.name, faults), start=1):
                name = f"{path}: {part.name} {number}{named(table)}"
                place = Place(name=name, faults=faults, folder=path.parent.absolute())
                _read_entry(table, part, country, place, found)
        kept |= found
    return {name: kept[name] for name in sorted(kept)}


def _country(path: Path, top: Path, part: str, faults: list[str]) -> str | None:
    """The country whose folder a file lies in; None for plans, which have none."""
    folders = path.relative_to(top).parts[:-1]
    if part == "plan":
        if folders:
            faults.append(f"{path}: lies too deep; put it into {top}")
        return None
    if len(folders) != 1 or not re.fullmatch("[a-z]{2}", folders[0]):
        faults.append(f"{path}: lies at the wrong place; put it into {top}/<country>, as in {top}/gb")
    return folders[0] if folders else ""


def _tables(path: Path, part: str, faults: list[str]) -> list[dict[str, Any]]:
    try:
        tables = read_toml(path)
    except ConfigError as error:
        faults.append(str(error))
        return []
    entries = tables.pop(part, [])
    faults += [f"{path}: {key[:60]}: unknown table; begin each entry with [[{part}]]" for key in tables]
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        faults.append(f"{path}: {part}: must be tables; begin each entry with [[{part}]]")
        return []
    return entries


def _read_entry(table: dict[str, Any], part: _Part, country: str | None, place: Place, found: _Kept) -> None:
    """Put one entry into `found`; what is wrong with it goes to its place."""
    name = _id_of(table, country, place)
    if name is None:
        return
    if name in found:
        place.tell(f"id: is used already, at {found[name].place.name}; choose another")
        return
    if table.get("retired") is True:
        found[name] = _Entry(place=place, table={}, value=None)
        return
    key = _COUNTRY_KEY.get(part.name)
    written = {name: value for name, value in table.items() if (name, value) != ("retired", False)}
    given = written if key is None else {key: country} | written
    if key is not None and given[key] != country:
        place.tell(f"{key}: is not the country of the id; write {country!r} or take it out")
    value = read_table(part.cls, given, place.name, place.faults)
    found[name] = _Entry(place=place, table=given, value=value and part.check(value, place))


def _id_of(table: Mapping[str, Any], country: str | None, place: Place) -> str | None:
    """The entry's id, or None with a fault where it has none that can be used."""
    name = table.get("id")
    form, example = (_PLAIN, "website") if country is None else (_NATIONAL, f"{country or 'gb'}/example")
    if not isinstance(name, str) or not form.fullmatch(name) or len(name) > _MAX_ID:
        wrong = "missing" if name is None else f"must be up to {_MAX_ID} lower-case letters, digits and inner -"
        place.tell(f'id: {wrong}; give it one, as in id = "{example}"')
        return None
    if country and not name.startswith(f"{country}/"):
        place.tell(f'id: does not match the folder {country!r}; move the file, or write id = "{example}"')
        return None
    return name


def _check_together(orders: _Kept, networks: _Kept, plans: _Kept, faults: list[str]) -> None:
    """What only shows when everything is read."""
    good = [(entry.value, entry.place) for entry in orders.values() if entry.value is not None]
    known = [name for name, entry in networks.items() if entry.table]
    for order, place in good:
        for number, respondent in enumerate(order.respondents, start=1):
            if respondent.network not in known:
                remedy = nearest(respondent.network, known, "add it to networks/")
                place.tell(f"respondent {number}: network: no network {respondent.network[:60]!r}; {remedy}")
    check_pages(good)
    if (count := sum(len(order.targets) for order, _ in good)) > MAX_TARGETS:
        faults.append(f"orders: {count} targets in all; give at most {MAX_TARGETS}")
    countries = {name.partition("/")[0] for name in (*known, *orders)}
    plan_places = [(entry.value, entry.place) for entry in plans.values() if entry.value is not None]
    check_references(plan_places, [name for name, entry in orders.items() if entry.table], sorted(countries))


def _values(kept: _Kept) -> dict[str, Any]:
    return {name: entry.value for name, entry in kept.items() if entry.value is not None}


def _digest(*parts: _Kept) -> str:
    entries = [entry.table for entry in chain.from_iterable(part.values() for part in parts) if entry.table]
    return "sha256:" + hashlib.sha256(json.dumps(entries, sort_keys=True, default=str).encode()).hexdigest()
