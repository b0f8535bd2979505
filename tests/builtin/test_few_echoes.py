"""A list of names that meet silence, and one echo: targets share it, and the list takes seconds a name no more."""

import asyncio

import pytest

from blockprobe.lab.lab import Lab
from blockprobe.lab.scenarios import named
from blockprobe.lab.trial import measure, outcomes, settings_of
from blockprobe.model.observation import Place, TlsObservation
from blockprobe.model.record import Record
from blockprobe.verdict.at_echo import AT_ECHO

pytestmark = pytest.mark.usefixtures("helped")


def at_the_echo(record: Record, *, listed: bool) -> list[TlsObservation]:
    handshakes = [o for o in record.observations if isinstance(o, TlsObservation) and o.why.place is Place.ECHO]
    return [o for o in handshakes if o.why.test in AT_ECHO and o.why.listed is listed]


def test_names_that_meet_silence_share_an_echo_and_each_has_its_own_proof(lab: Lab) -> None:
    scenario = named("one-echo")
    lab.load(scenario)
    records = asyncio.run(measure(settings_of(lab, scenario), scenario))
    assert not [outcome.faults for outcome in outcomes(scenario, records) if outcome.faults]
    blocked = [record for record in records if record.target.host.startswith("listed")]
    assert max(record.runtime_s for record in blocked) < 25.0  # one after another: seven, and four for each of eight
    shared = 0
    for record in blocked:
        listed, neutral = at_the_echo(record, listed=True), at_the_echo(record, listed=False)
        began, ended = min(o.t0_s for o in listed), max(o.t_s for o in listed)
        assert any(o.t_s <= began for o in neutral)
        assert any(o.t0_s >= ended for o in neutral)
        beside = [o for o in neutral if o.t0_s > began and o.t_s < ended]
        assert [o.failure for o in beside] in ([], [None, None])
        shared += len(beside) == 2
    assert shared >= 6
