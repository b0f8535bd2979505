"""HTTP/3 in the built-in laboratory: as a way around a block, on lossy lines, and as a question of `whoami`.

What is listed of the nine sites is tested with the other scenarios (test_verdicts.py). Lossy lines and slow cells run
under BLOCKPROBE_ACCEPTANCE=1.
"""

import asyncio

import pytest

from blockprobe.bypass import Around, get_around
from blockprobe.catalogue.fingerprints import load_fingerprints
from blockprobe.lab.lab import Lab
from blockprobe.lab.scenarios import named
from blockprobe.lab.scenarios.quic import over_a_lossy_line
from blockprobe.lab.trial import settings_of, try_scenario
from blockprobe.measure.bypass.techniques import TECHNIQUES
from blockprobe.model.bypass import Outcome, ParityKind, TechniqueId, Trial
from blockprobe.model.observation import HttpObservation, Place, QuicObservation
from blockprobe.model.target import parse_target
from blockprobe.run import Run
from tests.whole import whole

RUNS = 10
HTTP3 = [technique for technique in TECHNIQUES if technique.id is TechniqueId.HTTP3]


def around(lab: Lab, *targets: str) -> list[Around]:
    """HTTP/3 alone against each target, open or not."""
    world = named("quic")
    lab.load(world)

    async def all_of_them() -> list[Around]:
        run = await Run.open(settings_of(lab, world), fingerprints=load_fingerprints(()))
        try:
            work = [get_around(run, parse_target(target), force=True, techniques=HTTP3) for target in targets]
            return await asyncio.gather(*work)
        finally:
            await run.aclose()

    return asyncio.run(all_of_them())


def cell(found: Around) -> Trial:
    [trial] = found.bypass.trials
    return trial


def test_http3_opens_what_is_filtered_in_tcp_alone_and_is_not_tried_where_nobody_offers_it(
    helped: Lab, lab: Lab
) -> None:
    filtered, without = around(lab, "https://tcp-named.example/", "https://no-h3.example/")

    assert (cell(filtered).outcome, cell(filtered).k) == (Outcome.WORKS, 3), cell(filtered).because
    assert [gap.kind for gap in filtered.bypass.parity] == [ParityKind.QUIC]
    assert filtered.bypass.lowest_effort == 0
    pages = [one for one in filtered.bypass.observations if isinstance(one, HttpObservation) and one.quic]
    assert {(page.status, page.title) for page in pages} == {(200, "Welcome to tcp-named.example")}
    assert filtered.records[0].verdict.parity_gap
    assert cell(without).outcome is Outcome.NOT_AVAILABLE
    assert "advertise" in cell(without).because


@whole
def test_http3_fails_where_both_are_filtered_and_our_own_server_answers_neutral_names(helped: Lab, lab: Lab) -> None:
    both, down = around(lab, "https://both-named.example/", "https://h3-down.example/")

    assert cell(both).outcome is Outcome.FAILS, cell(both).because
    assert cell(both).ways[0].neutral_k >= 2
    echoed = [one for one in both.bypass.observations if isinstance(one, QuicObservation)]
    assert {one.why.place for one in echoed if one.failure is None} == {Place.ECHO}
    assert cell(down).outcome is Outcome.INCONCLUSIVE
    assert "the control could not open it either" in cell(down).because


@whole
@pytest.mark.parametrize("rate", [0.05, 0.10])
@pytest.mark.parametrize("number", range(RUNS))
def test_loss_is_taken_for_nothing_and_hides_nothing(helped: Lab, lab: Lab, rate: float, number: int) -> None:
    wrong = [outcome for outcome in try_scenario(lab, over_a_lossy_line(rate, number)) if outcome.faults]

    assert not [(o.expect.target, o.faults, o.record.verdict.rule) for o in wrong]
