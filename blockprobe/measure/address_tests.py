"""Counterfactuals for addresses: neighbours, and packets that die on the common path."""

import asyncio
from ipaddress import IPv4Address, IPv6Address, ip_address

from blockprobe.measure.case import Case
from blockprobe.measure.look import connect_once
from blockprobe.model.addresses import family_of
from blockprobe.model.failure import Failure
from blockprobe.model.line import SilentListed
from blockprobe.model.observation import Place, Test, Why
from blockprobe.model.words import Layer
from blockprobe.net.path import trace_syn
from blockprobe.net.tcp import Endpoint
from blockprobe.verdict.address_facts import address_fact, connects, judged_addresses
from blockprobe.verdict.address_path import leaves_common_path, working_neighbours
from blockprobe.verdict.facts import AddressFact
from blockprobe.verdict.leg import Leg
from blockprobe.verdict.view import View

#: A neighbour is only ever connected to, and at most this many are (docs/method.md, 3.4).
MAX_NEIGHBOURS = 3
#: Rounds of three packets at each hop limit, where a loss spoils "three of three".
PATH_ROUNDS = 3
#: Rounds while the last attempt still waits: six packets are what silence needs (verdict.address_path).
EARLY_ROUNDS = 2
#: Addresses of one leg that are tested this thoroughly.
MAX_TESTED = 4


def in_doubt(view: View, leg: Leg) -> list[str]:
    """The addresses of the leg that were tried and did not open."""
    tried = [a for a in judged_addresses(view, leg) if connects(view, leg, a)]
    return [a for a in tried if address_fact(view, leg, a) is not AddressFact.OPEN]


def none_opens(view: View, leg: Leg) -> bool:
    """Whether every address that was tried stayed shut."""
    tried = [a for a in judged_addresses(view, leg) if connects(view, leg, a)]
    return bool(tried) and len(in_doubt(view, leg)) == len(tried)


async def test_addresses(case: Case, leg: Leg, addresses: list[str]) -> None:
    """Everything that tells an ISP's filter from a firewall at the far end, for the addresses that did not open."""
    addresses = addresses[:MAX_TESTED]
    families = {family_of(address) or 4 for address in addresses}
    await asyncio.gather(*(case.neutral_connects(family) for family in families))
    await asyncio.gather(*(_test_one(case, leg, address) for address in addresses))


async def _test_one(case: Case, leg: Leg, address: str) -> None:
    place = (address, leg.port)
    if case.shared.ledger.is_hot(place) and await _came_back(case, leg, address):
        return
    foreseen = await case.early(Layer.IP, leg, address)
    if not foreseen and not await _neighbours(case, leg, address):
        return
    if not _has_path(case, address):
        # No path can speak; the crowd may, but only of a silence that outlasted the neighbour's answer.
        _, stream = await connect_once(case, leg, address, case.shared.settings.limits.attempts)
        if stream is not None:
            stream.reset()
            return
        await case.neutral_connects(family_of(address) or 4)
    if not foreseen or _is_open_question(case, leg, address):
        for _ in range(PATH_ROUNDS):
            await _trace(case, leg, address)
            if not _is_open_question(case, leg, address):
                break
    _tell_crowd(case, leg, address)


async def test_early(case: Case, leg: Leg, address: str) -> bool:
    """While the last attempt is still silent: a neighbour, and as many packets that die on the way as silence needs.

    Whether a neighbour answered.
    """
    if address not in judged_addresses(case.view(), leg) or case.shared.ledger.is_hot((address, leg.port)):
        return False
    if not await _neighbours(case, leg, address):
        return False
    if _has_path(case, address):
        for _ in range(EARLY_ROUNDS):
            await _trace(case, leg, address)
            if leaves_common_path(case.view(), address):
                break
    return True


def _has_path(case: Case, address: str) -> bool:
    """Whether the common path is known in the address's family."""
    return any(hop.family == family_of(address) for hop in case.shared.line.common_path)


def _is_open_question(case: Case, leg: Leg, address: str) -> bool:
    """Whether more packets along the path could tell more."""
    view = case.view()
    fact = address_fact(view, leg, address)
    return fact in (AddressFact.UNPROVEN, AddressFact.SAME_FAILURE) and not leaves_common_path(view, address)


async def _came_back(case: Case, leg: Leg, address: str) -> bool:
    """Wait until a punished place works again, then look once more; true when it opens."""
    ledger = case.shared.ledger
    opened = await ledger.recover((address, leg.port), lambda: _opens(case, leg, address))
    if not opened:
        return False
    _, stream = await connect_once(case, leg, address, 1)
    if stream is not None:
        stream.reset()
    return stream is not None


async def _opens(case: Case, leg: Leg, address: str) -> bool:
    why = Why(test=Test.RECOVERY, place=Place.ORIGIN, listed=False, hop=leg.hop)
    _, stream = await case.connect(why, address, leg.port, host=leg.host)
    if stream is not None:
        stream.reset()
    return stream is not None


async def _neighbours(case: Case, leg: Leg, address: str) -> bool:
    """Connect to neighbours until one answers; a refusal is an answer."""
    why = Why(test=Test.NEIGHBOUR, place=Place.NEIGHBOUR, listed=False, hop=leg.hop)
    for neighbour in neighbours_of(address):
        observation, stream = await case.connect(why, neighbour, leg.port)
        if stream is not None:
            stream.reset()
        if observation.failure in (None, Failure.CONNECTION_REFUSED):
            return True
    return False


def neighbours_of(address: str) -> list[str]:
    """Up to MAX_NEIGHBOURS other addresses: in the same /24 (or /64), in the next one, and in one further off.

    A whole /24 may be dropped, so that only those beyond it can answer.
    """
    parsed = ip_address(address)
    number = int(parsed)
    if isinstance(parsed, IPv6Address):
        return [str(IPv6Address(n)) for n in (number ^ 1, number ^ (1 << 64), number ^ (1 << 66))][:MAX_NEIGHBOURS]
    near = number + 1 if number % 256 < 250 else number - 1
    return [str(IPv4Address(n)) for n in (near, number ^ 256, number ^ 1024) if n][:MAX_NEIGHBOURS]


async def _trace(case: Case, leg: Leg, address: str) -> None:
    """Three SYNs at each hop limit of the common path, to the target and to a neighbour that answers."""
    family = family_of(address)
    ttls = [hop.ttl for hop in case.shared.line.common_path if hop.family == family]
    if not ttls:
        return
    neighbour = min(working_neighbours(case.view(), address), default=None)
    pairs = [(address, Place.ORIGIN, True)]
    if neighbour is not None:
        pairs.append((neighbour, Place.NEIGHBOUR, False))
    paths = await asyncio.gather(*(
        trace_syn(case.session, Why(test=Test.PATH, place=place, listed=listed, hop=leg.hop),
                  Endpoint(address=where, port=leg.port), ttls)
        for where, place, listed in pairs
    ))  # fmt: skip
    for path in paths:
        case.note(path)


def _tell_crowd(case: Case, leg: Leg, address: str) -> None:
    """Remember a silent listed address whose neighbours answer: several of unrelated operators prove each other."""
    view = case.view()
    silent = all(look.failure is Failure.GENERIC_TIMEOUT_ERROR for look in connects(view, leg, address))
    control = view.control_tls(leg, address)
    if silent and view.control_tcp(leg, address) and not leaves_common_path(view, address):
        case.shared.crowd.silent[address] = SilentListed(
            address=address, host=leg.host, leaf_spki_sha256=control.spki_sha256 if control else None
        )
