"""What is there when the agent has ended, and everything that must be so in any story."""

from collections.abc import Iterable
from contextlib import closing

from blockprobe.catalogue.orders import load_catalogue
from blockprobe.model.history import Transition
from blockprobe.store.rebuild import rebuild
from blockprobe.store.state import StateDb

from . import checks
from .order_text import NETWORK_ID
from .switches import Truth
from .watched import CADENCE_S, Watched


class Outcome:
    """Ends the agent, and reads what it left: archive, state and the figures of `orders compliance`."""

    def __init__(self, agent: Watched, truth: Truth, sites: Iterable[str]) -> None:
        agent.end()
        self.agent, self.truth = agent, truth
        self.compliance = agent.compliance()
        self.scrapes = agent.scrapes()
        self.looks = checks.looks_in(agent.store)
        self.cycles = checks.Cycles.of(self.scrapes)
        with closing(StateDb.open(agent.store)) as state:
            self.transitions: dict[str, list[Transition]] = {site: list(state.transitions(site)) for site in sites}
            self.histories = state.histories()

    def of(self, site: str) -> list[checks.Look]:
        """The looks at one site."""
        return [look for look in self.looks if look.target == site]

    def check(self, order: str, listed: Iterable[str]) -> None:
        """Looks, transitions, the metrics of sites and of an order's unflagged entries; and nothing got lost."""
        wrong = [*checks.wrong_looks(self.truth, self.looks)]
        for site, found in self.transitions.items():
            wrong += checks.wrong_transitions(self.truth, site, found, self.of(site))
        wrong += checks.wrong_scrapes(self.truth, self.scrapes, self.cycles.longest_s)
        wrong += checks.wrong_sums(self.scrapes, order, listed)
        assert not wrong, "\n".join(wrong)
        self._check_times()
        self._check_nothing_is_lost()

    def _check_times(self) -> None:
        """Each switch was stored and shown within a cadence and the time that looking took.

        `-s` prints how soon; `amid`: the rule was switched during the very look that then saw it.
        """
        print(f"\n{len(self.looks)} looks, {len(self.scrapes)} scrapes, always within {self.cycles.longest_s:.1f} s")
        for site, found in self.transitions.items():
            switches = [one for one in self.truth.of(site) if one.began > self.of(site)[0].begin]
            for switch, change in zip(switches, found, strict=True):
                assert change.when.after is not None
                shown = checks.shown_at(switch, self.scrapes)
                visible = self.truth.visible_at(switch, shown)
                long_s, lag_s = checks.length_s(change), (shown - visible).total_seconds()
                limit_s = self.cycles.limit_s(change.when.after, change.when.until)
                shown_limit_s = self.cycles.limit_s(visible, change.when.until)
                early_s = (switch.began - change.when.after).total_seconds()
                how = ", ".join(change.mechanisms) or "lifted"
                interval = f"interval -{early_s:.1f} +{long_s - early_s:.1f} s, {long_s:.1f} of {limit_s:.1f} s"
                amid = any(one.begin < switch.ended <= one.end == change.when.until for one in self.of(site))
                print(f"{site:14} {how:14} {interval}; shown after {lag_s:.1f} of {shown_limit_s:.1f} s", "amid" * amid)
                outage_s = self.truth.outage_s(change.when.after, change.when.until)
                assert long_s <= limit_s + (outage_s + CADENCE_S if outage_s else 0.0)  # it costs a turn as well
                assert lag_s <= shown_limit_s

    def _check_nothing_is_lost(self) -> None:
        """As many records were counted as are archived, none twice; and the state follows from the archive."""
        assert self.agent.counted() == len(self.looks) == len({(look.target, look.begin) for look in self.looks})
        verified = self.agent.command("judge", "--verify", str(self.agent.store))
        assert f" {len(self.looks)} records " in verified
        assert "; 0 faults" in verified
        folder = self.agent.folder / "again"
        folder.mkdir()
        with closing(StateDb.open(folder)) as again:
            network = load_catalogue([self.agent.folder / "catalogue"]).networks[NETWORK_ID]
            assert rebuild(again, self.agent.store, network=network) == len(self.looks)
            assert again.histories() == self.histories
            assert {site: list(again.transitions(site)) for site in self.transitions} == self.transitions
