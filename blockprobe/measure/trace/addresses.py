"""Which addresses of the target are traced: one a family, of resolvers whom nobody on the way can answer for first."""

import asyncio
from collections.abc import Sequence
from typing import Literal

from blockprobe.measure.shared import Shared
from blockprobe.model.addresses import family_of
from blockprobe.model.observation import Place, Test, Why
from blockprobe.model.record import Target
from blockprobe.net.dns import Question
from blockprobe.net.resolver import Resolver
from blockprobe.net.session import Session
from blockprobe.verdict.leg import addresses_in

Family = Literal[4, 6]
_WHY = Why(test=Test.PATH, place=Place.RESOLVER)


async def find_addresses(
    shared: Shared, session: Session, target: Target, families: Sequence[Family], notes: list[str]
) -> list[str]:
    """The operator's address, or one of each wanted family that works on this line; `notes` gets what is missing."""
    literal = target.ip or (target.host if family_of(target.host) else None)
    if literal is not None:
        return [literal]
    found: dict[int, str] = {}
    for resolver in (*shared.encrypted, *shared.public, *shared.own):
        missing = [family for family in families if family not in found]
        for address in await _look_up(shared, session, resolver, [(target.host, family) for family in missing]):
            found.setdefault(family_of(address) or 4, address)
    if not found:
        notes.append(f"{target.host}: no resolver gave an address; give one with --ip")
    return [found[family] for family in families if family in found and _is_usable(shared, family, notes)]


async def _look_up(
    shared: Shared, session: Session, resolver: Resolver, wanted: Sequence[tuple[str, Family]]
) -> list[str]:
    """The first address of each family that this resolver gives."""
    questions = [Question(qname=host, qtype="A" if family == 4 else "AAAA") for host, family in wanted]
    answers = await asyncio.gather(*(shared.dns.query(session, _WHY, resolver, one) for one in questions))
    return [address for answer in answers for address in addresses_in(answer.reply)[:1]]


def _is_usable(shared: Shared, family: int, notes: list[str]) -> bool:
    """Whether the family works on this line, as far as its check could tell."""
    usable = shared.line.families.get(str(family)) is not False
    if not usable:
        notes.append(f"IPv{family} does not work on this line (no neutral site answers); it was not traced")
    return usable
