"""Mirrors of an order: counted, bounded, never named."""

from dataclasses import replace
from datetime import timedelta

from blockprobe.catalogue.due import Planned
from blockprobe.metrics.snapshot import Snapshot
from blockprobe.mirrors.by_order import by_order
from blockprobe.model.history import Interval
from blockprobe.model.mirror import Source
from blockprobe.model.mirror_life import Life
from blockprobe.model.order import OrderTarget
from blockprobe.model.words import State

from .build import HOUR, NETWORK, NOW, ORDER, exposition, history, order, series, snapshot, values

DAY = timedelta(days=1)
HERE = (ORDER, NETWORK)
LISTED = order(targets=(OrderTarget(value="site.example"),))
OPEN = Life(
    name="open.example", site="site.example", source=Source.LINK, known_at=NOW - 9 * DAY,
    first_alive=Interval(after=None, until=NOW - 9 * DAY), last_alive_at=NOW, last_at=NOW,
    line=State.ACCESSIBLE, last_open_at=NOW, last_line_at=NOW,
)  # fmt: skip
BLOCKED = replace(
    OPEN,
    name="blocked.example",
    line=State.BLOCKED,
    last_open_at=NOW - 5 * DAY,
    blocked=Interval(after=NOW - 5 * DAY, until=NOW - 4 * DAY),
)
DEAD = replace(
    OPEN,
    name="dead.example",
    last_alive_at=NOW - 3 * DAY,
    dead=Interval(after=NOW - 3 * DAY, until=NOW - 2 * DAY),
)
NEVER = Life(name="never.example", site="site.example", source=Source.TYPO, known_at=NOW - DAY, last_at=NOW)
UNSURE = replace(OPEN, name="unsure.example", last_line_at=NOW - HOUR)


def shown(*lives: Life) -> Snapshot:
    orders = (LISTED,)
    watched = tuple(Planned(target=one.name, plan="mirrors", in_force=False, mirror_of=one.site) for one in lives)
    return snapshot(
        network=NETWORK,
        orders=orders,
        watched=watched,
        histories={one.name: history(one.name, State.BLOCKED, network=NETWORK) for one in lives},
        mirrors=by_order(lives, orders, NOW, since=NOW - DAY),
    )


def test_names_are_counted_by_class_and_state() -> None:
    assert values(shown(OPEN, BLOCKED, DEAD, NEVER), "mirrors") == {
        (*HERE, "undetermined", state): 1 for state in ("open", "blocked", "dead", "never")
    }


def test_coverage_is_a_ratio_only_while_nothing_is_unknown() -> None:
    sure, unsure = shown(OPEN, BLOCKED), shown(OPEN, BLOCKED, UNSURE)

    assert values(sure, "mirror_coverage_ratio") == {HERE: 0.5}
    assert values(unsure, "mirror_coverage_ratio") == {}
    bounds = values(unsure, "mirror_coverage_bound_ratio")
    assert {key[-1]: round(value, 3) for key, value in bounds.items()} == {"lower": 0.333, "upper": 0.667}
    assert values(unsure, "mirror_last_conclusive_timestamp_seconds") == {HERE: NOW.timestamp()}


def test_half_lives_have_their_counts_and_what_is_not_reached_is_absent() -> None:
    moment = shown(OPEN, BLOCKED, DEAD)

    assert values(moment, "mirror_half_life_mirrors") == {
        (*HERE, "blocked"): 1, (*HERE, "dead"): 1, (*HERE, "none"): 1,
    }  # fmt: skip
    halves = values(moment, "mirror_half_life_seconds")
    day_s = DAY.total_seconds()
    assert halves[(*HERE, "either", "earliest")] == 6 * day_s
    assert halves[(*HERE, "either", "latest")] == 7 * day_s
    assert (*HERE, "dead", "earliest") not in halves


def test_losses_are_counted_with_those_that_were_made_good_before_they_happened() -> None:
    moment = shown(OPEN, BLOCKED, DEAD)

    assert values(moment, "mirror_losses") == {HERE: 2}
    assert values(moment, "mirror_losses_made_good") == {HERE: 2}
    assert values(moment, "mirror_losses_made_good_at_once") == {HERE: 2}
    assert values(moment, "mirror_substitution_seconds") == {
        (*HERE, bound): 0.0 for bound in ("earliest", "latest", "lower", "upper")
    }


def test_what_is_not_known_is_absent() -> None:
    assert {name for name, _, _ in series(exposition(snapshot())) if "mirror" in name} == set()
    assert {name for name, _, _ in series(exposition(shown(NEVER))) if "mirror" in name} == {"blockprobe_mirrors"}


def test_no_name_of_a_mirror_is_in_the_exposition() -> None:
    text = exposition(shown(OPEN, BLOCKED, DEAD, NEVER), per_site="all").decode()

    assert "_site_" not in text
    assert not any(life.name in text for life in (OPEN, BLOCKED, DEAD, NEVER))
    assert 'blockprobe_targets{plan="mirrors"} 4' in text
