"""Series for each site, optional and capped: a site has all of its series or none.

`site` is the host as listed. Addresses are counted and never named; of a URL only the host is shown. Where several
targets share a host (a domain and a URL on it), the domain speaks for the site, else the target that is blocked.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Generator, Iterable, Iterator
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import Literal

from blockprobe.metrics.probe_tier import STATES, state_of
from blockprobe.metrics.snapshot import Snapshot
from blockprobe.metrics.text import Page, escaped, number
from blockprobe.model.errors import TargetError
from blockprobe.model.history import History
from blockprobe.model.target import parse_target
from blockprobe.model.words import State
from blockprobe.verdict.history import changes_within

PerSite = Literal["off", "blocked_only", "all"]

_PLAIN_DOMAIN = re.compile(r"(?:[a-z0-9_-]+\.)+[a-z][a-z0-9-]*")
#: Sites between two pauses: a few milliseconds on a Raspberry Pi.
_SLICE = 256
#: How loudly a target speaks for its host, when the host itself is no target.
_LOUD = (State.BLOCKED, State.INCONCLUSIVE, State.REFUSED, State.DOWN, State.ACCESSIBLE)


@dataclass(slots=True)
class _Site:
    """A host, the history that speaks for it, and the orders that list anything on it."""

    name: str
    history: History | None = None
    rank: int = len(_LOUD) + 1
    orders: set[str] = field(default_factory=set)


def host_of(target: str) -> str | None:
    """The host as listed; None for an address, and for what is no target."""
    if _PLAIN_DOMAIN.fullmatch(target):
        return target
    try:
        host = parse_target(target).host
        ip_address(host)
    except TargetError:
        return None
    except ValueError:  # no address, as it should be
        return host
    return None


def write_sites(page: Page, snapshot: Snapshot, per_site: PerSite, budget: int) -> Generator[bytes, None, int]:
    """At most `budget` series; how many there would have been beyond them. Blocked sites come first, then by name.

    Yields nothing, now and then, so that other work can go on.
    """
    if per_site == "off":
        return 0
    sites, addresses = _sites(snapshot)
    dropped = _addresses(page, addresses, budget)
    budget -= 0 if dropped else len(STATES)
    lines: dict[str, list[str]] = defaultdict(list)
    for n, site in enumerate(_chosen(sites, per_site)):
        if n % _SLICE == 0:
            yield b""
        series = list(_series(site, snapshot))
        if len(series) > budget:
            dropped += len(series)
            budget = 0  # a later, smaller site must not take a place that an earlier one was refused
            continue
        budget -= len(series)
        for name, labels, value in series:
            lines[name].append(f"blockprobe_{name}{{{labels}}} {value}\n")
    for name, written in lines.items():
        page.extend(name, written)
    return dropped


def _sites(snapshot: Snapshot) -> tuple[list[_Site], Counter[str]]:
    """Every host in force, by name, and the addresses by state."""
    sites: dict[str, _Site] = {}
    addresses: dict[str, str] = {}
    for watched in snapshot.watched:
        if watched.mirror_of is not None:
            continue  # counted (mirror_tier), never named
        history = snapshot.history_of(watched.target)
        host = host_of(watched.target)
        if host is None:
            addresses[watched.target] = state_of(history)
            continue
        site = sites.get(host)
        if site is None:
            site = sites[host] = _Site(host)
        site.orders.update(watched.orders)
        rank = _rank(history, is_host=watched.target == host)
        if rank < site.rank:
            site.rank, site.history = rank, history
    return [sites[name] for name in sorted(sites)], Counter(addresses.values())


def _rank(history: History | None, *, is_host: bool) -> int:
    if is_host:
        return -1
    return len(_LOUD) if history is None or history.last is None else _LOUD.index(history.last)


def _chosen(sites: Iterable[_Site], per_site: PerSite) -> Iterator[_Site]:
    measured = [site for site in sites if site.history is not None and site.history.last is not None]
    yield from (site for site in measured if _blocked(site))
    if per_site == "all":
        yield from (site for site in measured if not _blocked(site))


def _blocked(site: _Site) -> bool:
    """The last conclusive measurement saw a block; one that says nothing does not make it go away."""
    return site.history is not None and site.history.state is State.BLOCKED


def _series(site: _Site, snapshot: Snapshot) -> Iterator[tuple[str, str, str]]:
    """Metric (without prefix), labels and value of each series of a site."""
    history = site.history
    if history is None or history.last is None:
        return
    label = f'site="{escaped(site.name)}"'
    yield "site_state", f'{label},state="{history.last.value}"', "1"
    if history.state is State.BLOCKED and history.since is not None:
        yield "site_blocked_since_timestamp_seconds", label, number(history.since.until.timestamp())
    if history.last_open_at is not None:
        yield "site_last_reachable_timestamp_seconds", label, number(history.last_open_at.timestamp())
    if history.last_conclusive_at is not None:
        yield "site_last_conclusive_timestamp_seconds", label, number(history.last_conclusive_at.timestamp())
    if history.last_at == history.last_conclusive_at:
        for mechanism in sorted({*history.mechanisms, *history.implemented_by}):
            yield "site_interference", f'{label},mechanism="{mechanism.value}"', "1"
    yield "site_changes", label, str(changes_within(history, snapshot.at))
    for order in sorted(site.orders):
        yield "site_order_info", f'{label},order="{escaped(order)}"', "1"


def _addresses(page: Page, addresses: Counter[str], budget: int) -> int:
    if len(STATES) > budget:
        return len(STATES)
    for state in STATES:
        page.add("address_targets", addresses[state], state)
    return 0
