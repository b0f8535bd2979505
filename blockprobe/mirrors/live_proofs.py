"""Who runs a candidate: the proofs that nobody but the site's operator can make. Pure.

Each rests on a chain that is valid for the name it speaks for; what a page shows is never among them.
"""

from dataclasses import dataclass

from blockprobe.mirrors.live_facts import Proof, Said
from blockprobe.mirrors.live_scan import host_of
from blockprobe.mirrors.suffixes import host_in, registrable
from blockprobe.model.addresses import family_of
from blockprobe.model.observation import Certificate

#: A certificate for the names of more registered domains than this is a CDN's or a hoster's.
MOST_DOMAINS = 20
#: CDNs that put names of several customers into one certificate, by a name of their own in it.
CDN_NAMES = (
    "cloudflaressl.com",
    "cloudflare.com",
    "fastly.net",
    "fastlylb.net",
    "incapsula.com",
    "imperva.com",
    "akamai.net",
    "akamaized.net",
    "edgekey.net",
    "cloudfront.net",
    "sucuri.net",
    "b-cdn.net",
    "netlify.app",
    "herokuapp.com",
    "github.io",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteKnown:
    """What was seen of the site from where it is not blocked, all of it under a chain valid for its name.

    `leads_to`: addresses that it redirects to (Location, refresh, Onion-Location), `names` hosts that its own page or
    its list of mirrors names, with the place; `certificate` its leaf. `own_addresses`: the operator's statement.
    """

    host: str
    leads_to: tuple[str, ...] = ()
    names: tuple[tuple[str, str], ...] = ()
    certificate: Certificate | None = None
    own_addresses: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What a candidate showed: `certificate` only if its chain is valid for `host`."""

    host: str
    address: str = ""
    certificate: Certificate | None = None


def proofs(site: SiteKnown, seen: Seen) -> tuple[Said, ...]:
    """Every proof there is, the strongest words first; empty for a name that is the site's own."""
    found = [
        _redirect(site, seen),
        _certificate(site, seen),
        _key(site, seen),
        _listed(site, seen),
        _address(site, seen),
    ]
    return tuple(one for one in found if one is not None)


def is_cdn(certificate: Certificate) -> bool:
    """Whether a certificate holds for so many owners that it says nothing of one of them."""
    hosts = [name.removeprefix("*.").lower() for name in certificate.names]
    if any(host == cdn or host.endswith(f".{cdn}") for host in hosts for cdn in CDN_NAMES):
        return True
    return len({registrable(host) or host for host in hosts if host_in(host)}) > MOST_DOMAINS


def _redirect(site: SiteKnown, seen: Seen) -> Said | None:
    if not any(same_owner(host_of(address), seen.host) for address in site.leads_to):
        return None
    return Said(what=Proof.REDIRECT, words=f"{site.host} itself sends its visitors to {seen.host}, under a valid chain")


def _listed(site: SiteKnown, seen: Seen) -> Said | None:
    for host, place in site.names:
        if same_owner(host, seen.host):
            return Said(what=Proof.LISTED, words=f"{place} names {seen.host}, under a valid chain")
    return None


def _certificate(site: SiteKnown, seen: Seen) -> Said | None:
    leaf = seen.certificate
    if leaf is None or is_cdn(leaf) or not _holds_for(leaf, site.host):
        return None
    words = f"the certificate that {seen.host} shows, with a valid chain, holds for {site.host} as well"
    return Said(what=Proof.SHARED_CERTIFICATE, words=words)


def _key(site: SiteKnown, seen: Seen) -> Said | None:
    mine, theirs = site.certificate, seen.certificate
    if mine is None or theirs is None or not mine.spki_sha256 or mine.spki_sha256 != theirs.spki_sha256:
        return None
    if is_cdn(mine) or is_cdn(theirs):
        return None
    key = mine.spki_sha256[:16]
    return Said(what=Proof.SHARED_KEY, words=f"{seen.host} and {site.host} have valid chains for the same key {key}…")


def _address(site: SiteKnown, seen: Seen) -> Said | None:
    if seen.certificate is None or seen.address not in site.own_addresses:
        return None
    words = f"{seen.host} is served from {seen.address}, which the site's operator has alone"
    return Said(what=Proof.ORIGIN_ADDRESS, words=f"{words}, as you say")


def same_owner(one: str, other: str) -> bool:
    """Whether two hosts are names under one registered domain."""
    return bool(one) and owner_of(one) == owner_of(other)


def owner_of(host: str) -> str:
    """The registered domain of a host; an address, or a public suffix, is its own."""
    return host if family_of(host) is not None else registrable(host) or host


def _holds_for(certificate: Certificate, host: str) -> bool:
    names = {name.lower() for name in certificate.names}
    return host in names or f"*.{host.partition('.')[2]}" in names
