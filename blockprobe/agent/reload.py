"""What the agent works from: settings, fingerprints, catalogue and calendar, all read together or not at all."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit

from blockprobe.catalogue.calendar import load_calendar
from blockprobe.catalogue.data import load_resolvers
from blockprobe.catalogue.faults import CatalogueFaults, nearest
from blockprobe.catalogue.fingerprints import content_hash, load_fingerprints
from blockprobe.catalogue.orders import Catalogue, catalogue_of
from blockprobe.catalogue.system import system_resolvers
from blockprobe.model.errors import ConfigError, TargetError
from blockprobe.model.plan import Plan, PlanKind, Window
from blockprobe.model.settings import Settings
from blockprobe.model.target import parse_target
from blockprobe.verdict.fingerprint import Fingerprint

T = TypeVar("T")
#: Reads the configuration afresh; raises ConfigError.
Reader = Callable[[], Settings]


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """One consistent reading. `version` is the hash of the fingerprints that a record keeps; `third_parties` are
    addresses of public resolvers; `system` the machine's resolvers at the time of reading."""

    settings: Settings
    catalogue: Catalogue
    plans: tuple[Plan, ...]
    windows: tuple[Window, ...]
    fingerprints: tuple[Fingerprint, ...]
    version: str
    third_parties: frozenset[str]
    system: tuple[str, ...]


def load(read: Reader) -> Loaded:
    """Read everything; raises ConfigError whose text has a line for every fault of every file."""
    settings = read()
    faults: list[str] = []
    fingerprints = _try(lambda: load_fingerprints(settings.catalogue.paths), faults) or ()
    catalogue = _try(lambda: catalogue_of(settings), faults)
    calendar = settings.agent.calendar
    windows = () if calendar is None else _try(lambda: load_calendar(Path(calendar)), faults) or ()
    plans = () if catalogue is None else _plans(settings, catalogue, faults)
    faults += _self_test_faults(settings)
    if faults or catalogue is None:
        raise CatalogueFaults(tuple(faults))
    return Loaded(
        settings=settings,
        catalogue=catalogue,
        plans=plans,
        windows=windows,
        fingerprints=fingerprints,
        version=content_hash(fingerprints),
        third_parties=_third_parties(settings),
        system=system_resolvers(),
    )


def _try(work: Callable[[], T], faults: list[str]) -> T | None:
    try:
        return work()
    except ConfigError as error:
        faults += str(error).splitlines()
        return None


def _plans(settings: Settings, catalogue: Catalogue, faults: list[str]) -> tuple[Plan, ...]:
    """The plans that the settings name."""
    known = list(catalogue.plans)
    if not settings.agent.plans:
        faults.append(f"agent.plans: no plan; name one of the catalogue: {', '.join(known) or 'it has none'}")
    for name in settings.agent.plans:
        if name not in catalogue.plans:
            remedy = nearest(name, known, f"the catalogue has {', '.join(known) or 'none'}")
            faults.append(f"agent.plans: no plan {name!r}; {remedy}")
    plans = tuple(catalogue.plans[name] for name in dict.fromkeys(settings.agent.plans) if name in catalogue.plans)
    if settings.agent.calendar is None:
        faults += [
            f"agent.plans: {plan.id} is live and runs in windows only; give [agent] calendar"
            for plan in plans
            if plan.kind is PlanKind.LIVE
        ]
    return plans


def _self_test_faults(settings: Settings) -> list[str]:
    found: list[str] = []
    for key in ("must_open", "must_block"):
        for text in getattr(settings.vantage, key):
            try:
                parse_target(text)
            except TargetError as error:
                found.append(f"vantage.{key}: {error}")
    return found


def _third_parties(settings: Settings) -> frozenset[str]:
    """Addresses of the public resolvers in the settings and in the shipped list."""
    entries = (*settings.resolvers.public, *load_resolvers(settings.catalogue.paths))
    found = {entry.address for entry in entries if entry.address is not None}
    return frozenset(found | {urlsplit(entry.url).hostname or "" for entry in entries} - {""})
