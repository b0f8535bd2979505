"""An agent with a plan of batteries: what is blocked is tried, and what is open is left alone."""

import json

import pytest
from agent_runner import PLAN, RunningAgent, write_catalogue
from test_agent import BLOCKED, NAMES

from blockprobe.model.bypass import Outcome, TechniqueId
from blockprobe.store.bypass_log import FOLDER, LATEST, read_bypasses
from blockprobe.store.verify import verify_store

BATTERIES = """[[plan]]
id = "ways"
orders = ["gb/demo"]
battery = "bypass"
interval_s = 10.0
per_host_s = 0.0
"""
ORDER = 'order="gb/demo",isp="gb/example"'
TRIED = f"blockprobe_bypass_tried{{{ORDER}}}"


@pytest.fixture
def world(helped, tmp_path):
    helped.load(BLOCKED)
    # NXDOMAIN from the ISP's resolver (3), and none (5).
    write_catalogue(tmp_path / "catalogue", (NAMES[3], NAMES[5]), plan=PLAN + BATTERIES)
    return helped


def test_blocked_entries_are_tried_and_open_ones_are_not(world, tmp_path):
    with RunningAgent(world, BLOCKED, tmp_path, plans=("demo", "ways")) as agent:
        metrics = agent.wait_for(lambda found: TRIED in found, within=120.0)
        assert agent.end(within=40.0)[0] == 0

    assert metrics[TRIED] == 1
    assert metrics[f'blockprobe_bypass_techniques{{{ORDER},technique="resolver_doh",outcome="works"}}'] == 1
    assert metrics[f'blockprobe_bypass_lowest_effort{{{ORDER},effort="1"}}'] == 1
    assert metrics[f'blockprobe_parity_gaps{{{ORDER},kind="resolver_doh"}}'] == 1

    (day,) = (agent.store / FOLDER).glob("*.jsonl.gz")
    kept = list(read_bypasses(day))
    assert {bypass.target.host for bypass in kept} == {NAMES[3]}
    outcomes = {trial.technique: trial.outcome for trial in kept[0].trials}
    assert outcomes[TechniqueId.RESOLVER_DOH] is Outcome.WORKS
    assert set(kept[0].records) <= {record.id for record in agent.records()}
    assert verify_store(agent.store).faults == ()
    assert [one["target"] for one in json.loads((agent.store / FOLDER / LATEST).read_text())] == [NAMES[3]]
