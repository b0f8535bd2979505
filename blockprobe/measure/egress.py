"""Which machine really asks when this line asks a resolver: one question each into the helper's delegated zone."""

import asyncio

from blockprobe.measure.case import Case
from blockprobe.model.line import ResolverEgress
from blockprobe.model.observation import Place, Test, Why
from blockprobe.net import echo, egress
from blockprobe.net.dns import Question
from blockprobe.net.resolver import Resolver

_WHY = Why(test=Test.ECHO, place=Place.RESOLVER, listed=False)


async def find_egress(case: Case) -> tuple[ResolverEgress, ...]:
    """Who asked the helper for each resolver of the line; nothing without a zone, a live key or a signed answer."""
    zone, key = case.shared.settings.helper.zone, case.shared.key()
    if zone is None or key is None:
        return ()
    asked = (*case.shared.own, *case.shared.public, *case.shared.encrypted)
    found = await asyncio.gather(*(_egress_of(case, resolver, zone, key) for resolver in asked))
    return tuple(one for several in found for one in several)


async def _egress_of(case: Case, resolver: Resolver, zone: str, key: echo.EchoKey) -> list[ResolverEgress]:
    nonce = echo.new_nonce()
    qname = f"{egress.label_of(key, nonce)}.{zone.removesuffix('.')}"
    observation = await case.ask(_WHY, resolver, Question(qname=qname, qtype="TXT"))
    records = observation.reply.answers if observation.reply is not None else ()
    for record in records:
        sighting = egress.read_sighting(key, qname, nonce, record.value) if record.type == "TXT" else None
        if sighting is not None:
            return [_as_seen(resolver, asker, key.client) for asker in sighting.askers]
    return []


def _as_seen(resolver: Resolver, asker: egress.Asker, own: str) -> ResolverEgress:
    """Without what names this line: its own address, and the part of it that a resolver passed on."""
    return ResolverEgress(
        resolver=resolver.url,
        address=None if asker.address == own else asker.address,
        transport=asker.transport,
        edns_bytes=asker.edns_bytes,
        ecs_bits=None if asker.ecs is None else int(asker.ecs.rpartition("/")[2]),
    )
