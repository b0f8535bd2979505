"""Files of mirrors: read when they change, told when they are wrong."""

import json

import pytest
from golden import NOON

from blockprobe.agent import mirror_lists
from blockprobe.agent.mirror_lists import MirrorLists, read_names
from blockprobe.model.mirror import Source
from blockprobe.model.plan import Plan

FOUND = json.dumps({"name": "found.example", "site": "s.example", "sources": [{"source": "link"}]})


def names(lists, plan="p"):
    return [life.name for life in lists.plans.get(plan, ())]


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "names"
    path.write_text(f"# mine\n{FOUND}\na.example s.example\nalone.example\n")
    return path


def plan(*files, name="p"):
    return Plan(id=name, mirrors=tuple(str(file) for file in files))


def test_a_file_is_read_at_once_and_again_when_it_changes(file):
    lists = MirrorLists()

    assert lists.refresh([plan(file)], NOON)
    assert names(lists) == ["found.example", "a.example"]
    assert lists.plans["p"][0].source is Source.LINK
    (fault,) = lists.faults
    assert str(file) in fault
    assert "line 4" in fault
    assert not lists.refresh([plan(file)], NOON)
    file.write_text("b.example s.example\n")
    assert lists.refresh([plan(file)], NOON)
    assert (names(lists), lists.faults) == (["b.example"], ())


def test_a_file_that_is_gone_leaves_the_names_before_in_force_and_is_told(file):
    lists = MirrorLists()
    lists.refresh([plan(file)], NOON)
    file.unlink()

    assert not lists.refresh([plan(file)], NOON)
    assert names(lists) == ["found.example", "a.example"]
    assert "No such file" in lists.faults[0]


def test_a_plan_that_leaves_takes_its_names_along(file):
    lists = MirrorLists()
    lists.refresh([plan(file)], NOON)

    assert lists.refresh([], NOON)
    assert (lists.plans, lists.faults) == ({}, ())


def test_of_too_many_names_the_first_count(tmp_path, monkeypatch):
    monkeypatch.setattr(mirror_lists, "MAX_NAMES", 2)
    files = [tmp_path / str(number) for number in range(2)]
    files[0].write_text("a.example s.example\nb.example s.example\n")
    files[1].write_text("b.example s.example\nc.example s.example\n")
    lists = MirrorLists()
    lists.refresh([plan(*files)], NOON)

    assert names(lists) == ["a.example", "b.example"]
    assert "3 mirrors; the first 2" in lists.faults[0]


def test_a_line_without_an_end_costs_no_more_than_its_limit(tmp_path):
    file = tmp_path / "names"
    file.write_bytes(b"x" * 5_000_000 + b"\na.example s.example\n")
    lives, faults = read_names(str(file), NOON)

    assert [life.name for life in lives] == ["a.example"]
    assert len(faults) >= 1
