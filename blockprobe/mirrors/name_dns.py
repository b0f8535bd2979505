"""DNS checks of candidates before anything is fetched: does the name exist, and is somebody's site behind it?

Four or five questions a name: its address from a resolver that is not the line's (an encrypted one, if there is one)
and from the line's own, kept apart; its name servers; a random label below it; and, once a suffix, a random sibling.
"""

import asyncio
import secrets
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass, field

from blockprobe.mirrors.name_state import NO_ANSWER, NXDOMAIN, NameFacts, look_of
from blockprobe.mirrors.suffixes import registrable
from blockprobe.model.addresses import is_bogon
from blockprobe.model.mirror import NameAnswer, NameLook
from blockprobe.model.name_service import NameService, service_of
from blockprobe.model.observation import DnsObservation, Place, Test, Why
from blockprobe.net.dns import DnsClient, Question
from blockprobe.net.resolver import Resolver
from blockprobe.net.session import Session

#: Names looked at together; each has at most two questions under way at one resolver.
CONCURRENCY = 32
_LOOK = Why(test=Test.LOOK, place=Place.RESOLVER)
_RANDOM = Why(test=Test.NONCE_LABEL, place=Place.RESOLVER, listed=False)


@dataclass(slots=True, kw_only=True)
class NameResolver:
    """Looks names up. `outside` are resolvers that are not the line's, the most trusted first; `line` the line's own.

    `public` are reserved ranges that count as public (laboratories).
    """

    dns: DnsClient
    session: Session
    outside: tuple[Resolver, ...]
    line: tuple[Resolver, ...]
    services: tuple[NameService, ...]
    public: tuple[str, ...] = ()
    _siblings: dict[str, "asyncio.Task[tuple[str, ...] | None]"] = field(default_factory=dict)

    async def bootstrap(self) -> None:
        """Look up encrypted resolvers that are known by name only; a lie there is found by their certificate."""
        known = []
        for resolver in self.outside:
            if not resolver.address and resolver.server_name and self.line:
                answer = await self._ask(self.line[0], resolver.server_name)
                resolver = resolver.with_address(answer.addresses[0]) if answer.addresses else resolver
            known.append(resolver)
        self.outside = tuple(known)

    async def look(self, name: str) -> NameLook:
        """Everything about one name; never raises for what the network did."""
        (outside, resolver), line = await asyncio.gather(self._outside(name), self._line(name))
        facts = NameFacts(
            name=name,
            outside=outside,
            encrypted=resolver is not None and resolver.encrypted and outside is not None,
            line=line,
        )
        if outside is not None and resolver is not None and outside.failure != NXDOMAIN:
            facts = await self._more(facts, outside, resolver)
        return look_of(facts, self._is_bogon)

    async def look_all(self, names: Iterable[str]) -> AsyncIterator[NameLook]:
        """Each name's look as it is done, CONCURRENCY at a time; names are taken as places come free."""
        waiting = iter(names)
        running: set[asyncio.Task[NameLook]] = set()
        try:
            while True:
                while len(running) < CONCURRENCY and (name := next(waiting, None)) is not None:
                    running.add(asyncio.ensure_future(self.look(name)))
                if not running:
                    return
                done, running = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
                for task in done:
                    yield task.result()
        finally:
            for task in running:
                task.cancel()

    async def _outside(self, name: str) -> tuple[NameAnswer | None, Resolver | None]:
        """The first resolver's answer that is one; else the last failure."""
        answer, resolver = None, None
        for resolver in self.outside:
            answer = await self._ask(resolver, name)
            if answer.failure in (None, NXDOMAIN, NO_ANSWER) or answer.failure == "dns_servfail_error":
                return answer, resolver
        return answer, resolver

    async def _line(self, name: str) -> NameAnswer | None:
        return await self._ask(self.line[0], name) if self.line else None

    async def _more(self, facts: NameFacts, outside: NameAnswer, resolver: Resolver) -> NameFacts:
        domain = registrable(facts.name) or facts.name
        servers, below, sibling = await asyncio.gather(
            self._name_servers(resolver, domain),
            self._random(resolver, facts.name),
            self._sibling(resolver, domain.partition(".")[2]),
        )
        return NameFacts(
            name=facts.name,
            outside=outside,
            encrypted=facts.encrypted,
            line=facts.line,
            sibling=sibling,
            below=below,
            service=service_of(self.services, name_servers=servers, aliases=outside.aliases),
        )

    async def _ask(self, resolver: Resolver, name: str, why: Why = _LOOK) -> NameAnswer:
        """Both families together: NXDOMAIN and failures are told by A, an address by either."""
        seen = await self.dns.query_many(
            self.session, why, resolver, [Question(qname=name, qtype=qtype) for qtype in ("A", "AAAA")]
        )
        addresses = tuple(dict.fromkeys(value for one in seen for value in _values(one, ("A", "AAAA"))))
        aliases = tuple(dict.fromkeys(_host(value) for one in seen for value in _values(one, ("CNAME",))))
        failures = [one.failure.value for one in seen if one.failure is not None]
        told = None if addresses else _told(failures)
        return NameAnswer(resolver=resolver.url, failure=told, addresses=addresses, aliases=aliases)

    async def _name_servers(self, resolver: Resolver, domain: str) -> tuple[str, ...]:
        (seen,) = await self.dns.query_many(self.session, _LOOK, resolver, [Question(qname=domain, qtype="NS")])
        return tuple(_host(value) for value in _values(seen, ("NS",)))

    async def _random(self, resolver: Resolver, parent: str) -> tuple[str, ...] | None:
        """The addresses of a random label below `parent`: () for none, None where that did not become clear."""
        label = f"x{secrets.token_hex(8)}"
        if len(parent) + len(label) + 1 > 253:
            return None
        answer = await self._ask(resolver, f"{label}.{parent}", _RANDOM)
        return answer.addresses if answer.failure in (None, NXDOMAIN, NO_ANSWER) else None

    async def _sibling(self, resolver: Resolver, suffix: str) -> tuple[str, ...] | None:
        if suffix not in self._siblings:
            self._siblings[suffix] = asyncio.ensure_future(self._random(resolver, suffix))
        return await asyncio.shield(self._siblings[suffix])

    def _is_bogon(self, address: str) -> bool:
        return is_bogon(address, self.public)


def _values(seen: DnsObservation, types: tuple[str, ...]) -> list[str]:
    return [record.value for record in seen.reply.answers if record.type in types] if seen.reply else []


def _told(failures: list[str]) -> str:
    """One word for two failures: no such name is said by one of them, no address only by both."""
    if NXDOMAIN in failures:
        return NXDOMAIN
    return next((failure for failure in failures if failure != NO_ANSWER), NO_ANSWER)


def _host(value: str) -> str:
    return value.lower().removesuffix(".")
