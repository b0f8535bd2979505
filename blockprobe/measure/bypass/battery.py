"""The order of a battery: rounds of tries, each failure followed by a neutral site, the plain path in each further one.

Techniques share the rounds, so that a line that changes meanwhile changes for all of them.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from blockprobe.measure.bypass.bench import Bench
from blockprobe.measure.bypass.residual import punishes
from blockprobe.measure.bypass.road import LINE, visit
from blockprobe.measure.bypass.walk import Walk
from blockprobe.measure.bypass.ways import NotAvailable, Technique, Way
from blockprobe.model.bypass import Cost, Outcome, Shown, Trial, Try
from blockprobe.net.meter import BudgetSpent
from blockprobe.verdict.bypass import AGREEING, MOST_TRIES, is_settled, judge_technique, judge_way

#: Pause between two rounds (seconds): a lost race should not be lost again for the same reason.
PAUSE_S = 0.2


@dataclass(slots=True, kw_only=True)
class _Row:
    """One way and its tries."""

    technique: Technique
    way: Way
    tries: list[Try] = field(default_factory=list)
    cost: Cost = field(default_factory=Cost)

    def add(self, walk: Walk, tried: Try) -> None:
        """One more try, and what it took."""
        self.tries.append(tried)
        self.cost = add(self.cost, walk.cost())


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """The trials, how often the plain path opened in between, and why the battery stopped early (None: it did not)."""

    trials: tuple[Trial, ...]
    plain_k: int
    plain_n: int
    stopped: str | None


def add(one: Cost, other: Cost) -> Cost:
    """Both together; seconds of tries that ran side by side are added up as well."""
    return Cost(
        connections=one.connections + other.connections,
        bytes=one.bytes + other.bytes,
        seconds=round(one.seconds + other.seconds, 6),
    )


class Battery:
    """All techniques against one target."""

    def __init__(self, bench: Bench, techniques: Sequence[Technique]) -> None:
        """`techniques` in the order of the result."""
        self.bench = bench
        self.techniques = techniques
        self.plain: list[Try] = []
        self._rows: list[_Row] = []
        self._unavailable: dict[Technique, str] = {}

    async def run(self) -> Result:
        """Try everything until it is settled, or the budget is spent."""
        limit_s = self.bench.settings.bypass.seconds
        stopped = None
        try:
            async with asyncio.timeout(limit_s):
                await self._prepare()
                await self._rounds()
        except TimeoutError:
            stopped = f"the limit of {limit_s:g} seconds was reached"
        except BaseExceptionGroup as group:
            spent = group.split(BudgetSpent)
            if spent[1] is not None or spent[0] is None:
                raise
            stopped = str(_leaf(spent[0]))
        except BudgetSpent as spent_alone:
            stopped = str(spent_alone)
        opened = sum(one.shown is Shown.REAL for one in self.plain)
        return Result(trials=self._trials(stopped), plain_k=opened, plain_n=len(self.plain), stopped=stopped)

    async def _prepare(self) -> None:
        async with asyncio.TaskGroup() as group:  # where the budget ends, all of it has ended
            found = [group.create_task(technique.ways(self.bench)) for technique in self.techniques]
            punishes_here = group.create_task(punishes(self.bench))
        if punishes_here.result():
            self.bench.be_careful()
        for technique, task in zip(self.techniques, found, strict=True):
            ways = task.result()
            if isinstance(ways, NotAvailable):
                self._unavailable[technique] = ways.because
            else:
                self._rows += [_Row(technique=technique, way=way) for way in ways]

    async def _rounds(self) -> None:
        for number in range(MOST_TRIES):
            waiting = [row for row in self._rows if not is_settled(row.tries)]
            if not waiting:
                return
            if number:
                await asyncio.sleep(PAUSE_S)
            async with asyncio.TaskGroup() as group:
                if number:
                    group.create_task(self._try_plain(number))
                for row in waiting:
                    group.create_task(self._try(row, number))

    async def _try_plain(self, number: int) -> None:
        async with self.bench.turn:
            walk = Walk(self.bench, self.bench.site, number)
            self.plain.append(walk.told(await visit(walk, LINE)))

    async def _try(self, row: _Row, number: int) -> None:
        """The target by this way; and where it did not open, a neutral site by the same way."""
        async with self.bench.turn:
            walk = Walk(self.bench, row.way.site or self.bench.site, number)
            tried = walk.told(await row.way.walk(walk))
            row.add(walk, tried)
            if tried.shown is not Shown.REAL and (number < AGREEING or number % AGREEING == 0):
                await self._try_neutral(row, number)

    async def _try_neutral(self, row: _Row, number: int) -> None:
        site = self.bench.neutral(row.way.family)
        if site is None:
            return
        if not site.url.startswith("https:") and not self.bench.is_seen(site.host):
            reference = replace(site, url=f"https://{site.host}/")
            await visit(Walk(self.bench, reference, number), LINE)
            site = self.bench.again(site)
        walk = Walk(self.bench, site, number)
        row.add(walk, walk.told(await row.way.walk(walk)))

    def _trials(self, stopped: str | None) -> tuple[Trial, ...]:
        trials = []
        for technique in self.techniques:
            rows = [row for row in self._rows if row.technique is technique]
            if technique in self._unavailable or not rows:
                because = self._unavailable.get(technique) or f"it was not reached: {stopped}"
                trials.append(
                    Trial(
                        technique=technique.id,
                        effort=technique.effort,
                        outcome=Outcome.NOT_AVAILABLE,
                        because=because,
                    )
                )
                continue
            ways = [
                judge_way(row.way.means, row.tries, open_outside=row.way.open_outside, shows=row.way.shows)
                for row in rows
            ]
            trial = judge_technique(technique.id, technique.effort, ways)
            cost = Cost()
            for row in rows:
                cost = add(cost, row.cost)
            if stopped and trial.outcome is Outcome.INCONCLUSIVE:
                trial = replace(trial, because=f"{trial.because}; {stopped}")
            trials.append(replace(trial, cost=cost))
        return tuple(trials)


def _leaf(group: BaseExceptionGroup[BudgetSpent]) -> BaseException:
    first: BaseException = group
    while isinstance(first, BaseExceptionGroup):
        first = first.exceptions[0]
    return first
