"""What one record says, as far as histories and orders are concerned."""

import ipaddress
from collections.abc import Iterable

from blockprobe.model.addresses import is_bogon
from blockprobe.model.history import Seen
from blockprobe.model.observation import DnsObservation, ResolverGroup
from blockprobe.model.order import Network
from blockprobe.model.record import Interference, Record
from blockprobe.model.words import AttributionBy, AttributionCause, Layer, Mechanism, State
from blockprobe.verdict.dns_reading import server_of

#: RFC 8914, 4.18: filtered because the client asked for it. Never an order's doing.
EDE_FILTERED = 17

_NOT_BY_ORDER = (AttributionCause.PARENTAL, AttributionCause.MALWARE)
_NOT_BY_NETWORK = (AttributionBy.LOCAL, AttributionBy.CPE)
_INJECTED = "dns.injection"


def seen_of(record: Record, network: Network | None = None) -> Seen:
    """What the record says. `network` is the line's, where the catalogue knows it: its published resolvers tell whose
    answers these were."""
    verdict = record.verdict
    return Seen(
        record=record.id,
        at=record.measured_at,
        took_s=record.runtime_s,
        state=verdict.state,
        mechanisms=verdict.mechanisms,
        suspected=verdict.suspected,
        implemented_by=_implemented_by(record, network),
        reasons=verdict.reasons,
        by=verdict.attribution.by,
        cause=verdict.attribution.cause,
        not_by_order=not_by_order(record),
        via_redirect=verdict.via_redirect,
        parity_gap=verdict.parity_gap,
        partial=verdict.partial,
        own_resolver=own_resolver(record, network),
    )


def own_resolver(record: Record, network: Network | None) -> bool | None:
    """Whether the answers came from the provider's own resolver; None where that cannot be told.

    It cannot where the provider publishes none, where somebody on the path answers in the resolver's place, and behind
    a forwarder in the home, which does not say whom it asks.
    """
    asked = [address for address in map(_address, record.vantage.resolvers) if address is not None]
    if not asked or record.line.intercepted or network is None or not network.resolvers:
        return None
    published = _published(network)
    if any(address in published for address in asked):
        return True
    return None if any(is_bogon(address, record.line.public) for address in asked) else False  # a forwarder


def not_by_order(record: Record) -> bool:
    """A filter of the customer's, on the line or in the home: it neither proves nor refutes that an order is obeyed."""
    said = record.verdict.attribution
    if said.cause in _NOT_BY_ORDER or said.by in _NOT_BY_NETWORK:
        return True
    by_dns = any(one.mechanism.layer is Layer.DNS and one.hop == 0 for one in record.verdict.interference)
    return by_dns and any(_says_filtered(one) for one in record.observations if isinstance(one, DnsObservation))


def _says_filtered(dns: DnsObservation) -> bool:
    asked = dns.group is ResolverGroup.ISP and dns.why.listed and dns.why.hop == 0
    return asked and dns.reply is not None and any(ede.code == EDE_FILTERED for ede in dns.reply.ede)


def _implemented_by(record: Record, network: Network | None) -> tuple[Mechanism, ...]:
    """What keeps users of the provider's own service from the target itself: hop 0, and not a redirect's place.

    Where the target opened, only a lie counts that one of the provider's resolvers tells always and for every family:
    what a browser gets around by itself is a gap.
    """
    verdict = record.verdict
    if verdict.via_redirect or not_by_order(record):
        return ()
    if verdict.state is State.INCONCLUSIVE:
        return ()
    own = None if network is None or not network.resolvers else _published(network)
    lies = [one for one in verdict.interference if _is_lie(one) and _told_by(one, own, record.line.public)]
    if verdict.state is not State.BLOCKED:
        return _complete(lies, record.vantage.families)
    told = {one.mechanism for one in lies}
    foreign = {one.mechanism for one in verdict.interference if _is_lie(one)} - told
    return tuple(m for m in verdict.mechanisms if m is not Mechanism.DNS_INTERCEPTED and m not in foreign)


def _is_lie(one: Interference) -> bool:
    """False words of a resolver; an answer that is made up on the path is the network's, whoever was asked."""
    dns = one.mechanism.layer is Layer.DNS and one.mechanism is not Mechanism.DNS_INTERCEPTED
    return dns and one.hop == 0 and one.resolver is not None and not one.mechanism.value.startswith(_INJECTED)


def _told_by(lie: Interference, own: frozenset[str] | None, public: tuple[str, ...]) -> bool:
    """By one of the provider's resolvers, or by a forwarder in the home, which asks them unless somebody changed it."""
    address = None if lie.resolver is None else _address(server_of(lie.resolver))
    return own is None or address is None or address in own or is_bogon(address, public)


def _complete(lies: Iterable[Interference], families: tuple[int, ...]) -> tuple[Mechanism, ...]:
    """The lies of a resolver that withholds every family which the line can use, in every attempt."""
    by_resolver: dict[str | None, list[Interference]] = {}
    for lie in lies:
        if lie.k == lie.n:
            by_resolver.setdefault(lie.resolver, []).append(lie)
    needed = set(families) or {4}
    told = [own for own in by_resolver.values() if needed <= {lie.family for lie in own}]
    return tuple(dict.fromkeys(lie.mechanism for own in told for lie in own))


def _published(network: Network) -> frozenset[str]:
    return frozenset(address for address in map(_address, network.resolvers) if address is not None)


def _address(text: str) -> str | None:
    """The address in its one spelling; None of a name."""
    try:
        return str(ipaddress.ip_address(text.strip("[]").partition("%")[0]))
    except ValueError:
        return None
