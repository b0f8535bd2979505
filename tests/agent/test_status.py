"""The status file: whole or the one before, and a check that worries at the right time."""

import json
import os
from dataclasses import replace
from datetime import timedelta

import pytest
from golden import NOON

from blockprobe.agent.status import Status, as_document, is_alive, read_status, worries, write_status
from blockprobe.model.errors import ConfigError

GOOD = Status(
    version="1", pid=os.getpid(), started_at=NOON.isoformat(), written_at=NOON.isoformat(),
    late_after=(NOON + timedelta(minutes=16)).isoformat(), plans=("website",), problems=("A list is stale.",),
)  # fmt: skip


def test_what_is_written_is_read(tmp_path):
    write_status(tmp_path, GOOD)

    assert read_status(tmp_path) == GOOD
    assert [path.name for path in tmp_path.iterdir()] == ["status.json"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (None, "no agent has worked there"),
        ("", "is no status"),
        ("[]", "is no status"),
        ("{}", "is no status"),
        (json.dumps({"late_after": "soon"}), "is no status"),
    ],
)
def test_what_is_no_status_is_one_clear_line(tmp_path, text, said):
    if text is not None:
        (tmp_path / "status.json").write_text(text)
    with pytest.raises(ConfigError, match=said) as caught:
        read_status(tmp_path)
    assert "\n" not in str(caught.value)


def test_another_version_is_named(tmp_path):
    write_status(tmp_path, replace(GOOD, schema="blockprobe.agent_status/9"))
    with pytest.raises(ConfigError, match="another version"):
        read_status(tmp_path)


def test_fields_of_later_versions_are_no_fault(tmp_path):
    write_status(tmp_path, GOOD)
    path = tmp_path / "status.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"later": 1}))

    assert read_status(tmp_path) == GOOD


@pytest.mark.parametrize(
    ("status", "minutes", "alive", "said"),
    [
        (GOOD, 16, True, ()),
        (GOOD, 17, True, ("stands still",)),
        (GOOD, 17, False, ("is gone",)),
        (replace(GOOD, stopped=True), 1, True, ("was stopped",)),
        (replace(GOOD, failing=("The disk is full.",)), 1, True, ("disk is full",)),
        (replace(GOOD, failing=("The disk is full.",)), 17, True, ("stands still", "disk is full")),
    ],
)
def test_the_check_worries_at_the_right_time(status, minutes, alive, said):
    found = worries(status, NOON + timedelta(minutes=minutes), is_alive=lambda pid: alive)

    assert len(found) == len(said)
    assert all(part in text for part, text in zip(said, found, strict=True))
    assert as_document(status, found)["ok"] is not bool(said)


def test_this_process_is_alive():
    assert is_alive(os.getpid())
    assert not is_alive(2**22 + 1)
