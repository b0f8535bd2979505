from datetime import UTC, datetime

import pytest

from blockprobe.mirrors.brand import brand_of
from blockprobe.mirrors.harvest import MAX_SHARING, Harvest
from blockprobe.mirrors.name_filter import NameFilter
from blockprobe.mirrors.shapes import shipped_tables
from blockprobe.model.control import Control, ControlHttp, ControlTls
from blockprobe.model.line import Line
from blockprobe.model.mirror import Source
from blockprobe.model.observation import Certificate, HttpObservation, Place, Test, TlsObservation, Why
from blockprobe.model.record import Record, Vantage, Verdict, Versions
from blockprobe.model.target import parse_target
from blockprobe.model.words import LineState, SiteState, State

WHY = Why(test=Test.LOOK, place=Place.ORIGIN)
NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


def tls(host: str, address: str = "203.0.113.5", *, valid: bool = True, names=(), key="k1") -> TlsObservation:
    leaf = Certificate(sha256=f"cert-{key}", spki_sha256=key, subject="", issuer="", names=(host, *names))
    return TlsObservation(
        why=WHY, t0_s=0, t_s=0.1, failure=None, address=address, port=443, server_name=host, verify_name=host,
        valid=valid, chain=(leaf,),
    )  # fmt: skip


def page(host: str, *, location=None, body="", tls=True, address="203.0.113.5") -> HttpObservation:
    scheme, port = ("https", 443) if tls else ("http", 80)
    return HttpObservation(
        why=WHY, t0_s=0, t_s=0.1, failure=None, url=f"{scheme}://{host}/", host=host, address=address, port=port,
        tls=tls, status=302 if location else 200, location=location, body=body,
    )  # fmt: skip


def record(target: str, *observations, control=()) -> Record:
    return Record(
        id=f"id-{target}", measured_at=NOW, runtime_s=1, target=parse_target(target), vantage=Vantage(),
        verdict=Verdict(
            state=State.ACCESSIBLE, line_state=LineState.OPEN, site_state=SiteState.ALIVE, rule="r", because="b"
        ),
        line=Line(checked_at=NOW), observations=observations, control=tuple(control), versions=Versions(
            blockprobe="0", rules=1
        ),
    )  # fmt: skip


def helper(*hops: tuple[str, str | None], tls=()) -> Control:
    seen = tuple(ControlHttp(url=url, failure=None, location=location) for url, location in hops)
    return Control(
        helper="https://ctl.example/", url=hops[0][0] if hops else "", t0_s=0, t_s=1, failure=None, hops=seen, tls=tls
    )


def harvested(*records: Record, site: str = "somebrand.to") -> list[tuple[str, Source]]:
    brands = (brand_of(site),)
    harvest = Harvest(brands, NameFilter(brands, shipped_tables()))
    for one in records:
        harvest.add(one)
    return sorted((one.name, one.source) for one in harvest.candidates())


SITE = "somebrand.to"


def test_a_redirect_under_a_valid_chain_is_followed_through_the_record():
    found = harvested(
        record(
            SITE,
            tls(SITE),
            page(SITE, location="https://next.example/"),
            tls("next.example", "203.0.113.6", key="k2"),
            page("next.example", location="https://last.example/", address="203.0.113.6"),
        )
    )

    assert found == [("last.example", Source.REDIRECT), ("next.example", Source.REDIRECT)]


@pytest.mark.parametrize(
    "observations",
    [
        (page(SITE, location="https://notice.example/", tls=False),),  # in the clear: whoever is on the path says so
        (tls(SITE, valid=False), page(SITE, location="https://notice.example/")),
        (tls(SITE, "203.0.113.9"), page(SITE, location="https://notice.example/")),  # proven elsewhere, not here
    ],
)
def test_a_redirect_that_a_filter_could_have_sent_is_none(observations):
    assert harvested(record(SITE, *observations)) == []


def test_what_the_helper_saw_counts_and_strangers_redirects_do_not():
    control = helper(("http://somebrand.to/", "https://new.example/"), ("https://ad.example/", "https://trap.example/"))

    assert harvested(record(SITE, control=[control])) == [("new.example", Source.REDIRECT)]


def test_links_of_the_sites_own_page_count_where_they_have_its_word():
    body = '<a href="https://somebrand2.example/">x</a><a href="https://other.example/">y</a><a href="/z">z</a>'

    assert harvested(record(SITE, tls(SITE), page(SITE, body=body))) == [("somebrand2.example", Source.LINK)]
    assert harvested(record(SITE, page(SITE, body=body, tls=False))) == []


def test_who_shares_certificate_key_and_address_is_found_across_records():
    found = harvested(
        record(SITE, tls(SITE, names=("*.alt.example", "www.somebrand.to"))),
        record("mirror.example", tls("mirror.example")),
    )

    assert found == [
        ("alt.example", Source.SHARED_CERTIFICATE),
        ("mirror.example", Source.SHARED_ADDRESS),
        ("mirror.example", Source.SHARED_CERTIFICATE),
        ("mirror.example", Source.SHARED_KEY),
    ]


def test_the_helpers_handshakes_share_too():
    def seen(host):
        return ControlTls(endpoint="203.0.113.7:443", server_name=host, ok=True, spki_sha256="k7")

    controls = [helper(("https://x.example/", None), tls=(seen(host),)) for host in (SITE, "mirror.example")]

    assert harvested(record("a.example", control=controls)) == [
        ("mirror.example", Source.SHARED_ADDRESS),
        ("mirror.example", Source.SHARED_KEY),
    ]


def test_a_lying_resolvers_address_and_a_filters_certificate_name_nobody():
    records = [record(host, tls(host, valid=False, key="filter")) for host in (SITE, "blocked.example")]

    assert harvested(*records) == []


@pytest.mark.parametrize(("others", "is_shared"), [(MAX_SHARING - 1, True), (MAX_SHARING, False)])
def test_what_more_than_twenty_domains_share_is_a_content_delivery_networks(others, is_shared):
    records = [record(f"s{number}.example", tls(f"s{number}.example", key=f"k{number}")) for number in range(others)]
    found = harvested(*records, record(SITE, tls(SITE, key="own")))

    assert bool(found) == is_shared
    assert {source for _, source in found} <= {Source.SHARED_ADDRESS}


def test_odd_locations_and_names_are_passed_over():
    odd = ("http://[::1", "//", "https://192.0.2.1/", "https://xn--/", "javascript:x")
    pages = [page(SITE, location=location) for location in odd]

    assert harvested(record(SITE, tls(SITE, names=("", "*", "192.0.2.1", "com")), *pages)) == []
