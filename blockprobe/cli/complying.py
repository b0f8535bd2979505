"""The work of `blockprobe orders compliance`: from state and catalogue to figures. Nothing is measured."""

from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from blockprobe.agent.keeper import SAVE_S
from blockprobe.agent.lists import list_copy
from blockprobe.agent.status import Status, read_status
from blockprobe.catalogue.calendar import load_calendar
from blockprobe.catalogue.csv_list import read_list
from blockprobe.catalogue.due import chosen, plans_named, with_lists
from blockprobe.catalogue.faults import nearest
from blockprobe.catalogue.orders import Catalogue, catalogue_of
from blockprobe.catalogue.plan_checks import list_name
from blockprobe.cli.configuration import read_settings
from blockprobe.cli.options import PlainFormat
from blockprobe.cli.output import write_line
from blockprobe.cli.process import Exit, complain
from blockprobe.model.errors import ConfigError
from blockprobe.model.history import History
from blockprobe.model.order import Order
from blockprobe.model.plan import PlanKind, Window
from blockprobe.model.settings import Settings
from blockprobe.net.clock import SystemClock
from blockprobe.store.state import FILE, StateDb
from blockprobe.verdict.compliance import Compliance, LineClaim, compliances

_HOUR_S = 3600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """All that the figures are made from."""

    settings: Settings
    catalogue: Catalogue
    histories: dict[str, History]
    windows: tuple[Window, ...]
    status: Status | None


def show_compliance(config: str | None, name: str | None, format_: PlainFormat) -> int:
    """Print what this line saw of one order, or of all; raises ConfigError and StoreError."""
    known = read_known(read_settings(config), name)
    figures = figures_of(known, name, SystemClock().now())
    if format_ == "json":
        from blockprobe.cli.render.compliance_json import document

        for one in figures:
            write_line(document(one))
        return Exit.DONE
    from blockprobe.cli.render.compliance_table import print_compliance, print_compliances
    from blockprobe.cli.render.console import people

    if name is None:
        print_compliances(people(), figures, known.catalogue.orders)
    else:
        print_compliance(people(), figures, known.catalogue.orders[name])
    return Exit.DONE


def figures_of(known: Known, name: str | None, now: datetime) -> tuple[Compliance, ...]:
    """The figures of the order of that id for each respondent; of all orders, for this line's network alone.

    Where the line's network is not known, all respondents are there, with figures refused.
    """
    orders = [order for order in known.catalogue.orders.values() if name is None or order.id == name]
    found: list[Compliance] = []
    for order in orders:
        claim = claim_of(known, order)
        mine = [one for one in order.respondents if one.network == claim.network]
        if name is None and claim.network is not None:
            order = replace(order, respondents=tuple(mine))
        found += compliances((order,), known.histories, claim, now)
    return tuple(found)


def claim_of(known: Known, order: Order) -> LineClaim:
    """What may be said of the line, as far as its operator and its agent told."""
    stated, status = known.settings.vantage, known.status
    plans = plans_named(known.catalogue, known.settings.agent.plans)
    network = stated.isp or (None if status is None else status.network)
    looking = [plan for plan in plans if order in chosen(known.catalogue, plan, network)]
    looking += [plan for plan in plans if order.id in {one.order for one in plan.lists}]
    live = {plan.kind is PlanKind.LIVE for plan in looking} == {True}
    intervals = [plan.interval_s for plan in looking if live or plan.kind is not PlanKind.LIVE]
    return LineClaim(
        network=network,
        own_resolver=_own_resolver(known),
        filters=stated.filters,
        problem=None if status is None else status.line_problem,
        access=stated.access,
        stale_after_s=2 * max(intervals, default=_HOUR_S) + SAVE_S,  # a running agent's state is that old at worst
        neighbours=tuple(dict.fromkeys(name for plan in plans for name in plan.neighbours)),
        windows=known.windows,
    )


def read_known(settings: Settings, name: str | None = None) -> Known:
    """Read state, catalogue, lists and calendar; raises ConfigError where there is none yet, or no such order."""
    catalogue = catalogue_of(settings)
    if name is not None and name not in catalogue.orders:
        remedy = nearest(name, list(catalogue.orders), "see `blockprobe orders list`")
        raise ConfigError(f"order {name!r}: not in the catalogue; {remedy}")
    calendar = settings.agent.calendar
    return Known(
        settings=settings,
        catalogue=_with_lists(catalogue, settings),
        histories=_histories(Path(settings.store.dir)),
        windows=() if calendar is None else load_calendar(Path(calendar)),
        status=_status(Path(settings.store.dir)),
    )


def _histories(folder: Path) -> dict[str, History]:
    path = folder / FILE
    try:
        there = path.is_file()
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read ({error.strerror}); check its permissions") from error
    if not there:
        raise ConfigError(
            f"{path}: nothing has been looked at yet; start `blockprobe agent`, or give its configuration (--config)"
        )
    state = StateDb.open(folder)
    try:
        return state.histories()
    finally:
        state.close()


def _status(folder: Path) -> Status | None:
    """The agent's last words, where there are any."""
    try:
        return read_status(folder)
    except ConfigError:
        return None


def _own_resolver(known: Known) -> bool | None:
    """As the agent found out; else as the latest record that could tell."""
    if known.status is not None:
        return known.status.own_resolver
    told = [(one.last_at, one.own_resolver) for one in known.histories.values() if one.own_resolver is not None]
    return max(((at, own) for at, own in told if at is not None), default=(None, None))[1]


def _with_lists(catalogue: Catalogue, settings: Settings) -> Catalogue:
    """The catalogue with the entries of public lists, as the agent took them; else as they are on disk."""
    folder, public = Path(settings.store.dir), settings.addresses.public
    lists = {}
    for one in (one for plan in catalogue.plans.values() for one in plan.lists):
        copy = list_copy(folder, list_name(one))
        taken = replace(one, path=str(copy)) if copy.is_file() else one
        read = read_list(taken, Path(), previous=None, public=public)
        complain("\n".join(read.faults))
        lists[list_name(one)] = read.targets
    return with_lists(catalogue, lists)
