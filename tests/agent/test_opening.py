"""What an agent does before its first look: it catches up with its archive, and tells what it will not do."""

import asyncio
import logging
import os
import signal
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from golden import BLOCKED, NOON, OPEN, SetClock, record
from opening import opened, settings_in

from blockprobe.agent.daemon import Daemon, Wish
from blockprobe.model.settings import AgentSettings, LimitSettings
from blockprobe.model.words import State
from blockprobe.store.archive import Archive
from blockprobe.store.state import StateDb

CRASHED = "the last agent did not end in order; the state takes 3 records from the archive"

NO_STATE = "there was no state; it is made from 3 records of the archive"


def begun(settings):
    """An agent that was killed before it had brought its state up to date."""
    state = StateDb.open(settings.store.dir)
    state.begin()
    state.close()


def archived(settings, *, sealed):
    """Three looks that the state was never told of."""
    archive = Archive.open(settings.store, name="probe", clock=SetClock())
    for n, name in enumerate((OPEN, BLOCKED, BLOCKED)):
        archive.append(record(name, at=NOON + timedelta(minutes=n)), full=True, last_full=None)
    archive.close()
    if not sealed:
        max(Path(settings.store.dir).rglob("*.manifest.json")).unlink()


def test_after_a_crash_the_state_takes_from_the_archive_what_it_was_not_told(tmp_path, caplog):
    settings = settings_in(tmp_path)
    begun(settings)
    archived(settings, sealed=False)

    with caplog.at_level(logging.WARNING), opened(settings, SetClock()) as agent:
        history = agent.figures.snapshot(NOON).histories["a.example"]

    assert (history.state, history.last_at) == (State.BLOCKED, NOON + timedelta(minutes=2))
    assert CRASHED in caplog.messages


def test_a_start_that_was_killed_after_its_repairs_leaves_the_rest_to_the_next_one(tmp_path, caplog):
    settings = settings_in(tmp_path)
    begun(settings)
    archived(settings, sealed=True)

    with caplog.at_level(logging.WARNING), opened(settings, SetClock()) as agent:
        assert agent.figures.snapshot(NOON).histories["a.example"].state is State.BLOCKED

    assert caplog.messages == [CRASHED]


@pytest.mark.parametrize("kills", [0, 1])
def test_a_state_that_was_moved_away_is_made_again_from_the_archive(tmp_path, caplog, kills):
    settings = settings_in(tmp_path)
    archived(settings, sealed=True)
    for _ in range(kills):
        begun(settings)

    with caplog.at_level(logging.WARNING), opened(settings, SetClock()) as agent:
        assert agent.figures.snapshot(NOON).histories["a.example"].state is State.BLOCKED

    assert caplog.messages == [CRASHED if kills else NO_STATE]


def test_an_archive_that_cannot_be_read_any_more_does_not_keep_the_agent_from_its_work(tmp_path, caplog):
    settings = settings_in(tmp_path)
    archived(settings, sealed=True)
    (rotten,) = Path(settings.store.dir).rglob("*.jsonl.gz")
    archived(settings, sealed=False)
    rotten.write_bytes(b"rotten")

    with caplog.at_level(logging.WARNING), opened(settings, SetClock()) as agent:
        assert agent.figures.schedule

    (told,) = caplog.messages
    assert "the state cannot be brought up to date" in told
    assert rotten.name in told


def test_after_an_end_in_order_there_is_nothing_to_take(tmp_path, caplog):
    settings = settings_in(tmp_path)
    with opened(settings, SetClock()):
        pass
    archived(settings, sealed=True)

    with caplog.at_level(logging.WARNING), opened(settings, SetClock()) as agent:
        assert "a.example" not in agent.figures.snapshot(NOON).histories

    assert caplog.messages == []


def test_an_agent_that_has_nothing_to_measure_says_so(tmp_path, caplog):
    settings, clock = replace(settings_in(tmp_path), agent=AgentSettings(plans=("website",))), SetClock()

    with caplog.at_level(logging.INFO), opened(settings, clock) as agent:
        targets = len(agent.figures.schedule)
        asyncio.run(Daemon(agent, Wish(), clock).run(lambda _: os.kill(os.getpid(), signal.SIGTERM)))

    told = [text for text in caplog.messages if text.startswith("nothing to measure: no target in the plans (")]
    assert (targets, len(told)) == (0, 1)


@pytest.mark.parametrize(("concurrency", "lines"), [(64, 1), (17, 1), (16, 0), (1, 0)])
def test_a_concurrency_that_no_agent_uses_is_told_once_it_is_ready(tmp_path, caplog, concurrency, lines):
    settings, clock = replace(settings_in(tmp_path), limits=LimitSettings(concurrency=concurrency)), SetClock()

    with caplog.at_level(logging.INFO), opened(settings, clock) as agent:
        daemon = Daemon(agent, Wish(), clock)
        asyncio.run(daemon.run(lambda _: os.kill(os.getpid(), signal.SIGTERM)))

    told = [text for text in caplog.messages if f"concurrency is {concurrency}, an agent looks at 16 targets" in text]
    assert len(told) == lines
    assert any(text.startswith("ready: ") for text in caplog.messages)
