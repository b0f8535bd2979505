"""Whether the site's addresses can be reached, and if not, whether the network or the far end is why."""

from math import exp, fsum, lgamma, log, log1p

from blockprobe.model.addresses import family_of, wide_network
from blockprobe.model.failure import Failure
from blockprobe.model.observation import Icmp, Place, ResolverGroup, TcpObservation
from blockprobe.model.record import Interference
from blockprobe.model.words import Grade, Mechanism, Reason, Scope
from blockprobe.verdict.address_path import (
    common_routers,
    leaves_common_path,
    path_proves,
    same_prefix,
    working_neighbours,
)
from blockprobe.verdict.dns_reading import Reading, read_reply
from blockprobe.verdict.facts import AddressFact, Finding
from blockprobe.verdict.leg import Leg, addresses_in
from blockprobe.verdict.view import LOOKS, View

#: Silence is believed after this many connection attempts, each of three or four SYNs (docs/method.md, 5).
SILENT_ATTEMPTS = 3
#: "Administratively prohibited" in its forms: RFC 1812 5.2.7.1 for IPv4, RFC 4443 3.1 for IPv6.
PROHIBITED = frozenset({(4, 3, 9), (4, 3, 10), (4, 3, 13), (6, 1, 1), (6, 1, 5), (6, 1, 6)})
#: At least this many listed addresses of unrelated operators, silent in one run, may be no coincidence of their own
#: firewalls; they are none where firewalls that one network in twenty has would make so many of them this seldom.
UNRELATED_SILENT = 3
FIREWALLED = 0.05
COINCIDENCE = 2e-4

_MECHANISM = {
    Failure.GENERIC_TIMEOUT_ERROR: Mechanism.IP_TIMEOUT,
    Failure.CONNECTION_REFUSED: Mechanism.IP_REFUSED,
    Failure.CONNECTION_RESET: Mechanism.IP_RESET,
}


def address_finding(view: View, leg: Leg) -> Finding:
    """The fact of the address layer for the leg, over the addresses a browser would use there."""
    addresses = judged_addresses(view, leg)
    tried = {a: looks for a in addresses if (looks := connects(view, leg, a))}
    if not tried:
        return Finding(fact=AddressFact.NOT_TRIED)
    facts = {address: address_fact(view, leg, address) for address in tried}
    proven = [a for a, f in facts.items() if f in (AddressFact.BLOCKED_ARTEFACT, AddressFact.BLOCKED_PROVEN)]
    fact = _combine(facts, view)
    mechanisms = tuple(dict.fromkeys(mechanism_of(tried[a][-1]) for a in proven))
    return Finding(
        fact=fact,
        mechanisms=mechanisms,
        interference=tuple(_interference(leg, a, tried[a]) for a in proven),
        suspected=tuple(dict.fromkeys(mechanism_of(tried[a][-1]) for a in tried)) if _is_open_question(fact) else (),
        grade=Grade.ARTEFACT if fact is AddressFact.BLOCKED_ARTEFACT else Grade.COUNTERFACTUAL,
        reason=_REASON.get(fact),
        artefacts=tuple(dict.fromkeys(
            f"ICMP prohibited from {look.icmp.sender}"
            for a in proven if facts[a] is AddressFact.BLOCKED_ARTEFACT
            for look in tried[a] if look.icmp is not None
        )),
        detail=_detail(tried),
    )  # fmt: skip


def judged_addresses(view: View, leg: Leg) -> tuple[str, ...]:
    """The addresses that count: the browser's own, less those that are not the site; else the site's true ones.

    The true ones are looked at where the resolver lies, because two mechanisms may act at once. While nothing proves
    its answer false, what becomes of other addresses tells nothing of what the user meets.
    """
    own = []
    for address in view.browser_addresses(leg):
        if view.is_bogon(address) and not leg.is_ip:
            continue
        own.append(address)
    real = view.real_addresses(leg)
    own_real = [a for a in own if view.plain(a) in real]
    if own_real:
        return tuple(own_real)
    false = _false_addresses(view, leg)
    return tuple(a for a in own if a not in false) or tuple(sorted(real))


def _false_addresses(view: View, leg: Leg) -> set[str]:
    false: set[str] = set()
    for dns in view.looks(leg):
        if read_reply(view, leg, dns.reply) in (Reading.BOGON, Reading.NOTICE, Reading.OTHER_SITE):
            false.update(addresses_in(dns.reply))
    return false


def connects(view: View, leg: Leg, address: str) -> list[TcpObservation]:
    """The attempts, as a browser would make them, at one address on the leg's port."""
    return [
        t
        for t in view.tcp
        if t.address == address and t.port == leg.port and t.why.test in LOOKS and t.why.place is Place.ORIGIN
    ]


def address_fact(view: View, leg: Leg, address: str) -> AddressFact:
    """What is known of one address."""
    looks = connects(view, leg, address)
    if any(look.failure is None for look in looks):
        return AddressFact.OPEN
    if _is_punished(view, leg, address, looks):
        return AddressFact.PUNISHED
    icmp = [look.icmp for look in looks if look.icmp is not None]
    prohibited = len(icmp) >= 2 and all(_is_prohibited(view, address, error) for error in icmp)
    if prohibited and is_sandwiched(view, looks):
        return AddressFact.BLOCKED_ARTEFACT
    control = view.control_tcp(leg, address)
    silent = all(look.failure is Failure.GENERIC_TIMEOUT_ERROR for look in looks)
    if control is False:
        return _dead_elsewhere(view, leg, address, looks, silent=silent)
    if len(looks) < (SILENT_ATTEMPTS if silent else 2) or not is_sandwiched(view, looks):
        return AddressFact.LOSSY if silent else AddressFact.UNPROVEN
    if control is None and not (_is_the_sites(view, leg, address) and path_proves(view, leg, address)):
        return AddressFact.NO_CONTROL
    return AddressFact.BLOCKED_PROVEN if _is_proven(view, leg, address, silent=silent) else AddressFact.UNPROVEN


def _dead_elsewhere(view: View, leg: Leg, address: str, looks: list[TcpObservation], *, silent: bool) -> AddressFact:
    """The helpers cannot connect either; yet a dead site's address can be blocked, where the path itself shows it.

    Its prefix must be in use (a near neighbour answers). Silence and "unreachable" are what any router on the way has
    for a dead host.
    """
    enough = len(looks) >= (SILENT_ATTEMPTS if silent else 2) and is_sandwiched(view, looks)
    near = any(same_prefix(address, neighbour) for neighbour in working_neighbours(view, address))
    proven = enough and near and path_proves(view, leg, address, alive=False)
    return AddressFact.BLOCKED_PROVEN if proven else AddressFact.SAME_FAILURE


def _is_the_sites(view: View, leg: Leg, address: str) -> bool:
    """Whether the address is the site's although no helper tried it: typed, proven, or given by encrypted DNS."""
    if leg.is_ip or view.plain(address) in view.proven_real(leg):
        return True
    encrypted = view.looks(leg, ResolverGroup.ENCRYPTED)
    return any(view.plain(given) == view.plain(address) for dns in encrypted for given in addresses_in(dns.reply))


def is_sandwiched(view: View, looks: list[TcpObservation]) -> bool:
    """Whether a neutral site of the same family answered after the last attempt began: the line itself was up."""
    family = family_of(looks[0].address)
    last = max(look.t0_s for look in looks)
    times = [n.t_s for n in view.line.neutral if n.ok and n.family == family]
    times += [
        t.t_s for t in view.tcp if t.why.place is Place.NEUTRAL and t.failure is None and family_of(t.address) == family
    ]
    return any(time >= last for time in times)


def _is_punished(view: View, leg: Leg, address: str, looks: list[TcpObservation]) -> bool:
    """Residual blocking: something was triggered at this place before, and has not been seen to work since."""
    began = min(look.t0_s for look in looks)
    ended = max(look.t_s for look in looks)
    return any(
        entry.address == address
        and entry.port == leg.port
        and entry.triggered_t_s < ended
        and (entry.residual_s is None or entry.triggered_t_s + entry.residual_s > began)
        for entry in view.line.ledger
    )


def _is_prohibited(view: View, address: str, icmp: Icmp) -> bool:
    """ "Prohibited" from a router on the common path: not from the far end, whose firewall may say the same."""
    return (family_of(address), icmp.type, icmp.code) in PROHIBITED and icmp.sender in common_routers(view, address)


def _is_proven(view: View, leg: Leg, address: str, *, silent: bool) -> bool:
    if not working_neighbours(view, address):
        return False
    if path_proves(view, leg, address):
        return True
    return silent and not leaves_common_path(view, address) and _unrelated_silence(view, leg, address)


def _unrelated_silence(view: View, leg: Leg, address: str) -> bool:
    """The same silence at listed addresses of unrelated operators: each of another /16 (or /32) and with another key,
    too many for the listed networks that opened meanwhile; and no helper met it at this one."""
    neighbours = working_neighbours(view, address)
    silence = Failure.GENERIC_TIMEOUT_ERROR
    answered = [t.t_s for t in view.tcp if t.address in neighbours and t.failure is not silence]
    last = max((look.t0_s for look in connects(view, leg, address)), default=0.0)
    traced = any(path.address == address for path in view.path)
    if not traced and not any(time <= last for time in answered):
        return False  # the silence may have been an outage that ended before the neighbour was asked
    entries = view.line.silent_listed
    own = next((e for e in entries if e.address == address and e.leaf_spki_sha256 is not None), None)
    if own is None or not all(view.control_connects(leg, address)):
        return False
    networks, keys = {wide_network(address)}, {own.leaf_spki_sha256}
    for entry in entries:
        key, network = entry.leaf_spki_sha256, wide_network(entry.address)
        if key is not None and key not in keys and network not in networks:
            networks.add(network)
            keys.add(key)
    silent, opened = view.line.listed_silent, view.line.listed_open
    if len(networks) < UNRELATED_SILENT or silent < len(networks):  # old records do not say how many: no proof
        return False
    return _chance_of(silent, silent + opened) < COINCIDENCE


def _chance_of(silent: int, networks: int) -> float:
    """The chance that at least so many of the networks have a firewall against this line (binomial)."""
    each = (
        lgamma(networks + 1) - lgamma(k + 1) - lgamma(networks - k + 1)
        + k * log(FIREWALLED) + (networks - k) * log1p(-FIREWALLED)
        for k in range(silent, networks + 1)
    )  # fmt: skip
    return fsum(map(exp, each))


def _combine(facts: dict[str, AddressFact], view: View) -> AddressFact:
    """One fact for all addresses: open if any is; blocked only if every usable one is proven or dead for anyone."""
    values = [f for a, f in facts.items() if view.usable(family_of(a))] or list(facts.values())
    if AddressFact.OPEN in values:
        return AddressFact.OPEN
    blocked = [f for f in values if f in (AddressFact.BLOCKED_ARTEFACT, AddressFact.BLOCKED_PROVEN)]
    rest = [f for f in values if f not in blocked and f is not AddressFact.SAME_FAILURE]
    if blocked and not rest:
        artefact = AddressFact.BLOCKED_ARTEFACT in blocked
        return AddressFact.BLOCKED_ARTEFACT if artefact else AddressFact.BLOCKED_PROVEN
    for fact in (AddressFact.PUNISHED, AddressFact.LOSSY, AddressFact.UNPROVEN, AddressFact.NO_CONTROL):
        if fact in values:
            return fact
    return AddressFact.SAME_FAILURE


def _is_open_question(fact: AddressFact) -> bool:
    return fact in (AddressFact.UNPROVEN, AddressFact.NO_CONTROL, AddressFact.LOSSY, AddressFact.PUNISHED)


_REASON = {
    AddressFact.UNPROVEN: Reason.SERVER_OR_NETWORK,
    AddressFact.NO_CONTROL: Reason.NO_CONTROL,
    AddressFact.LOSSY: Reason.LOSSY_LINE,
    AddressFact.PUNISHED: Reason.FLAPPING,
}


def mechanism_of(look: TcpObservation) -> Mechanism:
    """The mechanism that a failed connection looks like."""
    return _MECHANISM.get(look.failure or Failure.UNKNOWN_FAILURE, Mechanism.IP_UNREACHABLE)


def _interference(leg: Leg, address: str, looks: list[TcpObservation]) -> Interference:
    failed = [look for look in looks if look.failure is not None]
    return Interference(
        mechanism=mechanism_of(failed[-1]), hop=leg.hop, host=leg.host, family=family_of(address), port=leg.port,
        scope=Scope.ADDRESS, k=len(failed), n=len(looks),
    )  # fmt: skip


def _detail(tried: dict[str, list[TcpObservation]]) -> str:
    failed = [(a, looks[-1].failure) for a, looks in tried.items() if all(look.failure for look in looks)]
    return "; ".join(f"{address}: {failure}" for address, failure in failed[:3])
