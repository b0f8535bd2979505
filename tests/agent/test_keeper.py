"""What becomes of a look: believed or not, archived, durable."""

import logging
from datetime import timedelta

import pytest
from golden import BLOCKED, DOWN, NOON, OPEN, SetClock, record

from blockprobe.agent.cycle import Looks, Wanted
from blockprobe.agent.keeper import Ground, Keeper
from blockprobe.agent.line_watch import SelfTest
from blockprobe.agent.mirror_keeper import MirrorKeeper
from blockprobe.metrics.counters import Counters
from blockprobe.model.bypass import Bypass, Cost, Outcome, TechniqueId, Trial
from blockprobe.model.errors import StoreError
from blockprobe.model.plan import Plan
from blockprobe.model.settings import StoreSettings
from blockprobe.model.words import State
from blockprobe.store.archive import Archive
from blockprobe.store.bypass_log import BypassLog
from blockprobe.store.mirror_book import FILE, MirrorBook
from blockprobe.store.reader import read_archive
from blockprobe.store.state import LineChange, StateDb
from blockprobe.store.state_file import Before

NETWORK = "gb/example"


def opened(folder, clock):
    archive = Archive.open(StoreSettings(dir=str(folder)), name="test", clock=clock)
    keeper = Keeper(archive, StateDb.open(folder), Counters(), clock)
    keeper.ground = Ground(network=NETWORK, confirm={"a.example": 1})
    return keeper


@pytest.fixture
def clock():
    return SetClock()


@pytest.fixture
def keeper(tmp_path, clock):
    found = opened(tmp_path, clock)
    yield found
    found.close({})


def look(keeper, clock, *names, controls_ok=True):
    clock.on(60)
    records = tuple(record(name, at=clock.now() + timedelta(seconds=n)) for n, name in enumerate(names))
    wanted = Wanted(key="a.example", target=records[0].target)
    keeper.take(Looks(wanted=wanted, records=records, controls_ok=controls_ok))
    return keeper.histories["a.example"]


def test_a_first_state_is_believed(keeper, clock):
    assert look(keeper, clock, BLOCKED).state is State.BLOCKED


def test_a_change_needs_another_look(keeper, clock):
    look(keeper, clock, OPEN)
    latest = record(BLOCKED)

    assert keeper.more_looks("a.example", latest, 1)
    assert not keeper.more_looks("a.example", latest, 2)
    assert not keeper.more_looks("a.example", record(OPEN), 1)
    assert not keeper.more_looks("new.example", latest, 1)


def test_a_change_that_both_looks_show_is_believed_and_dated_by_the_end_of_the_first(keeper, clock):
    opened_at = look(keeper, clock, OPEN).last_open_at
    history = look(keeper, clock, BLOCKED, BLOCKED)

    assert history.state is State.BLOCKED
    took = timedelta(seconds=record(BLOCKED).runtime_s)
    assert (history.since.after, history.since.until) == (opened_at, clock.now() + took)


@pytest.mark.parametrize("names", [(BLOCKED,), (BLOCKED, OPEN), (BLOCKED, DOWN)])
def test_a_change_that_was_not_confirmed_is_archived_and_not_believed(keeper, clock, names, tmp_path):
    look(keeper, clock, OPEN)
    history = look(keeper, clock, *names)

    assert history.state is State.ACCESSIBLE
    keeper.flush()
    assert [stored.verdict.state for stored in read_archive(tmp_path)].count(State.BLOCKED) == 1


def test_on_another_network_nothing_is_a_change(keeper, clock):
    look(keeper, clock, OPEN)
    keeper.ground = Ground(network="gb/other", confirm={"a.example": 1})

    assert not keeper.more_looks("a.example", record(BLOCKED), 1)
    assert look(keeper, clock, BLOCKED).state is State.BLOCKED


def test_what_is_open_still_is_kept_slim_and_names_the_full_record(keeper, clock, tmp_path):
    first = look(keeper, clock, OPEN).last_full
    look(keeper, clock, OPEN)
    keeper.flush()
    full, slim = read_archive(tmp_path)

    assert full.id == first
    assert slim.last_full == first


def test_ids_are_told_when_they_are_durable_and_not_before(keeper, clock):
    told = []
    keeper.on_durable = told.extend
    look(keeper, clock, OPEN)
    assert told == []

    keeper.flush()
    assert len(told) == 1


def test_changes_outlive_a_crash_after_each_cycle_and_the_rest_once_in_a_while(tmp_path, clock):
    keeper = opened(tmp_path, clock)
    look(keeper, clock, OPEN)
    assert keeper.save({})
    look(keeper, clock, BLOCKED, BLOCKED)
    assert keeper.save({})
    assert not keeper.save({})
    state = StateDb.open(tmp_path)
    assert state.histories()["a.example"].state is State.BLOCKED
    assert [one.now for one in state.transitions("a.example")] == [State.BLOCKED]

    look(keeper, clock, BLOCKED)
    keeper.save({("demo", "a.example"): NOON})
    assert state.histories()["a.example"].last_at < clock.now()
    clock.on(600)
    keeper.save({("demo", "a.example"): NOON})
    assert state.due() == {("demo", "a.example"): NOON}
    assert state.histories()["a.example"].last_at == keeper.histories["a.example"].last_at
    state.close()
    keeper.close({})


def test_a_disk_that_fails_is_told_once_and_nothing_is_lost(keeper, clock, caplog, tmp_path):
    def full():
        raise StoreError("no space")

    look(keeper, clock, OPEN)
    write, keeper.archive.flush = keeper.archive.flush, full
    with caplog.at_level(logging.INFO):
        for _ in range(3):
            keeper.flush()
    assert keeper.trouble == "no space"
    assert caplog.text.count("no space") == 1

    keeper.archive.flush = write
    keeper.flush()
    assert keeper.trouble is None
    assert len(list(read_archive(tmp_path))) == 1


@pytest.mark.parametrize(("fails", "before"), [(False, Before.IN_ORDER), (True, Before.CUT_SHORT)])
def test_an_end_is_in_order_only_if_everything_was_written(tmp_path, clock, fails, before):
    def full():
        raise StoreError("no space")

    keeper = opened(tmp_path, clock)
    keeper.state.begin()
    look(keeper, clock, OPEN)
    if fails:
        keeper.archive.flush = full
    keeper.close({})

    state = StateDb.open(tmp_path)
    assert state.begin() is before
    state.close()


def test_a_test_of_the_line_is_archived_and_has_no_history(keeper, clock, tmp_path):
    assert SelfTest(kind="must_open", target="b.example").kind == "must_open"
    keeper.take_aside(record(OPEN, target="b.example"))
    keeper.flush()

    assert keeper.histories == {}
    assert len(list(read_archive(tmp_path))) == 1


def test_targets_that_nobody_names_are_forgotten(keeper, clock):
    look(keeper, clock, OPEN)
    keeper.save({}, at_once=True)
    keeper.forget(["a.example", "never.example"])

    assert keeper.histories == {}
    assert keeper.state.histories() == {}


def test_lists_and_changes_of_network_are_kept(keeper, clock):
    keeper.keep_lists({"public": 12})
    keeper.note_line(LineChange(at=NOON, before=NETWORK, after=NETWORK, signs=("gateway4",)))

    assert keeper.state.lists() == {"public": 12}
    assert keeper.state.line_changes()[0].signs == ("gateway4",)


def battery(one, *, lowest):
    """The result of a battery whose first record this is; without trials where nothing was blocked."""
    blocked = one.verdict.state is State.BLOCKED
    works = Trial(technique=TechniqueId.RESOLVER_DOH, effort=1, outcome=Outcome.WORKS, because="so")
    return Bypass(
        id=one.id, measured_at=one.measured_at, runtime_s=1.0, target=one.target, vantage=one.vantage,
        blocked_before=one.verdict.state, blocked_after=one.verdict.state if blocked else None, because="so",
        trials=(works,) if blocked else (), lowest_effort=lowest, parity=(), cost=Cost(), records=(one.id,),
        observations=(), versions=one.versions,
    )  # fmt: skip


def test_a_battery_is_kept_where_the_controls_held_and_forgotten_when_nothing_is_blocked_any_more(
    keeper, clock, tmp_path
):
    keeper.batteries = BypassLog(StoreSettings(dir=str(tmp_path)))

    def take(name, *, lowest, controls_ok):
        one = record(name, at=clock.now())
        wanted = Wanted(key="a.example", target=one.target, battery=True)
        bypass = battery(one, lowest=lowest)
        keeper.take(Looks(wanted=wanted, records=(one, one), controls_ok=controls_ok, bypass=bypass))
        return keeper.batteries.latest

    assert take(BLOCKED, lowest=1, controls_ok=False) == {}
    assert keeper.is_blocked("a.example")
    assert take(BLOCKED, lowest=1, controls_ok=True)["a.example"].network == NETWORK
    assert len(keeper.batteries.files()) == 1
    assert take(OPEN, lowest=None, controls_ok=True) == {}
    assert not keeper.is_blocked("a.example")


def test_a_book_of_mirrors_that_cannot_be_written_is_told_and_tried_again(tmp_path, clock):
    names = tmp_path / "names"
    names.write_text("a.example s.example\n")
    keeper = opened(tmp_path / "store", clock)
    keeper.mirrors = MirrorKeeper(tmp_path / "store")
    keeper.refresh_mirrors([Plan(id="p", mirrors=(str(names),))])
    book = tmp_path / "store" / FILE
    (book / "in the way").mkdir(parents=True)
    look(keeper, clock, OPEN)
    keeper.save({}, at_once=True)
    assert FILE in keeper.trouble

    (book / "in the way").rmdir()
    book.rmdir()
    keeper.save({}, at_once=True)
    assert keeper.trouble is None
    assert MirrorBook(tmp_path / "store").lives["s.example", "a.example"].last_at is not None
    keeper.close({})
