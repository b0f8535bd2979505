"""Compliance: two figures of a census that are never merged, and what is said beside them."""

import re
from collections import Counter
from dataclasses import fields, replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from blockprobe.model.history import History, Seen
from blockprobe.model.order import OrderFlag, OrderTarget, Respondent, TargetKind, Technique, TimeSource
from blockprobe.model.words import AttributionCause, Mechanism
from blockprobe.verdict import compliance_types as words
from blockprobe.verdict.compliance import Abstained, Refused, Stale, compliance, compliances
from blockprobe.verdict.counting import Span
from blockprobe.verdict.history import advance

from .orders import DNS, DROP, HOME, IP, LINE, NX, SNI, STATES, URL, H, at, counts, figures, order, six, told

PAGE = (Path(__file__).parents[2] / "docs" / "compliance.md").read_text(encoding="utf-8")

# -- counting

LOOKS = {"b": (1, 0, None), "o": (0, 1, None), "d": (0, 0, "down"), "r": (0, 0, "refused"), "?": (0, 0, "inconclusive"),
         "b?": (0, 0, "inconclusive"), "?b": (1, 0, None), "": (0, 0, "never"), "b   ": (0, 0, "stale")}  # fmt: skip


@pytest.mark.parametrize(("looks", "expected"), LOOKS.items(), ids=[look or "never" for look in LOOKS])
def test_the_latest_look_decides_and_what_is_neither_says_why(looks, expected):
    found = figures({"a.example": looks})
    blocked, open_, why = expected

    for count in (found.implemented, found.reach):
        assert counts(count) == (blocked, open_, 1 - blocked - open_, 0, 1)
        assert count.abstained_why == ({why: 1} if why else {})


def test_bounds_are_the_worst_cases_and_the_ratio_is_over_what_is_known():
    found = figures({**six(), "o.example": "o", "d.example": "d", "q.example": "?", "w.example": "?"})

    assert (found.reach.lower, found.reach.upper, found.reach.ratio) == (0.6, 0.9, 6 / 7)


def test_a_ratio_needs_five_conclusive_targets_and_the_counts_are_shown_anyway():
    found = figures({"a.example": "b", "b.example": "b", "c.example": "b", "d.example": "o", "e.example": "?"})

    assert (found.reach.ratio, found.reach.blocked, found.reach.lower) == (None, 3, 0.6)
    assert figures(six()).implemented.ratio == 1.0


def test_flagged_targets_are_counted_apart():
    listed = [OrderTarget(value=f"s{number}.example") for number in range(6)]
    listed[0] = replace(listed[0], flags=(OrderFlag.PARKED,))
    found = figures(six(), court=order(*listed))

    assert counts(found.reach) == (5, 0, 0, 1, 6)
    assert (found.flags, found.flagged_blocked) == ({OrderFlag.PARKED: 1}, ("s0.example",))
    assert [(one.target, one.why) for one in found.stale] == [("s0.example", Stale.PARKED)]


@pytest.mark.parametrize(
    ("when", "total"), [({"from_at": at(2)}, 0), ({"until_at": at(1)}, 0), ({"from_at": at(1), "until_at": at(2)}, 1)]
)
def test_only_targets_in_force_are_counted(when, total):
    found = figures({"a.example": "bb"}, court=order(OrderTarget(value="a.example", **when)))

    assert found.reach.total == total
    assert (found.refused is Refused.NOTHING_IN_FORCE) is (total == 0)


def test_a_target_that_is_listed_twice_counts_once():
    assert figures({"a.example": "b"}, court=order("a.example", "a.example")).reach.total == 1


def test_looks_from_another_network_are_none():
    found = figures({"a.example": "b"}, network="dk/other")

    assert found.reach.abstained_why == {Abstained.NEVER: 1}


def test_parental_and_local_filters_are_shown_as_causes_and_counted_neither_way():
    found = figures(six(), not_by_order=True, cause=AttributionCause.PARENTAL, implemented_by=())

    assert found.implemented.abstained_why == found.reach.abstained_why == {Abstained.NOT_BY_ORDER: 6}
    assert found.causes == {AttributionCause.PARENTAL: 6}


def test_answers_of_a_third_partys_resolver_count_neither_way():
    assert figures(six(), own_resolver=False).reach.abstained_why == {Abstained.THIRD_PARTY_RESOLVER: 6}


# -- implemented is not reach

ADDRESS = TargetKind.ADDRESS
DEMANDED = [
    ("a lie where DNS is ordered", "b", (NX,), DNS, TargetKind.DOMAIN, (True, True)),
    ("a lie where anything will do", "b", (NX,), (Technique.ANY,), TargetKind.DOMAIN, (True, True)),
    ("a filter on the name where DNS is ordered", "b", (SNI,), DNS, TargetKind.DOMAIN, (False, True)),
    ("a filter on the name where names are ordered", "b", (SNI,), URL, TargetKind.DOMAIN, (True, True)),
    ("one of two techniques", "b", (NX, SNI), URL, TargetKind.DOMAIN, (True, True)),
    ("an address that is dropped", "b", (DROP,), IP, ADDRESS, (True, True)),
    ("a QUIC address that is dropped", "b", (Mechanism.QUIC_TIMEOUT_IP,), IP, ADDRESS, (True, True)),
    ("an address, whatever the order allows", "b", (SNI,), (Technique.ANY,), ADDRESS, (False, True)),
    ("a block behind a redirect", "b", (), (Technique.ANY,), TargetKind.DOMAIN, (False, True)),
    ("a lie although the browser opened the site", "o", (NX,), DNS, TargetKind.DOMAIN, (True, False)),
    ("a lie about a site that is down", "d", (NX,), DNS, TargetKind.DOMAIN, (True, None)),
    ("nothing", "o", (), DNS, TargetKind.DOMAIN, (False, False)),
]


@pytest.mark.parametrize(
    ("letter", "by", "allowed", "kind", "expected"), [row[1:] for row in DEMANDED], ids=[row[0] for row in DEMANDED]
)
def test_what_the_order_demands_and_what_a_browser_meets_are_two_things(letter, by, allowed, kind, expected):
    court = order(OrderTarget(value="203.0.113.7", kind=kind), techniques=allowed)
    found = figures({"203.0.113.7": letter}, court=court, implemented_by=by, mechanisms=by)
    answers = {(1, 0): True, (0, 1): False, (0, 0): None}

    assert tuple(answers[count.blocked, count.open] for count in (found.implemented, found.reach)) == expected
    assert bool(found.other_means) is (expected == (False, True))


def test_a_domain_order_demands_the_subdomains_that_were_looked_at():
    domain = order("a.example", "b.example")
    found = figures({"a.example": "b", "b.example": "b", "www.a.example": "o", "xb.example": "o"}, court=domain)

    assert counts(found.implemented) == (1, 1, 0, 0, 2)
    assert found.reach.blocked == 2
    assert (found.scope_gaps, found.other_means) == (("a.example",), ())


@pytest.mark.parametrize("looks", ["b", "?", "d", "o   "])
def test_a_subdomain_that_is_not_seen_open_now_makes_no_gap(looks):
    length = max(len(looks), 1)
    found = figures({"a.example": "b" * length, "m.www.a.example": looks}, court=order("a.example"))

    assert found.scope_gaps == ()


def test_a_host_order_demands_that_name_alone():
    host = order(OrderTarget(value="a.example", kind=TargetKind.HOST))

    assert figures({"a.example": "b", "www.a.example": "o"}, court=host).implemented.blocked == 1


# -- beside the figures


def test_mechanisms_causes_gaps_and_lifted_blocks_are_listed():
    histories = {
        "a.example": told("a.example", "bb", cause=AttributionCause.COURT, parity_gap=True),
        "b.example": told("b.example", "bb", partial=True),
        "c.example": told("c.example", "bo"),
        "d.example": told("d.example", "b?", parity_gap=True),
    }
    found = compliance(order(*histories), Respondent(network=HOME, deadline=at(9)), histories, LINE, at(1))

    assert found.mechanisms == {NX: 2}
    assert found.causes == {AttributionCause.COURT: 1, AttributionCause.UNKNOWN: 1}
    assert (found.parity_gaps, found.partial, found.reopened) == (("a.example",), ("b.example",), ("c.example",))
    assert (found.last_conclusive_at, found.deadline) == (at(1), at(9))


def test_neighbours_that_are_blocked_though_not_listed_are_collateral():
    line = replace(LINE, neighbours=("near.example", "open.example", "www.a.example", "never.example", "old.example"))
    looks = {"a.example": "bbbb", "near.example": "obbb", "open.example": "oooo", "www.a.example": "bbbb"}
    found = figures({**looks, "old.example": "b   "}, court=order("a.example"), line=line)

    assert [(one.target, one.since.until, one.mechanisms) for one in found.collateral] == [
        ("near.example", at(1), (NX,))
    ]


def test_a_neighbour_behind_a_filter_of_the_customers_is_no_collateral():
    histories = {"near.example": told("near.example", "b", not_by_order=True)}
    line = replace(LINE, neighbours=("near.example",))

    assert compliance(order("a.example"), Respondent(network=HOME), histories, line, at(0)).collateral == ()


def test_what_was_seen_too_long_ago_has_no_cause_and_no_gap_now():
    found = figures({"a.example": "b   "}, cause=AttributionCause.COURT, parity_gap=True)

    assert (found.causes, found.parity_gaps, found.mechanisms) == ({}, (), {})


def test_there_is_one_for_each_order_and_respondent():
    both = (Respondent(network=HOME), Respondent(network="dk/other"))
    found = compliances([order("a.example", respondents=both), order("b.example", id="dk/b", respondents=both)], {},
                        LINE, at(0))  # fmt: skip

    assert [(one.order, one.network) for one in found] == [
        ("dk/test", HOME), ("dk/test", "dk/other"), ("dk/b", HOME), ("dk/b", "dk/other"),
    ]  # fmt: skip


# -- properties

letters = st.text("obdr? ", max_size=6)
entry_flags = st.sampled_from([(), (), (OrderFlag.PARKED,), (OrderFlag.EXPIRED, OrderFlag.OUT_OF_SCOPE)])


@given(st.lists(st.tuples(letters, entry_flags), max_size=12), st.sampled_from([None, True, False]))
def test_counts_add_up_and_bounds_are_ordered(cases, own):
    names = [f"s{number}.example" for number in range(len(cases))]
    listed = [OrderTarget(value=name, flags=flags) for name, (_, flags) in zip(names, cases, strict=True)]
    looks = {name: text for name, (text, _) in zip(names, cases, strict=True)}
    found = figures(looks, court=order(*listed), line=replace(LINE, own_resolver=own))

    for count in (found.implemented, found.reach):
        assert count.blocked + count.open + count.abstained + count.flagged == count.total == len(cases)
        assert sum(count.abstained_why.values()) == count.abstained
        if count.lower is not None and count.upper is not None:
            assert 0 <= count.lower <= count.upper <= 1
            assert count.ratio is None or count.lower <= count.ratio <= count.upper
        if found.refused is not None:
            assert count.lower is count.upper is count.ratio is None


# -- docs/compliance.md


def test_the_worked_example_of_the_page():
    looks = {"a": "obbbbbbbbbbb", "b": "obbbbbbbbbbb", "c": "ooooooo?bbbb", "d": "ooooooooobbb", "e": "oooooooooooo",
             "f": "dddddddddddd", "g": "oooooooooooo"}  # fmt: skip
    histories = {}
    for name, text in looks.items():
        histories[name] = History(target=name)
        for number, letter in enumerate(text, start=1):
            by = (NX,) if letter == "b" else ()
            seen = Seen(record="", at=at(24 + 6 * number), state=STATES[letter], mechanisms=by, implemented_by=by)
            histories[name], _ = advance(histories[name], seen, network=HOME)
    listed = [OrderTarget(value=name, flags=(OrderFlag.PARKED,) if name == "g" else ()) for name in looks]
    respondent = Respondent(network=HOME, notice_at=at(24), deadline=at(72), time_source=TimeSource.COURT)
    found = compliance(order(*listed), respondent, histories, replace(LINE, stale_after_s=12 * H), at(96))

    assert counts(found.implemented) == counts(found.reach) == (4, 1, 1, 1, 7)
    assert (found.reach.lower, found.reach.upper, found.reach.ratio) == (4 / 6, 5 / 6, 4 / 5)
    assert found.late == ("d", "e")
    hours = {one.target: one.seconds and (one.seconds.lower / H, one.seconds.upper and one.seconds.upper / H)
             for one in found.time_to_block}  # fmt: skip
    assert hours == {"a": (6, 12), "b": (6, 12), "c": (42, 54), "d": (54, 60), "e": (72, None), "f": None}
    met = {one.target: one.deadline_met.value for one in found.time_to_block}
    assert met == {"a": "yes", "b": "yes", "c": "unknown", "d": "no", "e": "no", "f": "unknown"}
    assert found.median_time_to_block == Span(lower=42 * H, upper=54 * H)


WORDS = [
    word for enum in (words.Refused, words.Abstained, words.Met, words.Ended, words.Stale, OrderFlag) for word in enum
]
FIELDS = [
    one.name
    for cls in (words.Compliance, words.Count, words.TargetTime, words.TargetLag, words.StaleEntry, words.Collateral)
    for one in fields(cls)
]


def test_every_word_and_field_has_its_row_on_the_page():
    rows = Counter(re.findall(r"^\| `([a-z_]+)`", PAGE, re.M))

    assert [name for name in dict.fromkeys([*(word.value for word in WORDS), *FIELDS]) if not rows[name]] == []
