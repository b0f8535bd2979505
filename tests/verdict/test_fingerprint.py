"""What each kind of fingerprint fits, which of several wins, and that nothing from the network makes a match raise."""

import time
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from blockprobe.catalogue.fingerprints import load_fingerprints
from blockprobe.model.words import AttributionCause
from blockprobe.verdict.fingerprint import (
    Fingerprint,
    FingerprintKind,
    FingerprintSet,
    Page,
    match_address,
    match_cname,
    match_ede,
    match_http,
    match_issuer,
    sample_matches,
)

SHIPPED = load_fingerprints()

NOTICE = Fingerprint(
    id="notice",
    title="a notice",
    kind=FingerprintKind.HTTP_BODY,
    all_of=(("this site has been blocked",), ("court order", "order of the court")),
    max_bytes=8192,
)


def http(fingerprints, **parts):
    given = {"title": None, "body": "", "headers": (), "location": None, "body_bytes": len(parts.get("body", ""))}
    return match_http(fingerprints, **(given | parts))


def of(kind: str, *values: str, **more) -> tuple[Fingerprint, ...]:
    return (Fingerprint(id="one", title="one", kind=FingerprintKind(kind), one_of=values, **more),)


@pytest.mark.parametrize("fingerprint", SHIPPED, ids=lambda one: one.id)
def test_every_shipped_fingerprint_fits_its_own_samples_and_no_others(fingerprint):
    assert all(sample_matches(fingerprint, sample) for sample in fingerprint.matches)
    assert not any(sample_matches(fingerprint, sample) for sample in fingerprint.not_matches)


@pytest.mark.parametrize("fingerprint", SHIPPED, ids=lambda one: one.id)
def test_a_general_page_that_must_not_match_one_fingerprint_matches_none_for_a_court(fingerprint):
    if fingerprint.kind is not FingerprintKind.HTTP_BODY or not fingerprint.id.startswith("generic."):
        return
    for sample in fingerprint.not_matches:
        found = http(SHIPPED, body=sample, status=200)
        assert found is None or found.cause is not AttributionCause.COURT, found


HEALTHY = {
    "news": "<title>High Court orders five providers to block film site</title>"
    "<p>Visitors now read: 'Access to this website has been blocked under a court order.' " + "<p>More news. " * 900,
    "law firm": "<title>Site blocking | Example LLP</title><p>Our team obtains court orders." + "<p>Team." * 50,
    "403": "<title>403 Forbidden</title><h1>Forbidden</h1><p>You don't have permission to access this resource.</p>",
    "captcha": "<title>Just a moment...</title><p>Are you human? Access to this site is blocked until then.</p>",
    "parking": "<title>a.example</title><p>Buy this domain. The owner may have blocked it.</p>",
    "seizure": "<title>Seized</title><p>This domain has been seized pursuant to a warrant issued by a court.</p>",
    "portal": "<title>Hotel Wi-Fi</title><p>Access to this site is blocked until you log in.</p>",
}


@pytest.mark.parametrize("name", HEALTHY)
def test_a_healthy_look_alike_bears_no_fingerprint(name):
    body = HEALTHY[name]

    assert http(SHIPPED, title=name, body=body, status=200) is None


def test_a_notice_is_known_and_a_page_too_large_to_be_one_is_not():
    body = "<p>This site has been blocked by ORDER\n of the court."

    assert http((NOTICE,), body=body) is NOTICE
    assert http((NOTICE,), body=body, body_bytes=8193) is None


def test_a_fingerprint_that_needs_a_status_wants_that_status():
    link = (("LINK", '<https://isp.example/>; rel="blocked-by"'),)

    assert http(SHIPPED, headers=link, status=451).id == "generic.http.blocked-by"
    assert http(SHIPPED, headers=link, status=200) is None
    assert http(SHIPPED, headers=link) is None


@pytest.mark.parametrize(
    ("location", "fits"),
    [
        ("http://block.example/page?x", True),
        ("HTTPS://user@Block.Example.:8443/Page", True),
        ("//block.example/page", True),
        ("http://block.example/other", False),
        ("http://a.example/?u=http://block.example/page", False),
        ("http://block.example.a.example/page", False),
        ("/a//block.example/page", False),
        ("http://[::1/page", False),
        ("", False),
    ],
)
def test_a_redirect_fits_by_host_and_start_of_the_path(location, fits):
    assert (http(of("http_location", "block.example/page"), location=location) is not None) is fits


def test_a_title_fits_whole_or_by_its_phrases():
    assert http(of("http_title", "Stop Page"), title=" stop  PAGE ")
    assert not http(of("http_title", "Stop Page"), title="Stop Page explained")
    assert http((replace(NOTICE, kind=FingerprintKind.HTTP_TITLE),), title="This site has been blocked: court order")


@pytest.mark.parametrize(
    ("address", "fits"),
    [("203.0.113.7", True), ("203.0.113.8", False), ("198.51.100.200", True), ("2001:db8::9", True),
     ("2001:db8:1::9", False), ("203.0.113", False), ("", False), ("::ffff:203.0.113.7", False)],
)  # fmt: skip
def test_an_address_fits_by_equality_or_prefix(address, fits):
    known = of("dns_address", "203.0.113.7", "198.51.100.0/24", "2001:db8::/48")

    assert (match_address(known, address) is not None) is fits


@pytest.mark.parametrize(
    ("name", "fits"),
    [("Notice.Example.", True), ("a.notice.example", False), ("x.y.wall.example", True), ("wall.example", False)],
)
def test_a_cname_fits_by_equality_or_below_a_leading_dot(name, fits):
    assert (match_cname(of("dns_cname", "notice.example", ".wall.example"), name) is not None) is fits


def test_issuer_and_ede_text_fit_by_phrases_and_ede_by_code_too():
    assert match_issuer(SHIPPED, "C=ES, O=Allot, CN=allot.com/emailAddress=info@allot.com").id == "es.vodafone.issuer"
    assert match_issuer(SHIPPED, "CN=E5,O=Let's Encrypt,C=US") is None
    assert match_ede(SHIPPED, 16, "Court order C-12/2026").id == "lab.order.ede"
    assert match_ede(SHIPPED, 17, "court order C-12/2026") is None, "17 is the customer's own wish"
    assert match_ede(SHIPPED, 17, "parental control").cause is AttributionCause.PARENTAL


def test_the_most_specific_fingerprint_wins():
    national = replace(NOTICE, id="national", country="gb")
    provider = replace(NOTICE, id="provider", country="gb", isp="gb/example")

    found = http((NOTICE, national, provider), body="this site has been blocked by court order")

    assert found is provider


def test_a_parental_page_is_never_a_court_page():
    found = http(SHIPPED, location="http://block.nb.sky.com/?x")

    assert found.cause is AttributionCause.PARENTAL


def test_without_fingerprints_nothing_is_known():
    assert http((), title="t", body="b", location="http://a.example/", headers=(("a", "b"),)) is None
    assert match_address((), "203.0.113.7") is None
    assert match_cname((), "a") is None
    assert match_issuer((), "a") is None
    assert match_ede((), 16, "court order") is None


@given(st.text(), st.text(), st.text(), st.lists(st.tuples(st.text(), st.text()), max_size=3), st.integers())
def test_whatever_the_network_sends_is_compared_without_an_exception(title, body, location, headers, size):
    http(SHIPPED, title=title, body=body, location=location, headers=tuple(headers), body_bytes=size, status=size)
    match_address(SHIPPED, location)
    match_cname(SHIPPED, location)
    match_issuer(SHIPPED, body)
    match_ede(SHIPPED, size, body)


@given(st.sampled_from(SHIPPED), st.data())
def test_the_whole_set_finds_what_one_alone_finds(fingerprint, data):
    if fingerprint.kind is not FingerprintKind.HTTP_BODY:
        return
    sample = data.draw(st.sampled_from(fingerprint.matches))
    body = data.draw(st.text(max_size=20)).replace("&", "") + " " + sample

    assert http(SHIPPED, body=body, body_bytes=1, status=fingerprint.status) is not None


def test_thousands_of_fingerprints_cost_little_more_than_one():
    many = FingerprintSet(
        replace(NOTICE, id=f"n{n}", all_of=((f"this site has been blocked by decision {n} of {n * 7919 % 1009}",),))
        for n in range(3000)
    )
    page = Page(body="<p>Ordinary words of an ordinary page, this site among them.</p>\n" * 126, body_bytes=8190)
    many.match_http(page)

    def best(fingerprints: FingerprintSet) -> float:
        times = []
        for _ in range(50):
            began = time.process_time()
            fingerprints.match_http(page)
            times.append(time.process_time() - began)
        return min(times)

    one = FingerprintSet((NOTICE,))
    one.match_http(page)
    assert best(many) < 6 * best(one) + 20e-6
