"""A list longer than its seats: who has opened lets those go first that have not begun; who is in doubt does not."""

import asyncio
from dataclasses import replace

import pytest

from blockprobe.lab.censor import Action, Outage, Sni
from blockprobe.lab.lab import Lab
from blockprobe.lab.lies import Lie, Say
from blockprobe.lab.scenario import Expect, Scenario
from blockprobe.lab.sites import Door, site
from blockprobe.lab.trial import measure, outcomes, settings_of
from blockprobe.measure.seats import LATEST_S
from blockprobe.measure.site import OPENS_SOON_S
from blockprobe.model.failure import Failure
from blockprobe.model.observation import Test, TlsObservation
from blockprobe.model.record import Record
from blockprobe.model.settings import Settings
from blockprobe.model.words import State

pytestmark = pytest.mark.usefixtures("helped")

SEATS = 8
HEALTHY = tuple(f"fine{number}.example" for number in range(100))
FILTERED = ("denied.example", "reset.example", "silent.example")
WORLD = Scenario(
    name="long-list",
    story="A hundred healthy sites; two among them that are not, and a silent one at the end of the list.",
    censor="drops one name in TLS, resets another, denies a third",
    sites=tuple(site(name, 10 + number) for number, name in enumerate((*HEALTHY, *FILTERED))),
    rules=(Sni(names=("silent.example",), action=Action.DROP), Sni(names=("reset.example",))),
    lies=(Lie(names=("denied.example",), say=Say.NXDOMAIN),),
    targets=(
        *(Expect(target=name, state=State.ACCESSIBLE) for name in HEALTHY[:40]),
        Expect(target="denied.example", state=State.BLOCKED, mechanisms=("dns.nxdomain",)),
        Expect(target="reset.example", state=State.BLOCKED, mechanisms=("tls.reset.sni",)),
        *(Expect(target=name, state=State.ACCESSIBLE) for name in HEALTHY[40:]),
        Expect(target="silent.example", state=State.BLOCKED, mechanisms=("tls.timeout.sni",)),
    ),
)


def few_seats(lab: Lab) -> Settings:
    settings = settings_of(lab, WORLD)
    return replace(settings, limits=replace(settings.limits, concurrency=SEATS))


def asked_at(record: Record) -> float:
    return min(control.t0_s for control in record.control)


def ended_at(record: Record) -> float:
    """When the look had ended (seconds after the target began)."""
    handshakes = (o for o in record.observations if isinstance(o, TlsObservation))
    return max((o.t_s for o in handshakes if o.why.test is Test.LOOK and o.failure is None), default=0.0)


def test_healthy_sites_are_compared_later_and_the_silent_one_begins_sooner(lab: Lab) -> None:
    lab.load(WORLD)
    records = asyncio.run(measure(few_seats(lab), WORLD))

    assert not [outcome.faults for outcome in outcomes(WORLD, records) if outcome.faults]
    by_name = {record.target.host: record for record in records}
    healthy = [by_name[name] for name in HEALTHY]
    assert all(control.failure is None for record in healthy for control in record.control)
    assert max(asked_at(record) - ended_at(record) for record in healthy) < LATEST_S + 2.0
    silent = by_name["silent.example"].measured_at.timestamp()
    assert sum(record.measured_at.timestamp() + asked_at(record) > silent for record in healthy) > len(HEALTHY) / 2
    assert asked_at(by_name["denied.example"]) - ended_at(by_name["denied.example"]) < 0.7  # it opens, but is in doubt
    for name in FILTERED:
        assert asked_at(by_name[name]) < OPENS_SOON_S + 1.5, name
    assert Failure.DNS_NXDOMAIN_ERROR in {o.failure for o in by_name["denied.example"].observations}


def test_an_outage_of_the_line_that_no_control_outlives_leaves_no_doubt_behind(lab: Lab) -> None:
    """Sites that were open when it began are looked at once more after it, and the helpers asked again."""
    plain = tuple(f"plain{number}.example" for number in range(40))
    world = Scenario(
        name="outage",
        story="Eighty healthy sites, half of them without https; nothing passes for nine seconds and a half.",
        sites=(
            *(site(name, 10 + number) for number, name in enumerate(HEALTHY[:40])),
            *(site(name, 60 + number, https=Door.CLOSED) for number, name in enumerate(plain)),
        ),
        rules=(Outage(start_s=5.0, duration_s=9.5, at="access"),),
        targets=tuple(
            Expect(target=target, state=State.ACCESSIBLE)
            for pair in zip(HEALTHY[:40], plain, strict=True)
            for target in (f"https://{pair[0]}/", f"http://{pair[1]}/")
        ),
        delay_ms=80.0,
    )
    lab.load(world)
    records = asyncio.run(measure(few_seats(lab), world))

    failed = [record for record in records if any(control.failure for control in record.control)]
    assert failed, "the outage met nobody's control"
    assert not [outcome.faults for outcome in outcomes(world, records) if outcome.faults]


class FullDiskError(Exception):
    """Whoever takes the records cannot take more."""


def test_what_the_taker_of_records_raises_ends_the_run_as_it_is(lab: Lab) -> None:
    lab.load(WORLD)
    taken = 0

    def take(_: Record) -> None:
        nonlocal taken
        taken += 1
        if taken == 3:
            raise FullDiskError

    with pytest.raises(FullDiskError):
        asyncio.run(measure(few_seats(lab), WORLD, on_record=take))
    assert taken < len(HEALTHY)
