"""What a page alone tells: a class for each kind of page, in many languages, and none where nothing can be known."""

import pytest

from blockprobe.mirrors.background import background_of, reference_of
from blockprobe.mirrors.offline import judge_page
from blockprobe.mirrors.page import read_page
from blockprobe.model.mirror import Band, MirrorClass
from tests.mirrors.made_pages import FAMILIES, Site

SITE = Site(family="table", seed=0)
OTHERS = [[read_page(Site(family=family, seed=9).page().encode())] for family in FAMILIES]
REFERENCE = reference_of([read_page(SITE.page().encode())], background_of(OTHERS), inside=False)
NAME = SITE.name

PAGES = {
    MirrorClass.PARKED: [
        "<h1>shop.example is for sale</h1><p>Make an offer today</p>",
        "<p>This domain is parked free, courtesy of the registrar.</p>",
        "<title>shop.example</title><script src='https://ads.example/adsense/domains/caf.js'></script><div></div>",
        "<p>Die Domain shop.example steht zu verkaufen!</p>",
        "<p>The domain has expired. Renew this domain now.</p>",
        "<script>window.location.href='/lander'</script>",
    ],
    MirrorClass.BLOCK_PAGE: [
        "<h1>Site blocked</h1><p>This site is blocked by an order of the High Court.</p>",
        "<h1>Gesperrt</h1><p>Diese Seite wurde nach einem Beschluss des Gerichts gesperrt.</p>",
        "<p>L'accès à ce site est bloqué par décision du tribunal judiciaire.</p>",
        "<p>Il sito è stato oscurato per ordine dell'autorità giudiziaria.</p>",
        "<p>Доступ ограничен по решению суда на основании закона.</p>",
        "<p>Toegang geblokkeerd: de rechtbank heeft dit bevolen.</p>",
        "<p>Bu siteye erişim mahkeme kararı ile engellenmiştir.</p>",
    ],
    MirrorClass.PHISH_LURE: [
        f"<h1>{NAME}</h1><form><input name=u><input type=password name=p></form>",
        f"<h1>{NAME}</h1><a href='/get/player_setup.exe'>Download</a>",
        f"<h1>{NAME}</h1><p>Click Allow to continue</p>",
        f"<h1>{NAME}</h1><p>Create a free account. A credit card is needed.</p>",
        f"<h1>{NAME}</h1><script>setTimeout(function(){{location='https://offer.example/'}}, 4000)</script><p>Wait</p>",
    ],
    MirrorClass.UNDETERMINED: [
        "",
        "<title>403 Forbidden</title><h1>403 Forbidden</h1>",
        "<title>Just a moment...</title><p>Checking your browser</p><script src='/cdn-cgi/challenge/x'></script>",
        "<h1>Index of /</h1><a href='cgi-bin/'>cgi-bin/</a>",
        "<h1>Welcome to nginx!</h1>",
        "<h1>502 Bad Gateway</h1>",
    ],
    MirrorClass.UNRELATED: [
        f"<h1>{NAME} proxy list</h1><p>{NAME} is blocked by court order. Here is a list of working proxies.</p>",
        f"<h1>{NAME}</h1><p>What happened to it, and why people liked it.</p>",
        "<h1>Weather</h1><p>Rain is expected in the north, and some sun in the south.</p>",
    ],
    MirrorClass.COPY_LIVE_UNKNOWN: [SITE.page(), SITE.page().replace(SITE.host, "elsewhere.example")],
}


@pytest.mark.parametrize(("page", "class_"), [(page, class_) for class_, pages in PAGES.items() for page in pages])
def test_a_page_has_the_class_that_it_shows(page, class_):
    judgement = judge_page(REFERENCE, read_page(page.encode()))

    assert judgement.class_ is class_
    assert (judgement.band is Band.UNDETERMINED) == (class_ is MirrorClass.UNDETERMINED)
    assert judgement.because


def test_a_page_that_could_not_be_read_is_undetermined_and_keeps_its_prior():
    judgement = judge_page(REFERENCE, None, prior=0.05)

    assert (judgement.class_, judgement.band) == (MirrorClass.UNDETERMINED, Band.UNDETERMINED)
    assert (judgement.p_copy, judgement.because, judgement.features) == (0.05, "parse_limit", {})


def test_a_known_block_page_is_one_in_any_words():
    judgement = judge_page(REFERENCE, read_page(b"<p>Qapla</p>"), notice="zz-example")

    assert judgement.class_ is MirrorClass.BLOCK_PAGE
    assert "zz-example" in judgement.because


def test_a_copy_stays_a_copy_when_it_says_that_the_site_is_blocked_elsewhere():
    page = SITE.page().replace("<body>", "<body><p>Blocked by a court order? Bookmark this site.</p>")

    assert judge_page(REFERENCE, read_page(page.encode())).class_ is MirrorClass.COPY_LIVE_UNKNOWN


def test_a_reference_with_hardly_anything_of_its_own_decides_nothing():
    plain = read_page(b"<title>Hello</title><p>Hello there</p>")
    judgement = judge_page(reference_of([plain], background_of(OTHERS), inside=False), plain)

    assert judgement.class_ is MirrorClass.UNDETERMINED
    assert judgement.because.startswith("reference_too_plain")
