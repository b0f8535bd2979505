"""Series of sites: named by host, chosen by per_site, cut by max_series, gone with their target."""

import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from blockprobe.metrics.site_tier import host_of
from blockprobe.model.history import Interval
from blockprobe.model.words import Mechanism, State
from tests.metrics.build import HOUR, NOW, exposition, history, series, snapshot, values, watching

SITE_NAMES = (
    "site_state",
    "site_blocked_since_timestamp_seconds",
    "site_last_reachable_timestamp_seconds",
    "site_last_conclusive_timestamp_seconds",
    "site_interference",
    "site_changes",
    "site_order_info",
)


def sites(moment, **settings):
    """Every site that has a series."""
    return {labels["site"] for _, labels, _ in series(exposition(moment, **settings)) if "site" in labels}


@pytest.mark.parametrize(
    ("target", "host"),
    [
        ("a.example", "a.example"),
        ("xn--mnchen-3ya.example", "xn--mnchen-3ya.example"),
        ("https://a.example/secret/path?token=1", "a.example"),
        ("http://a.example:8080/", "a.example"),
        ("a.example:8443", "a.example"),
        ("198.51.100.7", None),
        ("2001:db8::7", None),
        ("[2001:db8::7]:443", None),
        ("https://198.51.100.7/page", None),
        ("198.51.100.7:443", None),
        ("no target at all", None),
        ("", None),
    ],
)
def test_a_site_is_the_host_as_listed_and_an_address_is_none(target, host):
    assert host_of(target) == host


@given(st.text(max_size=60))
def test_no_label_is_ever_a_url_a_path_or_an_address(target):
    host = host_of(target)

    assert host is None or re.fullmatch(r"[a-z0-9_.-]*[a-z][a-z0-9_.-]*", host)


def test_a_blocked_site_says_since_when_how_and_by_which_orders():
    blocked = history(
        "a.example",
        State.BLOCKED,
        since=Interval(after=NOW - 2 * HOUR, until=NOW - HOUR),
        last_open_at=NOW - 2 * HOUR,
        implemented_by=(Mechanism.DNS_NXDOMAIN, Mechanism.TLS_RESET_SNI),
        changes=(NOW - 9 * 24 * HOUR, NOW - HOUR),
    )
    moment = snapshot(**watching(blocked, orders=("gb/two", "gb/one")))

    assert {name: values(moment, name) for name in SITE_NAMES} == {
        "site_state": {("a.example", "blocked"): 1},
        "site_blocked_since_timestamp_seconds": {("a.example",): (NOW - HOUR).timestamp()},
        "site_last_reachable_timestamp_seconds": {("a.example",): (NOW - 2 * HOUR).timestamp()},
        "site_last_conclusive_timestamp_seconds": {("a.example",): NOW.timestamp()},
        "site_interference": {("a.example", "dns.nxdomain"): 1, ("a.example", "tls.reset.sni"): 1},
        "site_changes": {("a.example",): 1},
        "site_order_info": {("a.example", "gb/one"): 1, ("a.example", "gb/two"): 1},
    }


def test_an_inconclusive_look_shows_no_mechanism_but_ends_no_block():
    unsure = history("a.example", State.BLOCKED, last=State.INCONCLUSIVE, last_at=NOW, last_conclusive_at=NOW - HOUR)
    moment = snapshot(**watching(unsure))

    assert values(moment, "site_state", per_site="blocked_only") == {("a.example", "inconclusive"): 1}
    assert values(moment, "site_interference") == {}
    assert values(moment, "site_blocked_since_timestamp_seconds") == {("a.example",): (NOW - HOUR).timestamp()}
    assert values(moment, "site_last_conclusive_timestamp_seconds") == {("a.example",): (NOW - HOUR).timestamp()}


def test_an_open_site_whose_resolver_lies_shows_the_lie():
    open_ = history("a.example", implemented_by=(Mechanism.DNS_NXDOMAIN,), parity_gap=True)

    assert values(snapshot(**watching(open_)), "site_interference") == {("a.example", "dns.nxdomain"): 1}


def test_per_site_chooses():
    moment = snapshot(**watching(history("a.example"), history("b.example", State.BLOCKED), history("198.51.100.7")))

    assert sites(moment, per_site="off") == set()
    assert sites(moment, per_site="blocked_only") == {"b.example"}
    assert sites(moment, per_site="all") == {"a.example", "b.example"}
    assert values(moment, "address_targets", per_site="off") == {}


def test_addresses_are_counted_once_and_not_named():
    address = history("198.51.100.7", State.BLOCKED)
    moment = snapshot(**watching(address, history("2001:db8::7"), history("a.example")))
    twice = replace(moment, watched=moment.watched * 2)

    counted = values(twice, "address_targets")
    assert counted["blocked",] == 1
    assert counted["accessible",] == 1
    assert sum(counted.values()) == 2
    assert b"198.51" not in exposition(moment)
    assert b"2001:db8" not in exposition(moment)


def test_a_host_speaks_for_itself_before_urls_on_it():
    url = history("https://a.example/film", State.BLOCKED)
    moment = snapshot(**watching(url, history("a.example")))

    assert values(moment, "site_state") == {("a.example", "accessible"): 1}
    assert b"film" not in exposition(moment)


def test_of_urls_alone_the_blocked_one_speaks_and_all_their_orders_are_there():
    one = watching(history("https://a.example/1"), orders=("gb/one",))
    two = watching(history("https://a.example/2", State.BLOCKED), orders=("gb/two",))
    moment = snapshot(watched=one["watched"] + two["watched"], histories=one["histories"] | two["histories"])

    assert values(moment, "site_state") == {("a.example", "blocked"): 1}
    assert set(values(moment, "site_order_info")) == {("a.example", "gb/one"), ("a.example", "gb/two")}


def test_series_vanish_with_their_target_whatever_is_remembered():
    both = watching(history("a.example"), history("b.example"))
    moment = snapshot(histories=both["histories"], watched=both["watched"][:1])

    assert sites(moment) == {"a.example"}


def test_a_site_that_was_never_measured_has_no_series():
    fresh = history("a.example", state=None, last=None)

    assert sites(snapshot(**watching(fresh))) == set()


def test_a_site_of_two_plans_has_its_series_once():
    one, two = watching(history("a.example")), watching(history("a.example"), plan="live")
    moment = snapshot(watched=one["watched"] + two["watched"], histories=one["histories"])

    assert values(moment, "site_state") == {("a.example", "accessible"): 1}
    assert values(moment, "targets") == {("live",): 1, ("website",): 1}
