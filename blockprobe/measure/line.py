"""The line itself: families, portal, clock, NAT64, interception, and the path that unrelated sites share."""

import asyncio
import statistics
from dataclasses import replace
from email.utils import parsedate_to_datetime
from ipaddress import IPv6Address
from pathlib import Path
from urllib.parse import urlsplit

from blockprobe.measure.case import Case
from blockprobe.measure.echoes import echoes_at
from blockprobe.measure.egress import find_egress
from blockprobe.measure.look import over_tcp
from blockprobe.measure.persist import persist
from blockprobe.measure.shared import NeutralSite, Shared
from blockprobe.model.addresses import family_of
from blockprobe.model.line import Line, NeutralCheck, RouterHop
from blockprobe.model.observation import HttpObservation, PathReply, Place, ResolverGroup, Test, TlsObservation, Why
from blockprobe.model.record import Target, Vantage
from blockprobe.net.dns import Question
from blockprobe.net.http import Request
from blockprobe.net.path import trace_syn
from blockprobe.net.resolver import Resolver, parse_resolver
from blockprobe.net.tcp import Endpoint
from blockprobe.net.tls import Hello
from blockprobe.verdict.leg import addresses_in

#: The common path is only believed when this many neutral targets share it (docs/method.md, 1.1).
MIN_SHARING = 5
#: How far out common routers are looked for.
MAX_TTL = 8
#: How long an address that runs no resolver is listened to (seconds).
SILENT_WAIT_S = 1.2
#: One attempt at a neutral site (seconds): six sites make up for what is lost.
NEUTRAL_TIMEOUT_S = 2.5
#: Neutral sites whose pages are fetched; all of them are traced.
FETCHED = 2
_WHY = Why(test=Test.NEUTRAL, place=Place.NEUTRAL, listed=False)


class LineCheck:
    """One check of the line; its observations are kept in `case`, apart from any target's."""

    def __init__(self, shared: Shared) -> None:
        self.shared = shared
        self.case = Case(shared, Target(input="line", url="", host=""), Vantage(), "line")
        if len(shared.settings.controls.neutral) >= MIN_SHARING:
            self.case.session = replace(self.case.session, timeout_s=NEUTRAL_TIMEOUT_S)

    async def begin(self) -> None:
        """What every measurement needs, in a few round trips: families, portal, clock, NAT64; into `shared.line`."""
        await self._find_encrypted()
        await asyncio.gather(self._find_neutral(), self._find_echoes())
        await asyncio.gather(self._fetch_neutral(), self._detect_nat64(), self._ask_helper())
        shared = self.shared
        shared.line = replace(
            shared.line,
            checked_at=shared.clock.now(),
            public=shared.settings.addresses.public,
            families=self._families(),
            portal=self._portal(),
            clock_offset_s=self._clock_offset(),
            mtu=_mtu(),
        )

    async def complete(self) -> Line:
        """What only a doubtful target needs, and what waits for silence: interception and the common path."""
        path, egress, _ = await asyncio.gather(self._common_path(), find_egress(self.case), self._detect_interception())
        self.shared.egress = egress
        self.shared.line = replace(self.shared.line, common_path=path)
        await self.case.finish()
        return self.shared.line

    # -- neutral sites and echoes --------------------------------------------------------------------------------

    async def _find_encrypted(self) -> None:
        """Look up the resolvers that are known by name alone (RFC 8484, 3); one that nobody can find is left out."""
        known = [resolver for resolver in self.shared.encrypted if resolver.address]
        named = [resolver for resolver in self.shared.encrypted if not resolver.address]
        self.shared.encrypted = tuple(known)
        found = await asyncio.gather(*(self._addresses_of(resolver.server_name or "") for resolver in named))
        known += [r.with_address(addresses[0]) for r, addresses in zip(named, found, strict=True) if addresses]
        self.shared.encrypted = tuple(known)

    async def _find_neutral(self) -> None:
        urls = self.shared.settings.controls.neutral
        sites = [NeutralSite(url=url, host=urlsplit(url).hostname or "") for url in urls]
        await asyncio.gather(*(self._resolve_site(site) for site in sites))
        self.shared.neutral.extend(site for site in sites if site.addresses)

    async def _resolve_site(self, site: NeutralSite) -> None:
        if family_of(site.host) is not None:
            site.addresses = (site.host,)
        else:
            site.addresses = await self._addresses_of(site.host)

    async def _addresses_of(self, host: str) -> tuple[str, ...]:
        """What the first resolver that answers gives, A and AAAA together."""
        shared = self.shared
        for resolver in (*shared.own, *shared.encrypted, *shared.public, *map(over_tcp, shared.own)):
            answers = await asyncio.gather(*(self._ask(resolver, host, qtype) for qtype in ("A", "AAAA")))
            found = tuple(address for answer in answers for address in answer)
            if found:
                return found
        return ()

    async def _ask(self, resolver: Resolver, host: str, qtype: str) -> tuple[str, ...]:
        why = Why(test=Test.NEUTRAL, place=Place.RESOLVER, listed=False)
        observation = await self.case.ask(why, resolver, Question(qname=host, qtype=qtype))
        return addresses_in(observation.reply)

    async def _find_echoes(self) -> None:
        found: list[str] = []
        for name in self.shared.settings.helper.echo:
            found += (name,) if family_of(name) is not None else await self._addresses_of(name)
        self.shared.echoes.extend(echoes_at(found))

    # -- what works ----------------------------------------------------------------------------------------------

    async def _fetch_neutral(self) -> None:
        """Connect to every neutral site in both families; fetch some of them in cleartext and over TLS."""
        work = [self._try_tls(site, address) for site in self.shared.neutral for address in _one_a_family(site)]
        work += [self._try_cleartext(site) for site in self.shared.neutral[:FETCHED]]
        await asyncio.gather(*work)

    async def _try_tls(self, site: NeutralSite, address: str) -> None:
        """Whether the site proves itself at the address; few sites are tried more often, many make up for a loss."""

        async def attempt(number: int) -> bool:
            why = replace(_WHY, attempt=number)
            _, stream = await self.case.connect(why, address, 443, host=site.host)
            if stream is None:
                return False
            hello = Hello(server_name=None if family_of(site.host) else site.host, verify_name=site.host)
            _, secured = await self.case.handshake(why, stream, hello)
            if secured is not None:
                secured.reset()
            return secured is not None

        attempts = 1 if len(self.shared.neutral) >= MIN_SHARING else 3
        ok = any(await persist(attempt, bool, attempts=attempts))
        now = self.shared.clock.monotonic()
        check = NeutralCheck(url=site.url, family=family_of(address) or 4, t_s=0.0, ok=ok)
        self.shared.checks.append((now, check))

    async def _try_cleartext(self, site: NeutralSite) -> None:
        for address in site.addresses[:2]:
            _, stream = await self.case.connect(_WHY, address, 80, host=site.host)
            if stream is not None:
                request = Request(url=f"http://{site.host}/", host=site.host)
                await self.case.fetch(_WHY, stream, request)
                return

    def _families(self) -> dict[str, bool | None]:
        found: dict[str, bool | None] = {}
        for family in (4, 6):
            checks = [check.ok for _, check in self.shared.checks if check.family == family]
            found[str(family)] = any(checks) if checks else None
        return found

    def _portal(self) -> bool | None:
        """Neutral cleartext goes to another host than asked, or brings a page although TLS to the site fails."""
        pages = [o for o in self.case.observations if isinstance(o, HttpObservation) and o.status is not None]
        if not pages:
            return None
        return all(self._is_foreign(page) for page in pages)

    def _is_foreign(self, page: HttpObservation) -> bool:
        if page.status is not None and page.status // 100 == 3 and page.location:
            there = (urlsplit(page.location).hostname or page.host).removeprefix("www.")
            return there != page.host.removeprefix("www.")
        shaken = [o for o in self.case.observations if isinstance(o, TlsObservation) and o.verify_name == page.host]
        unproven = bool(shaken) and not any(o.valid for o in shaken) and not self._only_dates()
        return unproven and page.status in (200, 511)

    def _only_dates(self) -> bool:
        offset = self._clock_offset()
        return offset is not None and abs(offset) > 86_400.0

    def _clock_offset(self) -> float | None:
        """The median of what helpers and the Date headers of neutral sites say, minus our own clock (seconds)."""
        offsets = [c.clock_offset_s for c in self.case.controls if c.clock_offset_s is not None]
        offsets = offsets or [o for o in map(self._date_offset, self.case.observations) if o is not None]
        return round(statistics.median(offsets), 3) if offsets else None

    def _date_offset(self, observation: object) -> float | None:
        if not isinstance(observation, HttpObservation):
            return None
        date = next((value for name, value in observation.headers if name.lower() == "date"), None)
        try:
            stated = parsedate_to_datetime(date) if date else None
        except ValueError:
            return None
        if stated is None or stated.tzinfo is None:
            return None
        ours = self.case.measured_at.timestamp() + observation.t_s
        return stated.timestamp() - ours

    # -- NAT64, interception, helper -----------------------------------------------------------------------------

    async def _detect_nat64(self) -> None:
        """RFC 7050: a resolver that synthesises gives ipv4only.arpa an AAAA with 192.0.0.170 inside."""
        for resolver in self.shared.own[:1]:
            for address in await self._ask(resolver, "ipv4only.arpa", "AAAA"):
                number = int(IPv6Address(address)) if family_of(address) == 6 else 0
                if number & 0xFFFFFFFF in (0xC00000AA, 0xC00000AB):
                    prefix = str(IPv6Address(number >> 32 << 32)) + "/96"
                    self.shared.line = replace(self.shared.line, nat64=prefix)

    async def _ask_helper(self) -> None:
        """Fetches the echo key and the helper's clock, with a neutral site as the question."""
        if not self.shared.neutral:
            return
        site = self.shared.neutral[0]
        found = await asyncio.gather(*(h.control(self.case.session, site.url, []) for h in self.shared.helpers))
        self.case.controls.extend(found)

    async def _detect_interception(self) -> None:
        """A neutral name asked of an address that runs no resolver: an answer means that all DNS is intercepted."""
        silent = self.shared.settings.controls.silent[:1]
        if not silent or not self.shared.neutral:
            return
        short = replace(self.case.session, timeout_s=SILENT_WAIT_S)
        why = Why(test=Test.SILENT, place=Place.SILENT, listed=False)
        resolver = parse_resolver(silent[0], ResolverGroup.SILENT)
        question = Question(qname=self.shared.neutral[0].host, qtype="A")
        observation = await self.shared.dns.query(short, why, resolver, question)
        self.shared.line = replace(self.shared.line, intercepted=observation.reply is not None)

    # -- the common path -----------------------------------------------------------------------------------------

    async def _common_path(self) -> tuple[RouterHop, ...]:
        """Per family, the routers that TTL-limited SYNs to at least five neutral targets met, and no target another in
        their place, from hop 1 on."""
        found = await asyncio.gather(*(self._common_in(family) for family in (4, 6)))
        return tuple(hop for hops in found for hop in hops)

    async def _common_in(self, family: int) -> list[RouterHop]:
        targets = [site.of_family(family)[0] for site in self.shared.neutral if site.of_family(family)]
        networks = {_network(address) for address in targets}
        if len(targets) < MIN_SHARING or len(networks) < MIN_SHARING or self._families()[str(family)] is False:
            return []
        why = Why(test=Test.PATH, place=Place.NEUTRAL, listed=False)
        traces = await asyncio.gather(*(
            trace_syn(self.case.session, why, Endpoint(address=address, port=443), range(1, MAX_TTL + 1))
            for address in targets
        ))  # fmt: skip
        common: list[RouterHop] = []
        for ttl in range(1, MAX_TTL + 1):
            seen = [_senders(trace.hops, ttl) for trace in traces]
            heard = [senders for senders in seen if senders]
            shared = set.intersection(*heard) if len(heard) >= MIN_SHARING else set[str]()
            if not shared:
                break
            common.append(RouterHop(family=family, ttl=ttl, address=sorted(shared)[0]))
        return common


def _senders(hops: object, ttl: int) -> set[str]:
    found: set[str] = set()
    for hop in hops:  # type: ignore[attr-defined]  # a tuple of PathHop
        if hop.ttl == ttl:
            found.update(
                sender
                for reply, sender in zip(hop.replies, hop.senders, strict=True)
                if reply is PathReply.TIME_EXCEEDED and sender is not None
            )
    return found


def _network(address: str) -> str:
    """The /16, or for IPv6 the /48: unrelated networks differ at least there."""
    if ":" in address:
        return IPv6Address(address).exploded[:14]
    return ".".join(address.split(".")[:2])


def _one_a_family(site: NeutralSite) -> list[str]:
    return [site.of_family(family)[0] for family in (4, 6) if site.of_family(family)]


def _mtu() -> int | None:
    """The MTU of the interface with the default route (bytes); None where the kernel does not tell."""
    try:
        routes = Path("/proc/self/net/route").read_text(encoding="ascii").splitlines()[1:]
        name = next(line.split()[0] for line in routes if line.split()[1] == "00000000")
        return int(Path(f"/sys/class/net/{name}/mtu").read_text(encoding="ascii"))
    except (OSError, StopIteration, ValueError, IndexError):
        return None
