"""All that the agent works from is read together; every fault of every file is named at once."""

from dataclasses import replace

import pytest

from blockprobe.agent.reload import load
from blockprobe.model.errors import ConfigError
from blockprobe.model.settings import (
    AgentSettings,
    CatalogueSettings,
    PublicResolver,
    ResolverSettings,
    Settings,
    VantageSettings,
)

PLAN = '[[plan]]\nid = "own"\ntargets = ["a.example"]\n'


@pytest.fixture
def settings(tmp_path):
    (tmp_path / "plans").mkdir()
    (tmp_path / "plans" / "own.toml").write_text(PLAN)
    return Settings(
        agent=AgentSettings(plans=("own",)),
        catalogue=CatalogueSettings(paths=(str(tmp_path),)),
        resolvers=ResolverSettings(public=(PublicResolver(url="udp://203.0.113.208"),)),
    )


def faults(settings):
    with pytest.raises(ConfigError) as caught:
        load(lambda: settings)
    return str(caught.value).splitlines()


def test_everything_is_there(settings):
    loaded = load(lambda: settings)

    assert [plan.id for plan in loaded.plans] == ["own"]
    assert loaded.version.startswith("sha256:")
    assert loaded.fingerprints
    assert "203.0.113.208" in loaded.third_parties


def test_no_plan_says_which_there_are(settings):
    (fault,) = faults(replace(settings, agent=AgentSettings(plans=())))
    assert fault.startswith("agent.plans: no plan; name one of the catalogue:")
    assert "own" in fault


def test_an_unknown_plan_says_which_was_probably_meant(settings):
    assert faults(replace(settings, agent=AgentSettings(plans=("owm",)))) == [
        "agent.plans: no plan 'owm'; did you mean own?"
    ]


def test_a_live_plan_needs_a_calendar(settings, tmp_path):
    (tmp_path / "plans" / "own.toml").write_text(PLAN + 'kind = "live"\n')
    assert "give [agent] calendar" in faults(settings)[0]


def test_all_faults_are_named_at_once(settings, tmp_path):
    (tmp_path / "plans" / "own.toml").write_text(PLAN + "interval_s = -1.0\n")
    (tmp_path / "calendar.toml").write_text('[[window]]\nid = "w"\n')
    (tmp_path / "fingerprints").mkdir()
    (tmp_path / "fingerprints" / "broken.toml").write_text("[[")
    said = faults(
        replace(
            settings,
            agent=AgentSettings(plans=("own",), calendar=str(tmp_path / "calendar.toml")),
            vantage=VantageSettings(must_open=("ftp://a.example/",)),
        )
    )

    for part in ("interval_s", "calendar.toml", "broken.toml", "vantage.must_open"):
        assert any(part in line for line in said), part
