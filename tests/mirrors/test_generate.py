import pytest

from blockprobe.mirrors.brand import brand_of
from blockprobe.mirrors.generate import Tables, guesses, prior_of
from blockprobe.mirrors.shapes import shipped_tables
from blockprobe.mirrors.suffixes import host_in

TABLES = Tables(
    shapes={"{brand}": 0.5, "{brand}{digit}": 0.3, "the-{brand}": 0.15, "{brand}{tld}": 0.05},
    digits={"2": 0.75, "3": 0.25},
    numbers={},
    suffixes={"com": 0.4, "to": 0.3, "co.uk": 0.1},
    floor=0.0001,
    names_per_brand=4.0,
)


def test_names_come_by_falling_weight_without_the_site_and_without_doubles():
    found = guesses(brand_of("somebrand.to"), TABLES, 500)
    names = [guess.name for guess in found]

    assert names[:4] == ["somebrand.com", "somebrand2.com", "somebrand2.to", "the-somebrand.com"]
    assert [guess.weight for guess in found] == sorted((guess.weight for guess in found), reverse=True)
    assert len(set(names)) == len(names) == 500
    assert "somebrand.to" not in names


def test_a_weight_is_the_product_of_spelling_shape_filling_and_suffix():
    found = {guess.name: guess for guess in guesses(brand_of("somebrand.to"), TABLES, 500)}

    assert found["somebrand.co.uk"].weight == pytest.approx(0.5 * 0.1)
    assert found["somebrand3.com"].weight == pytest.approx(0.3 * 0.25 * 0.4)
    assert found["somebrandto.com"].weight == pytest.approx(0.05 * 0.4)
    assert found["somebrandto.com"].shape == "{brand}{tld}"
    assert found["some-brand.com"].weight == pytest.approx(0.05 / 8 * 0.5 * 0.4)


def test_a_prior_is_the_number_of_names_that_a_weight_stands_for_and_at_most_one_half():
    found = {guess.name: guess for guess in guesses(brand_of("somebrand.to"), TABLES, 500)}

    assert prior_of(found["somebrand3.com"], TABLES) == pytest.approx(4 * 0.3 * 0.25 * 0.4)
    assert prior_of(found["somebrand.com"], TABLES) == 0.5


def test_a_top_level_domain_that_was_never_seen_has_the_floor():
    found = {guess.name: guess.weight for guess in guesses(brand_of("somebrand.to"), TABLES, 3000)}

    assert found["somebrand.museum"] == pytest.approx(0.5 * 0.0001)


def test_the_best_of_two_ways_to_a_name_counts():
    tables = Tables(
        shapes={"{brand}": 0.5, "the{brand}": 0.5}, digits={}, numbers={}, suffixes={"com": 1.0}, floor=0.0,
        names_per_brand=1.0,
    )  # fmt: skip
    found = {guess.name: guess for guess in guesses(brand_of("thesomebrand.to"), tables, 10)}

    assert found["thesomebrand.com"].weight == pytest.approx(0.5)  # by the shape; as a spelling it were .25
    assert found["thesomebrand.com"].shape == "the{brand}"


def test_fewer_names_than_asked_for_are_no_error_and_long_labels_are_left_out():
    tables = Tables(
        shapes={"{brand}{brand}": 1.0, "{brand}": 0.1}, digits={}, numbers={}, suffixes={}, floor=0.001,
        names_per_brand=1.0,
    )  # fmt: skip

    assert {len(g.name.partition(".")[0]) for g in guesses(brand_of("a" * 40 + ".com"), tables, 99_999)} <= {40, 41}


@pytest.mark.parametrize("site", ["somebrand.to", "the-some-brand.co.uk", "bücher.example", "ab.example"])
def test_every_shipped_guess_is_a_host_name(site):
    found = guesses(brand_of(site), shipped_tables(), 10_000)

    assert len(found) == 10_000
    assert [guess.name for guess in found if host_in(guess.name) != guess.name] == []
