"""Proofs of who runs a candidate, and everything that only looks like one."""

from dataclasses import replace

import pytest

from blockprobe.mirrors.live_facts import Proof
from blockprobe.mirrors.live_proofs import Seen, SiteKnown, is_cdn, proofs, same_owner
from blockprobe.model.observation import Certificate


def leaf(*names: str, key: str = "k") -> Certificate:
    return Certificate(sha256="c", spki_sha256=key, subject="", issuer="", names=names, not_before=None, not_after=None)


SITE = SiteKnown(host="site.com", certificate=leaf("site.com", "*.site.com", key="site-key"))
SEEN = Seen(host="mirror.net", address="198.51.100.7", certificate=leaf("mirror.net", key="own-key"))
CDN = tuple(f"customer-{number}.com" for number in range(25))


def kinds(site: SiteKnown, seen: Seen) -> set[Proof]:
    return {Proof(one.what) for one in proofs(site, seen)}


@pytest.mark.parametrize(
    ("site", "seen", "proof"),
    [
        (replace(SITE, leads_to=("https://mirror.net/home",)), SEEN, Proof.REDIRECT),
        (replace(SITE, leads_to=("https://www.mirror.net/",)), SEEN, Proof.REDIRECT),
        (replace(SITE, names=(("mirror.net", "the list"),)), SEEN, Proof.LISTED),
        (SITE, replace(SEEN, certificate=leaf("mirror.net", "site.com")), Proof.SHARED_CERTIFICATE),
        (SITE, replace(SEEN, certificate=leaf("mirror.net", key="site-key")), Proof.SHARED_KEY),
        (replace(SITE, own_addresses=("198.51.100.7",)), SEEN, Proof.ORIGIN_ADDRESS),
    ],
)
def test_what_only_the_operator_can_do_is_a_proof(site, seen, proof):
    assert kinds(site, seen) == {proof}


@pytest.mark.parametrize(
    ("site", "seen"),
    [
        (SITE, SEEN),
        (replace(SITE, leads_to=("https://mirror.net.evil.org/", "https://notmirror.net/")), SEEN),
        (replace(SITE, names=(("evil-mirror.net", "the list"),)), SEEN),
        (SITE, replace(SEEN, certificate=leaf("mirror.net", "site.com", *CDN))),  # a CDN's certificate
        (SITE, replace(SEEN, certificate=leaf("mirror.net", "sni.cloudflaressl.com", "site.com"))),
        (replace(SITE, certificate=leaf("site.com", *CDN)), replace(SEEN, certificate=leaf("mirror.net"))),
        (SITE, replace(SEEN, certificate=None)),  # passes the site's TLS through: not valid for its own name
        (replace(SITE, own_addresses=("198.51.100.7",)), replace(SEEN, certificate=None)),
        (replace(SITE, certificate=leaf("site.com", key="")), replace(SEEN, certificate=leaf("mirror.net", key=""))),
    ],
)
def test_what_others_can_do_is_none(site, seen):
    assert kinds(site, seen) == set()


def test_owners_under_a_shared_suffix_are_two():
    assert not same_owner("one.pages.dev", "two.pages.dev")
    assert same_owner("www.mirror.net", "mirror.net")


def test_a_certificate_for_many_owners_is_a_cdns_and_many_names_of_one_are_not():
    assert is_cdn(leaf(*CDN))
    assert not is_cdn(leaf(*(f"{label}.site.com" for label in "abcdefghijklmnopqrstuvwxyz")))
