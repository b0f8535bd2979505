"""Every source has a prior, and counting moves it from the assumption to what was counted."""

import pytest

from blockprobe.mirrors.priors import PRIORS, updated
from blockprobe.model.mirror import Source


def test_every_source_has_a_prior_between_nought_and_one():
    assert set(PRIORS) == set(Source)
    assert all(0 < prior < 1 for prior in PRIORS.values())


@pytest.mark.parametrize("source", Source)
def test_counting_begins_at_the_assumption_and_ends_at_what_was_counted(source):
    assert updated(source, copies=0, checked=0) == pytest.approx(PRIORS[source])
    assert updated(source, copies=300, checked=100_000) == pytest.approx(0.003, rel=0.1)
