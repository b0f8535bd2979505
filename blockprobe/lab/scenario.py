"""A scenario: what the world is, what the censor does, and what is true. Data only."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from blockprobe.lab import addresses as at
from blockprobe.lab.censor import Delay, Drop, Match, Rst, Rule
from blockprobe.lab.lies import Lie
from blockprobe.lab.proxies import Proxy
from blockprobe.lab.sites import Client, Door, Site, site
from blockprobe.lab.topology import Family, Plumbing, Unroute
from blockprobe.lab.zones import Name
from blockprobe.model.words import Mechanism, Reason, State


@dataclass(frozen=True, slots=True, kw_only=True)
class Expect:
    """The truth about a target. `mechanisms`: every one must be named; `maybe`: those that may be, too.
    `acceptable`: other states that are honest. `interference`: what must be listed though the state stays accessible
    (a parity gap, a partial block); `never`: what must not be."""

    target: str
    state: State
    mechanisms: tuple[Mechanism, ...] = ()
    reasons: tuple[Reason, ...] = ()
    acceptable: tuple[State, ...] = ()
    interference: tuple[Mechanism, ...] = ()
    maybe: tuple[Mechanism, ...] = ()
    never: tuple[Mechanism, ...] = ()


NEUTRAL: tuple[Site, ...] = tuple(site(f"n{number}.example", number) for number in range(1, 7))
"""Healthy sites of six unrelated networks, for line checks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """A named world. `story` and `censor` are for people; the rest is what the laboratory does.

    `delay_ms` is each way on the access wire: an injector needs some lead (a wire with no delay at all loses the race).
    `wires` puts wires in that no rule asks for. `tunnel`: the line has a VPN up, interface
    wg0. `helper`: ours, none, or down (configured, but nobody answers).
    `echoes`: how many of the helper's echoes the probe is told of. `settings`: more of its configuration, as TOML.
    """

    name: str
    story: str
    censor: str = "nothing"
    targets: tuple[Expect, ...] = ()
    sites: tuple[Site, ...] = ()
    names: tuple[Name, ...] = ()
    proxies: tuple[Proxy, ...] = ()
    tunnel: bool = False
    lies: tuple[Lie, ...] = ()
    rules: tuple[Rule, ...] = ()
    unroutes: tuple[Unroute, ...] = ()
    families: tuple[Family, ...] = (4, 6)
    dns64: bool = False
    delay_ms: float = 2.0
    wires: frozenset[str] = frozenset()
    resolvers: tuple[str, ...] = (at.RESOLVERS[0],)
    helper: Literal["ours", "none", "down"] = "ours"
    echoes: int = len(at.ECHOES)
    neutral: tuple[str, ...] = tuple(f"https://n{number}.example/" for number in range(1, 7))
    settings: str = ""

    @property
    def all_sites(self) -> tuple[Site, ...]:
        """The scenario's sites and the neutral ones."""
        return self.sites + NEUTRAL

    @property
    def plumbing(self) -> Plumbing:
        """What it needs of the map."""
        wires = self.wires | {rule.at for rule in self.wire_rules()}
        return Plumbing(wires=wires, families=self.families, unroutes=self.unroutes, tunnel=self.tunnel)

    def wire_rules(self) -> tuple[Rule, ...]:
        """All rules of the wires: the censor's, the line's delay, and the firewalls of origins."""
        rules = self.rules + tuple(_firewalls(self.sites))
        return (*rules, Delay(ms=self.delay_ms)) if self.delay_ms else rules


def _firewalls(sites: tuple[Site, ...]) -> list[Rule]:
    rules: list[Rule] = []
    for door, make in ((Door.CLOSED, Rst), (Door.SILENT, Drop)):
        for port in (80, 443):
            shut = _addresses(s for s in sites if (s.http if port == 80 else s.https) is door)
            if shut:
                rules.append(make(match=Match(addresses=shut, ports=(port,), protocol="tcp"), at="origin"))
    for each in sites:
        for clients, make in ((each.dropped, Drop), (each.refused, Rst)):
            if clients:
                nets = tuple(net for client in clients for net in _networks(client))
                rules.append(make(match=Match(addresses=each.addresses, sources=nets), at="origin"))
    return rules


def _addresses(sites: Iterable[Site]) -> tuple[str, ...]:
    return tuple(address for each in sites for address in each.addresses)


def _networks(client: Client) -> tuple[str, ...]:
    nets = {"probe": at.PROBE_NETS, "isp": at.ISP_NETS, "helper": at.HELPER_SOURCES, "outside": at.HELPER_SOURCES}
    return nets.get(client, ("0.0.0.0/0", "::/0"))
