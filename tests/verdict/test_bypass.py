"""Tries become outcomes: what is believed, and what is not."""

import itertools

import pytest

from blockprobe.model.bypass import Outcome, ParityKind, Shown, TechniqueId, Trial, Try, WayTrial
from blockprobe.model.words import State
from blockprobe.verdict.bypass import (
    AGREEING,
    MOST_TRIES,
    hold_in_sandwich,
    is_settled,
    judge_technique,
    judge_way,
    lowest_effort,
    parity_of,
)

LETTERS = {
    "r": Shown.REAL,
    "o": Shown.OTHER,
    "s": Shown.SILENCE,
    "u": Shown.UNPROVEN,
    "f": Shown.REFUSED,
    "m": Shown.MEANS,
}


def tries(listed: str, neutral: str = "") -> list[Try]:
    """A try a letter, first the site's, then the neutral sites'."""
    return [Try(round=n, listed=True, shown=LETTERS[c], because=f"saw {c}") for n, c in enumerate(listed)] + [
        Try(round=n, listed=False, shown=LETTERS[c]) for n, c in enumerate(neutral)
    ]


def trial(technique: TechniqueId, outcome: Outcome, *, effort: int = 0, ways: tuple[WayTrial, ...] = ()) -> Trial:
    return Trial(technique=technique, effort=effort, outcome=outcome, because="so", ways=ways)


@pytest.mark.parametrize(
    ("listed", "neutral", "outcome"),
    [
        ("rrr", "", Outcome.WORKS),
        ("rr", "", Outcome.INCONCLUSIVE),  # not enough
        ("rrrrrrro", "r", Outcome.WORKS),  # one of eight differs: loss
        ("rrrorro", "rr", Outcome.INCONCLUSIVE),  # flapping, and not enough
        ("ro" * 10, "r" * 10, Outcome.INCONCLUSIVE),  # flapping
        ("ooo", "rrr", Outcome.FAILS),
        ("ss", "rr", Outcome.FAILS),  # six overlapping attempts
        ("s", "r", Outcome.INCONCLUSIVE),
        ("oo", "rr", Outcome.INCONCLUSIVE),
        ("sso", "rrr", Outcome.FAILS),
        ("ooo", "rro", Outcome.FAILS),  # a neutral site may be lost once
        ("ooo", "roo", Outcome.INCONCLUSIVE),  # the means itself is doubtful
        ("ooo", "", Outcome.INCONCLUSIVE),  # nothing shows that the means works
        ("ooo", "fff", Outcome.FAILS),  # a neutral site that refuses us was reached all the same
        ("oorooooo", "rrrrrr", Outcome.FAILS),  # a lost injection in one of eight
        ("oororooooooo", "rrrrrr", Outcome.FAILS),  # ... in two of twelve
        ("oororooo", "rrrrrr", Outcome.INCONCLUSIVE),
        ("uu", "rr", Outcome.INCONCLUSIVE),
        ("ff", "rr", Outcome.INCONCLUSIVE),
        ("mm", "mm", Outcome.INCONCLUSIVE),
        ("", "", Outcome.INCONCLUSIVE),
    ],
)
def test_what_the_tries_of_a_way_say(listed: str, neutral: str, outcome: Outcome) -> None:
    assert judge_way("x", tries(listed, neutral)).outcome is outcome


def test_no_way_works_without_three_openings_and_none_fails_without_neutral_successes() -> None:
    counted = 0
    for length in range(6):
        for listed in itertools.product("rosufm", repeat=length):
            for neutral in ("", "r", "rr", "ro", "rrr", "mmm"):
                found = judge_way("x", tries("".join(listed), neutral))
                counted += 1
                if found.outcome is Outcome.WORKS:
                    assert found.k >= AGREEING
                    assert found.n - found.k <= found.n // 4
                if found.outcome is Outcome.FAILS:
                    assert found.k <= found.n // 4
                    assert found.neutral_k >= 2
                    assert sum(one in "os" for one in listed) >= 2
                assert found.because
    assert counted > 50_000


def test_a_way_that_the_control_could_not_open_either_never_fails() -> None:
    found = judge_way("x", tries("ooo", "rrr"), open_outside=False)

    assert found.outcome is Outcome.INCONCLUSIVE
    assert found.because.endswith("the control could not open it either")


@pytest.mark.parametrize(
    ("listed", "settled"),
    [
        ("", False), ("rr", False), ("rrr", True), ("s", False), ("ss", True), ("oo", False), ("ooo", True),
        ("so", False), ("soo", True), ("rro", False), ("rosrosr", False), ("ro" * (MOST_TRIES // 2), True),
        ("ooooooor", True), ("uu", True), ("uo", False), ("uouououo", True),
    ],
)  # fmt: skip
def test_a_way_is_tried_until_more_could_add_nothing(listed: str, settled: bool) -> None:
    assert is_settled(tries(listed)) is settled


@pytest.mark.parametrize(
    ("ways", "outcome"),
    [
        ((("ooo", "rrr"), ("rrr", "")), Outcome.WORKS),  # one proxy of two suffices
        ((("ooo", "rrr"), ("mm", "mm")), Outcome.FAILS),  # a dead proxy beside it says nothing
        ((("ooo", "rrr"), ("uu", "rr")), Outcome.INCONCLUSIVE),  # this one might be open
        ((("mm", "mm"),), Outcome.INCONCLUSIVE),
    ],
)
def test_the_best_way_speaks_for_the_technique(ways: tuple[tuple[str, str], ...], outcome: Outcome) -> None:
    judged = [judge_way(f"way {n}", tries(*way)) for n, way in enumerate(ways)]

    assert judge_technique(TechniqueId.SOCKS5, 3, judged).outcome is outcome


@pytest.mark.parametrize(
    ("before", "after", "plain", "outcome"),
    [
        (State.BLOCKED, State.BLOCKED, (0, 2), Outcome.WORKS),
        (State.BLOCKED, State.INCONCLUSIVE, (0, 2), Outcome.WORKS),
        (State.BLOCKED, State.BLOCKED, (1, 6), Outcome.WORKS),
        (State.BLOCKED, State.ACCESSIBLE, (0, 2), Outcome.INCONCLUSIVE),
        (State.BLOCKED, State.BLOCKED, (2, 2), Outcome.INCONCLUSIVE),
        (State.ACCESSIBLE, State.ACCESSIBLE, (2, 2), Outcome.WORKS),  # forced: nobody claims a sandwich
    ],
)
def test_what_works_counts_only_while_the_plain_path_is_shut(
    before: State, after: State, plain: tuple[int, int], outcome: Outcome
) -> None:
    (held,) = hold_in_sandwich([trial(TechniqueId.HTTPS, Outcome.WORKS)], before, after, plain)

    assert held.outcome is outcome
    assert ("; but the plain path" in held.because) is (outcome is not Outcome.WORKS)


def test_the_sandwich_leaves_failures_alone() -> None:
    failed = trial(TechniqueId.HTTPS, Outcome.FAILS)

    assert hold_in_sandwich([failed], State.BLOCKED, State.ACCESSIBLE, (2, 2)) == (failed,)


def test_the_lowest_effort_is_of_what_works_and_counts() -> None:
    found = [
        trial(TechniqueId.HTTP, Outcome.WORKS),
        trial(TechniqueId.WWW, Outcome.FAILS),
        trial(TechniqueId.RESOLVER_DOH, Outcome.WORKS, effort=1),
        trial(TechniqueId.SOCKS5, Outcome.WORKS, effort=3),
    ]

    assert lowest_effort(found, frozenset(TechniqueId) - {TechniqueId.HTTP}) == 1
    assert lowest_effort(found[:2], frozenset({TechniqueId.WWW})) is None


def test_parity_names_the_open_and_the_closed_way() -> None:
    ways = (judge_way("IPv6 alone", tries("rrr")), judge_way("IPv4 alone", tries("ss", "rr")))
    gaps = parity_of(
        [
            trial(TechniqueId.OTHER_FAMILY, Outcome.WORKS, ways=ways),
            trial(TechniqueId.HTTP, Outcome.WORKS),
            trial(TechniqueId.RESOLVER_UDP, Outcome.FAILS),
            trial(TechniqueId.RESOLVER_DOH, Outcome.WORKS),
            trial(TechniqueId.SOCKS5, Outcome.WORKS),
        ]
    )

    assert [(gap.kind, gap.open, gap.closed) for gap in gaps] == [
        (ParityKind.FAMILY, "IPv6", "IPv4"),
        (ParityKind.SCHEME, "http", "https"),
        (ParityKind.RESOLVER_DOH, "DNS over HTTPS", "the line's own resolvers"),
    ]


def test_two_families_that_both_open_are_no_gap() -> None:
    ways = (judge_way("IPv6 alone", tries("rrr")), judge_way("IPv4 alone", tries("rrr")))

    assert parity_of([trial(TechniqueId.OTHER_FAMILY, Outcome.WORKS, ways=ways)]) == ()
