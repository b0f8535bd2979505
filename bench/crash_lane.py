"""One store and its agents, one after another, each ended by SIGKILL: run by crash_agent.py on the subscriber's line.

One argument, a job as JSON in a file; its answer is written to the file that the job names.
"""

import json
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections import Counter
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from common import HERE
from crash_ledger import Ledger
from crash_life import MOMENTS, Life, UnexpectedError

from blockprobe.agent.opening import open_keeper
from blockprobe.agent.reload import load
from blockprobe.agent.status import read_status
from blockprobe.catalogue.config import load_settings
from blockprobe.model.errors import ConfigError, StoreError
from blockprobe.model.history import History
from blockprobe.net.clock import SystemClock
from blockprobe.store.mirror_book import MirrorBook
from blockprobe.store.rebuild import rebuild
from blockprobe.store.state import StateDb

#: The last agent of a store is left alone until it has stored so many records.
_AT_LAST = 5
#: What must not be in a log. Everything else that goes wrong after a kill is a warning.
_FAULTS = (" ERROR ", " CRITICAL ", "Traceback")


@dataclass(slots=True, kw_only=True)
class Kill:
    """One kill: what was aimed at, the agent's age (seconds), whether it was ready, how many records it had reported
    as stored and how many were found, what was half done, and whether the next start cut off a torn end."""

    aim: str
    after_s: float
    ready: bool
    reported: int
    found: int
    remains: list[str]
    torn: bool = False


@dataclass(slots=True, kw_only=True)
class Lane:
    """All lives on one store."""

    job: dict[str, Any]
    ledger: Ledger
    dice: random.Random
    kills: list[Kill] = field(default_factory=list)
    ended_in_order: int = 0
    start_s: list[float] = field(default_factory=list)
    said: Counter[str] = field(default_factory=Counter)
    broken: list[str] = field(default_factory=list)

    @property
    def store(self) -> Path:
        """The store's folder."""
        return Path(self.job["store"])

    def run(self) -> None:
        """Every life; the first broken promise ends it."""
        aims: list[str] = []
        while len(self.kills) < self.job["kills"] and not self.broken:
            aims = aims or self.dice.sample(self.job["aims"], len(self.job["aims"]))
            self._live(aims.pop())
            if self.kills and len(self.kills) % self.job["whole_every"] == 0:
                self.broken += self._whole()
        if not self.broken:
            self._live_to_the_end()
            self.broken += self._whole()

    # -- lives -------------------------------------------------------------------------------------------------

    def _live(self, aim: str) -> None:
        life = self._life()
        moment = MOMENTS[aim]
        try:
            with life.running():
                moment(life, self.dice)
                after_s, killed = life.age_s(), life.kill()
        except UnexpectedError as error:
            self.broken.append(f"{aim}: {error}")
            return
        if life.is_ready() and aim != "start":
            self.start_s.append(round(life.start_s, 3))
        remains = life.remains()
        found, reported = self._after(life)
        if killed:
            self.kills.append(
                Kill(
                    aim=aim, after_s=round(after_s, 3), ready=life.is_ready(), found=found, remains=remains,
                    reported=reported,
                )
            )  # fmt: skip
        elif aim == "end" and life.process.returncode == 0:
            self.ended_in_order += 1
        else:
            self.broken.append(f"{aim}: it ended with {life.process.returncode} by itself: {life.said()[-1500:]}")

    def _live_to_the_end(self) -> None:
        """It starts once more, works, and ends in order."""
        life = self._life()
        try:
            with life.running():
                life.wait_ready()
                life.wait(lambda: any(one.stored >= _AT_LAST for one in life.scrapes), "records")
                status = life.ends()
        except UnexpectedError as error:
            self.broken.append(f"the last one: {error}")
            return
        self._after(life)
        if status != 0 or not read_status(self.store).stopped:
            self.broken.append(f"the last one ended with {status}: {life.said()[-1500:]}")
        argv = [sys.executable, "-m", "blockprobe.cli.main", "judge", "--verify", str(self.store)]
        done = subprocess.run(argv, cwd=HERE.parent, capture_output=True, text=True, check=False)
        if done.returncode:
            self.broken.append(f"judge --verify ends with {done.returncode}: {done.stdout[-500:]}{done.stderr[-500:]}")

    def _life(self) -> Life:
        job = self.job
        usual_s = statistics.median(self.start_s[-5:]) if self.start_s else 1.5
        return Life(
            config=Path(job["config"]), store=self.store, port=job["port"], log=Path(job["log"]), start_s=usual_s
        )  # fmt: skip

    # -- checks ------------------------------------------------------------------------------------------------

    def _after(self, life: Life) -> tuple[int, int]:
        """The cheap checks, after every life; how many records are new, and how many were reported as stored."""
        if life.scrapes:
            self.broken += self.ledger.older_than_archive(life.scrapes[0])
        try:
            reported = life.reported()
        except ConfigError as error:
            reported = ()
            self.broken.append(str(error))
        found, broken = self.ledger.read(reported)
        said = life.said()
        self.broken += broken
        self.broken += [f"it said: {line}" for line in said.splitlines() if any(word in line for word in _FAULTS)][:3]
        self.broken += [f"moved aside as damaged: {path.name}" for path in self.store.rglob("*.damaged-*")]
        self._count(said)
        self.broken += self._readable()
        return found, max((one.stored for one in reported), default=0)

    def _count(self, said: str) -> None:
        torn = "a torn end of" in said
        if torn and self.kills:
            self.kills[-1].torn = True
        self.said["cut off a torn end"] += torn
        self.said["brought the state up to date"] += "did not end in order" in said
        self.said["its controls failed"] += "the controls failed" in said

    def _readable(self) -> list[str]:
        """The book of mirrors, which stands beside the archive."""
        try:
            MirrorBook(self.store)
        except StoreError as error:
            return [str(error)]
        return []

    def _whole(self) -> list[str]:
        broken = self.ledger.whole()
        return broken or self._state()

    def _state(self) -> list[str]:
        """What the next agent would know, beside what a new state would learn from the archive alone."""
        with tempfile.TemporaryDirectory() as name:
            copy = Path(name) / "store"
            shutil.copytree(self.store, copy)
            settings = load_settings(Path(self.job["config"]), {}, {})
            loaded = load(lambda: replace(settings, store=replace(settings.store, dir=str(copy))))
            keeper = open_keeper(loaded, SystemClock())
            fresh = StateDb.open(Path(name) / "fresh")
            rebuild(fresh, copy, network=loaded.catalogue.networks.get(settings.vantage.isp or ""))
            known, learnt = dict(keeper.histories), fresh.histories()
            changes = [(one.target, one.before, one.now, one.when.until) for one in keeper.state.transitions()]
            same = sorted(changes) == sorted(
                (one.target, one.before, one.now, one.when.until) for one in fresh.transitions()
            )
            fresh.close()
            keeper.close({})
        whole = not self.ledger.is_pruned
        broken = []
        for name in known.keys() & learnt.keys():
            mine, archive = _says(known[name], whole=whole), _says(learnt[name], whole=whole)
            if mine != archive and "://" not in name:  # tests of the line are no targets: a state may know old ones
                broken.append(f"{name}: the state says {mine}, the archive {archive}")
        if whole and not same:
            broken.append("the state's transitions are not those of the archive")
        twice = [change for change, count in Counter(changes).items() if count > 1]
        return broken + [f"a transition is there twice: {change}" for change in twice]


def _says(history: History, *, whole: bool) -> tuple[Any, ...]:
    """What an archive without its oldest records cannot know is left out."""
    always = (history.state, history.last, history.last_at)
    intervals = (history.since, history.first_blocked, history.last_open_at, history.last_blocked_at)
    return (*always, *intervals, history.last_conclusive_at, history.last_full) if whole else always


def main(job: dict[str, Any]) -> None:
    """Run the job."""
    lane = Lane(job=job, ledger=Ledger(store=Path(job["store"])), dice=random.Random(job["seed"]))
    lane.run()
    answer = {
        "kills": [asdict(kill) for kill in lane.kills],
        "records": lane.ledger.records,
        "segments": len(lane.ledger.segments),
        "pruned": lane.ledger.is_pruned,
        "ended_in_order": lane.ended_in_order,
        "said": dict(lane.said),
        "start_s": lane.start_s,
        "broken": lane.broken,
    }
    Path(job["result"]).write_text(json.dumps(answer))


if __name__ == "__main__":
    main(json.loads(Path(sys.argv[1]).read_text()))
