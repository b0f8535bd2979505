"""`check --throttling` on a simulated line of 20 Mbit/s: what is slowed is found, what is not is left alone.

The full counts (20 of 20 for each limit, no false finding in 1,000 runs) are in bench/throttling.py; here each kind is
tried once, all side by side, with less patience for what is slow.
"""

import asyncio
from dataclasses import replace
from statistics import median

import pytest

from blockprobe.catalogue.fingerprints import load_fingerprints
from blockprobe.lab.censor import Action, Delay, Freeze, Host, Loss, Rate, Rule, Sni
from blockprobe.lab.lab import Lab
from blockprobe.lab.scenario import Scenario
from blockprobe.lab.sites import site
from blockprobe.lab.trial import settings_of
from blockprobe.measure import throttle
from blockprobe.model.codec import dump_record, load_record
from blockprobe.model.record import Record
from blockprobe.model.target import parse_target
from blockprobe.model.words import Mechanism, State
from blockprobe.net import goodput
from blockprobe.run import Run
from blockprobe.verdict.judge import judge
from blockprobe.verdict.throttle import MIN_PAIRS
from blockprobe.verdict.throttle import goodput as speed_of

LINE = Rate(kbit=20_000, per_flow=True, queue_ms=100, at="access")
SLOW, FROZEN = Mechanism.TLS_THROTTLE_SNI, Mechanism.TLS_FREEZE_SNI


def world(*rules: Rule) -> Scenario:
    """Sites 10 to 16."""
    sites = tuple(site(f"s{number}.example", number) for number in range(10, 17))
    return Scenario(name="throttling", story="", sites=sites, rules=(*rules, LINE), delay_ms=10.0)


def measure(lab: Lab, scenario: Scenario, *targets: str) -> list[Record]:
    """Each by a run of its own, side by side: connections have their own bottlenecks. They begin one after another,
    for the look at eight sites at once is more than a busy machine may bear."""
    lab.load(scenario)
    settings = settings_of(lab, scenario)
    settings = replace(settings, limits=replace(settings.limits, throttling=True))

    async def one(number: int, target: str) -> Record:
        await asyncio.sleep(0.3 * number)
        run = await Run.open(settings, fingerprints=load_fingerprints(()))
        try:
            return await run.measure(parse_target(target))
        finally:
            await run.aclose()

    async def every() -> list[Record]:
        return await asyncio.gather(*(one(*numbered) for numbered in enumerate(targets)))

    return asyncio.run(every())


def shown(record: Record) -> list[Mechanism]:
    return [one.mechanism for one in record.verdict.interference]


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(throttle, "TAKE_S", 0.1)
    monkeypatch.setattr(throttle, "FEWEST_BYTES", 128_000)
    monkeypatch.setattr(throttle, "PATIENCE", 3.0)
    monkeypatch.setattr(throttle, "SHORTEST_S", 1.2)
    monkeypatch.setattr(goodput, "STALL_S", 1.5)


@pytest.mark.usefixtures("impatient")
def test_every_limit_and_every_freeze_is_found_and_told_apart(helped: Lab, lab: Lab) -> None:
    scenario = world(
        Rate(kbit=1000, names=("s10.example",)),
        Rate(kbit=500, queue_ms=60, names=("s11.example",)),
        Rate(kbit=250, names=("s12.example",)),
        Rate(kbit=500, names=("s13.example",)),
        Freeze(names=("s14.example",), after_bytes=40_000),
        Freeze(names=("s15.example",), after_bytes=40_000, action=Action.RESET),
    )
    names = [f"https://s{number}.example/" for number in (10, 11, 12, 14, 15, 16)] + ["http://s13.example/"]
    records = measure(helped, scenario, *names)

    found = [(one.verdict.state, shown(one)) for one in records]
    wanted = [[SLOW], [SLOW], [SLOW], [FROZEN], [FROZEN], [], [Mechanism.HTTP_THROTTLE_HOST]]
    assert found == [(State.ACCESSIBLE, one) for one in wanted], [one.verdict.because for one in records]
    for one in records:
        again = load_record(dump_record(one))
        assert again == one
        assert judge(again.measurement(), load_fingerprints(())) == one.verdict
    _come_in_mirrored_pairs_from_one_server(records[5], "s16.example")


def _come_in_mirrored_pairs_from_one_server(record: Record, name: str) -> None:
    transfers = [one for one in record.observations if one.kind == "transfer" and one.why.test == "speed"]
    order = [one.why.listed for one in transfers]
    assert len(order) >= 2 * MIN_PAIRS
    assert order[0:2] == [not one for one in order[2:4]], "the second pair mirrors the first"
    assert {one.why.listed for one in transfers[:2]} == {True, False}
    assert len({one.address for one in transfers}) == 1
    assert {one.name == name for one in transfers if one.why.listed} == {True}
    assert all(one.authentic and one.body_bytes == one.wanted for one in transfers)
    # The median: one whose reader waited for a processor finds all of it queued, and seems to come at once.
    assert median(map(speed_of, transfers)) < 2_600_000, "bytes a second on a line of 20 Mbit/s"


@pytest.mark.usefixtures("impatient")
def test_bad_weather_is_nobodys_fault(helped: Lab, lab: Lab) -> None:
    scenario = world(
        Loss(rate=0.03, seed=5, at="access"),
        Delay(ms=5, jitter_ms=5),
    )
    records = measure(helped, scenario, *(f"https://s{number}.example/" for number in (10, 11, 12)))

    assert [(one.verdict.state, shown(one)) for one in records] == [(State.ACCESSIBLE, [])] * 3
    for one in records:
        assert "name is" in one.verdict.because, "even or unknown, it is said"


def test_a_blocked_site_is_not_measured_and_nothing_is_without_the_option(helped: Lab, lab: Lab) -> None:
    blocked = world(Sni(names=("s10.example",)), Host(names=("s10.example",)))
    (record,) = measure(helped, blocked, "https://s10.example/")

    assert record.verdict.state is State.BLOCKED
    assert [one for one in record.observations if one.kind == "transfer"] == []
