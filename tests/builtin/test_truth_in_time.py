"""Rules are switched at known times in the built-in laboratory; what the agent stores and shows agrees with them.

tests/lab/test_truth_in_time.py tells a longer story with real daemons.
"""

from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta

import pytest
from truth import checks, order_text
from truth.outcome import Outcome
from truth.switches import Truth, now
from truth.watched import Line, Watched, kill

from blockprobe.lab import addresses
from blockprobe.lab.censor import Drop, Match, Sni
from blockprobe.lab.lies import Lie, Say
from blockprobe.lab.scenario import Scenario
from blockprobe.lab.sites import place, site
from tests.whole import whole

NAMES = ("reset", "lie", "silent", "lifted", "never")
LISTED = tuple(f"{name}.example" for name in NAMES)
OPEN = Scenario(name="truth", story="Listed sites", sites=tuple(site(n, 10 + i) for i, n in enumerate(LISTED)))
RULES = {
    "reset.example": Sni(names=("reset.example",)),
    "lifted.example": Sni(names=("lifted.example",)),
    "silent.example": Drop(match=Match(addresses=place(12))),
}
LIE = Lie(names=("lie.example",), say=Say.NXDOMAIN, ede=(16, "court order"))


class Story:
    """As in the other laboratory: the truth, and what switches it."""

    def __init__(self, lab):
        self.lab, self.truth, self.began = lab, Truth(), now()
        self._on = set()
        lab.load(OPEN)

    def switch(self, *, on=(), off=()):
        self._on = (self._on | set(on)) - set(off)
        rules = tuple(RULES[one] for one in sorted(self._on & set(RULES)))
        with self.truth.switching(on=on, off=off):
            self.lab.load(replace(OPEN, rules=rules, lies=(LIE,) if "lie.example" in self._on else ()))

    @contextmanager
    def without_helper(self):
        """Connections to it are refused within."""
        helper = self.lab._helper
        helper.terminate()
        helper.wait()
        try:
            yield
        finally:
            self.lab.start_helper()


@pytest.fixture
def story(helped):
    return Story(helped)


@pytest.fixture
def agent(story, tmp_path):
    def start(argv, log):
        with log.open("a") as out:
            return story.lab.start_in("probe", argv, stdout=out, stderr=out)

    stated = story.lab.settings_toml(OPEN).replace("[vantage]\n", f'[vantage]\nisp = "{order_text.NETWORK_ID}"\n', 1)
    notice = story.began - timedelta(seconds=60)
    orders = order_text.order("truth", dict.fromkeys(LISTED, ""), notice=notice, deadline=story.began)
    catalogue = {"networks/zz/lab.toml": order_text.network(addresses.RESOLVERS[0]), "orders/zz/truth.toml": orders}
    line = Line(settings=stated + "[limits]\ntimeout_s = 0.5\n", start=start, terminate=kill)
    story.switch(on=("lifted.example",))
    with Watched(line, tmp_path, catalogue) as running:
        yield running


@whole  # the longer story runs always
def test_intervals_metrics_and_compliance_are_those_of_the_truth(story, agent):
    agent.await_states(reset="accessible", lie="accessible", silent="accessible", lifted="blocked")
    story.switch(on=("reset.example", "lie.example"), off=("lifted.example",))
    agent.await_states(reset="blocked", lie="blocked", silent="accessible", lifted="accessible")
    with story.without_helper():
        story.switch(on=("silent.example",))
        agent.await_states(silent="inconclusive", lie="blocked", never="accessible")
        outcome = Outcome(agent, story.truth, set(LISTED) - {"silent.example"})

    outcome.check("zz/truth", LISTED)
    assert "blocked" not in {look.state for look in outcome.of("silent.example")}
    _check_compliance(story, outcome)


def _check_compliance(story, outcome):
    """Nobody can say of silent.example, whose helper is away, whether it is the network or the server."""
    found = outcome.compliance["zz/truth"]
    states = {site: outcome.of(site)[-1].state for site in LISTED}
    blocked, opened = (sorted(site for site in LISTED if states[site] == state) for state in ("blocked", "accessible"))
    assert states["silent.example"] == "inconclusive"
    assert opened == ["lifted.example", "never.example"]
    for figure in (found["implemented"], found["reach"]):
        assert (figure["blocked"], figure["open"], figure["abstained"]) == (len(blocked), 2, 3 - len(blocked))
        assert (figure["lower"], figure["upper"], figure["ratio"]) == (len(blocked) / 5, 3 / 5, None)
    for one in found["time_to_block"]:
        switches = [switch for switch in story.truth.of(one["target"]) if switch.blocked]
        if one["first_seen"] is not None:
            assert checks.within(one["first_seen"], switches[0])
            since_notice = switches[0].ended - (story.began - timedelta(seconds=60))
            assert checks.holds(one["seconds"], since_notice.total_seconds())
    met = {one["target"]: one["deadline_met"] for one in found["time_to_block"]}
    expected = dict.fromkeys(LISTED, "no") | {"lifted.example": "unknown"}  # blocked already when somebody first looked
    assert met == expected
    assert sorted(found["late"]) == sorted(set(LISTED) - {"lifted.example"})
