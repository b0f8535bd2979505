"""While the last attempt still waits, the tests that follow a silence are under way: they cost no time of their own."""

import asyncio
import gc
import ssl
from collections import Counter

import pytest

from blockprobe.lab import addresses as at
from blockprobe.lab.censor import Action, Host, Sni
from blockprobe.lab.lab import Lab
from blockprobe.lab.lies import Lie, Say
from blockprobe.lab.scenario import Expect, Scenario
from blockprobe.lab.sites import Page, says, site
from blockprobe.lab.topology import Unroute
from blockprobe.lab.trial import measure, settings_of
from blockprobe.measure.case import Case
from blockprobe.model.observation import DnsObservation, Observation, Place, Test
from blockprobe.model.record import Record
from blockprobe.model.words import State
from blockprobe.net.dns_stream import DnsStream
from blockprobe.net.stream import Stream

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
    began_s = last.t0_s - 0.5  # it has to connect first, and the echo's may be quicker on a busy machine
    assert all(began_s <= o.t0_s < last.t_s for o in listed), [(o.t0_s, o.t_s) for o in (last, *listed)]
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


def is_of_a_target(one: object) -> bool:
    if isinstance(one, Case):
        return one.target.host == SITE.names[0]
    if isinstance(one, Stream):
        return one.address != at.PUBLIC_RESOLVER  # its connection over HTTPS is the run's
    return isinstance(one, DnsStream | ssl.SSLObject | TimeoutError)


CENSORS: dict[str, dict[str, object]] = {
    "healthy": {},
    "silent name": {"rules": (Sni(names=("quiet.example",), action=Action.DROP),)},
    "reset name": {"rules": (Sni(names=("quiet.example",)),)},
    "silent host": {"rules": (Host(names=("quiet.example",), action=Action.DROP),), "target": "http://quiet.example/"},
    "black hole": {"unroutes": tuple(Unroute(prefix=address) for address in SITE.addresses)},
    "silent resolver": {"lies": (Lie(names=("quiet.example",), say=Say.DROP),)},
}


@pytest.mark.parametrize("censor", CENSORS)
def test_nothing_of_a_measured_target_waits_for_the_collector(lab: Lab, censor: str) -> None:
    """A circle would keep 100 KB of each target, and 60 KB of each handshake that met silence, until fifty thousand
    objects have gathered."""
    world = scenario("early-circle", **CENSORS[censor])  # type: ignore[arg-type]
    lab.load(world)
    settings = settings_of(lab, world)
    gc.collect()
    others = [one for one in gc.get_objects() if is_of_a_target(one)]  # kept by other tests of this process
    gc.disable()
    try:
        asyncio.run(measure(settings, world))
        left = Counter(type(one).__name__ for one in gc.get_objects() if is_of_a_target(one))
        left -= Counter(type(one).__name__ for one in others)
    finally:
        gc.enable()
    assert not left
