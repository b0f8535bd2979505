"""What became of each step: read from the record, never judged again."""

from pathlib import Path

import pytest

from blockprobe.metrics.counters import LABELS
from blockprobe.metrics.steps import Outcome, Step, outcomes
from blockprobe.model.failure import Failure
from blockprobe.model.observation import Place, ResolverGroup, Test
from blockprobe.model.record import Interference, Record, Verdict, Versions
from blockprobe.model.words import LineState, Mechanism, SiteState, State
from blockprobe.verdict.speed_facts import FREEZES, THROTTLES
from tests.verdict.build import (
    EXPIRED,
    HOST,
    NEAR,
    NO_REPLY,
    TIMEOUT,
    ask,
    at_echo,
    connect,
    doh,
    fails_to_connect,
    get,
    healthy_helper,
    helper,
    measured,
    neighbour,
    opens_https,
    reply,
    resolves,
    shake,
    trace,
)


def record(*observations, state=State.ACCESSIBLE, met=(), control=()) -> Record:
    """A record whose verdict lists these mechanisms, or (mechanism, resolver) pairs."""
    pairs = [one if isinstance(one, tuple) else (one, None) for one in met]
    found = tuple(Interference(mechanism=mechanism, host=HOST, resolver=resolver) for mechanism, resolver in pairs)
    evidence = measured(*observations, control=control)
    verdict = Verdict(
        state=state,
        line_state=LineState.UNKNOWN,
        site_state=SiteState.UNKNOWN,
        rule="test",
        because="A test says so.",
        interference=found,
    )
    return Record(
        id=evidence.id,
        measured_at=evidence.measured_at,
        runtime_s=evidence.runtime_s,
        target=evidence.target,
        vantage=evidence.vantage,
        verdict=verdict,
        line=evidence.line,
        observations=evidence.observations,
        control=evidence.control,
        versions=Versions(blockprobe="1.0", rules=1),
    )


def words(of: Record) -> dict[Step, Outcome]:
    """The outcomes, without what was skipped."""
    return {step: outcome for step, (outcome, _) in outcomes(of).items() if outcome is not Outcome.SKIPPED}


def test_every_step_has_an_outcome_and_what_was_not_done_is_skipped():
    assert outcomes(record()) == {step: (Outcome.SKIPPED, None) for step in Step}


def test_a_site_that_opens_is_ok_at_every_step_it_took():
    healthy = record(resolves(), doh(reply("203.0.113.10")), opens_https(), control=[healthy_helper()])

    assert words(healthy) == dict.fromkeys(
        (Step.DNS, Step.DNS_ENCRYPTED, Step.TCP, Step.TLS, Step.HTTP, Step.CONTROL), Outcome.OK
    )


@pytest.mark.parametrize(
    ("met", "steps"),
    [
        (Mechanism.DNS_NXDOMAIN, {Step.DNS}),
        ((Mechanism.DNS_NXDOMAIN, "udp://198.51.100.153:53"), {Step.DNS}),
        ((Mechanism.DNS_REFUSED, "https://dns.example/dns-query"), {Step.DNS_ENCRYPTED}),
        ((Mechanism.DNS_REFUSED, "tls://198.51.100.1:853"), {Step.DNS_ENCRYPTED}),
        (Mechanism.IP_TIMEOUT, {Step.TCP, Step.IP}),
        (Mechanism.TLS_RESET_SNI, {Step.TLS}),
        (Mechanism.HTTP_BLOCKPAGE, {Step.HTTP}),
        (Mechanism.QUIC_TIMEOUT_SNI, {Step.QUIC}),
    ],
)
def test_interference_is_counted_at_its_step_whatever_the_state(met, steps):
    assert words(record(met=[met])) == dict.fromkeys(steps, Outcome.BLOCKED)


def test_every_mechanism_has_its_step():
    for mechanism in Mechanism:
        found = set(words(record(met=[mechanism])))

        assert found or mechanism.value.startswith("quic.") or mechanism in THROTTLES | FREEZES


@pytest.mark.parametrize("mechanism", sorted(THROTTLES | FREEZES))
def test_a_site_that_opens_slowly_is_not_counted_as_blocked(mechanism):
    assert words(record(resolves(), opens_https(), met=[mechanism]))[Step.TLS] is Outcome.OK


def test_a_lie_beside_a_good_answer_is_counted_as_blocked():
    both = record(resolves(), ask(reply(rcode="NXDOMAIN")), met=[Mechanism.DNS_NXDOMAIN])

    assert words(both) == {Step.DNS: Outcome.BLOCKED}


def test_failures_are_the_sites_when_it_is_down_and_nobodys_otherwise():
    assert words(record(fails_to_connect(), state=State.DOWN)) == {Step.TCP: Outcome.SITE_DOWN}
    assert words(record(fails_to_connect(), state=State.INCONCLUSIVE)) == {Step.TCP: Outcome.INCONCLUSIVE}
    assert words(record(connect(failure=TIMEOUT), connect())) == {Step.TCP: Outcome.OK}


def test_failures_of_this_machine_are_errors():
    ours = record(connect(failure=Failure.ADDRESS_NOT_AVAILABLE), connect(failure=Failure.INTERRUPTED))
    mixed = record(connect(failure=Failure.ADDRESS_NOT_AVAILABLE), connect(failure=TIMEOUT))

    assert words(ours) == {Step.TCP: Outcome.ERROR}
    assert words(mixed) == {Step.TCP: Outcome.INCONCLUSIVE}


def test_a_helper_out_of_reach_is_an_error_unless_another_answered():
    silent = helper(failure=TIMEOUT)

    assert words(record(control=[silent])) == {Step.CONTROL: Outcome.ERROR}
    assert words(record(control=[silent, healthy_helper()])) == {Step.CONTROL: Outcome.OK}


def test_tests_that_change_one_thing_are_not_counted_as_looks():
    tests = [
        *at_echo(),
        connect(place=Place.NEUTRAL, test=Test.NEUTRAL),
        ask(None, test=Test.SILENT, place=Place.SILENT, group=ResolverGroup.SILENT),
        shake(test=Test.SMALL_MSS),
    ]

    assert words(record(tests)) == {}


def test_packets_with_a_hop_limit_and_neighbours_are_the_step_ip():
    assert words(record(trace("203.0.113.10", EXPIRED, NO_REPLY))) == {Step.IP: Outcome.OK}
    assert words(record(neighbour(NEAR, TIMEOUT), state=State.INCONCLUSIVE)) == {Step.IP: Outcome.INCONCLUSIVE}


def test_a_step_takes_from_its_first_beginning_to_its_last_end():
    took = outcomes(record(connect(t=0.25, took=0.5), connect(t=1.0, took=0.25), get(t=2.0, took=0.5)))

    assert took[Step.TCP] == (Outcome.OK, 1.0)
    assert took[Step.HTTP] == (Outcome.OK, 0.5)
    assert took[Step.TLS] == (Outcome.SKIPPED, None)


def test_the_page_on_metrics_counts_a_series_for_every_step_and_outcome() -> None:
    page = Path(__file__).parents[2].joinpath("docs/metrics.md").read_text(encoding="utf-8")
    histogram = len(Step) * (len(LABELS) + 2)  # the sum and the count beside the buckets

    assert f"{len(Step) * len(Outcome)} outcomes, {histogram} of the histogram" in page
