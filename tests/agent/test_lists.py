"""Public lists: read when they change, refused when they shrank, and the last good one outlives a restart."""

import os

import pytest

from blockprobe.agent.lists import ListBook
from blockprobe.model.plan import CsvList, Plan


@pytest.fixture
def place(tmp_path):
    (tmp_path / "store").mkdir()
    return tmp_path


def plan(place, **changed):
    return Plan(id="lists", lists=(CsvList(path=str(place / "list.csv"), name="public", **changed),))


def write(place, count, *, first=0):
    path = place / "list.csv"
    before = path.stat().st_mtime_ns if path.exists() else 0
    path.write_text("domain\n" + "".join(f"n{number}.example\n" for number in range(first, first + count)))
    os.utime(path, ns=(before + 10**9, before + 10**9))


def names(book):
    return {target.value for target in book.targets["public"]}


def test_a_list_is_read_once_and_again_when_it_changes(place):
    write(place, 10)
    book = ListBook(place / "store")

    assert book.refresh([plan(place)])
    assert not book.refresh([plan(place)])
    write(place, 11)
    assert book.refresh([plan(place)])
    assert book.counts == {"public": 11}


def test_a_list_that_lost_nine_tenths_is_refused_and_says_so(place):
    write(place, 100)
    book = ListBook(place / "store")
    book.refresh([plan(place)])
    write(place, 10)

    assert not book.refresh([plan(place)])
    assert len(names(book)) == 100
    assert "10 entries after 100" in book.faults[0]
    write(place, 90)
    assert book.refresh([plan(place)])
    assert book.faults == ()


def test_a_plan_that_allows_it_takes_the_short_list(place):
    write(place, 100)
    book = ListBook(place / "store")
    book.refresh([plan(place)])
    write(place, 10)
    book.refresh([plan(place)])

    assert book.refresh([plan(place, shrink_limit=0.0)])
    assert book.counts == {"public": 10}


def test_after_a_restart_the_last_good_list_is_in_force_still(place):
    write(place, 100)
    book = ListBook(place / "store")
    book.refresh([plan(place)])
    write(place, 10)
    again = ListBook(place / "store", counts=book.counts)
    again.refresh([plan(place)])

    assert len(names(again)) == 100
    assert again.faults


@pytest.mark.parametrize("spoil", [lambda path: path.unlink(), lambda path: path.write_bytes(b"domain\n\xff\xfe\n")])
def test_a_list_that_cannot_be_read_changes_nothing(place, spoil):
    write(place, 5)
    book = ListBook(place / "store")
    book.refresh([plan(place)])
    spoil(place / "list.csv")
    book.refresh([plan(place)])

    assert len(names(book)) == 5
    assert book.faults


def test_a_list_that_leaves_the_plans_is_gone(place):
    write(place, 5)
    book = ListBook(place / "store")
    book.refresh([plan(place)])

    assert book.refresh([])
    assert book.targets == {}


def test_a_store_that_cannot_be_written_is_no_reason_to_refuse(place):
    write(place, 5)
    book = ListBook(place / "nowhere" / "at" / "all")

    assert book.refresh([plan(place)])
    assert len(names(book)) == 5
