"""Orders as series: what verdict.compliance says, and nothing where it says nothing."""

from datetime import timedelta

import pytest

from blockprobe.catalogue.due import Planned
from blockprobe.model.order import OrderFlag, OrderTarget
from blockprobe.model.words import AttributionCause, Mechanism, State
from blockprobe.verdict.compliance_types import (
    Abstained,
    Collateral,
    Ended,
    Met,
    Refused,
    Stale,
    StaleEntry,
    TargetLag,
    TargetTime,
)
from blockprobe.verdict.counting import Span
from tests.metrics.build import HOUR, NETWORK, NOW, ORDER, compliance, count, order, snapshot, values

BOTH = (ORDER, NETWORK)


def with_figures(**changed):
    return snapshot(orders=(order(),), compliances=(compliance(**changed),))


def test_an_order_is_named_with_its_court():
    assert values(with_figures(), "order_info") == {(ORDER, "Film One", "gb", "static", "Laboratory Court"): 1}


def test_implemented_and_reach_are_two_figures_with_their_own_counts_and_bounds():
    reach = count(blocked=2, open=5, ratio=2 / 7, lower=0.25, upper=0.375)
    moment = with_figures(reach=reach)

    assert values(moment, "order_implemented_ratio") == {BOTH: 6 / 7}
    assert values(moment, "order_reach_ratio") == {BOTH: 2 / 7}
    assert values(moment, "order_implemented_bound_ratio") == {(*BOTH, "lower"): 0.75, (*BOTH, "upper"): 0.875}
    assert values(moment, "order_reach_bound_ratio") == {(*BOTH, "lower"): 0.25, (*BOTH, "upper"): 0.375}
    assert values(moment, "order_implemented_sites")[*BOTH, "blocked"] == 6
    assert values(moment, "order_sites")[*BOTH, "blocked"] == 2


def test_the_census_has_seven_states_and_adds_up():
    why = {
        Abstained.NEVER: 1,
        Abstained.DOWN: 2,
        Abstained.REFUSED: 3,
        Abstained.INCONCLUSIVE: 4,
        Abstained.STALE: 5,
        Abstained.NOT_BY_ORDER: 6,
    }
    reach = count(blocked=10, open=20, abstained=21, flagged=7, total=58, abstained_why=why)
    found = values(with_figures(reach=reach), "order_sites")

    assert found == {
        (*BOTH, "accessible"): 20,
        (*BOTH, "blocked"): 10,
        (*BOTH, "down"): 2,
        (*BOTH, "refused"): 3,
        (*BOTH, "never"): 1,
        (*BOTH, "inconclusive"): 15,
        (*BOTH, "flagged"): 7,
    }
    assert sum(found.values()) == 58


def test_a_refused_figure_is_absent_while_counts_and_reason_are_there():
    moment = with_figures(refused=Refused.THIRD_PARTY_RESOLVER, refused_because="the line uses another resolver")

    for name in ("implemented", "reach"):
        assert values(moment, f"order_{name}_ratio") == {}
        assert values(moment, f"order_{name}_bound_ratio") == {}
    assert values(moment, "order_refused") == {(*BOTH, "third_party_resolver"): 1}
    assert values(moment, "order_sites")[*BOTH, "blocked"] == 6
    assert values(moment, "order_last_conclusive_timestamp_seconds") == {BOTH: NOW.timestamp()}


def test_a_ratio_on_too_few_is_absent_and_its_bounds_are_not():
    few = count(blocked=1, open=1, abstained=6, ratio=None, lower=0.125, upper=0.875)
    moment = with_figures(implemented=few)

    assert values(moment, "order_implemented_ratio") == {}
    assert values(moment, "order_implemented_bound_ratio") == {(*BOTH, "lower"): 0.125, (*BOTH, "upper"): 0.875}
    assert values(moment, "order_refused") == {}


def test_late_targets_are_counted_only_where_there_is_a_deadline():
    late = ("a.example", "b.example")
    own = TargetTime(target="a.example", deadline=NOW - HOUR, deadline_met=Met.NO)

    assert values(with_figures(), "order_targets_late") == {}
    assert values(with_figures(deadline=NOW), "order_targets_late") == {BOTH: 0}
    assert values(with_figures(deadline=NOW), "order_deadline_timestamp_seconds") == {BOTH: NOW.timestamp()}
    assert values(with_figures(time_to_block=(own,), late=late), "order_targets_late") == {BOTH: 2}


def test_times_are_bounds_with_the_number_they_rest_on():
    times = (
        TargetTime(target="a.example", notice_at=NOW, seconds=Span(lower=60, upper=120)),
        TargetTime(target="b.example"),
    )
    lag = TargetLag(target="c.example", ended=Ended.ORDER, ended_at=NOW, seconds=Span(lower=30))
    moment = with_figures(
        time_to_block=times,
        median_time_to_block=Span(lower=60, upper=120),
        unblock_lag=(lag,),
        median_unblock_lag=Span(lower=30),
    )

    assert values(moment, "order_time_to_block_seconds") == {(*BOTH, "lower"): 60, (*BOTH, "upper"): 120}
    assert values(moment, "order_time_to_block_targets") == {BOTH: 1}
    assert values(moment, "order_unblock_lag_seconds") == {(*BOTH, "lower"): 30}
    assert values(moment, "order_unblock_lag_targets") == {BOTH: 1}


@pytest.mark.parametrize("name", ["order_time_to_block_seconds", "order_unblock_lag_seconds", "order_causes"])
def test_what_nobody_knows_is_absent(name):
    assert values(with_figures(), name) == {}


def test_means_and_causes_are_counted():
    moment = with_figures(
        mechanisms={Mechanism.TLS_RESET_SNI: 2, Mechanism.DNS_NXDOMAIN: 4},
        causes={AttributionCause.COURT: 5, AttributionCause.UNKNOWN: 1},
        parity_gaps=("a.example",),
    )

    assert values(moment, "order_mechanisms") == {(*BOTH, "dns.nxdomain"): 4, (*BOTH, "tls.reset.sni"): 2}
    assert values(moment, "order_causes") == {(*BOTH, "court"): 5, (*BOTH, "unknown"): 1}
    assert values(moment, "order_parity_gaps") == {BOTH: 1}


def test_over_blocking_counts_distinct_sites_that_no_order_covers():
    stale = (
        StaleEntry(target="ended.example", why=Stale.BLOCKED_AFTER_END),
        StaleEntry(target="renewed.example", why=Stale.BLOCKED_AFTER_END),
        StaleEntry(target="down.example", why=Stale.DOWN),
    )
    hit = Collateral(target="neighbour.example", since=None, mechanisms=())
    covered = Collateral(target="other.example", since=None, mechanisms=())
    one = compliance(stale=stale, flagged_blocked=("parked.example", "right.example"), collateral=(hit, covered))
    two = compliance(order="gb/two", stale=stale[:1], flagged_blocked=("parked.example",), collateral=(hit,))
    wrong = OrderTarget(value="parked.example", flags=(OrderFlag.PARKED,))
    moment = snapshot(
        orders=(order(targets=(wrong,)), order(id="gb/two", targets=(wrong, OrderTarget(value="right.example")))),
        compliances=(one, two),
        watched=(
            Planned(target="renewed.example", plan="website"),
            Planned(target="ended.example", plan="website", in_force=False),
            Planned(target="neighbour.example", plan="website", neighbour=True),
        ),
    )

    assert values(moment, "overblocked_sites") == {
        (NETWORK, "after_end"): 1,
        (NETWORK, "collateral"): 1,
        (NETWORK, "order_error"): 1,
    }
    assert values(moment, "order_stale_targets")[*BOTH, "blocked_after_end"] == 2
    assert values(moment, "order_stale_targets")[*BOTH, "down"] == 1


@pytest.mark.parametrize(("other_ends_in", "expected"), [(-HOUR, 1), (HOUR, 0)], ids=["both ended", "one goes on"])
def test_an_end_shows_at_once_though_plans_are_worked_out_seldom(other_ends_in, expected):
    listed = (OrderTarget(value="ended.example"),)
    orders = (
        order(in_force_until=NOW - HOUR, targets=listed),
        order(id="gb/two", in_force_until=NOW + other_ends_in, targets=listed),
    )
    moment = snapshot(
        orders=orders,
        compliances=(compliance(stale=(StaleEntry(target="ended.example", why=Stale.BLOCKED_AFTER_END),)),),
        watched=(Planned(target="ended.example", plan="website", orders=(ORDER, "gb/two"), in_force=True),),
    )

    assert values(moment, "overblocked_sites")[NETWORK, "after_end"] == expected


def test_collateral_is_absent_when_nobody_named_a_neighbour():
    assert (NETWORK, "collateral") not in values(with_figures(), "overblocked_sites")


def test_an_orders_other_respondents_have_no_figures_here():
    moment = snapshot(network=NETWORK, compliances=(compliance(), compliance(network="gb/other")))

    assert {labels[1] for labels in values(moment, "order_sites")} == {NETWORK}
    assert {labels[0] for labels in values(moment, "overblocked_sites")} == {NETWORK}


def test_every_order_of_the_catalogue_is_named_also_without_figures():
    moment = snapshot(orders=(order(), order(id="gb/two", made_at=NOW - timedelta(days=1))))

    assert {labels[0] for labels in values(moment, "order_info")} == {ORDER, "gb/two"}
    assert values(moment, "order_sites") == {}


def test_states_of_a_dashboard_are_the_five_and_two_more():
    states = {labels[2] for labels in values(with_figures(), "order_sites")}

    assert states == {*(state.value for state in State), "never", "flagged"}
