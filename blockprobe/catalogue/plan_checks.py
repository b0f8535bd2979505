"""What a network or a plan of the right form may still get wrong."""

import codecs
import zoneinfo
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path

from blockprobe.catalogue.faults import nearest
from blockprobe.catalogue.order_checks import Place, check_source
from blockprobe.model.addresses import family_of
from blockprobe.model.errors import TargetError
from blockprobe.model.order import Network
from blockprobe.model.plan import CsvList, Plan
from blockprobe.model.target import parse_target

#: Every order of the plan's kind.
ALL_ORDERS = "*"
_MAX_ASN = 4_294_967_295
_RANGES: Mapping[str, tuple[float, float]] = {
    "interval_s": (10.0, 31_536_000.0),
    "jitter": (0.0, 1.0),
    "per_host_s": (0.0, 86_400.0),
    "budget": (1, 1_000_000),
    "confirm": (0, 10),
    "before_s": (0.0, 86_400.0),
    "after_s": (0.0, 604_800.0),
}


def checked_network(network: Network, place: Place) -> Network:
    """The network; what is wrong with it goes to `place`."""
    for asn in network.asns:
        if not 1 <= asn <= _MAX_ASN:
            place.tell(f"asns: {asn} is out of range; give 1 to {_MAX_ASN}")
    for address in network.resolvers:
        if family_of(address) is None:
            place.tell(f"resolvers: {address[:60]!r} is no IP address; give one like 203.0.113.5 or 2001:db8::1")
    if network.source is not None:
        check_source(network.source, place.inner("source"))
    return network


def checked_plan(plan: Plan, place: Place) -> Plan:
    """The plan with absolute paths and names as they go over the wire; what is wrong with it goes to `place`."""
    for key, (low, high) in _RANGES.items():
        value = getattr(plan, key)
        if value is not None and not low <= value <= high:
            place.tell(f"{key}: {value} is out of range; give {low} to {high}")
    for number, one in enumerate(plan.lists, start=1):
        _check_list(one, place.inner(f"list {number} ({list_name(one)[:60]})"))
    if plan.mirrors and plan.battery is not None:
        place.tell("mirrors: a battery is for blocked targets of other plans; give mirrors a plan of their own")
    return replace(
        plan,
        mirrors=tuple(str(place.folder / Path(one).expanduser()) for one in plan.mirrors),
        targets=tuple(_checked_target("targets", value, place) for value in plan.targets),
        neighbours=tuple(_checked_target("neighbours", value, place) for value in plan.neighbours),
        lists=tuple(_from_folder(one, place.folder) for one in plan.lists),
    )


def check_references(plans: Iterable[tuple[Plan, Place]], orders: list[str], countries: list[str]) -> None:
    """Orders and jurisdictions that a plan names must be in the catalogue, and lists must have names of their own."""
    lists: dict[str, str] = {}
    for plan, place in plans:
        named = [("orders", one) for one in plan.orders if one != ALL_ORDERS]
        named += [(f"list ({list_name(one)[:60]}): order", one.order) for one in plan.lists if one.order is not None]
        for key, wanted in named:
            if wanted not in orders:
                place.tell(
                    f"{key}: no order {wanted[:60]!r}; {nearest(wanted, orders, 'see `blockprobe orders list`')}"
                )
        for country in plan.jurisdictions:
            if country not in countries:
                place.tell(f"jurisdictions: nothing is known of {country[:60]!r}; give one of {', '.join(countries)}")
        for name in map(list_name, plan.lists):
            if name in lists:
                place.tell(f"list ({name[:60]}): {lists[name]} has a list of this name; give one of them another name")
            lists[name] = f"plan {plan.id}"


def list_name(one: CsvList) -> str:
    """What tells a list from others: its name, or else its path."""
    return one.name if one.name is not None else one.path


def _from_folder(one: CsvList, folder: Path) -> CsvList:
    """A relative path is meant from the plan's file; the list keeps the name that it had."""
    return replace(one, path=str(folder / Path(one.path).expanduser()), name=list_name(one))


def _checked_target(key: str, value: str, place: Place) -> str:
    try:
        target = parse_target(value)
    except TargetError as error:
        place.tell(f"{key}: {error}")
        return value
    return target.host if target.bare and target.port is None else target.url if "://" in value else value


def _check_list(one: CsvList, place: Place) -> None:
    if len(one.delimiter) != 1 or one.delimiter in '"\r\n':
        place.tell(f'delimiter: {one.delimiter[:10]!r} is not one character; write as "," or ";"')
    if not 0.0 <= one.shrink_limit <= 1.0:
        place.tell(f"shrink_limit: {one.shrink_limit} is out of range; give 0.0 (never refuse) to 1.0")
    if (one.where is None) != (not one.equals):
        place.tell("where: needs equals, and equals needs where; give the column and what it must hold")
    if one.time_format is not None and "%" not in one.time_format:
        place.tell(f"time_format: {one.time_format[:40]!r} holds no directive; write as %d-%m-%Y")
    if not _is_encoding(one.encoding):
        place.tell(f"encoding: {one.encoding[:40]!r} is unknown; use utf-8, iso-8859-1 or windows-1252")
    if one.timezone is not None and not _is_zone(one.timezone):
        place.tell(f"timezone: {one.timezone[:40]!r} is unknown here; write as Europe/Copenhagen or UTC")
    columns = [column for column in (one.value, one.from_at, one.until_at, one.where) if column is not None]
    if not one.header and not all(
        column.isascii() and column.isdigit() and 0 < int(column[:9]) < 1000 for column in columns
    ):
        place.tell('header: without a header columns are numbers from 1; write as value = "1"')


def _is_encoding(name: str) -> bool:
    try:
        return codecs.lookup(name)._is_text_encoding
    except (LookupError, ValueError):
        return False


def _is_zone(name: str) -> bool:
    if name == "UTC":
        return True
    try:
        zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True
