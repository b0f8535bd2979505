"""The lives of mirrors in an agent: what each look may say of them, and when the book is written."""

from dataclasses import replace
from datetime import timedelta

import pytest
from golden import NOON, SetClock, record

from blockprobe.agent.cycle import Looks, Wanted
from blockprobe.agent.mirror_keeper import PAGE_AGE, WAIT_S, MirrorKeeper
from blockprobe.model.mirror_life import LifeState
from blockprobe.model.plan import Plan
from blockprobe.model.words import SiteState, State
from blockprobe.store.mirror_book import FILE, MirrorBook

SITE, MIRROR = "s.example", "m.example"
GOLDEN = "demo-news.example"
BLOCKED = "demo-sni-reset.example"


@pytest.fixture
def clock():
    return SetClock()


@pytest.fixture
def plan(tmp_path):
    names = tmp_path / "names"
    names.write_text(f"{MIRROR} {SITE}\n")
    return Plan(id="p", mirrors=(str(names),))


@pytest.fixture
def keeper(tmp_path, plan):
    found = MirrorKeeper(tmp_path / "store")
    assert found.refresh([plan], NOON)
    return found


def page(*triples):
    """What helpers saw: a page with this sketch, in a record of a site that this line opens."""

    def change(found):
        ends = [replace(one, hops=(*one.hops[:-1], replace(one.hops[-1], sketch=triples))) for one in found.control]
        return replace(found, control=tuple(ends))

    return change


SAME, OTHER = page(*range(100)), page(*range(1000, 1100))


def seen(clock, name=MIRROR, change=SAME, *, golden=GOLDEN):
    """A record of a look, a minute after the last."""
    clock.on(60)
    return change(record(golden, target=name, at=clock.now()))


def down(found):
    return replace(found, control=(), verdict=replace(found.verdict, state=State.DOWN, site_state=SiteState.DOWN))


def blocked(found):
    return SAME(replace(found, verdict=replace(found.verdict, state=State.BLOCKED)))


def take(keeper, *records, believed=True, controls_ok=True):
    key = records[0].target.input
    wanted = Wanted(key=key, target=records[0].target)
    keeper.take(Looks(wanted=wanted, records=records, controls_ok=controls_ok), believed=believed)
    return {life.name: life for life in keeper.lives()}.get(key)


def test_the_site_is_looked_at_before_its_mirrors(keeper, clock):
    assert keeper.wait_s(SITE, NOON) == 0.0
    assert keeper.wait_s(MIRROR, NOON) == WAIT_S
    take(keeper, seen(clock, SITE))
    assert keeper.wait_s(MIRROR, clock.now()) == 0.0


def test_a_mirror_lives_while_its_page_is_like_the_sites_latest(keeper, clock):
    assert take(keeper, seen(clock, SITE)).state is LifeState.OPEN
    assert take(keeper, seen(clock)).state is LifeState.OPEN
    take(keeper, seen(clock, SITE, OTHER))
    take(keeper, seen(clock))
    assert take(keeper, seen(clock)).state is LifeState.DEAD


def test_an_old_page_of_the_site_proves_nobody_dead(keeper, clock):
    take(keeper, seen(clock, SITE))
    take(keeper, seen(clock))
    clock.on(PAGE_AGE.total_seconds())
    take(keeper, seen(clock, change=OTHER))
    assert take(keeper, seen(clock, change=OTHER)).state is LifeState.OPEN


def test_two_looks_of_one_turn_are_one(keeper, clock):
    take(keeper, seen(clock, SITE))
    take(keeper, seen(clock))
    assert take(keeper, seen(clock, change=down), seen(clock, change=down)).state is LifeState.OPEN
    assert take(keeper, seen(clock, change=down)).state is LifeState.DEAD


def test_with_failed_controls_a_page_proves_life_and_nothing_else_counts(keeper, clock):
    take(keeper, seen(clock, SITE))
    life = take(keeper, seen(clock, change=blocked), controls_ok=False)
    assert (life.state, life.blocked) == (LifeState.UNKNOWN, None)
    for _ in range(3):
        life = take(keeper, seen(clock, change=down), controls_ok=False)
    assert life.dead is None


def test_a_block_that_was_not_confirmed_is_none(keeper, clock):
    take(keeper, seen(clock, SITE))
    take(keeper, seen(clock))
    assert take(keeper, seen(clock, change=blocked), seen(clock), believed=False).state is LifeState.OPEN
    first = seen(clock, change=blocked)
    life = take(keeper, first, seen(clock, change=blocked))
    assert life.blocked.until == first.measured_at + timedelta(seconds=first.runtime_s)


def test_looks_at_other_names_are_not_in_the_book(keeper, clock):
    assert take(keeper, seen(clock, "somebody.example")) is None
    assert {life.name for life in keeper.lives()} == {SITE, MIRROR}


def test_the_book_is_written_when_something_changed_and_read_by_the_next_agent(keeper, clock, plan, tmp_path):
    take(keeper, seen(clock, SITE))
    take(keeper, seen(clock))
    assert keeper.urgent
    keeper.save()
    assert not keeper.urgent
    written = (tmp_path / "store" / FILE).stat().st_mtime_ns
    keeper.save()
    assert (tmp_path / "store" / FILE).stat().st_mtime_ns == written

    following = MirrorKeeper(tmp_path / "store")
    following.refresh([plan], clock.now())
    assert following.wait_s(MIRROR, clock.now()) == 0.0
    assert take(following, seen(clock)).first_alive.until < clock.now()  # held against the page that the book keeps


def test_a_damaged_book_is_moved_aside_and_lives_begin_anew(tmp_path, plan, caplog):
    folder = tmp_path / "store"
    folder.mkdir()
    (folder / FILE).write_text("{")
    keeper = MirrorKeeper(folder)
    keeper.refresh([plan], NOON)
    keeper.save()

    assert (folder / f"{FILE}.damaged-1").read_text() == "{"
    assert len(MirrorBook(folder).lives) == 2
    assert "damaged-1" in caplog.text


def test_without_a_plan_of_mirrors_there_is_no_book(tmp_path, clock):
    keeper = MirrorKeeper(tmp_path)
    assert not keeper.refresh([Plan(id="p", targets=("a.example",))], NOON)
    assert take(keeper, seen(clock, "a.example")) is None
    keeper.save()
    assert list(tmp_path.iterdir()) == []
