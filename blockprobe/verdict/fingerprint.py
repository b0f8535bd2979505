"""Known block pages, notices and filters: what a fingerprint is, and the pure matcher.

Everything compared here came from an untrusted network: comparing takes time linear in it (`verdict.phrases`), and
no function here raises for it. HTTP fingerprints prove something only in cleartext or under an invalid chain; that
is for the judge to see to, as is what a match means.
"""

import ipaddress
import math
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import Self, TypeVar

from blockprobe.model.words import AttributionBy, AttributionCause
from blockprobe.verdict.phrases import PhraseIndex, fold

_K = TypeVar("_K")
_V = TypeVar("_V")
_MAX_URL = 2_048  # characters of a redirect's address that are looked at


class FingerprintKind(StrEnum):
    """What a fingerprint is compared with."""

    HTTP_BODY = "http_body"
    HTTP_TITLE = "http_title"
    HTTP_HEADER = "http_header"
    HTTP_LOCATION = "http_location"
    DNS_ADDRESS = "dns_address"
    DNS_CNAME = "dns_cname"
    TLS_ISSUER = "tls_issuer"
    EDE_TEXT = "ede_text"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fingerprint:
    """One known artefact of a filter; `docs/fingerprints.md` explains every field.

    `all_of`: each line must be found in the text, a line being alternatives. `one_of`: the whole value (title,
    address or prefix, CNAME, start of a redirect's URL) equals one of these. `max_bytes` bounds the page's size,
    `header` names the header meant, `status` the HTTP status needed, `codes` the EDE codes (RFC 8914).
    `country` is ISO 3166 in lower case, `isp` a catalogue id; None: seen in more than one. `last_verified` is the
    ISO date up to which `source` vouches for it. `matches` and `not_matches` are samples that must and must not match.
    """

    id: str
    title: str
    kind: FingerprintKind
    all_of: tuple[tuple[str, ...], ...] = ()
    one_of: tuple[str, ...] = ()
    max_bytes: int | None = None
    header: str | None = None
    status: int | None = None
    codes: tuple[int, ...] = (15, 16, 17)
    country: str | None = None
    isp: str | None = None
    by: AttributionBy = AttributionBy.UNKNOWN
    cause: AttributionCause = AttributionCause.UNKNOWN
    source: str = ""
    first_seen: str | None = None
    last_verified: str | None = None
    matches: tuple[str, ...] = ()
    not_matches: tuple[str, ...] = ()

    @property
    def pattern(self) -> str:
        """What is looked for, in one line for people."""
        lines = [" | ".join(line) for line in self.all_of]
        return " & ".join([*lines, " | ".join(self.one_of)] if self.one_of else lines)


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """The parts of one HTTP answer that fingerprints look at; `body_bytes` is its true size, `body` may be cut."""

    title: str | None = None
    body: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    location: str | None = None
    body_bytes: int = 0
    status: int | None = None


class FingerprintSet(tuple[Fingerprint, ...]):
    """A tuple of fingerprints that carries an index, so that thousands cost little more than a few.

    The index is built at the first match: most runs never meet a page that needs it. Where several fit, the most
    specific wins: one of an ISP before one of a country before a general one; then the earlier in the tuple.
    """

    def __new__(cls, fingerprints: Iterable[Fingerprint] = ()) -> Self:
        """The given fingerprints in their order, ids being different; dns_address ones must hold networks."""
        return super().__new__(cls, fingerprints)

    def match_http(self, page: Page) -> Fingerprint | None:
        """The fingerprint that `page` bears in its redirect, headers, title or body."""
        return self._best(rank for rank in self._http_ranks(page) if _fits(self._ranked[rank], page))

    def match_address(self, address: str) -> Fingerprint | None:
        """The fingerprint of an address in a DNS answer; None, too, for what is no address."""
        try:
            ip = ipaddress.ip_address(address)
        except ValueError:
            return None
        return self._best(
            rank
            for (version, host_bits), networks in self._networks.items()
            if version == ip.version
            for rank in networks.get(int(ip) >> host_bits, ())
        )

    def match_cname(self, name: str) -> Fingerprint | None:
        """The fingerprint of a CNAME's target; one written with a leading dot fits every name below it."""
        name = name[:255].lower().rstrip(".")
        labels = name.split(".")
        above = ("." + ".".join(labels[at:]) for at in range(1, len(labels)))
        return self._best(rank for key in (name, *above) for rank in self._names.get(key, ()))

    def match_issuer(self, issuer: str) -> Fingerprint | None:
        """The fingerprint of a certificate's issuer, as the record writes it."""
        return self._best(self._phrases[FingerprintKind.TLS_ISSUER].find(issuer))

    def match_ede(self, code: int, text: str) -> Fingerprint | None:
        """The fingerprint of an Extended DNS Error and its EXTRA-TEXT (RFC 8914)."""
        found = self._phrases[FingerprintKind.EDE_TEXT].find(text)
        return self._best(rank for rank in found if code in self._ranked[rank].codes)

    def _best(self, ranks: Iterable[int]) -> Fingerprint | None:
        rank = min(ranks, default=None)
        return None if rank is None else self._ranked[rank]

    def _http_ranks(self, page: Page) -> Iterator[int]:
        if page.location:
            host, rest = _host_and_rest(page.location)
            yield from (rank for start, rank in self._locations.get(host, ()) if rest.startswith(start))
        for name, value in page.headers:
            if phrases := self._headers.get(name.lower()):
                yield from phrases.find(value)
        if page.title:
            yield from self._titles.get(fold(page.title), ())
            yield from self._phrases[FingerprintKind.HTTP_TITLE].find(page.title)
        if page.body and page.body_bytes <= self._largest_notice:
            yield from self._phrases[FingerprintKind.HTTP_BODY].find(page.body)

    def _of(self, kind: FingerprintKind) -> list[tuple[int, Fingerprint]]:
        return [(rank, one) for rank, one in enumerate(self._ranked) if one.kind is kind]

    def _values(self, kind: FingerprintKind) -> Iterator[tuple[str, int]]:
        return ((value, rank) for rank, one in self._of(kind) for value in one.one_of)

    @cached_property
    def _ranked(self) -> tuple[Fingerprint, ...]:
        return tuple(sorted(self, key=lambda one: (one.isp is None, one.country is None)))

    @cached_property
    def _largest_notice(self) -> float:
        """Bytes; most pages of real sites are larger and need no look at all."""
        limits = (one.max_bytes for _, one in self._of(FingerprintKind.HTTP_BODY))
        return max((math.inf if limit is None else limit for limit in limits), default=0)

    @cached_property
    def _phrases(self) -> dict[FingerprintKind, PhraseIndex]:
        return {kind: PhraseIndex((rank, one.all_of) for rank, one in self._of(kind)) for kind in FingerprintKind}

    @cached_property
    def _headers(self) -> dict[str, PhraseIndex]:
        by_name = _table(((one.header or "").lower(), (rank, one.all_of)) for rank, one in self._of(_HEADER))
        return {name: PhraseIndex(entries) for name, entries in by_name.items()}

    @cached_property
    def _titles(self) -> dict[bytes, list[int]]:
        return _table((fold(value), rank) for value, rank in self._values(FingerprintKind.HTTP_TITLE))

    @cached_property
    def _locations(self) -> dict[str, list[tuple[str, int]]]:
        parted = ((_host_and_rest("//" + value), rank) for value, rank in self._values(FingerprintKind.HTTP_LOCATION))
        return _table((host, (rest, rank)) for (host, rest), rank in parted if host)

    @cached_property
    def _names(self) -> dict[str, list[int]]:
        return _table((value.lower().rstrip("."), rank) for value, rank in self._values(FingerprintKind.DNS_CNAME))

    @cached_property
    def _networks(self) -> dict[tuple[int, int], dict[int, list[int]]]:
        """By version and host bits: a network's number without them, and the fingerprints that name it."""
        named = [(ipaddress.ip_network(value), rank) for value, rank in self._values(FingerprintKind.DNS_ADDRESS)]
        sized = [(net, net.max_prefixlen - net.prefixlen, rank) for net, rank in named]
        by_size = _table(((net.version, bits), (int(net.network_address) >> bits, rank)) for net, bits, rank in sized)
        return {key: _table(pairs) for key, pairs in by_size.items()}


#: A plain tuple is accepted everywhere, too; it is indexed at every call.
Fingerprints = FingerprintSet | tuple[Fingerprint, ...]

_HEADER = FingerprintKind.HTTP_HEADER


def match_http(  # noqa: PLR0913  one keyword for each part of an answer that can bear a fingerprint
    fingerprints: Fingerprints,
    *,
    title: str | None,
    body: str,
    headers: tuple[tuple[str, str], ...],
    location: str | None,
    body_bytes: int,
    status: int | None = None,
) -> Fingerprint | None:
    """The fingerprint of a page. Without `status`, those that need one (a legal notice under 451) do not match."""
    page = Page(title=title, body=body, headers=headers, location=location, body_bytes=body_bytes, status=status)
    return _indexed(fingerprints).match_http(page)


def match_address(fingerprints: Fingerprints, address: str) -> Fingerprint | None:
    """The fingerprint of an address in a DNS answer."""
    return _indexed(fingerprints).match_address(address)


def match_cname(fingerprints: Fingerprints, name: str) -> Fingerprint | None:
    """The fingerprint of a CNAME's target."""
    return _indexed(fingerprints).match_cname(name)


def match_issuer(fingerprints: Fingerprints, issuer: str) -> Fingerprint | None:
    """The fingerprint of a certificate's issuer."""
    return _indexed(fingerprints).match_issuer(issuer)


def match_ede(fingerprints: Fingerprints, code: int, text: str) -> Fingerprint | None:
    """The fingerprint of an Extended DNS Error; 17 (Filtered) is the customer's own wish and no order's."""
    return _indexed(fingerprints).match_ede(code, text)


def sample_matches(fingerprint: Fingerprint, sample: str) -> bool:
    """Whether `fingerprint` fits one of its samples: a page, title, "Name: value", URL, address, name, issuer or
    EXTRA-TEXT, by kind; a sample comes under the status or with the EDE codes that the fingerprint asks for."""
    alone = FingerprintSet((fingerprint,))
    match fingerprint.kind:
        case FingerprintKind.DNS_ADDRESS:
            return alone.match_address(sample) is not None
        case FingerprintKind.DNS_CNAME:
            return alone.match_cname(sample) is not None
        case FingerprintKind.TLS_ISSUER:
            return alone.match_issuer(sample) is not None
        case FingerprintKind.EDE_TEXT:
            return any(alone.match_ede(code, sample) for code in fingerprint.codes)
        case _:
            return alone.match_http(_sample_page(fingerprint, sample)) is not None


def _sample_page(fingerprint: Fingerprint, sample: str) -> Page:
    status = fingerprint.status
    match fingerprint.kind:
        case FingerprintKind.HTTP_TITLE:
            return Page(title=sample, status=status)
        case FingerprintKind.HTTP_HEADER:
            name, _, value = sample.partition(":")
            return Page(headers=((name.strip(), value.strip()),), status=status)
        case FingerprintKind.HTTP_LOCATION:
            return Page(location=sample, status=status)
        case _:
            return Page(body=sample, body_bytes=len(sample.encode("utf-8", "replace")), status=status)


def _indexed(fingerprints: Fingerprints) -> FingerprintSet:
    return fingerprints if isinstance(fingerprints, FingerprintSet) else FingerprintSet(fingerprints)


def _fits(fingerprint: Fingerprint, page: Page) -> bool:
    """Whether size and status are as the fingerprint demands: a notice is short, an article about it is long."""
    small = fingerprint.max_bytes is None or page.body_bytes <= fingerprint.max_bytes
    return small and fingerprint.status in (None, page.status)


def _host_and_rest(url: str) -> tuple[str, str]:
    """Host and everything after the authority of an absolute URL, lower case; ("", "") for a relative one."""
    scheme, slashes, after = url[:_MAX_URL].strip().lower().partition("//")
    if not slashes or scheme not in ("", "http:", "https:"):
        return "", ""
    end = min((at for at in map(after.find, "/?#") if at >= 0), default=len(after))
    authority = after[:end].rpartition("@")[2]
    bracket = authority.rfind("]")
    port = authority.find(":", bracket + 1)
    host = authority if port < 0 else authority[:port]
    return host.rstrip("."), after[end:] or "/"


def _table(pairs: Iterable[tuple[_K, _V]]) -> dict[_K, list[_V]]:
    table: defaultdict[_K, list[_V]] = defaultdict(list)
    for key, value in pairs:
        table[key].append(value)
    return dict(table)
