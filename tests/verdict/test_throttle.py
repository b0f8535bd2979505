"""Pairs of transfers and what they prove: limits are found, noise is not."""

import math
import random
from itertools import product
from statistics import median

import pytest
from hypothesis import given
from hypothesis import strategies as st

from blockprobe.model.failure import Failure
from blockprobe.model.observation import Observation, Place, Test, TransferObservation, Why
from blockprobe.model.record import Verdict
from blockprobe.model.words import LineState, Mechanism, Scope, State
from blockprobe.verdict.throttle import (
    BOUND,
    MAX_PAIRS,
    MIN_PAIRS,
    Pace,
    compare,
    goodput,
    pace_of,
    pairs_of,
    signed_rank,
)
from tests.verdict import build
from tests.verdict.build import ECHO, HOST, SITE, TIMEOUT

WANTED = 400_000


def moved(
    number: int, mbit_s: float, *, listed: bool, place: Place = Place.ECHO, tls: bool = True, watch_s: float = 3.0
) -> TransferObservation:
    """A transfer at that speed, complete or until its time was up."""
    speed = mbit_s * 1e6 / 8
    body = int(min(WANTED, speed * watch_s))
    took = body / speed
    ramp = body >= 32_768
    return TransferObservation(
        why=Why(test=Test.SPEED, place=place, listed=listed, attempt=number), t0_s=20.0 + number, t_s=21.0 + number,
        failure=None, address=ECHO if place is Place.ECHO else SITE, port=443 if tls else 80,
        name=HOST if listed else "qwertyui.example", tls=tls, wanted=WANTED, status=200, body_bytes=body,
        first_byte_s=0.02, ramp_bytes=32_768 if ramp else 0, ramp_s=32_768 / speed if ramp else None, last_byte_s=took,
        ended_s=took, wire_bytes=body + 5_000, authentic=True if place is Place.ECHO else None,
    )  # fmt: skip


def died(number: int, body: int, *, listed: bool = True, failure: Failure = TIMEOUT) -> TransferObservation:
    """A transfer that stopped after so many bytes."""
    values = {one: getattr(moved(number, 8.0, listed=listed), one) for one in TransferObservation.__slots__}
    changed = {"failure": failure, "body_bytes": body, "wire_bytes": body + 5_000, "last_byte_s": 0.1, "ended_s": 4.1}
    return TransferObservation(**(values | changed | {"ramp_s": None, "ramp_bytes": 0}))


def pairs(listed: list[float], neutral: list[float]) -> list[TransferObservation]:
    return [
        moved(n, speed, listed=is_listed)
        for is_listed, speeds in ((True, listed), (False, neutral))
        for n, speed in enumerate(speeds)
    ]


NOISE = [17.0, 18.2, 16.1, 18.0, 15.5]


def show(transfers: list[TransferObservation]) -> Pace:
    return compare(pairs_of(transfers)).pace


@pytest.mark.parametrize("limit", [1.0, 0.5, 0.25])
def test_a_limit_is_found_with_five_pairs(limit: float) -> None:
    shown = compare(pairs_of(pairs([limit * x for x in (0.97, 1.0, 1.03, 0.99, 1.0)], NOISE)))

    assert (shown.pace, shown.k, shown.n) == (Pace.SLOWER, 5, 5)
    assert shown.interval is not None
    assert shown.interval.low < limit / 17 < shown.interval.high < BOUND
    assert shown.listed_bps == pytest.approx(limit * 1e6, rel=0.05)


TABLE = [
    ("equal", [17.5, 16.2, 18.0, 15.9, 17.0], NOISE, Pace.EVEN),
    ("a little slower", [x * 0.8 for x in NOISE], NOISE, Pace.EVEN),
    ("faster", [2 * x for x in NOISE], NOISE, Pace.EVEN),
    ("too few", [0.5] * 4, NOISE[:4], Pace.OPEN),
    ("one of five passes", [0.5, 0.5, 0.5, 0.5, 17.0], NOISE, Pace.OPEN),
    ("near the bound", [x * f for x, f in zip(NOISE, (0.45, 0.52, 0.47, 0.43, 0.5), strict=True)], NOISE, Pace.OPEN),
    ("noise as large as the effect", [1.0, 9.0, 0.4, 7.0, 3.0], [4.0, 20.0, 9.0, 16.0, 8.0], Pace.OPEN),
    ("four of six", [0.5] * 4 + [16.0, 17.0], [*NOISE, 17.0], Pace.OPEN),
    ("seven of ten", [0.5] * 7 + [16.0, 17.0, 15.0], NOISE * 2, Pace.OPEN),
    ("nine of ten, one outlier", [0.5] * 9 + [16.0], NOISE * 2, Pace.SLOWER),
]


@pytest.mark.parametrize(("listed", "neutral", "pace"), [row[1:] for row in TABLE], ids=[row[0] for row in TABLE])
def test_pairs_show(listed: list[float], neutral: list[float], pace: Pace) -> None:
    assert show(pairs(listed, neutral)) is pace


def test_small_and_short_transfers_show_nothing() -> None:
    def shrunk(one: TransferObservation, **changes: object) -> TransferObservation:
        values = {name: getattr(one, name) for name in TransferObservation.__slots__}
        return TransferObservation(**(values | changes))

    slow = pairs([0.5] * 5, NOISE)
    short = pairs([40.0] * 5, [400.0] * 5)

    assert show(slow) is Pace.SLOWER
    assert show([shrunk(one, wanted=64_000) for one in slow]) is Pace.OPEN
    assert show([shrunk(one, authentic=False) for one in slow]) is Pace.OPEN, "somebody else's bytes"
    assert show([shrunk(one, status=503) for one in slow]) is Pace.OPEN
    assert show(short) is Pace.OPEN, "over before scheduling is averaged out"


def test_connections_that_die_after_the_same_number_of_bytes_are_frozen() -> None:
    neutral = [moved(n, 17.0, listed=False) for n in range(5)]
    silent = compare(pairs_of([died(n, 40_000 + 500 * n) for n in range(5)] + neutral))
    cut = compare(pairs_of([died(n, 40_000, failure=Failure.CONNECTION_RESET) for n in range(5)] + neutral))

    assert (silent.pace, silent.k, silent.n, silent.failure) == (Pace.FROZEN, 5, 5, TIMEOUT)
    assert silent.wire_bytes == 46_000
    assert (cut.pace, cut.failure) == (Pace.FROZEN, Failure.CONNECTION_RESET)


def test_death_by_chance_is_no_freeze() -> None:
    neutral = [moved(n, 17.0, listed=False) for n in range(5)]
    reset = Failure.CONNECTION_RESET
    anywhere = [died(n, size, failure=reset) for n, size in enumerate((9_000, 300_000, 44_000, 120_000, 210_000))]
    twice = [died(n, 40_000, failure=reset) for n in range(2)] + [moved(n, 16.0, listed=True) for n in (2, 3, 4)]
    both = [died(n, 40_000) for n in range(5)] + [died(0, 40_000, listed=False)] + neutral[1:]

    assert show(anywhere + neutral) is Pace.OPEN
    assert show(twice + neutral) is Pace.OPEN
    assert show(both) is not Pace.FROZEN, "a neutral one died too"


def test_the_last_attempt_of_a_side_counts_and_both_sides_are_needed() -> None:
    first, again, neutral = moved(0, 1.0, listed=True), moved(0, 2.0, listed=True), moved(0, 9.0, listed=False)

    assert pairs_of([first, again]) == []
    assert [pair.listed for pair in pairs_of([first, neutral, again])] == [again]


def test_goodput_leaves_the_ramp_up_out_and_counts_the_wait_of_one_that_fell_silent() -> None:
    assert goodput(moved(0, 8.0, listed=True)) == pytest.approx(1e6, rel=0.01)
    assert goodput(died(0, 41_000)) == pytest.approx(10_000, rel=0.01)
    assert goodput(died(0, 0)) < 1.0


def _exact(count: int, limit: int) -> float:
    """P(W <= limit) of the signed-rank statistic, by listing all signs."""
    sums = [sum(rank for rank, up in enumerate(signs, start=1) if up) for signs in product((0, 1), repeat=count)]
    return sum(one <= limit for one in sums) / len(sums)


@pytest.mark.parametrize("count", range(MIN_PAIRS, MAX_PAIRS + 1))
def test_the_signed_rank_interval_is_exact(count: int) -> None:
    dice = random.Random(count)
    values = [dice.gauss(0, 1) for _ in range(count)]
    averages = sorted((a + b) / 2 for n, a in enumerate(values) for b in values[n:])
    skipped = averages.index(signed_rank(values).low)

    assert _exact(count, skipped) <= 1 / 32 < _exact(count, skipped + 1)
    assert signed_rank(values).high == averages[-1 - skipped]


@given(st.lists(st.floats(-8, 8), min_size=1, max_size=MAX_PAIRS))
def test_whatever_the_ratios_a_finding_lies_below_the_bound(ratios: list[float]) -> None:
    pace = pace_of(ratios)

    if pace is Pace.SLOWER:
        assert len(ratios) >= MIN_PAIRS
        assert median(ratios) < math.log(BOUND)
    if pace is Pace.EVEN:
        assert median(ratios) > math.log(BOUND)


@pytest.mark.parametrize("spread", [0.1, 0.3, 0.6, 1.0, 2.0])
@pytest.mark.parametrize("heavy", [False, True])
def test_noise_alone_is_never_a_finding(spread: float, *, heavy: bool) -> None:
    """Two thousand runs each, decided anew after every pair; heavy tails: one pair in five is off by e to the third."""
    dice = random.Random(int(spread * 10) + heavy)

    def ratio() -> float:
        return dice.gauss(0, spread) + (dice.choice((-3.0, 3.0)) if heavy and dice.random() < 0.2 else 0.0)

    found = 0
    for _ in range(2_000 if spread < 1.0 else 500):
        ratios = [ratio() for _ in range(MIN_PAIRS)]
        while (pace := pace_of(ratios)) is Pace.OPEN and len(ratios) < MAX_PAIRS:
            ratios.append(ratio())
        found += pace is Pace.SLOWER
    assert found == 0


# -- the verdict ---------------------------------------------------------------------------------------------------


def verdict(*transfers: Observation | list[TransferObservation], **page: object) -> Verdict:
    """Of a site that opens (or gives `page`), with these transfers beside."""
    looks = build.opens_https(**page)
    return build.judged(build.resolves(), looks, *transfers, control=[build.healthy_helper()])


def test_a_throttled_site_is_accessible_and_says_so_with_figures() -> None:
    found = verdict(pairs([1.0, 0.97, 1.02, 1.0, 0.99], NOISE))

    assert (found.state, found.line_state, found.rule) == (State.ACCESSIBLE, LineState.INTERFERED, "open.throttled")
    (one,) = found.interference
    assert (one.mechanism, one.scope, one.k, one.n) == (Mechanism.TLS_THROTTLE_SNI, Scope.NAME, 5, 5)
    assert "1 Mbit/s against 17 Mbit/s" in found.because
    assert "below half in 5 of 5 pairs" in found.because
    assert not found.parity_gap
    assert found.mechanisms == ()


def test_a_frozen_site_is_accessible_where_its_page_came_and_in_doubt_where_it_did_not() -> None:
    frozen = [died(n, 40_000) for n in range(5)] + [moved(n, 17.0, listed=False) for n in range(5)]
    small = verdict(frozen)
    cut_short = verdict(frozen, failure=TIMEOUT)
    cut_otherwise = verdict(frozen, failure=Failure.CONNECTION_RESET)

    assert (small.state, small.rule) == (State.ACCESSIBLE, "open.frozen")
    assert "falls silent after about 45 kB in 5 of 5 pairs" in small.because
    assert (cut_short.state, cut_short.rule) == (State.INCONCLUSIVE, "speed.starved")
    assert [one.mechanism for one in cut_short.interference] == [Mechanism.TLS_FREEZE_SNI]
    assert cut_otherwise.state is State.ACCESSIBLE, "it failed in another way than connections with the name do"


def test_throttling_is_no_proof_of_a_block_where_not_even_an_answer_came_in_time() -> None:
    slow = pairs([0.05] * 5, NOISE)
    silent = {"failure": TIMEOUT, "status": None, "body": ""}

    assert verdict(slow, **silent).rule == "speed.starved"
    assert verdict(slow, **silent).state is State.INCONCLUSIVE
    assert [one.mechanism for one in verdict(slow, **silent).interference] == [Mechanism.TLS_THROTTLE_SNI]
    assert verdict(pairs(NOISE, NOISE), **silent).state is State.INCONCLUSIVE, "not slowed: nobody knows why"
    assert verdict(slow, failure=TIMEOUT).rule == "open.throttled", "it opened, slowly"


def test_what_is_not_proven_is_said_in_words_and_changes_nothing_else() -> None:
    even = verdict(pairs([17.0] * 5, NOISE))
    noisy = verdict(pairs([1.0, 9.0, 0.4, 7.0, 3.0], [4.0, 20.0, 9.0, 16.0, 8.0]))
    few = verdict(pairs([0.5] * 2, [17.0] * 2))
    silent = verdict(died(0, 0, listed=False))

    for one in (even, noisy, few, silent):
        assert (one.state, one.rule, one.line_state, one.interference) == (
            State.ACCESSIBLE, "open.tls", LineState.OPEN, (),
        )  # fmt: skip
    assert "; its name is not slowed: " in even.because
    assert "is unknown: time or bytes were up" in noisy.because
    assert "only 2 of 5 pairs" in few.because
    assert "99.9 % interval" in noisy.because


def test_a_slow_address_is_told_apart_from_a_slow_name_and_proves_nothing() -> None:
    echo = pairs([17.0] * 5, NOISE)
    both = [moved(n, 0.4, listed=listed, place=Place.ORIGIN) for n in range(5) for listed in (True, False)]
    named = [moved(n, 0.4 if listed else 15.0, listed=listed, place=Place.ORIGIN) for n in range(5)
             for listed in (True, False)]  # fmt: skip

    for transfers, words in (
        (both, "its own address sends 0.4 Mbit/s whatever the name"),
        (named, "its server may do"),
    ):
        found = verdict(echo, transfers)
        assert (found.rule, found.interference) == ("open.tls", ())
        assert words in found.because


def test_transfers_for_another_hop_or_scheme_do_not_count() -> None:
    clear = [moved(n, s, listed=listed, tls=False) for listed, s in ((True, 0.5), (False, 17.0)) for n in range(5)]

    assert verdict(clear).rule == "open.tls"
    assert "slowed" not in verdict(clear).because
    found = build.judged(build.resolves(), build.opens_http(), clear, url=build.CLEAR_URL,
                         control=[build.healthy_helper(build.CLEAR_URL)])  # fmt: skip
    assert [one.mechanism for one in found.interference] == [Mechanism.HTTP_THROTTLE_HOST]
