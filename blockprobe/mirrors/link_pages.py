"""Links of saved pages that list mirrors: where an address or its text names the brand.

The scanner looks at each `<a` for a bounded number of characters, so that no page takes longer than its size allows.
"""

import re
from collections.abc import Iterable, Iterator
from html import unescape
from urllib.parse import urlsplit

from blockprobe.mirrors.brand import Brand
from blockprobe.mirrors.name_filter import NameFilter
from blockprobe.mirrors.name_lines import names_in
from blockprobe.mirrors.priors import PRIORS
from blockprobe.mirrors.suffixes import host_in, registrable
from blockprobe.model.mirror import Candidate, Source

#: What is read of a saved page.
MAX_PAGE_BYTES = 8_000_000
_MAX_TAG, _MAX_TEXT = 4096, 512
_HREF = re.compile(r"href\s{0,8}=\s{0,8}(?:\"([^\"]*)\"?|'([^']*)'?|([^\s>]*))", re.IGNORECASE)


def links_of(page: str) -> Iterator[tuple[str, str]]:
    """Each link's address and its text, tags taken out, as far as they are within the bounds."""
    at = 0
    low = page.lower()
    while (at := low.find("<a", at)) >= 0:
        after = low[at + 2 : at + 3]
        end = low.find(">", at, at + _MAX_TAG)
        at += 2
        if end < 0 or not after.isspace():
            continue
        href = _HREF.search(page, at, end)
        close = low.find("</a", end + 1, end + 1 + _MAX_TEXT)
        text = page[end + 1 : close if close >= 0 else end + 1 + _MAX_TEXT]
        at = end + 1
        if href is not None:
            yield unescape(href[1] or href[2] or href[3] or ""), _plain(text)


def listed_candidates(page: bytes, brands: Iterable[Brand], names: NameFilter, seen_in: str) -> Iterator[Candidate]:
    """The hosts that a saved page gives for each brand; a page without links is read as lines of names."""
    text = page[:MAX_PAGE_BYTES].decode("utf-8", "replace")
    links = tuple(links_of(text))
    brands = tuple(brands)
    if not links:
        hosts = {host for line in page[:MAX_PAGE_BYTES].splitlines() for host in names_in(line)}
        found = {(match.name, match.brand.site) for host in sorted(hosts) for match in names.matches(host)}
    else:
        found = {pair for href, said in links for pair in _of_link(href, said, brands, names)}
    for name, site in sorted(found):
        yield Candidate(name=name, site=site, source=Source.LINK_LIST, prior=PRIORS[Source.LINK_LIST], seen_in=seen_in)


def host_of(href: str) -> str | None:
    """The host of an address as a page has it; None for one without a host, and for an IP address."""
    try:
        host = urlsplit(href.strip()).hostname
    except ValueError:  # brackets that hold no IPv6 address
        return None
    return host_in(host) if host else None


def _of_link(href: str, said: str, brands: tuple[Brand, ...], names: NameFilter) -> Iterator[tuple[str, str]]:
    host = host_of(href)
    if host is None:
        return
    matched = {match.brand.site: match.name for match in names.matches(host)}
    words = re.sub(r"[^a-z0-9 ]", "", said.lower()).split()
    for brand in brands:
        if brand.site in matched:
            yield matched[brand.site], brand.site
        elif registrable(host) not in (None, brand.site) and _says(words, brand):
            yield host.removeprefix("www."), brand.site


def _says(words: list[str], brand: Brand) -> bool:
    """Whether a link's text has the brand's word, also in two ("pirate bay"); a short one must be a word of its own."""
    if brand.short:
        return brand.stem in words
    return brand.stem in "".join(words)


def _plain(text: str) -> str:
    return " ".join(unescape(re.sub(r"<[^<>]{0,400}>", " ", text)).split())
