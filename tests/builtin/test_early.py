"""While the last attempt still waits, the tests that follow a silence are under way: they cost no time of their own."""

import asyncio
import gc

import pytest

from blockprobe.lab.censor import Action, Host, Sni
from blockprobe.lab.lab import Lab
from blockprobe.lab.scenario import Expect, Scenario
from blockprobe.lab.sites import Page, says, site
from blockprobe.lab.topology import Unroute
from blockprobe.lab.trial import measure, settings_of
from blockprobe.measure.case import Case
from blockprobe.model.observation import DnsObservation, Observation, Place, Test
from blockprobe.model.record import Record
from blockprobe.model.words import State

pytestmark = pytest.mark.usefixtures("helped")

SITE = site("quiet.example", 10)
EXPECTED_S = 2.6 + 4.0
"""The third attempt begins after two staggers, and ends with its own timeout."""


def checked(lab: Lab, scenario: Scenario) -> Record:
    lab.load(scenario)
    [record] = asyncio.run(measure(settings_of(lab, scenario), scenario))
    return record


def scenario(name: str, *, target: str = "https://quiet.example/", **censor: object) -> Scenario:
    return Scenario(name=name, story="one site", sites=(SITE,), **censor,  # type: ignore[arg-type]
                    targets=(Expect(target=target, state=State.BLOCKED),))  # fmt: skip


def made(record: Record, test: Test, place: Place, kind: str) -> list[Observation]:
    found = [o for o in record.observations if o.why.test is test and o.why.place is place and o.kind == kind]
    return [o for o in found if not isinstance(o, DnsObservation)]


def last_attempt(record: Record, kind: str) -> Observation:
    looks = made(record, Test.LOOK, Place.ORIGIN, kind) + made(record, Test.REPEAT, Place.ORIGIN, kind)
    return max((look for look in looks if look.failure is not None), key=lambda look: look.t0_s)


@pytest.mark.parametrize(
    ("world", "mechanism", "kind"),
    [
        (scenario("early-sni", rules=(Sni(names=("quiet.example",), action=Action.DROP),)), "tls.timeout.sni", "tls"),
        (
            scenario("early-host", target="http://quiet.example/",
                     rules=(Host(names=("quiet.example",), action=Action.DROP),)),
            "http.timeout.host", "http",
        ),
    ],
    ids=["sni", "host"],
)  # fmt: skip
def test_a_silent_name_is_at_the_echo_before_the_last_attempt_ends(
    lab: Lab, world: Scenario, mechanism: str, kind: str
) -> None:
    record = checked(lab, world)

    assert (record.verdict.state, record.verdict.mechanisms) == (State.BLOCKED, (mechanism,))
    last = last_attempt(record, kind)
    listed = [o for o in made(record, Test.SQUARE, Place.ECHO, kind) if o.why.listed]
    assert len(listed) == 3, "the early ones count, and no others are made"
    assert all(last.t0_s <= o.t0_s < last.t_s for o in listed)
    assert record.runtime_s < EXPECTED_S + 3.0


def test_a_silent_address_has_its_neighbour_and_its_path_before_the_last_attempt_ends(lab: Lab) -> None:
    holes = tuple(Unroute(prefix=address) for address in SITE.addresses)
    record = checked(lab, scenario("early-hole", unroutes=holes))

    assert (record.verdict.state, record.verdict.mechanisms) == (State.BLOCKED, ("ip.timeout",))
    last = last_attempt(record, "tcp")
    paths = made(record, Test.PATH, Place.ORIGIN, "path")
    neighbours = made(record, Test.NEIGHBOUR, Place.NEIGHBOUR, "tcp")
    assert len(paths) == 2 * len(SITE.addresses), "two rounds for each address"
    assert all(last.t0_s - 0.1 <= o.t0_s < last.t_s for o in (*paths, *neighbours))
    assert record.runtime_s < EXPECTED_S + 3.0


def test_an_answer_to_an_earlier_attempt_ends_the_doubt_and_leaves_the_echo_clean(lab: Lab) -> None:
    slow = site("quiet.example", 10, says(Page(delay_s=3.3)))
    world = Scenario(name="early-slow", story="a site that thinks", sites=(slow,),
                     targets=(Expect(target="http://quiet.example/", state=State.ACCESSIBLE),))  # fmt: skip
    record = checked(lab, world)

    assert record.verdict.state is State.ACCESSIBLE
    assert not record.verdict.interference
    squares = sorted(made(record, Test.SQUARE, Place.ECHO, "http"), key=lambda o: o.t_s)
    assert [o.why.listed for o in squares[-1:]] == [False], "a neutral name worked there afterwards"
    assert not any(entry.residual_s is None for entry in record.line.ledger)


@pytest.mark.parametrize("rules", [(), (Sni(names=("quiet.example",), action=Action.DROP),)], ids=["healthy", "silent"])
def test_nothing_of_a_measured_target_waits_for_the_collector(lab: Lab, rules: tuple[Sni, ...]) -> None:
    """A circle would keep 100 KB of each target until fifty thousand objects have gathered."""
    world = scenario("early-circle", rules=rules)
    lab.load(world)
    settings = settings_of(lab, world)
    gc.collect()
    gc.disable()
    try:
        asyncio.run(measure(settings, world))
        left = sum(isinstance(one, Case) and one.target.host == SITE.names[0] for one in gc.get_objects())
    finally:
        gc.enable()
    assert left == 0
