import pytest

from blockprobe.mirrors.brand import brand_of
from blockprobe.model.errors import TargetError


@pytest.mark.parametrize(
    ("site", "domain", "stem"),
    [
        ("somebrand.example", "somebrand.example", "somebrand"),
        ("https://www.somebrand.co.uk/page", "somebrand.co.uk", "somebrand"),
        ("thesomebrand.example", "thesomebrand.example", "somebrand"),
        ("theverge.example", "theverge.example", "theverge"),  # too little would be left
        ("some-brand.example", "some-brand.example", "somebrand"),
        ("brand.pages.dev", "brand.pages.dev", "brand"),
        ("bücher.example", "xn--bcher-kva.example", "xnbcherkva"),
    ],
)
def test_the_word_of_a_site(site, domain, stem):
    brand = brand_of(site)

    assert (brand.site, brand.stem) == (domain, stem)


def test_a_word_that_is_given_is_spelled_as_in_the_label():
    assert brand_of("some-brand-torrents.example", "somebrand").forms[0] == ("some-brand", 1.0)
    assert brand_of("other.example", "somebrand").stem == "somebrand"


def test_the_word_itself_comes_first_and_spellings_count_less():
    forms = dict(brand_of("thesomebrand.example").forms)

    assert forms["somebrand"] == 1.0
    assert 0 < forms["some-brand"] < forms["thesomebrand"] < 1.0


def test_an_international_word_gets_no_hyphens():
    assert brand_of("bücher.example").forms == (("xn--bcher-kva", 1.0),)


def test_a_word_of_four_letters_is_short():
    assert brand_of("abcd.example").short
    assert not brand_of("abcde.example").short


@pytest.mark.parametrize("site", ["192.0.2.1", "co.uk", "pages.dev", "not a name", "", "example"])
def test_what_nobody_registered_is_refused_with_one_line(site):
    with pytest.raises(TargetError) as fault:
        brand_of(site)
    assert "\n" not in str(fault.value)


@pytest.mark.parametrize("word", ["x", "what?", "a" * 60, "(a+)+"])
def test_a_word_that_is_no_part_of_a_name_is_refused(word):
    with pytest.raises(TargetError, match="2 to 59 letters"):
        brand_of("a.example", word)
