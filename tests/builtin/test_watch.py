"""Watching mirrors in the built-in laboratory: what lives is told by the helper, what is blocked by the verdict."""

import asyncio
import json
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import pytest

from blockprobe.catalogue.fingerprints import load_fingerprints
from blockprobe.lab import addresses as at
from blockprobe.lab.censor import Sni
from blockprobe.lab.lab import Lab
from blockprobe.lab.lies import Lie, Say
from blockprobe.lab.scenario import Scenario
from blockprobe.lab.sites import Door, Page, says, site
from blockprobe.lab.trial import settings_of
from blockprobe.mirrors.figures import coverage, figures
from blockprobe.model.mirror import MirrorClass, Source
from blockprobe.model.mirror_life import Life, LifeState
from blockprobe.model.words import State
from blockprobe.net.clock import SystemClock
from blockprobe.run import Run
from blockprobe.store.mirror_book import MirrorBook
from blockprobe.watch import Change, watch_once
from tests.cli.program import run

SITE = "pirate.example"
SAME = says(Page(seed=SITE, title="Pirate"))
MIRRORS = (
    "open.example",
    "sni.example",
    "nx.example",
    "fades.example",
    "parked.example",
    "other.example",
    "gone.example",
)
COPY = MirrorClass.COPY_LIVE_UNKNOWN


def world(*, fades: Door = Door.OPEN, unblocked: bool = False) -> Scenario:
    """The site and two of its mirrors blocked here; one of them by name in TLS, one in the resolver."""
    names = (SITE, "sni.example")
    return Scenario(
        name="mirrors",
        story="a blocked site and what there is of it elsewhere",
        sites=(
            site(SITE, 10, SAME),
            site("open.example", 11, SAME),
            site("sni.example", 12, SAME),
            site("nx.example", 13, SAME),
            site("fades.example", 14, SAME, https=fades, http=fades),
            site(
                "parked.example", 15, says(Page(html="<h1>parked.example</h1><p>" + "buy this fine name today " * 30))
            ),
            site("other.example", 16),
        ),
        lies=() if unblocked else (Lie(names=("nx.example",), say=Say.NXDOMAIN),),
        rules=(Sni(names=names),),
        wires=frozenset({"access", "core", "origin"}),
        resolvers=(at.RESOLVERS[0],),
    )


def beginning() -> list[Life]:
    now = SystemClock().now()
    names = (SITE, *MIRRORS)
    return [Life(name=name, site=SITE, source=Source.LINK, known_at=now, kind=COPY) for name in names]


def look(lab: Lab, scenario: Scenario, lives: Iterable[Life]) -> dict[str, Life]:
    """One round in the world as it is now."""
    lab.load(scenario)
    settings, after = settings_of(lab, scenario), {life.name: life for life in lives}

    def take(change: Change) -> None:
        after[change.after.name] = change.after

    async def once() -> None:
        run = await Run.open(settings, fingerprints=load_fingerprints(()))
        try:
            await watch_once(run, after.values(), on_change=take)
        finally:
            await run.aclose()

    asyncio.run(once())
    return after


@pytest.mark.usefixtures("helped")
def test_lives_follow_the_world_through_a_block_a_death_and_an_opening(lab: Lab) -> None:
    first = look(lab, world(), beginning())
    states = {name: life.state for name, life in first.items()}
    assert states == {
        SITE: LifeState.BLOCKED,
        "open.example": LifeState.OPEN,
        "sni.example": LifeState.BLOCKED,
        "nx.example": LifeState.BLOCKED,
        "fades.example": LifeState.OPEN,
        "parked.example": LifeState.NEVER,
        "other.example": LifeState.NEVER,
        "gone.example": LifeState.NEVER,
    }
    assert coverage(first.values()).ratio == 0.5

    second = look(lab, world(fades=Door.CLOSED), first.values())
    assert second["fades.example"].dead is None  # one look may meet a restart
    third = look(lab, world(fades=Door.CLOSED, unblocked=True), second.values())
    assert third["fades.example"].state is LifeState.DEAD
    assert third["fades.example"].blocked is None
    assert (third["nx.example"].state, third["nx.example"].unblocks) == (LifeState.OPEN, 1)
    assert third["sni.example"].blocked == first["sni.example"].blocked
    found = figures(third.values(), SystemClock().now())
    assert [one.ended for one in found.half_lives] == [2, 1, 1]
    assert (found.coverage.blocked, found.coverage.open, found.coverage.unknown) == (1, 2, 0)


@pytest.mark.usefixtures("helped")
def test_without_a_helper_nothing_is_said_to_live_or_to_be_dead(lab: Lab) -> None:
    blind = look(lab, replace(world(), helper="none"), beginning())

    assert {life.state for life in blind.values()} == {LifeState.NEVER}
    assert blind["sni.example"].first_alive is None
    assert blind["open.example"].line is State.ACCESSIBLE


@pytest.mark.usefixtures("helped")
def test_the_command_keeps_a_book_prints_lives_and_draws_them(lab: Lab, tmp_path: Path) -> None:
    scenario = world()
    lab.load(scenario)
    config = tmp_path / "probe.toml"
    config.write_text(lab.settings_toml(scenario) + f'\n[store]\ndir = "{tmp_path}"\n')
    names = tmp_path / "names"
    names.write_text("open.example\nsni.example\nno name\n")

    said = run("mirrors", "watch", SITE, "--add", str(names), "--config", str(config), "--format", "json")

    assert said.returncode == 2, said.stderr  # a line that is none is told, and the rest is done
    assert b"line 3" in said.stderr
    documents = [json.loads(line) for line in said.stdout.splitlines()]
    lives = {one["name"]: one["state"] for one in documents if one["schema"] == "blockprobe.mirror_life/1"}
    assert lives == {SITE: "blocked", "open.example": "open", "sni.example": "blocked"}
    assert MirrorBook(tmp_path).lives.keys() == {(SITE, name) for name in lives}
    page = tmp_path / "page.html"
    shown = run("mirrors", "show", SITE, "--out", str(page), "--store", str(tmp_path))
    assert (shown.returncode, shown.stdout) == (0, b"")
    assert "open.example" in page.read_text()
    table = run("mirrors", "show", SITE, "--store", str(tmp_path))
    assert "Of 2 known live mirrors this line blocks 1" in " ".join(table.stdout.decode().split())
