"""An agent with a plan of mirrors: their lives are in its book, counts in its metrics, and names in the book alone."""

import json

import pytest
from agent_runner import PLAN, RunningAgent, write_catalogue

from blockprobe.lab import addresses as at
from blockprobe.lab.censor import Sni
from blockprobe.lab.scenario import Scenario
from blockprobe.lab.sites import Page, says, site
from blockprobe.model.mirror_life import LifeState
from blockprobe.store.mirror_book import MirrorBook
from tests.cli.program import run

SITE = "pirate.example"
SAME = says(Page(seed=SITE, title="Pirate"))
MIRRORS = """[[plan]]
id = "mirrors"
mirrors = ["names.txt"]
interval_s = 10.0
per_host_s = 0.0
"""
ORDER = 'order="gb/demo",isp="gb/example"'
WORLD = Scenario(
    name="mirrors",
    story="a blocked site, a mirror that is blocked as well, one that is open, and names that lead elsewhere",
    sites=(
        site(SITE, 10, SAME), site("sni.example", 11, SAME), site("open.example", 12, SAME), site("other.example", 13),
    ),
    rules=(Sni(names=(SITE, "sni.example")),),
    wires=frozenset({"access", "core", "origin"}),
    resolvers=(at.RESOLVERS[0],),
)  # fmt: skip
NAMES = ("sni.example", "open.example", "other.example", "gone.example")


@pytest.fixture
def world(helped, tmp_path):
    helped.load(WORLD)
    write_catalogue(tmp_path / "catalogue", (SITE,), plan=PLAN + MIRRORS)
    names = tmp_path / "catalogue/plans/names.txt"
    names.write_text("".join(f"{name} {SITE}\n" for name in NAMES) + "no name\n")
    return helped


def states(store):
    return {life.name: life.state for life in MirrorBook(store).lives.values()}


def test_mirrors_of_a_plan_are_followed_counted_and_never_named(world, tmp_path):
    more = '[metrics]\nper_site = "all"\n'
    with RunningAgent(world, WORLD, tmp_path, plans=("demo", "mirrors"), more=more) as agent:
        counts = f'blockprobe_mirrors{{{ORDER},class="undetermined",state='
        metrics = agent.wait_for(
            lambda found: found.get(f'{counts}"blocked"}}') == found.get(f'{counts}"open"}}') == 1, within=60.0
        )
        said = agent.status()["problems"]
        assert agent.end()[0] == 0
    text = json.dumps(metrics)
    assert metrics[f"blockprobe_mirror_coverage_ratio{{{ORDER}}}"] == 0.5
    assert metrics['blockprobe_targets{plan="mirrors"}'] == 1 + len(NAMES)
    assert f'blockprobe_site_state{{site=\\"{SITE}\\"' in text  # an entry of the order is named, its mirrors are not
    assert not any(name in text for name in NAMES)
    assert any("line 5" in problem and "names.txt" in problem for problem in said)
    assert states(agent.store) == {
        SITE: LifeState.BLOCKED,
        "sni.example": LifeState.BLOCKED,
        "open.example": LifeState.OPEN,
        "other.example": LifeState.NEVER,
        "gone.example": LifeState.NEVER,
    }
    assert {record.target.mirror_of for record in agent.records() if record.target.host in NAMES} == {SITE}
    assert {record.target.mirror_of for record in agent.records() if record.target.host == SITE} == {None}

    published = {flags: hosts(agent, tmp_path, flags) for flags in ((), ("--with-mirrors",))}
    assert published[()] == {SITE}
    assert published[("--with-mirrors",)] > {SITE, "open.example"}


def hosts(agent, tmp_path, flags):
    """Whose records an export has."""
    out = tmp_path / f"out{len(flags)}"
    done = run("export", str(out), "--store", str(agent.store), "--config", str(agent.config), *flags)
    assert done.returncode == 0, done.stderr
    from blockprobe.store.reader import read_archive

    return {stored.target.host for stored in read_archive(out)}
