"""When a target is due: spread, fair, polite, and unmoved by restarts and clocks that jump."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from blockprobe.agent.schedule import JUMP_S, PUT_OFF_S, SPREAD_S, Job, Schedule

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


def later(seconds):
    return NOON + timedelta(seconds=seconds)


def job(target="a.example", **changed):
    return Job(**{"plan": "website", "target": target, "host": target, "interval_s": 3600.0} | changed)


def many(count, **changed):
    return [job(f"s{number}.example", **changed) for number in range(count)]


def started(jobs, **options):
    schedule = Schedule(**options)
    schedule.update(jobs, NOON)
    return schedule


def run(schedule, *, until_s, step_s=60.0, took_s=0.0):
    """Play time; every look as (seconds, target)."""
    looks, at = [], 0.0
    while at <= until_s:
        for turn in schedule.take(later(at)):
            looks.append((at, turn.target))
            schedule.done(turn, later(at + took_s))
        at += step_s
    return looks


# -- spread ------------------------------------------------------------------------------------------------------


def test_the_first_looks_are_spread_over_a_quarter_of_an_hour():
    looks = run(started(many(600)), until_s=SPREAD_S)
    a_minute = [sum(at == 60.0 * minute for at, _ in looks) for minute in range(1, 16)]

    assert len(looks) == 600
    assert max(a_minute) < 80


def test_a_short_interval_spreads_over_itself():
    assert max(started(many(50, interval_s=120.0)).due.values()) <= later(120)


def test_every_target_comes_once_an_interval():
    looks = run(started(many(40, interval_s=600.0, jitter=0.1)), until_s=6000.0, step_s=10.0)
    for number in range(40):
        times = [at for at, target in looks if target == f"s{number}.example"]
        gaps = [after - before for before, after in pairwise(times)]
        assert len(times) >= 9
        assert all(540.0 <= gap <= 670.0 for gap in gaps)
        assert len(set(gaps)) > 1


def test_two_probes_do_not_knock_together():
    here, there = (started(many(20), seed=name).due for name in ("leeds-3", "york-1"))
    assert here != there


def test_the_same_probe_decides_the_same_again():
    assert started(many(20), seed="leeds-3").due == started(many(20), seed="leeds-3").due


# -- fairness, politeness, budget --------------------------------------------------------------------------------


def test_the_most_overdue_in_its_own_measure_comes_first():
    live = job("live.example", plan="live", interval_s=120.0)
    schedule = Schedule(due={live.key: later(60), job().key: later(1)})
    schedule.update([live, job()], NOON)

    assert [turn.target for turn in schedule.take(later(181))] == ["live.example", "a.example"]


def test_a_budget_is_never_passed_and_nobody_starves():
    schedule = started(many(30, interval_s=600.0, budget=2))
    seen = []
    for minute in range(1, 31):
        turns = schedule.take(later(60 * minute))
        assert len(turns) <= 2
        for turn in turns:
            seen.append(turn.target)
            schedule.done(turn, later(60 * minute))
    assert len(set(seen)) == 30


def test_one_look_serves_all_plans_that_want_it():
    schedule = started([job(), job(plan="other")])
    schedule.all_due(NOON)
    (turn,) = schedule.take(NOON)

    assert {each.plan for each in turn.jobs} == {"website", "other"}
    schedule.done(turn, NOON)
    assert schedule.take(later(1)) == []


def test_a_host_is_spared_over_all_plans():
    paths = [job(f"https://a.example/{n}", host="a.example", plan=f"p{n}", per_host_s=60.0) for n in range(3)]
    schedule = started(paths)
    schedule.all_due(NOON)
    looks = run(schedule, until_s=200.0, step_s=10.0)

    assert [at for at, _ in looks] == [0.0, 60.0, 120.0]


def test_hosts_that_nobody_spares_any_more_are_forgotten():
    schedule = started(many(5, per_host_s=60.0))
    schedule.all_due(NOON)
    run(schedule, until_s=0.0)
    schedule.forget_hosts(later(61))

    assert schedule._hosts == {}


def test_what_is_not_done_stays_due():
    schedule = started([job()])
    schedule.all_due(NOON)

    assert schedule.take(NOON) == schedule.take(later(5))
    assert schedule.lag_s(later(5)) == 5.0


def test_a_look_that_proved_nothing_is_soon_repeated_and_never_later_than_planned():
    schedule = started([job(), job("live.example", plan="live", interval_s=120.0)])
    schedule.all_due(NOON)
    for turn in schedule.take(NOON):
        schedule.done(turn, NOON, again_s=300.0)

    assert sorted(schedule.due.values()) == [later(120), later(300)]


# -- targets come and go -----------------------------------------------------------------------------------------


def test_a_target_that_leaves_is_forgotten_and_one_that_stays_keeps_its_time():
    schedule = started(many(3))
    before = dict(schedule.due)
    schedule.update(many(2), later(10))

    assert schedule.due == {key: at for key, at in before.items() if key[1] != "s2.example"}


def test_a_shorter_interval_takes_effect_at_once():
    schedule = started([job()])
    schedule.all_due(NOON)
    run(schedule, until_s=0.0)
    schedule.update([job(interval_s=120.0)], later(10))

    assert schedule.next_at() == later(130)


def test_a_restart_goes_on_where_it_stopped():
    before = started(many(100))
    after = Schedule(due=before.due)
    after.update(many(100), later(0))

    assert after.due == before.due


def test_after_a_long_night_the_overdue_are_spread_again():
    before = started(many(300))
    after = Schedule(due=before.due)
    after.update(many(300), later(86_400))
    assert after.take(later(86_400)) == []

    assert min(after.due.values()) > later(86_400)
    assert max(after.due.values()) <= later(86_400 + SPREAD_S)


def test_a_time_kept_from_a_clock_that_was_far_ahead_does_not_starve_the_target():
    schedule = Schedule(due={job().key: later(40 * 86_400)})
    schedule.update([job()], NOON)

    assert schedule.next_at() <= later(SPREAD_S)


# -- clocks ------------------------------------------------------------------------------------------------------


@given(jump_s=st.floats(-40 * 86_400, 40 * 86_400), at_s=st.integers(0, 3600))
@settings(max_examples=60, deadline=None)
def test_a_clock_that_jumps_changes_nothing_but_the_times(jump_s, at_s):
    plain, jumped = started(many(20, jitter=0.0, per_host_s=60.0)), started(many(20, jitter=0.0, per_host_s=60.0))
    for schedule in (plain, jumped):
        assert schedule.tell_time(later(0), 100.0) == 0.0
        run(schedule, until_s=at_s)
    shift = jump_s if abs(jump_s) >= JUMP_S else 0.0
    told = jumped.tell_time(later(at_s + jump_s), 100.0 + at_s)

    assert abs(told - shift) < 1e-3
    waits = [(plain.due[key] - later(at_s)).total_seconds() for key in plain.due]
    after = [(jumped.due[key] - later(at_s + shift)).total_seconds() for key in jumped.due]
    assert all(abs(one - other) < 1e-3 for one, other in zip(waits, after, strict=True))


def test_a_clock_that_is_slowly_corrected_is_no_jump():
    schedule = started(many(3))
    schedule.tell_time(later(0), 0.0)

    assert schedule.tell_time(later(60.5), 60.0) == 0.0


# -- properties --------------------------------------------------------------------------------------------------

JOBS = st.lists(
    st.builds(
        lambda number, host, plan, interval, polite: job(
            f"t{number}.example", host=f"h{host}", plan=plan, interval_s=interval, jitter=0.3,
            per_host_s=polite, budget={"thrifty": 3, "rich": None}[plan],
        ),
        st.integers(0, 12), st.integers(0, 3), st.sampled_from(["thrifty", "rich"]),
        st.sampled_from([60.0, 120.0, 600.0]), st.sampled_from([0.0, 30.0, 90.0]),
    ),
    max_size=20,
    unique_by=lambda each: each.key,
)  # fmt: skip


@given(jobs=JOBS, steps=st.lists(st.floats(1.0, 300.0), min_size=1, max_size=15))
@settings(max_examples=80, deadline=None)
def test_whatever_the_plans_no_rule_is_broken(jobs, steps):
    schedule = started(jobs)
    asked, at = {}, 0.0
    for step in steps:
        at += step
        late = {key: due for key, due in schedule.due.items() if due <= later(at)}
        turns = schedule.take(later(at))
        assert len({turn.target for turn in turns}) == len(turns)
        assert sum(all(each.plan == "thrifty" for each in turn.jobs) for turn in turns) <= 3
        for turn in turns:
            assert all(each.key in late for each in turn.jobs)
            polite = [each for each in turn.jobs if each.per_host_s]
            if len(polite) == len(turn.jobs):
                last = asked.get(turn.jobs[0].host)
                assert last is None or at - last >= min(each.per_host_s for each in polite) - 1e-6
            schedule.done(turn, later(at))
        for turn in turns:
            asked.update({each.host: at for each in turn.jobs})
        assert set(schedule.due) == {each.key for each in jobs}


def test_what_has_nothing_to_do_is_put_off_and_its_host_not_spared_for_it():
    battery, look = job(plan="ways", per_host_s=60.0), job(per_host_s=60.0)
    schedule = started([battery, look])
    schedule.all_due(NOON)
    (turn,) = schedule.take(NOON)
    schedule.put_off([battery], NOON)

    assert [one.jobs for one in schedule.take(later(1))] == [(look,)]  # nobody was looked at
    assert schedule.due[battery.key] == later(PUT_OFF_S)
    schedule.put_off([job(plan="ways", interval_s=20.0)], NOON)
    assert schedule.due[battery.key] == later(20.0)
    assert set(turn.jobs) == {battery, look}
