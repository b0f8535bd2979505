"""Censors × techniques in the built-in laboratory: every cell is what is true, on a clean line and on a lossy one.

By default a part of the table is measured; all of it, the lossy line and the worlds of their own under
BLOCKPROBE_ACCEPTANCE=1.
"""

import asyncio
import gc
from collections.abc import Sequence
from dataclasses import replace

import pytest

from blockprobe.bypass import Around, get_around
from blockprobe.catalogue.fingerprints import load_fingerprints
from blockprobe.lab.bypass_world import (
    DOH_SHUT,
    DOH_SHUT_TRUTHS,
    EVERY_NAME,
    EVERY_NAME_TRUTHS,
    PUNISHED,
    PUNISHED_TRUTHS,
    TRUTHS,
    WORLD,
    Truth,
    with_loss,
)
from blockprobe.lab.lab import Lab
from blockprobe.lab.scenario import Scenario
from blockprobe.lab.trial import settings_of
from blockprobe.measure.bypass.techniques import TECHNIQUES
from blockprobe.model.bypass import Outcome, TechniqueId
from blockprobe.model.bypass_codec import dump_bypass, load_bypass
from blockprobe.model.target import parse_target
from blockprobe.model.words import State
from blockprobe.run import Run
from tests.whole import whole

#: Those whose censors answer at once: silences take a minute.
PART = (
    "https://nx.example/",
    "https://inject.example/",
    "https://sni-naive.example/",
    "https://sni-exact.example/",
    "http://host-literal.example/",
    "http://notice.example/",
    "https://open.example/",
)


def measured(lab: Lab, world: Scenario, truths: Sequence[Truth]) -> list[tuple[Truth, Around]]:
    """The battery against every target, side by side."""
    lab.load(world)
    settings = settings_of(lab, world)

    async def all_of_them() -> list[Around]:
        run = await Run.open(settings, fingerprints=load_fingerprints(()))
        try:
            work = [get_around(run, parse_target(truth.target), force=truth.force) for truth in truths]
            return await asyncio.gather(*work)
        finally:
            await run.aclose()

    return list(zip(truths, asyncio.run(all_of_them()), strict=True))


def faults_of(truth: Truth, around: Around) -> list[str]:
    """What differs from the truth, cell by cell."""
    bypass, found = around.bypass, []
    if bypass.blocked_before is not truth.before:
        found.append(f"{truth.target}: before {bypass.blocked_before}: {around.records[0].verdict.because}")
    if truth.before is State.BLOCKED and bypass.blocked_after not in (State.BLOCKED, State.INCONCLUSIVE):
        found.append(f"{truth.target}: after {bypass.blocked_after}")
    cells = truth.cells()
    found += [
        f"{truth.target} {trial.technique}: {trial.outcome}, true is {cells[trial.technique]}: {trial.because}"
        for trial in bypass.trials
        if trial.outcome is not cells[trial.technique]
    ]
    if bypass.lowest_effort != truth.lowest_effort:
        found.append(f"{truth.target}: lowest effort {bypass.lowest_effort}, true is {truth.lowest_effort}")
    return found


def check(results: list[tuple[Truth, Around]]) -> None:
    """Every cell is right, every result can be read back and stays within the budget."""
    assert [fault for truth, around in results for fault in faults_of(truth, around)] == []
    for truth, around in results:
        bypass = around.bypass
        assert load_bypass(dump_bypass(bypass)) == bypass
        tried = truth.before is State.BLOCKED or truth.force
        assert [trial.technique for trial in bypass.trials] == ([t.id for t in TECHNIQUES] if tried else [])
        assert all(trial.because for trial in bypass.trials)
        assert all(ref < len(bypass.observations) for trial in bypass.trials for ref in trial.evidence)
        assert bypass.cost.connections <= 1_000


def test_each_censor_falls_to_what_gets_around_it_and_to_nothing_else(helped: Lab, lab: Lab) -> None:
    results = measured(lab, WORLD, [truth for truth in TRUTHS if truth.target in PART])

    assert len(results) == len(PART)
    check(results)
    (alone,) = [around for truth, around in results if truth.target == "https://open.example/"]
    assert alone.bypass.because == "there is nothing to get around: the plain path is accessible, not blocked"
    assert (alone.bypass.trials, alone.bypass.blocked_after) == ((), None)


@whole
def test_the_whole_table(helped: Lab, lab: Lab) -> None:
    assert sum(truth.before is State.BLOCKED for truth in TRUTHS) >= 12
    check(measured(lab, WORLD, TRUTHS))


@whole
@pytest.mark.parametrize("run", range(3))
def test_the_whole_table_on_a_line_that_loses_five_percent_each_way(helped: Lab, lab: Lab, run: int) -> None:
    check(measured(lab, with_loss(WORLD, 0.05, seed=run), TRUTHS))


@whole
def test_a_resolver_that_cannot_be_reached_says_nothing_of_the_site(helped: Lab, lab: Lab) -> None:
    check(measured(lab, DOH_SHUT, DOH_SHUT_TRUTHS))


@whole
def test_a_filter_that_punishes_the_address_does_not_spoil_the_next_technique(helped: Lab, lab: Lab) -> None:
    check(measured(lab, PUNISHED, PUNISHED_TRUTHS))


def test_a_resolver_that_answers_everything_is_no_way_around_and_no_failure_of_one(helped: Lab, lab: Lab) -> None:
    results = measured(lab, EVERY_NAME, EVERY_NAME_TRUTHS)

    check(results)
    said = {trial.technique: trial.because for trial in results[0][1].bypass.trials}
    assert "neutral sites open this way in 0 of 3 tries only" in said[TechniqueId.RESOLVER_DOH]


def test_a_battery_that_runs_out_of_its_budget_says_so_and_calls_nothing_a_failure(
    helped: Lab, lab: Lab, caplog: pytest.LogCaptureFixture
) -> None:
    poor = replace(WORLD, settings=WORLD.settings + "connections = 20\n")
    ((_, around),) = measured(lab, poor, [truth for truth in TRUTHS if truth.target == "https://nx.example/"])

    outcomes = {trial.outcome for trial in around.bypass.trials}
    assert outcomes <= {Outcome.INCONCLUSIVE, Outcome.NOT_AVAILABLE}
    assert "the limit of 20 connections was reached" in around.bypass.because
    gc.collect()
    assert "never retrieved" not in caplog.text, "several attempts end at once, and nobody asks the others why"
