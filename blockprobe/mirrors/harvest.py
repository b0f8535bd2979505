"""Candidates from our own records: where a site redirects and links to, and who shares its certificate, key, address.

Only what is proven to come from the site counts: pages under a chain that is valid for the name, handshakes with such a
chain, and what a helper outside saw. A lying resolver's address, a block page and a filter's certificate name nobody.
"""

from collections.abc import Iterable, Iterator, Mapping
from urllib.parse import urljoin

from blockprobe.mirrors.brand import Brand
from blockprobe.mirrors.link_pages import host_of, links_of
from blockprobe.mirrors.name_filter import NameFilter
from blockprobe.mirrors.priors import PRIORS
from blockprobe.mirrors.suffixes import host_in, registrable
from blockprobe.model.mirror import Candidate, Source
from blockprobe.model.observation import HttpObservation, TlsObservation
from blockprobe.model.record import Record

#: A certificate, key or address of more registrable domains is a content delivery network's or a hoster's.
MAX_SHARING = 20
#: Redirects that are followed through one record: hops beyond it are somebody's trap.
_MAX_HOPS = 12


class Harvest:
    """Reads records one by one and keeps names only; `candidates` may be asked when all are read."""

    def __init__(self, brands: Iterable[Brand], names: NameFilter) -> None:
        self._brands = {brand.site: brand for brand in brands}
        self._names = names
        self._pointed: dict[tuple[Source, str, str], str] = {}
        self._shared: dict[Source, dict[str, set[str]]] = {
            source: {} for source in (Source.SHARED_CERTIFICATE, Source.SHARED_KEY, Source.SHARED_ADDRESS)
        }
        self.records = 0

    def add(self, record: Record) -> None:
        """Take what one record proves."""
        self.records += 1
        valid = [one for one in record.observations if isinstance(one, TlsObservation) and _proves(one)]
        for one in valid:
            self._take_handshake(one)
        for control in record.control:
            for seen in control.tls:
                if seen.ok and (domain := _domain(seen.server_name)):
                    self._share(Source.SHARED_ADDRESS, _address(seen.endpoint), domain)
                    self._share(Source.SHARED_KEY, seen.spki_sha256, domain)
        site = registrable(record.target.host) if host_in(record.target.host) else None
        if site in self._brands:
            self._take_pages(self._brands[site], record, valid)

    def candidates(self) -> Iterator[Candidate]:
        """What was found; `seen_in` names the record or what is shared."""
        for (source, site, name), seen_in in self._pointed.items():
            yield Candidate(name=name, site=site, source=source, prior=PRIORS[source], seen_in=seen_in)
        for source, holders in self._shared.items():
            for what, domains in holders.items():
                if len(domains) <= MAX_SHARING:
                    for site in sorted(domains & self._brands.keys()):
                        for name in sorted(domains - {site}):
                            yield Candidate(name=name, site=site, source=source, prior=PRIORS[source], seen_in=what)

    def _take_handshake(self, one: TlsObservation) -> None:
        domain = _domain(one.server_name or one.verify_name)
        if domain is None or not one.chain:
            return
        leaf = one.chain[0]
        self._share(Source.SHARED_ADDRESS, one.address, domain)
        self._share(Source.SHARED_KEY, leaf.spki_sha256, domain)
        for name in (domain, *leaf.names):
            self._share(Source.SHARED_CERTIFICATE, leaf.sha256, _domain(name))

    def _share(self, source: Source, what: str | None, domain: str | None) -> None:
        """One more domain with it; beyond the limit the set only shows that it is beyond."""
        if what and domain:
            holders = self._shared[source].setdefault(what, set())
            if len(holders) <= MAX_SHARING:
                holders.add(domain)

    def _take_pages(self, brand: Brand, record: Record, valid: list[TlsObservation]) -> None:
        ends = {(one.address, one.port, one.server_name) for one in valid}
        pages = [one for one in record.observations if isinstance(one, HttpObservation) and _from_site(one, ends)]
        moves = [(one.url, one.location) for one in pages if one.location]
        moves += [(hop.url, hop.location) for control in record.control for hop in control.hops if hop.location]
        for name in _reached(brand.site, moves):
            self._pointed.setdefault((Source.REDIRECT, brand.site, name), record.id)
        for page in pages:
            if _domain(page.host) == brand.site:
                for href, _ in links_of(page.body):
                    for match in self._names.matches(host_of(urljoin(page.url, href)) or ""):
                        if match.brand.site == brand.site:
                            self._pointed.setdefault((Source.LINK, brand.site, match.name), record.id)


def _proves(one: TlsObservation) -> bool:
    return one.valid is True and one.failure is None and one.server_name == one.verify_name


def _from_site(one: HttpObservation, ends: set[tuple[str, int, str | None]]) -> bool:
    """Whether the page came over a chain that is valid for its name."""
    return one.tls and (one.address, one.port, _without_port(one.host)) in ends


def _reached(site: str, moves: list[tuple[str, str]]) -> Iterator[str]:
    """The registrable domains to which the site's own redirects lead, hop after hop."""
    by_domain: Mapping[str, set[str]] = _next_domains(moves)
    reached, waiting = {site}, [site]
    for _ in range(_MAX_HOPS):
        if not waiting:
            return
        following = {after for domain in waiting for after in by_domain.get(domain, ())} - reached
        yield from sorted(following)
        reached |= following
        waiting = sorted(following)


def _next_domains(moves: list[tuple[str, str]]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for url, location in moves:
        here, there = _domain(host_of(url)), _domain(host_of(_joined(url, location)))
        if here and there and here != there:
            found.setdefault(here, set()).add(there)
    return found


def _joined(url: str, location: str) -> str:
    try:
        return urljoin(url, location)
    except ValueError:
        return ""


def _domain(name: str | None) -> str | None:
    host = host_in(name) if name else None
    return registrable(host) if host else None


def _without_port(host: str) -> str:
    return host.lower().partition(":")[0]


def _address(endpoint: str) -> str:
    return endpoint.rpartition(":")[0].strip("[]")
