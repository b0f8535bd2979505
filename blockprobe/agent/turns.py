"""What a turn of the schedule comes to when it is its time: the look, and what of it has nothing to do yet."""

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime

from blockprobe.agent.cycle import Wanted
from blockprobe.agent.figures import Figures
from blockprobe.agent.schedule import PUT_OFF_S, Job, Schedule, Turn
from blockprobe.model.target import parse_target


def wanted_of(turn: Turn, figures: Figures, now: datetime) -> tuple[Wanted | None, Turn]:
    """The look that is due, None for none; and the turn with the jobs that it serves.

    A battery is run only where the target is known to be blocked, a mirror looked at where it may live; else the job is
    put off.
    """
    keeper, schedule, work = figures.keeper, figures.schedule, figures.work
    plans = {plan.id for plan in figures.loaded.plans if plan.battery is not None}
    blocked = keeper.is_blocked(turn.target)
    batteries = [job for job in turn.jobs if job.plan in plans]
    if batteries and not blocked:
        turn = _without(turn, batteries, schedule, now)
    mirrors = [job for job in turn.jobs if job.key in work.mirrors]
    wait_s = keeper.mirror_wait_s(turn.target) if mirrors else 0.0
    if wait_s:
        turn = _without(turn, mirrors, schedule, now, for_s=wait_s)
    if not turn.jobs:
        return None, turn
    of = work.mirror_of.get(turn.target)
    target = replace(parse_target(turn.target), order=work.order_of.get(turn.target), mirror_of=of)
    return Wanted(key=turn.target, target=target, battery=bool(batteries) and blocked), turn


def _without(turn: Turn, jobs: Collection[Job], schedule: Schedule, now: datetime, *, for_s: float = PUT_OFF_S) -> Turn:
    schedule.put_off(jobs, now, for_s=for_s)
    return replace(turn, jobs=tuple(job for job in turn.jobs if job not in jobs))
