"""What the controls after a measurement make of it."""

from dataclasses import replace

import pytest
from golden import BLOCKED, DOWN, GOLDENS, OPEN, known, record

from blockprobe.agent.controls import Controls, settled
from blockprobe.model.line import Line, NeutralCheck
from blockprobe.model.words import Reason, State
from blockprobe.verdict.judge import judge

FINE = Controls(line=Line(families={"4": True, "6": True}, portal=False))
CUT = Controls(
    line=Line(families={"4": False, "6": False}),
    checks=((1003.0, NeutralCheck(url="https://n1.example/", family=4, t_s=0.0, ok=False)),),
)
NO_V6 = Controls(line=Line(families={"4": True, "6": False}))
PORTAL = Controls(line=Line(families={"4": True, "6": True}, portal=True))


def after(name, controls, done=1002.0):
    return settled(record(name), controls, done=done, known=known())


@pytest.mark.parametrize(
    ("controls", "works", "problem"),
    [
        (FINE, True, None),
        (NO_V6, True, None),
        (CUT, False, "no_neutral_site"),
        (PORTAL, False, "captive_portal"),
        (Controls(line=Line()), True, None),
    ],
)
def test_controls_fail_where_no_family_works_or_a_portal_stands_before_it(controls, works, problem):
    assert (controls.works, controls.problem) == (works, problem)


@pytest.mark.parametrize(("offset", "good"), [(None, None), (-59.0, True), (61.0, False), (-86_400.0, False)])
def test_a_clock_is_right_to_a_minute(offset, good):
    assert Controls(line=Line(clock_offset_s=offset)).clock_ok is good


@pytest.mark.parametrize("name", [OPEN, BLOCKED, DOWN])
def test_controls_that_hold_change_nothing(name):
    found = record(name)
    assert settled(found, FINE, done=1002.0, known=known()) is found


@pytest.mark.parametrize(("controls", "reason"), [(CUT, Reason.FAMILIES_UNUSABLE), (PORTAL, Reason.CAPTIVE_PORTAL)])
@pytest.mark.parametrize("name", [BLOCKED, DOWN])
def test_what_was_measured_before_an_outage_proves_nothing(name, controls, reason):
    found = after(name, controls)

    assert found.verdict.state is State.INCONCLUSIVE
    assert found.verdict.reasons == (reason,)


def test_what_opened_stays_open():
    assert after(OPEN, CUT).verdict.state is State.ACCESSIBLE


def test_the_evidence_says_why_and_can_be_judged_again():
    found = after(BLOCKED, CUT)

    assert found.observations == record(BLOCKED).observations
    assert found.line.families == {"4": False, "6": False}
    assert found.line.neutral[-1].t_s == pytest.approx(1003.0 - (1002.0 - found.runtime_s))
    assert judge(found.measurement(), known()) == found.verdict


def test_one_family_that_fails_leaves_what_the_other_proves():
    assert after(BLOCKED, NO_V6).verdict.state is State.BLOCKED


@pytest.mark.parametrize("name", sorted(path.parent.name for path in GOLDENS.glob("*/record.json")))
def test_no_record_becomes_blocked_by_worse_controls(name):
    before = record(name)
    for controls in (CUT, PORTAL, NO_V6, replace(NO_V6, line=Line(families={"4": False, "6": True}))):
        found = settled(before, controls, done=1002.0, known=known())
        assert found.verdict.state is before.verdict.state or found.verdict.state is not State.BLOCKED
        if controls in (CUT, PORTAL):
            assert found.verdict.state is not State.BLOCKED
