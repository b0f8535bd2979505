"""The agent at work in the built-in laboratory: states follow the world, and what goes wrong is told and survived."""

import signal
from dataclasses import replace

import pytest
from agent_runner import PLAN, RunningAgent, by_state, write_catalogue

from blockprobe.lab.censor import Drop, Sni
from blockprobe.lab.lies import Lie, Say
from blockprobe.lab.scenario import Scenario
from blockprobe.lab.sites import site
from blockprobe.model.words import State
from blockprobe.store.verify import verify_store

NAMES = tuple(f"listed{number}.example" for number in range(1, 7))
OPEN = Scenario(name="agent", story="Six listed sites", sites=tuple(site(n, 10 + i) for i, n in enumerate(NAMES)))
BLOCKED = replace(OPEN, rules=(Sni(names=NAMES[:3]),), lies=(Lie(names=NAMES[3:5], say=Say.NXDOMAIN),))
CUT = replace(OPEN, rules=(Drop(at="access"),))
MUST_OPEN = f'must_open = ["https://{NAMES[5]}/"]\nmust_block = ["https://{NAMES[0]}/"]'


@pytest.fixture
def world(helped, tmp_path):
    helped.load(OPEN)
    write_catalogue(tmp_path / "catalogue", NAMES)
    return helped


@pytest.fixture
def agent(world, tmp_path):
    with RunningAgent(world, OPEN, tmp_path) as running:
        yield running


def test_states_follow_a_rule_that_is_switched_on(world, agent):
    agent.wait_for(lambda metrics: by_state(metrics) == {"accessible": 6})
    world.load(BLOCKED)
    metrics = agent.wait_for(lambda metrics: by_state(metrics) == {"blocked": 5, "accessible": 1})

    assert metrics['blockprobe_order_implemented_ratio{order="gb/demo",isp="gb/example"}'] == pytest.approx(5 / 6)
    assert metrics["blockprobe_cycle_controls_ok"] == 1
    assert metrics["blockprobe_resolver_own"] == 1
    assert metrics["blockprobe_store_records_waiting"] == 0
    status, took_s = agent.end()
    assert (status, took_s < 10.0) == (0, True)
    blocked = [one for one in agent.records() if one.verdict.state is State.BLOCKED]
    for name in NAMES[:5]:  # the change was looked at again at once
        assert len([one for one in blocked if one.target.input == name]) >= 2
    assert verify_store(agent.store).faults == ()


@pytest.fixture
def hasty(world, tmp_path):
    """An agent that waits less for silence: an outage is nothing but that."""
    with RunningAgent(world, OPEN, tmp_path, more="[limits]\ntimeout_s = 1.0\nattempts = 2\n") as running:
        yield running


def test_while_the_controls_fail_nothing_is_called_blocked(world, hasty):
    agent = hasty
    agent.wait_for(lambda metrics: by_state(metrics) == {"accessible": 6})
    world.load(CUT)
    metrics = agent.wait_for(lambda metrics: by_state(metrics).get("inconclusive", 0) >= 1, within=90.0)

    assert metrics["blockprobe_cycle_controls_ok"] == 0
    assert "blocked" not in by_state(metrics)
    assert 'blockprobe_order_implemented_ratio{order="gb/demo",isp="gb/example"}' not in metrics
    assert any("controls" in text for text in agent.status()["failing"])
    world.load(OPEN)
    agent.wait_for(lambda metrics: metrics["blockprobe_cycle_controls_ok"] == 1, within=60.0)
    assert "proves nothing" in agent.said()


def test_a_self_test_that_fails_refuses_the_figures(world, tmp_path):
    with RunningAgent(world, OPEN, tmp_path, vantage=MUST_OPEN) as agent:
        metrics = agent.wait_for(lambda metrics: by_state(metrics) == {"accessible": 6})

        assert metrics['blockprobe_line_selftest_ok{kind="must_open"}'] == 1
        assert metrics['blockprobe_line_selftest_ok{kind="must_block"}'] == 0
        assert not any(name.startswith("blockprobe_order_implemented_ratio") for name in metrics)
        assert any("must_block" in text for text in agent.status()["problems"])


def test_a_hangup_reads_everything_again_and_a_fault_changes_nothing(world, agent, tmp_path):
    agent.wait_for(lambda metrics: metrics['blockprobe_targets{plan="demo"}'] == 6)
    write_catalogue(tmp_path / "catalogue", NAMES[:2])
    agent.send(signal.SIGHUP)
    agent.wait_for(lambda metrics: metrics['blockprobe_targets{plan="demo"}'] == 2)

    write_catalogue(tmp_path / "catalogue", NAMES, plan=PLAN.replace("10.0", "-1.0"))
    agent.send(signal.SIGHUP)
    metrics = agent.wait_for(lambda metrics: metrics["blockprobe_config_last_reload_successful"] == 0)
    assert metrics['blockprobe_targets{plan="demo"}'] == 2
    assert "interval_s: -1.0 is out of range" in agent.said()

    write_catalogue(tmp_path / "catalogue", NAMES)
    agent.send(signal.SIGHUP)
    agent.wait_for(lambda metrics: metrics["blockprobe_config_last_reload_successful"] == 1)


def test_a_list_that_shrinks_overnight_is_not_believed(world, tmp_path):
    public = tmp_path / "list.csv"
    public.write_text("domain\n" + "\n".join(f"name{number}.example" for number in range(100)) + "\n")
    plan = PLAN + f'interval_s = 3600.0\n[[plan.list]]\npath = "{public}"\nname = "public"\n'
    write_catalogue(tmp_path / "catalogue", NAMES[:1], plan=plan.replace("interval_s = 10.0\n", ""))
    with RunningAgent(world, OPEN, tmp_path) as agent:
        agent.wait_for(lambda metrics: metrics['blockprobe_targets{plan="demo"}'] == 101)
        public.write_text("domain\nname1.example\n")
        agent.wait_for(lambda _: "10" in agent.said() and "shrink_limit" in agent.said())
        assert agent.metrics()['blockprobe_targets{plan="demo"}'] == 101
        agent.end()
    with RunningAgent(world, OPEN, tmp_path) as agent:
        agent.wait_for(lambda metrics: metrics['blockprobe_targets{plan="demo"}'] == 101)
        public.write_text("domain\n" + "\n".join(f"name{number}.example" for number in range(60)) + "\n")
        agent.wait_for(lambda metrics: metrics['blockprobe_targets{plan="demo"}'] == 61)


def test_once_measures_everything_and_ends(world, tmp_path):
    path = tmp_path / "blockprobe.prom"
    with RunningAgent(world, OPEN, tmp_path, arguments=("--once", "--textfile", str(path))) as agent:
        assert agent.process.wait(60) == 0

        assert {one.target.input for one in agent.records()} == set(NAMES)
        assert 'blockprobe_targets_by_state{plan="demo",state="accessible"} 6' in path.read_text()
        assert agent.status()["stopped"] is True


def test_a_second_agent_says_who_is_there(world, agent, tmp_path):
    agent.wait_for(lambda metrics: bool(metrics))
    (tmp_path / "second").mkdir()
    done = world.run_in_probe([*agent.process.args])

    assert done.returncode == 2
    assert "another process writes into this store" in done.stderr
    assert done.stderr.count("\n") == 1
