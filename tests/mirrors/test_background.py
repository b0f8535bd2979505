"""What other sites have too does not count; a site's own pages among them are not other sites."""

import pytest

from blockprobe.mirrors.background import background_of, reference_of
from blockprobe.mirrors.features import KINDS, NONE, Features, Kind
from blockprobe.mirrors.page import read_page
from tests.mirrors.made_pages import FAMILIES, Site

SITES = {
    (family, seed): [read_page(Site(family=family, seed=seed).page(visit).encode()) for visit in (0, 1)]
    for family in FAMILIES
    for seed in range(3)
}


@pytest.mark.parametrize("name", SITES, ids=str)
def test_a_background_that_holds_the_site_itself_gives_the_same_reference_as_one_of_the_others_alone(name):
    everybody = background_of(SITES.values())
    others = background_of(pages for other, pages in SITES.items() if other != name)
    inside = reference_of(SITES[name], everybody, inside=True)
    outside = reference_of(SITES[name], others, inside=False)

    assert (inside.distinctive, inside.own_text, inside.sites) == (
        outside.distinctive,
        outside.own_text,
        outside.sites,
    )
    assert inside.brand == pytest.approx(outside.brand)


def test_a_theme_is_no_news_and_a_text_is():
    site, twin = (SITES["cards", seed] for seed in (0, 1))
    reference = reference_of(site, background_of([twin]), inside=False)
    kinds = dict(zip(KINDS, reference.distinctive, strict=True))

    assert len(kinds[Kind.NAME]) == 0 < len(site[0].of(Kind.NAME))
    assert len(kinds[Kind.TEXT]) > 30


def test_marks_that_are_common_on_the_web_do_not_count_either():
    page = Features(marks=(frozenset({1, 2}), *([NONE] * (len(KINDS) - 1))))
    common = (frozenset({2}), *([NONE] * (len(KINDS) - 1)))
    reference = reference_of([page], background_of([], common=common), inside=False)

    assert reference.distinctive[0] == {1}
    assert reference.strength == 1


def test_a_word_weighs_less_the_more_sites_have_it():
    words = [[Features(marks=(*([NONE] * (len(KINDS) - 1)), frozenset({7, site})))] for site in range(100, 110)]
    background = background_of(words)

    assert 0 < background.weight(7, Kind.BRAND) < background.weight(100, Kind.BRAND) < background.weight(1, Kind.BRAND)
