"""The work of `blockprobe mirrors classify --live`: options to a site and candidates, results to lines or a table."""

import asyncio
import os
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from blockprobe.cli.mirrors_resolving import resolver_of
from blockprobe.cli.options import PlainFormat
from blockprobe.cli.output import write_line
from blockprobe.cli.process import Exit, complain
from blockprobe.mirrors.background import background_of
from blockprobe.mirrors.classify import Notice
from blockprobe.mirrors.common import common_marks
from blockprobe.mirrors.features import Features
from blockprobe.mirrors.live_budget import Budget
from blockprobe.mirrors.live_fetch import Fetcher, Route
from blockprobe.mirrors.live_reference import Reading, Site
from blockprobe.mirrors.live_tests import LiveResult, LiveTests
from blockprobe.mirrors.live_words import document
from blockprobe.mirrors.name_dns import NameResolver
from blockprobe.mirrors.page import MAX_PAGE_BYTES
from blockprobe.mirrors.reader import PageReader
from blockprobe.mirrors.saved import read_saved
from blockprobe.model.addresses import family_of, is_bogon
from blockprobe.model.errors import ConfigError
from blockprobe.model.mirror import NameLook
from blockprobe.model.record import Target
from blockprobe.model.settings import Settings
from blockprobe.model.target import parse_target
from blockprobe.net.clock import SystemClock
from blockprobe.net.dial import Dialer
from blockprobe.net.proxy import Proxy, parse_proxy
from blockprobe.net.session import Session
from blockprobe.net.tls import TlsContexts

#: Candidates that are tested at once.
TOGETHER = 8
REFERENCE = "reference of "


@dataclass(frozen=True, slots=True, kw_only=True)
class Live:
    """What the command line asked for."""

    site: str
    candidates: tuple[str, ...]
    via: str | None = None
    address: str | None = None
    own_addresses: tuple[str, ...] = ()
    state: Path | None = None
    saved: tuple[Path, ...] = ()
    background: tuple[Path, ...] = ()
    prior: float = 0.5


def classify_live(live: Live, settings: Settings, notice: Notice, format_: PlainFormat) -> int:
    """Test and print; raises ConfigError for what cannot be used, before anything is sent."""
    if not live.candidates:
        raise ConfigError("--live: name the hosts that may show the site, as arguments")
    site, *candidates = (parse_target(text) for text in (live.site, *live.candidates))
    if live.via is not None and live.address is not None:
        raise ConfigError("--reference-via and --reference-address: one way to the site is enough")
    for address in (*live.own_addresses, *((live.address,) if live.address else ())):
        if family_of(address) is None:
            raise ConfigError(f"{address}: no IP address; write one such as 198.51.100.7")
    proxy = parse_proxy(live.via) if live.via is not None else None
    results: list[LiveResult] = []
    work = _Work(live=live, settings=settings, notice=notice, proxy=proxy, shown=format_, site=site)
    try:
        asyncio.run(work.run(candidates, results))
        status = Exit.DONE
    except KeyboardInterrupt:
        status = Exit.INTERRUPTED
    if format_ != "json":
        from blockprobe.cli.render.console import people
        from blockprobe.cli.render.live_table import print_live

        print_live(people(), results)
    return status


@dataclass(slots=True, kw_only=True)
class _Work:
    live: Live
    settings: Settings
    notice: Notice
    proxy: Proxy | None
    shown: PlainFormat
    site: Target

    async def run(self, candidates: Sequence[Target], results: list[LiveResult]) -> None:
        clock, contexts = SystemClock(), TlsContexts()
        budget = Budget(self.live.state or state_folder(), clock)
        session = Session(
            clock=clock,
            dialer=Dialer(),
            began=clock.monotonic(),
            timeout_s=self.settings.limits.timeout_s,
            body_bytes=MAX_PAGE_BYTES,
        )
        resolver = resolver_of(self.settings, session, contexts)
        names = _Names(resolver)
        try:
            await resolver.bootstrap()
            with PageReader() as reader:
                fetcher = Fetcher(session=session, contexts=contexts, budget=budget, lookup=names.addresses)
                site = await self._site(fetcher, Reading(reader), names)
                tests = LiveTests(
                    site=site, fetcher=fetcher, names=names.look, notice=self.notice, prior=self.live.prior
                )
                await self._all(tests, candidates, results)
                asked = budget.sent[f"{REFERENCE}{site.host}"]
                complain(f"{asked} requests to {site.host} as reference")
        finally:
            await resolver.dns.aclose()

    async def _site(self, fetcher: Fetcher, reading: Reading, names: "_Names") -> Site:
        route, proxy = None, self.proxy
        if proxy is not None:
            if not proxy.address:
                found = await names.all_of(proxy.host)
                if not found:
                    raise ConfigError(f"--reference-via: {proxy.host} has no address; write its number")
                proxy = proxy.at(found[0])
            route = Route(proxy=proxy)
        elif self.live.address is not None:
            route = Route(addresses=(self.live.address,))
        others = [[page] for page in await self._pages(reading, self.live.background)]
        site = Site(
            url=self.site.url,
            fetcher=Fetcher(
                session=fetcher.session,
                contexts=fetcher.contexts,
                budget=fetcher.budget,
                lookup=names.addresses,
                most=None,
                label=REFERENCE,
            ),
            reading=reading,
            background=background_of(others, common=common_marks()),
            route=route,
            trusted=proxy is not None,
            saved=await self._pages(reading, self.live.saved),
            own_addresses=self.live.own_addresses,
        )
        await site.open()
        if site.reason:
            complain(f"{site.host}: {site.reason}")
        if site.signed_list:
            complain(
                f"{site.host}: its list of mirrors is signed; the signature was not checked, the valid chain counts"
            )
        return site

    async def _all(self, tests: LiveTests, candidates: Sequence[Target], results: list[LiveResult]) -> None:
        seats = asyncio.Semaphore(TOGETHER)

        async def one(candidate: Target) -> None:
            async with seats:
                result = await tests.test(candidate)
            results.append(result)
            if self.shown == "json":
                write_line(document(result))

        tasks = [asyncio.ensure_future(one(candidate)) for candidate in dict.fromkeys(candidates)]
        try:
            await asyncio.gather(*tasks)
        finally:
            for task in tasks:
                task.cancel()
            with suppress(Exception):
                await asyncio.gather(*tasks, return_exceptions=True)

    @staticmethod
    async def _pages(reading: Reading, files: Sequence[Path]) -> tuple[Features, ...]:
        read = [await reading.read(read_saved(file)) for file in files]
        return tuple(page for page in read if page is not None)


@dataclass(slots=True)
class _Names:
    """What DNS says of names, asked once each."""

    resolver: NameResolver
    _asked: "dict[str, asyncio.Task[NameLook]]" = field(default_factory=dict)

    async def look(self, name: str) -> NameLook:
        """Everything about one name."""
        if name not in self._asked:
            self._asked[name] = asyncio.ensure_future(self.resolver.look(name))
        return await asyncio.shield(self._asked[name])

    async def addresses(self, name: str) -> tuple[str, ...]:
        """Where to fetch from: never an address inside somebody's network, to which a hostile redirect may lead."""
        return tuple(address for address in await self.all_of(name) if not is_bogon(address, self.resolver.public))

    async def all_of(self, name: str) -> tuple[str, ...]:
        """Its addresses: those of a resolver that is not the line's, else the line's; IPv4 first."""
        if family_of(name) is not None:
            return (name,)
        look = await self.look(name)
        answers = [answer for answer in (look.outside, look.line) if answer is not None and answer.addresses]
        return tuple(sorted(answers[0].addresses, key=lambda address: ":" in address)) if answers else ()


def state_folder() -> Path:
    """Where requests are counted: $XDG_STATE_HOME/blockprobe, else ~/.local/state/blockprobe."""
    home = os.environ.get("XDG_STATE_HOME") or Path(os.environ.get("HOME") or "/") / ".local" / "state"
    return Path(home) / "blockprobe"
