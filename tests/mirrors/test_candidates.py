import pytest

import blockprobe.mirrors.candidates as module
from blockprobe.mirrors.candidates import GROUPS, Candidates, combined
from blockprobe.mirrors.priors import PRIORS
from blockprobe.model.mirror import Candidate, Source


def one(source: Source, prior: float = 0.1, name: str = "a.example", site: str = "s.example") -> Candidate:
    return Candidate(name=name, site=site, source=source, prior=prior)


def test_every_source_is_in_one_group_and_has_a_prior():
    assert sorted(source for group in GROUPS for source in group) == sorted(Source)
    assert set(PRIORS) == set(Source)


@pytest.mark.parametrize(
    ("sources", "prior"),
    [
        ([(Source.GENERATOR, 0.1)], 0.1),
        ([(Source.ZONE_FILE, 0.02), (Source.PASSIVE_DNS, 0.05)], 0.05),  # one group: the same reasons
        ([(Source.GENERATOR, 0.1), (Source.ZONE_FILE, 0.5)], 0.55),
        ([(Source.LINK_LIST, 0.5), (Source.REDIRECT, 0.95), (Source.LINK, 0.5)], 0.975),
    ],
)
def test_groups_speak_independently_and_within_a_group_the_best_counts(sources, prior):
    assert combined([one(source, value) for source, value in sources]) == pytest.approx(prior)


def test_a_name_is_listed_once_a_site_with_all_its_sources_by_falling_prior():
    candidates = Candidates()
    for source, prior in ((Source.ZONE_FILE, 0.02), (Source.LINK_LIST, 0.5), (Source.ZONE_FILE, 0.01)):
        candidates.add(one(source, prior))
    candidates.add(one(Source.OPERATOR, 0.95, name="b.example"))
    candidates.add(one(Source.ZONE_FILE, 0.02, site="t.example"))

    merged = candidates.merged()

    assert [(entry.name, entry.site) for entry in merged] == [
        ("b.example", "s.example"),
        ("a.example", "s.example"),
        ("a.example", "t.example"),
    ]
    assert merged[1].sources == (Source.LINK_LIST, Source.ZONE_FILE)
    assert merged[1].prior == pytest.approx(1 - 0.5 * 0.98)


def test_beyond_the_limit_new_names_are_dropped_and_counted(monkeypatch):
    monkeypatch.setattr(module, "MAX_NAMES", 2)
    candidates = Candidates()
    for number in range(5):
        candidates.add(one(Source.ZONE_FILE, name=f"a{number}.example"))
    candidates.add(one(Source.LINK_LIST, 0.5, name="a0.example"))

    assert [entry.name for entry in candidates.merged()] == ["a0.example", "a1.example"]
    assert candidates.dropped == 3
