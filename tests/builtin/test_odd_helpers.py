"""Helpers that are slow, lie, or contradict each other: none of them makes a site blocked that is not."""

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from blockprobe.lab.addresses import RESOLVERS
from blockprobe.lab.censor import Sni
from blockprobe.lab.lab import Lab
from blockprobe.lab.lies import Lie, Say
from blockprobe.lab.scenario import Expect, Scenario
from blockprobe.lab.sites import Door, site
from blockprobe.lab.trial import measure, settings_of
from blockprobe.model.record import Record
from blockprobe.model.settings import Settings
from blockprobe.model.words import Mechanism, State

pytestmark = pytest.mark.usefixtures("helped")  # its echoes, whatever the odd helper says

ODD = "https://203.0.113.130:8443/"
HEALTHY = Scenario(name="odd-healthy", story="a healthy site", sites=(site("fine.example", 10),),
                   targets=(Expect(target="https://fine.example/", state=State.ACCESSIBLE),))  # fmt: skip
DEAD = replace(HEALTHY, name="odd-dead", story="a dead site",
               sites=(site("fine.example", 10, https=Door.SILENT, http=Door.SILENT),))  # fmt: skip
NAMES = ("first.example", "second.example")
TWO = replace(HEALTHY, name="odd-twice", story="two sites in cleartext",
              sites=tuple(site(name, 10 + number, https=Door.CLOSED) for number, name in enumerate(NAMES)),
              targets=tuple(Expect(target=f"http://{name}/", state=State.INCONCLUSIVE) for name in NAMES))  # fmt: skip
FILTERED = replace(HEALTHY, name="odd-filtered", censor="resets the name", rules=(Sni(names=("fine.example",)),))


@contextmanager
def odd_helper(lab: Lab, *, wait_s: float, says: str, faults: int = 0) -> Iterator[None]:
    script = Path(__file__).with_name("odd_helper.py")
    argv = [sys.executable, str(script), str(lab.directory / "ctl.pem"), str(wait_s), says, str(faults)]
    process = lab.start_in("ctl", argv, stdout=subprocess.PIPE)
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        yield
    finally:
        process.kill()
        process.communicate()


def checked(lab: Lab, scenario: Scenario, *, helpers: tuple[str, ...] = (ODD,)) -> Record:
    lab.load(scenario)
    settings: Settings = settings_of(lab, scenario)
    settings = replace(settings, helper=replace(settings.helper, urls=helpers))
    [record] = asyncio.run(measure(settings, scenario))
    return record


def test_a_slow_helper_delays_a_healthy_site_and_changes_nothing(lab: Lab) -> None:
    with odd_helper(lab, wait_s=3.0, says="alive"):
        record = checked(lab, HEALTHY)

    assert record.verdict.state is State.ACCESSIBLE
    assert 3.0 <= record.runtime_s < 8.0


def test_a_helper_that_calls_a_healthy_site_dead_is_outweighed_by_its_certificate(lab: Lab) -> None:
    with odd_helper(lab, wait_s=0.0, says="dead"):
        record = checked(lab, HEALTHY)

    assert record.verdict.state is State.ACCESSIBLE


def test_a_helper_that_calls_a_dead_site_alive_proves_no_block(lab: Lab) -> None:
    with odd_helper(lab, wait_s=0.0, says="alive"):
        record = checked(lab, DEAD)

    assert record.verdict.state is State.INCONCLUSIVE


@pytest.mark.parametrize("says", ["alive", "dead"])
def test_a_name_filter_is_proven_at_the_echo_whatever_the_helper_says(lab: Lab, says: str) -> None:
    with odd_helper(lab, wait_s=0.0, says=says):
        record = checked(lab, FILTERED)

    assert record.verdict.state is State.BLOCKED
    assert record.verdict.mechanisms == (Mechanism.TLS_RESET_SNI,)


def test_of_two_helpers_one_that_lies_proves_nothing_against_the_other(lab: Lab) -> None:
    with odd_helper(lab, wait_s=0.0, says="alive"):
        record = checked(lab, DEAD, helpers=(ODD, "https://203.0.113.133:9/"))

    assert record.verdict.state is not State.BLOCKED


@pytest.mark.parametrize(("faults", "asked"), [(2, [1, 2]), (9, [1, 1])])
def test_a_helper_that_failed_is_asked_once_more_when_it_has_answered_others_since(
    lab: Lab, faults: int, asked: list[int]
) -> None:
    records = _in_cleartext(lab, TWO, faults)

    controls = [[c.failure for c in r.control if c.url == r.target.input] for r in records]
    assert sorted(map(len, controls)) == asked
    assert faults > 2 or all(failures[-1] is None for failures in controls)


def test_a_control_that_came_late_clears_a_site_and_convicts_none(lab: Lab) -> None:
    """One of two resolvers lies about both names, and only a control can show that the zone is alive."""
    lies = (Lie(names=NAMES, say=Say.NXDOMAIN, resolvers=RESOLVERS[1:2]),)
    lying = replace(TWO, name="odd-late", censor="one resolver lies", lies=lies, resolvers=RESOLVERS[:2])
    records = _in_cleartext(lab, lying, faults=2)

    in_time = [all(c.failure is None for c in r.control) for r in records]
    assert sorted(in_time) == [False, True]
    states = {good: r.verdict.state for good, r in zip(in_time, records, strict=True)}
    assert states == {True: State.BLOCKED, False: State.INCONCLUSIVE}


def _in_cleartext(lab: Lab, scenario: Scenario, faults: int) -> list[Record]:
    lab.load(scenario)
    settings = settings_of(lab, scenario)
    settings = replace(settings, helper=replace(settings.helper, urls=(ODD,)))
    with odd_helper(lab, wait_s=0.2, says="alive", faults=faults):
        return asyncio.run(measure(settings, scenario))
