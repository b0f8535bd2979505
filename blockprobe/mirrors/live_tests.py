"""The live tests of one candidate, cheap ones first: DNS, TLS and front page, then nonce, search, guard, file, dates.

Five requests when there is no redirect; every one is counted (live_budget.py). Nothing here decides: judge.py does.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

from blockprobe.mirrors.features import Features
from blockprobe.mirrors.judge import LiveVerdict, is_copy, judge_live
from blockprobe.mirrors.live_compare import (
    FEW_WORDS,
    Answer,
    any_host_of,
    artefacts,
    echo_of,
    echoes_all,
    freshness,
    threats,
)
from blockprobe.mirrors.live_facts import Asset, LiveFacts
from blockprobe.mirrors.live_fetch import Fetcher, Page, Route, next_url
from blockprobe.mirrors.live_proofs import Seen, proofs, same_owner
from blockprobe.mirrors.live_reference import Site, new_nonce
from blockprobe.mirrors.live_scan import host_of, scan
from blockprobe.mirrors.offline import judge_page
from blockprobe.model.addresses import family_of
from blockprobe.model.mirror import MirrorClass, NameLook, NameState
from blockprobe.model.record import Target

Names = Callable[[str], Awaitable[NameLook]]
Notice = Callable[[bytes], str]
_FETCHABLE = (NameState.RESOLVES, NameState.WILDCARD)
"""Under a suffix where every name resolves, only a page can tell a customer's from nobody's."""
_WORDS = {
    "ceiling": "today's requests to it are used up (12 a day); try again tomorrow",
    "generic_timeout_error": "it did not answer in time",
    "connection_refused": "it refused the connection",
    "dns_no_answer": "it leads to no public address",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveResult:
    """One candidate, and the host of the site: facts, verdict, every hop, requests of this run and of this day."""

    name: str
    site: str
    facts: LiveFacts
    verdict: LiveVerdict
    hops: tuple[str, ...] = ()
    requests: int = 0
    today: int = 0


@dataclass(slots=True, kw_only=True)
class LiveTests:
    """Tests candidates against one site."""

    site: Site
    fetcher: Fetcher
    names: Names
    notice: Notice
    prior: float

    async def test(self, candidate: Target) -> LiveResult:
        """Everything about one candidate: a host, host:port, or the address at which a web proxy shows the site."""
        host = candidate.host
        fetcher = replace(self.fetcher, sent=0, refused=0)
        one = _Candidate(tests=self, fetcher=fetcher, base=candidate.url, host=host, fallback=candidate.bare)
        facts, hops = await one.facts()
        facts = replace(facts, cut_short=fetcher.refused > 0)
        return LiveResult(
            name=candidate.input,
            site=self.site.host,
            facts=facts,
            verdict=judge_live(facts),
            hops=tuple(hop.url for hop in hops),
            requests=fetcher.sent,
            today=self.fetcher.budget.today(host),
        )


@dataclass(slots=True, kw_only=True)
class _Candidate:
    tests: LiveTests
    fetcher: Fetcher
    base: str
    host: str
    fallback: bool
    """Nobody said which scheme: https first, then http."""

    async def facts(self) -> tuple[LiveFacts, tuple[Page, ...]]:
        gone = await self._name()
        if gone is not None:
            return gone, ()
        hops = await self._front()
        page = hops[-1]
        end = host_of(page.url)
        away = end if not same_owner(end, self.host) else ""
        facts = LiveFacts(redirects_to=away, no_reference=self.tests.site.reason)
        if away and same_owner(end, self.tests.site.host) and not same_owner(self.host, self.tests.site.host):
            return replace(facts, is_site=True), hops
        if page.failure or next_url(page):
            return replace(facts, gone=_WORDS.get(page.failure, page.failure) or "it redirects without end"), hops
        return await self._judged(facts, hops), hops

    async def _name(self) -> LiveFacts | None:
        """What DNS settles alone."""
        if family_of(self.host) is not None:
            return None
        look = await self.tests.names(self.host)
        if look.state is NameState.PARKED:
            return LiveFacts(parked_at=look.service or "a parking service")
        return None if look.state in _FETCHABLE else LiveFacts(gone=f"{look.state.value}: {look.because}")

    async def _front(self) -> tuple[Page, ...]:
        fetcher = self.fetcher
        hops = await fetcher.follow(self.base, _looked_up)
        if self.fallback and len(hops) == 1 and hops[0].failure and hops[0].failure != "ceiling":
            self.base = f"http{self.base.removeprefix('https')}"
            hops = await fetcher.follow(self.base, _looked_up)
        refresh = scan(hops[-1].body, hops[-1].url).refresh if not hops[-1].failure else ""
        if refresh and not same_owner(host_of(refresh), host_of(hops[-1].url)) and urlsplit(refresh).scheme in _HTTP:
            hops = (*hops, await fetcher.get(refresh))
        return hops

    async def _judged(self, facts: LiveFacts, hops: tuple[Page, ...]) -> LiveFacts:
        tests, page = self.tests, hops[-1]
        reference = tests.site.reference
        if reference is None:
            return facts
        features = await tests.site.reading.read(page.body, whole=False)
        judged = judge_page(reference, features, prior=tests.prior, notice=tests.notice(page.body))
        facts = replace(facts, page=judged)
        if is_copy(facts):
            return await self._copy(facts, page)
        return replace(facts, echoes_all=await self._parrots(page, features, judged.class_))

    async def _copy(self, facts: LiveFacts, page: Page) -> LiveFacts:
        """Who runs it and is it live: the tests of a page that is a copy."""
        site, theirs = self.tests.site, scan(page.body, page.url)
        own = await site.recent()
        facts = replace(facts, proofs=proofs(site.known(), self._seen(page)))
        if own is None or site.reference is None or site.front is None:
            return replace(facts, no_reference=site.reason or "the site could not be fetched a second time")
        at = self.fetcher.session.clock.now()
        fresh, lag_s = freshness(own, theirs, at)
        root = self._root(page)
        nonce, search, asset = await asyncio.gather(
            self._asked(root, lambda word: f"/{word}"), self._asked(root, site.search_path), self._asset(root)
        )
        guard, refused = await self._random_host(page, root)
        first, second = site.pages
        return replace(
            facts,
            nonce=echo_of(site.reference, site.front, await site.to_nonce(), nonce),
            search=echo_of(site.reference, site.front, await site.to_search(), search),
            any_host=any_host_of(nonce, guard, self._names(page), refused=refused),
            fresh=fresh,
            lag_s=lag_s,
            asset=asset,
            artefacts=artefacts(first, second, theirs, site.hosts - {host_of(page.url)}),
            threats=threats(first, second, theirs, site.hosts),
        )

    async def _parrots(self, page: Page, features: Features | None, class_: MirrorClass) -> bool:
        """Whether a page without the site's content is the same for every path and every name."""
        if features is None or class_ not in (MirrorClass.UNRELATED, MirrorClass.UNDETERMINED):
            return False
        if features.facts.words > FEW_WORDS or page.status >= 400:
            return False
        front = await self.tests.site.reading.answer(page, new_nonce())
        if front is None:
            return False
        path = await self._asked(self._root(page), lambda word: f"/{word}")
        random, _ = await self._random_host(page, self._root(page))
        return echoes_all(front, path, random, self._names(page), features.facts.scripts)

    async def _asked(self, root: str, path_of: Callable[[str], str]) -> Answer | None:
        nonce = new_nonce()
        path = path_of(nonce)
        if not path:
            return None
        page = await self.fetcher.get(root + path)
        return await self.tests.site.reading.answer(page, nonce)

    async def _random_host(self, page: Page, root: str) -> tuple[Answer | None, bool]:
        """The guard: a made-up path under a made-up name, at the page's very address; and whether that is refused."""
        end, nonce = host_of(page.url), new_nonce()
        if family_of(end) is not None or len(end) + len(nonce) > 250 or not page.address:
            return None, False
        route = Route(addresses=(page.address,))
        seen = await self.fetcher.get(f"{root}/{nonce}", route, name=f"{nonce}.{end}")
        return await self.tests.site.reading.answer(seen, nonce), seen.refused

    async def _asset(self, root: str) -> Asset:
        path = self.tests.site.asset_path()
        own = await self.tests.site.asset()
        if own is None or own.failure or own.status != 200:
            return Asset.UNKNOWN
        page = await self.fetcher.get(root + path)
        if page.failure:
            return Asset.UNKNOWN
        if page.status != 200:
            return Asset.MISSING
        return Asset.SAME if page.body == own.body else Asset.OTHER

    def _seen(self, page: Page) -> Seen:
        return Seen(host=host_of(page.url), address=page.address, certificate=page.leaf if page.valid else None)

    def _root(self, page: Page) -> str:
        """What stands before a path of the site: the origin, or all of a web proxy's address."""
        wrapped = urlsplit(self.base).path.strip("/")
        if wrapped and same_owner(host_of(page.url), self.host):
            return self.base.rstrip("/")
        parts = urlsplit(page.url)
        return f"{parts.scheme}://{parts.netloc}"

    def _names(self, page: Page) -> tuple[str, ...]:
        return (host_of(page.url), self.host, self.tests.site.host)


_HTTP = ("http", "https")


def _looked_up(host: str) -> Route | None:
    return None
