"""Whether the site's addresses can be reached, and if not, whether the network or the far end is why."""

from blockprobe.model.addresses import family_of
from blockprobe.model.failure import Failure
from blockprobe.model.observation import Icmp, PathHop, PathObservation, PathReply, Place, TcpObservation, Test
from blockprobe.model.record import Interference
from blockprobe.model.words import Grade, Mechanism, Reason, Scope
from blockprobe.verdict.dns_reading import Reading, read_reply
from blockprobe.verdict.facts import AddressFact, Finding
from blockprobe.verdict.view import LOOKS, Leg, View, addresses_in

#: Silence is believed after this many connection attempts, each of three or four SYNs (DESIGN 3.5).
SILENT_ATTEMPTS = 3
#: "Administratively prohibited" in its forms: RFC 1812 5.2.7.1 for IPv4, RFC 4443 3.1 for IPv6.
PROHIBITED = frozenset({(4, 3, 9), (4, 3, 10), (4, 3, 13), (6, 1, 1), (6, 1, 5), (6, 1, 6)})
#: This many listed addresses of unrelated operators, silent in one cycle, are no coincidence of their firewalls.
UNRELATED_SILENT = 3

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
        artefacts=tuple(f"ICMP prohibited from {tried[a][-1].icmp.sender}"  # type: ignore[union-attr]  # artefact has one
                        for a in proven if facts[a] is AddressFact.BLOCKED_ARTEFACT),
        detail=_detail(tried),
    )  # fmt: skip


def judged_addresses(view: View, leg: Leg) -> tuple[str, ...]:
    """The addresses that count: the browser's own, less those that are not the site; else the site's true ones.

    The true ones are looked at even when the resolver lies, because two mechanisms may act at once.
    """
    own = []
    for address in view.browser_addresses(leg):
        if view.is_bogon(address) and not leg.is_ip:
            continue
        own.append(address)
    real = view.real_addresses(leg)
    own_real = [a for a in own if view.plain(a) in real]
    if own_real or not real:
        false = _false_addresses(view, leg) if not own_real else set()
        return tuple(own_real or [a for a in own if a not in false])
    return tuple(sorted(real))


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
    if len(icmp) >= 2 and all(_is_prohibited(view, address, error) for error in icmp):
        return AddressFact.BLOCKED_ARTEFACT
    control = view.control_tcp(leg, address)
    if control is False:
        return AddressFact.SAME_FAILURE
    silent = all(look.failure is Failure.GENERIC_TIMEOUT_ERROR for look in looks)
    if len(looks) < (SILENT_ATTEMPTS if silent else 2) or not is_sandwiched(view, looks):
        return AddressFact.LOSSY if silent else AddressFact.UNPROVEN
    if control is None and view.plain(address) not in view.proven_real(leg) and not leg.is_ip:
        return AddressFact.NO_CONTROL
    if control is None and not _path_proves(view, leg, address):
        return AddressFact.NO_CONTROL
    return AddressFact.BLOCKED_PROVEN if _is_proven(view, leg, address, silent=silent) else AddressFact.UNPROVEN


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
    """"Prohibited" from a router on the common path: not from the far end, whose firewall may say the same."""
    return (family_of(address), icmp.type, icmp.code) in PROHIBITED and icmp.sender in common_routers(view, address)


def common_routers(view: View, address: str) -> set[str]:
    """The routers that unrelated neutral targets share, of the address's family."""
    return {hop.address for hop in view.line.common_path if hop.family == family_of(address)}


def _is_proven(view: View, leg: Leg, address: str, *, silent: bool) -> bool:
    if not _neighbours_work(view, address):
        return False
    if _path_proves(view, leg, address):
        return True
    return silent and not leaves_common_path(view, address) and _unrelated_silence(view, address)


def _neighbours_work(view: View, address: str) -> bool:
    """A neighbour of the prefix answers here; a refusal by the neighbour itself is an answer too."""
    family = family_of(address)
    answers = (None, Failure.CONNECTION_REFUSED)
    return any(
        t.why.place is Place.NEIGHBOUR and family_of(t.address) == family and t.failure in answers for t in view.tcp
    )


def _path_proves(view: View, leg: Leg, address: str) -> bool:
    """Whether the common path itself drops, resets or rejects what goes to the address."""
    ours = [p for p in view.path if p.address == address and p.port == leg.port and p.carrying == "syn"]
    others = [p for p in view.path if p.why.place in (Place.NEIGHBOUR, Place.NEUTRAL) and p.carrying == "syn"]
    family = family_of(address)
    others = [p for p in others if family_of(p.address) == family]
    routers = common_routers(view, address)
    for hop in view.line.common_path:
        if hop.family != family:
            continue
        shown = [h for p in others for h in p.hops if h.ttl == hop.ttl]
        answers = any(_all_exceeded(h, routers) for h in shown)
        mine = [h for p in ours for h in p.hops if h.ttl == hop.ttl]
        if answers and mine and _withheld(mine):
            return True
        if mine and _answered_early(mine, routers):
            return True
    return False


def leaves_common_path(view: View, address: str) -> bool:
    """Whether a packet to the address was seen to pass the whole common path: then what stops it is farther out."""
    family = family_of(address)
    last = max((hop.ttl for hop in view.line.common_path if hop.family == family), default=None)
    routers = common_routers(view, address)
    return any(
        reply is PathReply.TIME_EXCEEDED and sender in routers
        for path in view.path
        if path.address == address and path.carrying == "syn"
        for hop in path.hops
        if hop.ttl == last
        for reply, sender in zip(hop.replies, hop.senders, strict=True)
    )


def _all_exceeded(hop: PathHop, routers: set[str]) -> bool:
    """Three of three "time exceeded", from a router of the common path."""
    exceeded = len(hop.replies) >= 3 and all(reply is PathReply.TIME_EXCEEDED for reply in hop.replies)
    return exceeded and all(sender in routers for sender in hop.senders)


def _withheld(hops: list[PathHop]) -> bool:
    """Never an answer at this hop limit, over at least three packets."""
    replies = [reply for hop in hops for reply in hop.replies]
    return len(replies) >= 3 and all(reply is PathReply.NONE for reply in replies)


def _answered_early(hops: list[PathHop], routers: set[str]) -> bool:
    """A reset or rejection at a hop limit that cannot reach beyond the common path; losses apart, every time."""
    heard = [
        (reply, sender)
        for hop in hops
        for reply, sender in zip(hop.replies, hop.senders, strict=True)
        if reply is not PathReply.NONE
    ]
    resets = [reply for reply, _ in heard if reply in (PathReply.REFUSED, PathReply.RESET)]
    rejections = [
        reply for reply, sender in heard
        if reply in (PathReply.PROHIBITED, PathReply.UNREACHABLE) and sender in routers
    ]  # fmt: skip
    return len(heard) >= 2 and (len(resets) == len(heard) or len(rejections) == len(heard))


def _unrelated_silence(view: View, address: str) -> bool:
    """The same silence at listed addresses of unrelated operators: other /16s (or /32s) and other keys."""
    silent = {entry.address: entry.leaf_spki_sha256 for entry in view.line.silent_listed}
    if address not in silent:
        return False
    networks = {_network(entry) for entry in silent}
    keys = {key for key in silent.values() if key is not None}
    return len(networks) >= UNRELATED_SILENT and len(keys) >= UNRELATED_SILENT


def _network(address: str) -> str:
    return ":".join(address.split(":")[:2]) if ":" in address else ".".join(address.split(".")[:2])


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


__all__ = ["PathObservation", "Test", "address_finding", "judged_addresses"]
