"""The probability rises with every share, moves with the prior, and stays low where there is little to count."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from blockprobe.mirrors.background import background_of, reference_of
from blockprobe.mirrors.page import read_page
from blockprobe.mirrors.score import band_of, bent, logit, probability, score, shrunk
from blockprobe.mirrors.weights import ALONE, KNOWN, SHARE_OF_COPIES
from blockprobe.model.mirror import Band
from tests.mirrors.made_pages import FAMILIES, Site

share = st.floats(min_value=0, max_value=1)
shares = st.tuples(share, share, share, share)


@pytest.mark.parametrize("weights", [KNOWN, ALONE], ids=["known", "alone"])
@given(shares, st.integers(min_value=0, max_value=3), share)
def test_no_share_ever_speaks_against_a_copy(weights, low, place, more):
    high = tuple(max(value, more) if at == place else value for at, value in enumerate(low))

    assert probability(weights, low, 0.3) <= probability(weights, high, 0.3)


@given(shares, st.floats(min_value=0.001, max_value=0.999))
def test_a_prior_moves_the_odds_by_its_own_odds(given_shares, prior):
    usual, moved = (probability(KNOWN, given_shares, p) for p in (SHARE_OF_COPIES, prior))

    assert logit(moved) - logit(usual) == pytest.approx(logit(prior) - logit(SHARE_OF_COPIES), abs=1e-6)


@pytest.mark.parametrize(
    ("p", "band"),
    [
        (0.9, Band.COPY),
        (0.89, Band.PROBABLE),
        (0.5, Band.PROBABLE),
        (0.49, Band.WEAK),
        (0.1, Band.WEAK),
        (0, Band.NOT_COPY),
    ],
)
def test_bands_begin_at_a_tenth_a_half_and_nine_tenths(p, band):
    assert band_of(p) is band


@pytest.mark.parametrize(
    ("hits", "of", "expected"), [(0, 0, 0.1), (0, 30, 0.5 / 35), (30, 30, 30.5 / 35), (600, 600, 30.5 / 35)]
)
def test_little_to_count_is_near_a_tenth_and_much_counts_as_thirty(hits, of, expected):
    assert shrunk(hits, of) == pytest.approx(expected)


def test_a_third_says_more_than_half_of_everything():
    assert (bent(0), bent(1)) == (0, 1)
    assert bent(1 / 3) > 0.7


@pytest.mark.parametrize("family", FAMILIES)
def test_the_page_itself_is_a_copy_and_the_twin_with_the_same_theme_is_none(family):
    sites = [[read_page(Site(family=family, seed=seed).page().encode())] for seed in range(7)]
    reference = reference_of(sites[0], background_of(sites[1:]), inside=False)
    itself, twin = score(reference, sites[0][0]), score(reference, sites[1][0])

    assert itself.p_copy > 0.5 > 0.25 > twin.p_copy
    assert itself.shares.hits == itself.shares.strength
    assert set(itself.features()) == {"content", "origin", "links", "brand", "strength", "hits"}


def test_with_no_other_site_the_stricter_weights_are_taken():
    page = [read_page(Site(family="table", seed=0).page().encode())]
    few, many = (reference_of(page, background_of([page] * number), inside=False) for number in (1, 5))
    found = score(few, page[0]).shares

    assert score(few, page[0]).p_copy == pytest.approx(probability(ALONE, found.weighed(), SHARE_OF_COPIES))
    assert score(many, page[0]).p_copy == pytest.approx(
        probability(KNOWN, score(many, page[0]).shares.weighed(), SHARE_OF_COPIES)
    )
