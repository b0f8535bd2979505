"""Every scenario of the built-in laboratory, measured for real: each target's verdict is the truth."""

import pytest

from blockprobe.lab.demo_world import DEMO
from blockprobe.lab.lab import Lab
from blockprobe.lab.scenario import Scenario
from blockprobe.lab.scenarios import every
from blockprobe.lab.trial import try_scenario


@pytest.mark.parametrize("scenario", [DEMO, *every()], ids=lambda scenario: scenario.name)
def test_the_verdict_is_the_truth(helped: Lab, lab: Lab, scenario: Scenario) -> None:
    wrong = [outcome for outcome in try_scenario(lab, scenario) if outcome.faults]
    assert not [(o.expect.target, o.faults, o.record.verdict.rule, o.record.verdict.because) for o in wrong]
