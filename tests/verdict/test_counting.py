"""Shares and their bounds, against published values and by property."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from blockprobe.verdict.counting import Bounds, Span, median_span, wilson, worst_case

# R. G. Newcombe, Two-sided confidence intervals for the single proportion, Statistics in Medicine 17 (1998), table I,
# method 3.
PUBLISHED = ((81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718))


@pytest.mark.parametrize(("positive", "total", "lower", "upper"), PUBLISHED)
def test_the_score_interval_is_the_published_one(positive, total, lower, upper):
    bounds = wilson(positive, total)

    assert bounds is not None
    assert (round(bounds.lower, 4), round(bounds.upper, 4)) == (lower, upper)


@given(st.integers(1, 500).flatmap(lambda total: st.tuples(st.integers(0, total), st.just(total))))
def test_the_score_interval_holds_the_share_and_mirrors_its_complement(case):
    positive, total = case
    bounds, mirrored = wilson(positive, total), wilson(total - positive, total)

    assert bounds is not None
    assert mirrored is not None
    assert 0 <= bounds.lower <= positive / total <= bounds.upper <= 1
    assert bounds.lower == pytest.approx(1 - mirrored.upper)


def test_nothing_is_said_of_nothing():
    assert wilson(0, 0) is None
    assert worst_case(0, 0, 0) is None
    assert median_span([]) is None


@pytest.mark.parametrize(("positive", "unknown", "total"), [(2, 0, 1), (1, 1, 1), (-1, 0, 1), (0, -1, 1)])
def test_more_than_there_are_is_a_mistake_of_the_caller(positive, unknown, total):
    with pytest.raises(ValueError, match="cannot be"):
        worst_case(positive, unknown, total)
    if unknown == 0:
        with pytest.raises(ValueError, match="cannot be"):
            wilson(positive, total)


def test_the_worst_cases_are_all_unknown_open_and_all_unknown_blocked():
    assert worst_case(6, 2, 10) == Bounds(lower=0.6, upper=0.8)


@pytest.mark.parametrize(
    ("spans", "median"),
    [
        ([(1, 3)], (1, 3)),
        ([(1, 3), (5, 9)], (3, 6)),
        ([(5, 9), (1, 3), (2, 4)], (2, 4)),
        ([(5, None), (1, 3), (2, 4)], (2, 4)),
        ([(5, None), (6, None), (2, 4)], (5, None)),
        ([(5, None), (2, 4)], (3.5, None)),
    ],
)
def test_the_median_is_bounded_by_the_medians_of_the_bounds(spans, median):
    found = median_span(Span(lower=lower, upper=upper) for lower, upper in spans)

    assert found == Span(lower=median[0], upper=median[1])


@given(st.lists(st.tuples(*[st.integers(0, 1000)] * 3), min_size=1))
def test_the_median_of_the_true_times_lies_between_the_bounds(cases):
    ordered = [sorted(case) for case in cases]
    found = median_span(Span(lower=low, upper=high) for low, _, high in ordered)
    true = median_span(Span(lower=middle, upper=middle) for _, middle, _ in ordered)

    assert found is not None
    assert true is not None
    assert found.upper is not None
    assert found.lower <= true.lower <= found.upper
