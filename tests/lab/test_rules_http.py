"""Every rule about cleartext HTTP, seen from the probe."""

import pytest

from . import plan
from .eyes import Page, get
from .real import RealLab, rule
from .rules import ORDER_TEXT, Rule
from .sites import SITES, title

SITE = SITES["s1.example"]
V4, V6 = SITE.v4[0], SITE.v6[0]
ELSEWHERE = SITES["n1.example"].v4[0]
BLOCK_URL = f"http://{plan.BLOCK_NAME}/"


def _kind_of(page: Page) -> str:
    """One word for what came."""
    if page.failure:
        return page.failure
    if page.status in (301, 302, 308):
        return page.header("location")
    if page.status == 451 and 'rel="blocked-by"' in page.header("link"):
        return "451"
    return "block page" if ORDER_TEXT in page.body else f"{page.status} {page.body.partition('</title>')[0][-10:]}"


TRUE = "200 s1.example"
PAGES = [("page200", "block page"), ("page451", "451"), ("redir302", BLOCK_URL)]


@pytest.mark.parametrize(("mode", "seen"), PAGES)
def test_one_address_answers_with_the_isps_page(lab: RealLab, mode: str, seen: str) -> None:
    see = lab.probe.see
    with lab.rules(rule("http-page", "s1.example", mode=mode)):
        assert [_kind_of(see(get, each, "s1.example")) for each in (V4, V6)] == [seen] * 2
        assert _kind_of(see(get, ELSEWHERE, "n1.example")) == "200 n1.example"
        assert see(get, V4, "s1.example", context=lab.trust()).status == 200
    assert _kind_of(see(get, V4, "s1.example")) == TRUE


@pytest.mark.parametrize(("mode", "seen"), PAGES)
def test_the_proxy_filters_one_host_at_every_address(lab: RealLab, mode: str, seen: str) -> None:
    see = lab.probe.see
    with lab.rules(rule("http-proxy", "s1.example", mode=mode)):
        assert [_kind_of(see(get, each, "s1.example")) for each in (V4, V6, ELSEWHERE)] == [seen] * 3
        other = see(get, ELSEWHERE, "n1.example")
        assert (_kind_of(other), other.header("via")) == ("200 n1.example", "1.1 proxy.isp")
        assert see(get, V4, "n1.example").status == 200, "it goes where it was sent, not where the name points"
    assert see(get, V4, "s1.example").header("via") == ""
    assert _kind_of(see(get, V4, "s1.example")) == TRUE


ON = [
    (rule("http-rst", "s1.example"), "ECONNRESET"),
    (rule("http-drop", "s1.example"), "timeout"),
    (rule("http-tap", "s1.example", how="rst"), "ECONNRESET"),
    (rule("http-tap", "s1.example", how="fin"), "RemoteDisconnected"),
    (rule("http-tap", "s1.example", how="page"), "block page"),
    (rule("http-tap", "s1.example", how="redirect"), BLOCK_URL),
    (rule("http-tap", "s1.example", how="redirect", inpath=True), BLOCK_URL),
]


@pytest.mark.parametrize(("filter_", "seen"), ON, ids=[f"{each.kind}-{n}" for n, (each, _) in enumerate(ON)])
def test_a_host_is_filtered(lab: RealLab, filter_: Rule, seen: str) -> None:
    see = lab.probe.see
    with lab.rules(filter_):
        assert [_kind_of(see(get, each, "s1.example")) for each in (V4, V6, ELSEWHERE)] == [seen] * 3
        assert _kind_of(see(get, V4, "s2.example")) == "200 s2.example"
        assert lab.control.see(get, V4, "s1.example").status == 200
    assert _kind_of(see(get, V4, "s1.example")) == TRUE


def test_the_block_pages_own_name(lab: RealLab) -> None:
    assert _kind_of(lab.probe.see(get, plan.BLOCK_PAGE, plan.BLOCK_NAME)) == "block page"
    assert _kind_of(lab.probe.see(get, plan.BLOCK_PAGE, plan.BLOCK_NAME, context=lab.trust())) == "block page"


def test_a_captive_portal(lab: RealLab) -> None:
    see = lab.probe.see
    lab.rule_on("portal")
    assert _kind_of(see(get, V4, "s1.example")) == f"http://{plan.PORTAL_NAME}/login"
    assert "Accept our terms" in see(get, plan.PORTAL, plan.PORTAL_NAME).body
    lab.rule_off("portal")
    assert title("s1.example") in see(get, V4, "s1.example").body
