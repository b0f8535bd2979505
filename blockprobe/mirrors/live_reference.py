"""The site itself, seen from where it is not blocked: its page, what it answers to nonsense, whom it names.

Everything is fetched when first wanted and shared by all candidates; the page again when it is older than RECENT_S.
"""

import asyncio
import re
import secrets
import string
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from urllib.parse import urlencode, urljoin, urlsplit

from blockprobe.mirrors.background import Background, Reference, reference_of
from blockprobe.mirrors.features import Features
from blockprobe.mirrors.live_compare import Answer, without
from blockprobe.mirrors.live_fetch import Fetcher, Page, Route, next_url
from blockprobe.mirrors.live_proofs import SiteKnown, same_owner
from blockprobe.mirrors.live_scan import Scan, host_of, scan
from blockprobe.mirrors.offline import nothing_to_judge
from blockprobe.mirrors.page import as_utf8
from blockprobe.mirrors.reader import PageReader
from blockprobe.mirrors.suffixes import host_in
from blockprobe.model.observation import Certificate

RECENT_S = 30.0
NONCE_S = 300.0
MAX_LISTED = 500
_LISTED_HOST = re.compile(r"(?:https?://)?([A-Za-z0-9.-]{4,253})(?:[:/]\S{0,500})?")
_SIGNED = "BEGIN PGP SIGNED MESSAGE"


@dataclass(slots=True)
class Reading:
    """Reads pages in the child of reader.py, one at a time, beside the loop."""

    reader: PageReader
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def read(self, raw: bytes, *, whole: bool = True) -> Features | None:
        """As PageReader.read."""
        async with self._turn:
            return await asyncio.to_thread(self.reader.read, raw, whole=whole)

    async def answer(self, page: Page, nonce: str) -> Answer | None:
        """What a page is for comparing; None when none came."""
        if page.failure:
            return None
        features = await self.read(without(page.body, nonce))
        text = as_utf8(page.body).decode("utf-8", "replace")
        return Answer(status=page.status, features=features, text=text, nonce=nonce)


def new_nonce() -> str:
    """A word that nobody has used, of letters only, because digits are masked in texts."""
    return "q" + "".join(secrets.choice(string.ascii_lowercase) for _ in range(17))


@dataclass(slots=True, kw_only=True)
class Site:
    """One site for one run. `url` is its front page, `route` how its own host is reached (None: looked up).

    `trusted`: the operator chose the way, so that a page in the clear is the site's as well; it proves nothing then.
    `saved`: pages of an earlier day, which tell copies from others where the site cannot be fetched.
    """

    url: str
    fetcher: Fetcher
    reading: Reading
    background: Background
    route: Route | None = None
    trusted: bool = False
    saved: Sequence[Features] = ()
    own_addresses: tuple[str, ...] = ()
    reason: str = ""
    """Why the site's own answers are not known; empty when they are."""
    reference: Reference | None = None
    front: Features | None = None
    pages: tuple[Scan, ...] = ()
    hops: tuple[Page, ...] = ()
    signed_list: bool = False
    _names: tuple[tuple[str, str], ...] = ()
    _asset: Page | None = None
    _answers: dict[str, tuple[float, Answer | None]] = field(default_factory=dict)
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock)

    @property
    def host(self) -> str:
        """The site's host as it was named."""
        return host_of(self.url)

    @property
    def hosts(self) -> frozenset[str]:
        """Every name under which the site showed itself, where it sends its visitors, and its www."""
        names = {self.host, *(host_of(hop.url) for hop in self.hops)}
        return frozenset(names | {f"www.{self.host}", self.host.removeprefix("www.")})

    async def open(self) -> None:
        """Fetch the front page twice and the list of mirrors; afterwards `reason` says what is missing."""
        pages = [page for _ in range(2) if (page := await self._fetch()) is not None]
        features = [one for one in [await self.reading.read(page.body) for page in pages] if one is not None]
        if not self.reason and not features:
            self.reason = "the site's page could not be read within the limits"
        elif not self.reason and (empty := nothing_to_judge(features[0].facts)):
            self.reason = f"the site's page says nothing of itself ({empty})"
        if self.reason:
            self._use_saved()
            return
        self.front, self.reference = features[0], reference_of(features, self.background, inside=False)
        self.pages = (scan(pages[0].body, pages[0].url), scan(pages[-1].body, pages[-1].url))
        await self._read_list()

    def _use_saved(self) -> None:
        if self.saved:
            self.front = self.saved[0]
            self.reference = reference_of(self.saved, self.background, inside=False)

    async def _fetch(self) -> Page | None:
        """The front page at the end of its redirects; sets `reason` when it is not the site's beyond doubt."""
        if self.reason:
            return None
        url = self.hops[-1].url if self.hops else self.url
        hops = await self.fetcher.follow(url, self._route)
        last = hops[-1]
        if last.failure and not self.hops and url.startswith("https:") and self.trusted:
            hops = await self.fetcher.follow("http" + url.removeprefix("https"), self._route)
            last = hops[-1]
        if not self.hops:
            self.hops = hops
        if last.failure:
            self.reason = f"the site could not be fetched ({last.failure}); see --reference-via"
        elif next_url(last) or not 200 <= last.status < 300:
            self.reason = f"the site answered with status {last.status} where its page was wanted"
        elif last.valid is not True and not self.trusted:
            self.reason = "the site came without a valid chain, so it may be a block page; see --reference-via"
        return last if not self.reason else None

    def _route(self, host: str) -> Route | None:
        if self.route is None or self.route.proxy is not None or same_owner(host, self.host):
            return self.route
        return None

    async def recent(self) -> Scan | None:
        """The front page as it was at most RECENT_S ago; None when it cannot be had any more."""
        async with self._turn:
            if self.reason or not self.pages:
                return None
            at, _ = self._answers.get("/", (None, None))
            now = self.fetcher.session.clock.monotonic()
            if at is None or now - at > RECENT_S:
                hops = await self.fetcher.follow(self.pages[0].base, self._route)
                if hops[-1].failure or hops[-1].status != 200:
                    return None
                self.pages = (self.pages[0], scan(hops[-1].body, hops[-1].url))
                self._answers["/"] = (now, None)
            return self.pages[1]

    async def to_nonce(self) -> Answer | None:
        """What the site answers to a path that nobody has."""
        return await self._ask("nonce", lambda nonce: f"/{nonce}")

    async def to_search(self) -> Answer | None:
        """What its search form answers to a word that nobody has; None where it has no such form."""
        return await self._ask("search", self.search_path)

    def search_path(self, nonce: str) -> str:
        """Path and query of a search for the nonce; empty where the page has no search form with method GET."""
        found = self.pages[0].search if self.pages else None
        if found is None or not same_owner(host_of(found[0]), host_of(self.pages[0].base)):
            return ""
        return f"{urlsplit(found[0]).path or '/'}?{urlencode({found[1]: nonce})}"

    def asset_path(self) -> str:
        """The first file of its own on the front page."""
        for address in self.pages[0].assets if self.pages else ():
            if same_owner(host_of(address), host_of(self.pages[0].base)):
                parts = urlsplit(address)
                return parts.path + (f"?{parts.query}" if parts.query else "")
        return ""

    async def asset(self) -> Page | None:
        """That file as the site serves it."""
        async with self._turn:
            path = self.asset_path()
            if self._asset is None and path and not self.reason:
                self._asset = await self._own(path)
            return self._asset

    def known(self) -> SiteKnown:
        """What proofs can rest on: only what came under a chain that is valid for the name."""
        proven = [hop for hop in self.hops if hop.valid and same_owner(host_of(hop.url), self.host)]
        told = [next_url(hop) for hop in proven] + [hop.header("onion-location") for hop in proven]
        leaf: Certificate | None = next((hop.leaf for hop in proven), None)
        names, refresh = self._names, ""
        if self.pages and self.hops[-1] in proven:
            refresh = self.pages[0].refresh
            here = f"the site's own page {self.pages[0].base}"
            names = (*((host_of(link), here) for link in self.pages[0].vouched), *names)
        return SiteKnown(
            host=self.host,
            leads_to=tuple(address for address in (*told, refresh) if address),
            names=tuple(names),
            certificate=leaf,
            own_addresses=self.own_addresses,
        )

    async def _ask(self, what: str, path_of: Callable[[str], str]) -> Answer | None:
        async with self._turn:
            now = self.fetcher.session.clock.monotonic()
            at, known = self._answers.get(what, (-NONCE_S, None))
            nonce = new_nonce()
            path = path_of(nonce)
            if self.reason or not path or now - at < NONCE_S:
                return known
            answer = await self.reading.answer(await self._own(path), nonce)
            self._answers[what] = (now, answer)
            return answer

    async def _own(self, path: str) -> Page:
        url = urljoin(self.pages[0].base, path)
        return await self.fetcher.get(url, self._route(host_of(url)))

    async def _read_list(self) -> None:
        """`/mirrors.txt`, as the Onion Mirror Guidelines have it, from the site itself under its valid chain."""
        page = await self._own("/mirrors.txt")
        text = page.body.decode("utf-8", "replace")
        plain = page.status == 200 and "<" not in text[:200] and "\0" not in text
        if not plain or not page.valid or not same_owner(host_of(page.url), self.host):
            return
        self.signed_list = _SIGNED in text
        signed = ", signed with PGP, which was not checked" if self.signed_list else ""
        hosts = []
        for line in text.splitlines()[:MAX_LISTED]:
            found = _LISTED_HOST.fullmatch(line.strip())
            host = host_in(found[1]) if found else None
            if host is not None:
                hosts.append((host, f"the site's own list {page.url}{signed}"))
        self._names = tuple(hosts)
