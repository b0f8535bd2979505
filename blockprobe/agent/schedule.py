"""Which plan looks at which target when: pure arithmetic over times that are handed in.

Wall-clock times (UTC) say when something is due, because they outlive the process; how long to wait is the daemon's
business and monotonic. Chance is a hash of probe, plan, target and turn, so that a restart changes nothing.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import blake2b

#: What is new, or was overdue at the start, is spread over this time, or its interval where that is shorter (seconds).
SPREAD_S = 900.0
#: What has nothing to do yet is asked again after this time, or its interval where that is shorter (seconds).
PUT_OFF_S = 300.0
#: Both clocks may drift apart by this much between two looks at the schedule before it counts as a jump (seconds).
JUMP_S = 30.0

Key = tuple[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One target of one plan. `host` is who must not be asked too often; `interval_s`, `jitter`, `per_host_s` and
    `budget` are the plan's, or the window's that is in force."""

    plan: str
    target: str
    host: str
    interval_s: float
    jitter: float = 0.0
    per_host_s: float = 0.0
    budget: int | None = None

    @property
    def key(self) -> Key:
        """What identifies it in the state: plan and target."""
        return self.plan, self.target


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """One look that is due: a target, and every job that it serves."""

    target: str
    jobs: tuple[Job, ...]


class Schedule:
    """When each job is due next. Every method that depends on the time is told it."""

    def __init__(self, *, seed: str = "", due: Mapping[Key, datetime] | None = None) -> None:
        """`due`: times kept from before a restart; `seed` (the probe's name) keeps several probes apart."""
        self._seed = seed
        self._jobs: dict[Key, Job] = {}
        self._due: dict[Key, datetime] = {}
        self._kept: dict[Key, datetime] = dict(due or {})
        self._hosts: dict[str, datetime] = {}
        self._last: tuple[datetime, float] | None = None

    def __len__(self) -> int:
        """How many jobs there are."""
        return len(self._jobs)

    @property
    def due(self) -> Mapping[Key, datetime]:
        """When each job is due next (UTC): what a restart needs."""
        return self._due

    def update(self, jobs: Iterable[Job], now: datetime) -> None:
        """These are the jobs from now on. A new one gets a first time of its own; one that has left is forgotten."""
        self._jobs = {job.key: job for job in jobs}
        self._due = {key: self._first(job, now) for key, job in self._jobs.items()}
        self._kept = {}

    def tell_time(self, now: datetime, monotonic: float) -> float:
        """Notice a wall clock that jumped, and move every time with it; how far it jumped (seconds, 0.0: not)."""
        before, self._last = self._last, (now, monotonic)
        if before is None:
            return 0.0
        jump_s = (now - before[0]).total_seconds() - (monotonic - before[1])
        if abs(jump_s) < JUMP_S:
            return 0.0
        moved = timedelta(seconds=jump_s)
        self._due = {key: at + moved for key, at in self._due.items()}
        self._hosts = {host: at + moved for host, at in self._hosts.items()}
        return jump_s

    def take(self, now: datetime) -> list[Turn]:
        """What to look at now, the most overdue first, measured in intervals; nobody's budget or patience is passed.

        One look serves every plan in which the target is due. What is taken must be `done`, or it stays due.
        """
        late = [(self._lateness(key, now), key) for key, at in self._due.items() if at <= now]
        late.sort(key=lambda entry: (-entry[0], entry[1]))
        due: dict[str, list[Job]] = {}
        for _, key in late:
            due.setdefault(key[1], []).append(self._jobs[key])
        chosen: list[Turn] = []
        spent: dict[str, int] = {}
        hosts: set[str] = set()
        for target, jobs in due.items():
            able = [job for job in jobs if job.budget is None or spent.get(job.plan, 0) < job.budget]
            if not able or not self._may_ask(able[0], now, hosts):
                continue
            chosen.append(Turn(target=target, jobs=tuple(jobs)))
            spent[able[0].plan] = spent.get(able[0].plan, 0) + 1
            hosts.add(able[0].host)
        return chosen

    def done(self, turn: Turn, now: datetime, *, again_s: float | None = None) -> None:
        """The target was looked at: every job of the turn waits for its next time; `again_s`: not longer than that.

        The pause counts from when it was due, so that the length of a cycle does not add to the cadence; from now where
        that is longer ago than the pause, so that nothing is made up for.
        """
        for job in turn.jobs:
            if job.key in self._jobs:
                pause = timedelta(seconds=self._pause_s(job, now))
                late = now - self._due[job.key]
                next_at = now + pause - (late if timedelta() < late < pause else timedelta())
                self._due[job.key] = next_at if again_s is None else min(next_at, now + timedelta(seconds=again_s))
            self._hosts[job.host] = now

    def put_off(self, jobs: Iterable[Job], now: datetime, *, for_s: float = PUT_OFF_S) -> None:
        """These have nothing to do for `for_s`, or their interval where that is shorter, and are asked again then.

        Nobody was looked at, so nobody is spared for it.
        """
        for job in jobs:
            if job.key in self._jobs:
                self._due[job.key] = now + timedelta(seconds=min(for_s, job.interval_s))

    def forget_hosts(self, now: datetime) -> None:
        """Drop hosts that nobody has to spare any more; memory stays bounded by the jobs."""
        longest = max((job.per_host_s for job in self._jobs.values()), default=0.0)
        self._hosts = {host: at for host, at in self._hosts.items() if (now - at).total_seconds() < longest}

    def all_due(self, now: datetime) -> None:
        """Make everything due at once: a single cycle that an operator asked for."""
        self._due = dict.fromkeys(self._due, now)

    def lag_s(self, now: datetime) -> float:
        """How late the latest job is (seconds; 0.0: none is)."""
        return max([0.0, *((now - at).total_seconds() for at in self._due.values())])

    def next_at(self) -> datetime | None:
        """When the next job is due; None when there are no jobs."""
        return min(self._due.values(), default=None)

    def _first(self, job: Job, now: datetime) -> datetime:
        """A time that was kept, where it makes sense by today's clock; otherwise one of its own, soon."""
        kept = self._due.get(job.key)
        if kept is not None:  # the interval may have become shorter
            return min(kept, now + timedelta(seconds=job.interval_s * (1.0 + job.jitter)))
        kept = self._kept.get(job.key)
        if kept is not None and now < kept <= now + timedelta(seconds=job.interval_s * (1.0 + job.jitter)):
            return kept
        spread_s = min(job.interval_s, SPREAD_S)
        return now + timedelta(seconds=spread_s * self._chance(job, "first"))

    def _pause_s(self, job: Job, now: datetime) -> float:
        turn = str(int(now.timestamp() // max(job.interval_s, 1.0)))
        return job.interval_s * (1.0 + job.jitter * (2.0 * self._chance(job, turn) - 1.0))

    def _chance(self, job: Job, turn: str) -> float:
        """From 0 to 1, the same for the same probe, plan, target and turn."""
        text = "\0".join((self._seed, job.plan, job.target, turn))
        return int.from_bytes(blake2b(text.encode(), digest_size=6).digest()) / float(1 << 48)

    def _lateness(self, key: Key, now: datetime) -> float:
        return (now - self._due[key]).total_seconds() / max(self._jobs[key].interval_s, 1.0)

    def _may_ask(self, job: Job, now: datetime, hosts: set[str]) -> bool:
        if job.per_host_s <= 0:
            return True
        if job.host in hosts:
            return False
        last = self._hosts.get(job.host)
        return last is None or (now - last).total_seconds() >= job.per_host_s
