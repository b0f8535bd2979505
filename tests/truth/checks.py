"""What must follow from the truth; each check names every disagreement, so that a failing test shows all of them."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

from blockprobe.model.history import Transition
from blockprobe.store.reader import read_archive

from .order_text import NETWORK_ID
from .scrapes import Scrape
from .switches import Switch, Truth
from .watched import CADENCE_S, at

_WORD = {True: "blocked", False: "accessible"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """One archived record: when it was made, and what it says."""

    target: str
    begin: datetime
    end: datetime
    state: str


def looks_in(store: Path) -> list[Look]:
    """All records of an archive."""
    return [
        Look(
            target=one.target.input,
            begin=one.measured_at,
            end=one.measured_at + timedelta(seconds=one.runtime_s),
            state=one.verdict.state.value,
        )
        for one in read_archive(store)
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Cycles:
    """When each cycle ended and how long it took (seconds), as the metrics showed it."""

    took_s: dict[datetime, float]

    @classmethod
    def of(cls, scrapes: Iterable[Scrape]) -> "Cycles":
        """By the last scrape of each; one that was over within a second of the next is left out."""
        found = {}
        for series in (scrape.series for scrape in scrapes):
            if "blockprobe_cycle_duration_seconds" in series:
                ended = datetime.fromtimestamp(series["blockprobe_cycle_last_completed_timestamp_seconds"], UTC)
                found[ended] = series["blockprobe_cycle_duration_seconds"]
        return cls(took_s=found)

    def limit_s(self, begin: datetime, end: datetime) -> float:
        """How long nobody may look: a cadence, and the cycles themselves that ended in between or just after (a target
        is due again when its cycle is over; a change is confirmed and the controls looked at again before it is
        shown), and a second each for the tick of the agent, the age of an exposition and the scrape."""
        after = min((ended for ended in self.took_s if ended >= end), default=end)
        return CADENCE_S + sum(took for ended, took in self.took_s.items() if begin <= ended <= after) + 3.0

    @property
    def longest_s(self) -> float:
        """A limit for any time."""
        return CADENCE_S + 2 * max(self.took_s.values()) + 3.0


def wrong_looks(truth: Truth, looks: Iterable[Look]) -> Iterator[str]:
    """No look calls blocked what was open all the time, nor the reverse; nothing is proven while the line is dead."""
    for look in looks:
        held = truth.held(look.target, look.begin, look.end)
        if look.state in _WORD.values() and (look.state == "blocked") not in held:
            yield f"{look}: in truth blocked: {held}"
        if (
            any(begin <= look.begin and look.end <= end for begin, end in truth.outages)
            and look.state != "inconclusive"
        ):
            yield f"{look}: the line was dead"


def wrong_transitions(truth: Truth, target: str, changes: Sequence[Transition], looks: Sequence[Look]) -> Iterator[str]:
    """One transition for every switch, dated by the looks beside it, and the switch lies within."""
    switches = [switch for switch in truth.of(target) if switch.began > looks[0].begin]
    if [change.now.value for change in changes] != [_WORD[switch.blocked] for switch in switches]:
        yield f"{target}: {[(change.now.value, change.when) for change in changes]} for {switches}"
        return
    for switch, change in zip(switches, changes, strict=True):
        before, now = _WORD[not switch.blocked], _WORD[switch.blocked]
        after = max(look.begin for look in looks if look.state == before and look.end < change.when.until)
        until = min(look.end for look in looks if look.state == now and look.begin > after)
        if (change.when.after, change.when.until) != (after, until):
            yield f"{target}: {change.when}, by the records {after} to {until}"
        if not after <= switch.ended or not switch.began <= until:
            yield f"{target}: {change.when} does not hold {switch}"


def length_s(change: Transition) -> float:
    """Of its interval."""
    assert change.when.after is not None
    return (change.when.until - change.when.after).total_seconds()


def shown_at(switch: Switch, scrapes: Sequence[Scrape]) -> datetime:
    """When the metric showed it first."""
    wanted = _WORD[switch.blocked]
    return next(one.at for one in scrapes if one.at >= switch.began and one.states.get(switch.target) == wanted)


def wrong_scrapes(truth: Truth, scrapes: Sequence[Scrape], limit_s: float) -> Iterator[str]:
    """What is shown was so not longer ago than the limit, and `blocked` is never shown of what never was."""
    for scrape in scrapes:
        begin = scrape.at - timedelta(seconds=limit_s)
        hidden = any(start <= scrape.at <= end + timedelta(seconds=limit_s) for start, end in truth.outages)
        for site, state in scrape.states.items():
            late = state in _WORD.values() and (state == "blocked") not in truth.held(site, begin, scrape.at)
            if late and not hidden:
                yield f"{scrape.at}: {site} is shown as {state}"
            if state == "blocked" and not truth.of(site):
                yield f"{scrape.at}: {site} is shown as blocked and never was"


def wrong_sums(scrapes: Sequence[Scrape], order: str, targets: Iterable[str]) -> Iterator[str]:
    """The order's census is what the sites of the same scrape say."""
    targets = list(targets)
    for before, scrape in pairwise(scrapes):
        for state in ("blocked", "accessible", "inconclusive", "down"):
            name = f'blockprobe_order_sites{{order="{order}",isp="{NETWORK_ID}",state="{state}"}}'
            count = sum(scrape.states.get(target) == state for target in targets)
            told = scrape.series.get(name, count)
            if told != count and before.series.get(name) == told:  # the figures of a cycle come a moment after it
                yield f"{scrape.at}: {name} is {told}, by the sites {count}"


def holds(span: dict[str, Any] | None, seconds: float) -> bool:
    """Whether an interval of seconds holds a true time."""
    if span is None:
        return False
    upper = float("inf") if span["upper"] is None else span["upper"]
    return bool(span["lower"] <= max(0.0, seconds) <= upper)


def within(interval: dict[str, Any], switch: Switch) -> bool:
    """Whether an interval of a JSON document holds a switch."""
    after, until = at(interval["after"]), at(interval["until"])
    assert until is not None
    return (after is None or after <= switch.ended) and switch.began <= until
