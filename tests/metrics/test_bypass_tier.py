"""What opens blocked entries, counted: on the present network, while they are blocked; or absent."""

from dataclasses import replace
from typing import Any

from blockprobe.metrics.snapshot import Snapshot
from blockprobe.model.bypass import BypassSeen, Outcome, ParityKind, TechniqueId
from blockprobe.model.words import State

from .build import HOUR, NETWORK, NOW, ORDER, exposition, history, order, series, snapshot, values, watching


def battery(target: str, **changed: Any) -> BypassSeen:
    """A resolver block that DNS over HTTPS opens."""
    usual = BypassSeen(
        target=target,
        at=NOW - HOUR,
        network=NETWORK,
        lowest_effort=1,
        outcomes=(
            (TechniqueId.HTTPS, Outcome.NOT_AVAILABLE),
            (TechniqueId.RESOLVER_UDP, Outcome.FAILS),
            (TechniqueId.RESOLVER_DOH, Outcome.WORKS),
        ),
        parity=(ParityKind.RESOLVER_DOH,),
    )
    return replace(usual, **changed)


def shut(target: str) -> BypassSeen:
    """Nothing opens it."""
    outcomes = ((TechniqueId.HTTPS, Outcome.NOT_AVAILABLE), (TechniqueId.RESOLVER_DOH, Outcome.FAILS))
    return battery(target, lowest_effort=None, outcomes=outcomes, parity=())


def doubtful(target: str) -> BypassSeen:
    """Nothing is known to open it, and something may."""
    outcomes = ((TechniqueId.SOCKS5, Outcome.INCONCLUSIVE), (TechniqueId.RESOLVER_DOH, Outcome.FAILS))
    return battery(target, lowest_effort=None, outcomes=outcomes, parity=())


def shown(*batteries: BypassSeen, **states: State) -> Snapshot:
    """Every target blocked, unless a state is given for the first label of its name."""
    histories = [
        history(one.target, states.get(one.target.partition(".")[0], State.BLOCKED), network=NETWORK)
        for one in batteries
    ]
    return snapshot(
        network=NETWORK,
        orders=(order(),),
        batteries={one.target: one for one in batteries},
        **watching(*histories, orders=(ORDER,)),
    )


def names(moment: Snapshot) -> set[str]:
    """The metrics of batteries that are there."""
    prefixes = ("blockprobe_bypass", "blockprobe_parity_gaps")
    return {name for name, _, _ in series(exposition(moment)) if name.startswith(prefixes)}


HERE = (ORDER, NETWORK)


def test_entries_are_counted_by_what_became_of_each_technique() -> None:
    moment = shown(battery("a.example"), shut("b.example"), doubtful("c.example"))

    assert values(moment, "bypass_tried") == {HERE: 3}
    assert values(moment, "bypass_available") == {HERE: 1}
    assert values(moment, "bypass_not_available") == {HERE: 1}
    assert values(moment, "parity_gaps") == {(*HERE, "resolver_doh"): 1}
    assert values(moment, "bypass_techniques") == {
        (*HERE, "https", "not_available"): 2,
        (*HERE, "resolver_doh", "fails"): 2,
        (*HERE, "resolver_doh", "works"): 1,
        (*HERE, "resolver_udp", "fails"): 1,
        (*HERE, "socks5", "inconclusive"): 1,
    }
    efforts = {"0": 0, "1": 1, "2": 0, "3": 0, "none": 2}
    assert values(moment, "bypass_lowest_effort") == {(*HERE, effort): n for effort, n in efforts.items()}
    assert values(moment, "bypass_last_timestamp_seconds") == {HERE: (NOW - HOUR).timestamp()}


def test_an_entry_that_is_open_again_is_not_counted() -> None:
    assert values(shown(battery("a.example"), battery("b.example"), b=State.ACCESSIBLE), "bypass_tried") == {HERE: 1}


def test_what_was_tried_on_another_network_is_not_shown_as_this_ones() -> None:
    assert names(shown(battery("a.example", network="gb/other"))) == set()


def test_an_order_without_any_battery_has_no_figure_and_not_zero() -> None:
    stands = history("a.example", State.BLOCKED, network=NETWORK)
    moment = snapshot(network=NETWORK, orders=(order(),), **watching(stands, orders=(ORDER,)))

    assert names(moment) == set()


def test_batteries_of_targets_that_no_order_lists_are_nobodys() -> None:
    own = watching(history("a.example", State.BLOCKED, network=NETWORK))

    assert names(replace(shown(battery("a.example")), **own)) == set()
