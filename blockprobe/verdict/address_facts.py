"""Whether the site's addresses can be reached, and if not, whether the network or the far end is why."""

from ipaddress import ip_address

from blockprobe.model.addresses import family_of
from blockprobe.model.failure import Failure
from blockprobe.model.observation import Icmp, PathHop, PathReply, Place, ResolverGroup, TcpObservation
from blockprobe.model.record import Interference
from blockprobe.model.words import Grade, Mechanism, Reason, Scope
from blockprobe.verdict.dns_reading import Reading, read_reply
from blockprobe.verdict.facts import AddressFact, Finding
from blockprobe.verdict.view import LOOKS, Leg, View, addresses_in

#: Silence is believed after this many connection attempts, each of three or four SYNs (DESIGN 3.5).
SILENT_ATTEMPTS = 3
#: "Administratively prohibited" in its forms: RFC 1812 5.2.7.1 for IPv4, RFC 4443 3.1 for IPv6.
PROHIBITED = frozenset({(4, 3, 9), (4, 3, 10), (4, 3, 13), (6, 1, 1), (6, 1, 5), (6, 1, 6)})
#: A router's silence about the target is believed after so many packets: 6e-5 where 10 % are lost each way.
WITHHELD_PACKETS = 6
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
    if control is None and not (_is_the_sites(view, leg, address) and _path_proves(view, leg, address)):
        return AddressFact.NO_CONTROL
    return AddressFact.BLOCKED_PROVEN if _is_proven(view, leg, address, silent=silent) else AddressFact.UNPROVEN


def _dead_elsewhere(
    view: View, leg: Leg, address: str, looks: list[TcpObservation], *, silent: bool
) -> AddressFact:
    """The helpers cannot connect either; yet a dead site's address can be blocked, where the path itself shows it.

    Its prefix must be in use (a near neighbour answers), and "unreachable" is what any router says of a dead host.
    """
    enough = len(looks) >= (SILENT_ATTEMPTS if silent else 2) and is_sandwiched(view, looks)
    near = any(same_prefix(address, neighbour) for neighbour in working_neighbours(view, address))
    proven = enough and near and _path_proves(view, leg, address, unreachable_counts=False)
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
    """"Prohibited" from a router on the common path: not from the far end, whose firewall may say the same."""
    return (family_of(address), icmp.type, icmp.code) in PROHIBITED and icmp.sender in common_routers(view, address)


def common_routers(view: View, address: str) -> set[str]:
    """The routers that unrelated neutral targets share, of the address's family."""
    return {hop.address for hop in view.line.common_path if hop.family == family_of(address)}


def _is_proven(view: View, leg: Leg, address: str, *, silent: bool) -> bool:
    if not working_neighbours(view, address):
        return False
    if _path_proves(view, leg, address):
        return True
    return silent and not leaves_common_path(view, address) and _unrelated_silence(view, leg, address)


def working_neighbours(view: View, address: str) -> set[str]:
    """Neighbours of this very address that answer here; a refusal by the neighbour itself is an answer too."""
    answers = (None, Failure.CONNECTION_REFUSED)
    return {
        t.address
        for t in view.tcp
        if t.why.place is Place.NEIGHBOUR and t.failure in answers and _is_neighbour(address, t.address)
    }


def _is_neighbour(address: str, other: str) -> bool:
    """As near as neighbours are looked for: the same /21 of IPv4, the same /60 of IPv6."""
    return _same_bits(address, other, 21, 60)


def same_prefix(address: str, other: str) -> bool:
    """Whether the two share the smallest prefix that networks announce to each other (/24), or an IPv6 link (/64)."""
    return _same_bits(address, other, 24, 64)


def _same_bits(one: str, other: str, bits4: int, bits6: int) -> bool:
    first, second = ip_address(one), ip_address(other)
    if first.version != second.version:
        return False
    shift = 32 - bits4 if first.version == 4 else 128 - bits6
    return int(first) >> shift == int(second) >> shift


def _path_proves(view: View, leg: Leg, address: str, *, unreachable_counts: bool = True) -> bool:
    """Whether the common path itself drops, resets or rejects what goes to the address.

    Only where a neighbour's packets with the same hop limit expire at the common path's router: else the target may
    stand inside this very network, so near that its own firewall answers.
    """
    ours = [p for p in view.path if p.address == address and p.port == leg.port and p.carrying == "syn"]
    neighbours = [p for p in view.path if p.carrying == "syn" and p.why.place is Place.NEIGHBOUR]
    neighbours = [p for p in neighbours if _is_neighbour(address, p.address)]
    near = any(same_prefix(address, neighbour) for neighbour in working_neighbours(view, address))
    routers = common_routers(view, address)
    for hop in view.line.common_path:
        mine = [h for p in ours for h in p.hops if h.ttl == hop.ttl]
        shown = [h for p in neighbours for h in p.hops if h.ttl == hop.ttl]
        if hop.family != family_of(address) or not mine or not shown:
            continue
        if any(_all_exceeded(h, routers) for h in shown) and _withheld(mine) and not leaves_common_path(view, address):
            return True
        expired = any(r is PathReply.TIME_EXCEEDED for h in shown for r in h.replies)
        if expired and _answered_early(mine, routers, unreachable_counts=unreachable_counts and near):
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
    """Never an answer at this hop limit, over so many packets that loss cannot explain it."""
    replies = [reply for hop in hops for reply in hop.replies]
    return len(replies) >= WITHHELD_PACKETS and all(reply is PathReply.NONE for reply in replies)


def _answered_early(hops: list[PathHop], routers: set[str], *, unreachable_counts: bool) -> bool:
    """A reset or rejection at a hop limit that cannot reach beyond the common path; losses apart, every time.

    "Unreachable" counts only beside a neighbour of the same prefix that is reached: a withdrawn route says so as well.
    """
    rejecting = {PathReply.PROHIBITED} | ({PathReply.UNREACHABLE} if unreachable_counts else set())
    heard = [
        (reply, sender)
        for hop in hops
        for reply, sender in zip(hop.replies, hop.senders, strict=True)
        if reply is not PathReply.NONE
    ]
    resets = [reply for reply, _ in heard if reply in (PathReply.REFUSED, PathReply.RESET)]
    rejections = [
        reply for reply, sender in heard
        if reply in rejecting and sender in routers
    ]  # fmt: skip
    return len(heard) >= 2 and (len(resets) == len(heard) or len(rejections) == len(heard))


def _unrelated_silence(view: View, leg: Leg, address: str) -> bool:
    """The same silence at listed addresses of unrelated operators: each of another /16 (or /32) and with another key;
    and no helper met it at this one."""
    entries = view.line.silent_listed
    own = next((e for e in entries if e.address == address and e.leaf_spki_sha256 is not None), None)
    if own is None or not all(view.control_connects(leg, address)):
        return False
    networks, keys = {_network(address)}, {own.leaf_spki_sha256}
    for entry in entries:
        key, network = entry.leaf_spki_sha256, _network(entry.address)
        if key is not None and key not in keys and network not in networks:
            networks.add(network)
            keys.add(key)
    return len(networks) >= UNRELATED_SILENT


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
