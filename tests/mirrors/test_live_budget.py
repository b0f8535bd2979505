"""A dozen requests a candidate and day, whoever counts."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from blockprobe.mirrors.live_budget import MOST_REQUESTS, Budget
from blockprobe.model.errors import ConfigError


@dataclass
class Day:
    at: datetime = datetime(2026, 11, 22, 12, tzinfo=UTC)

    def now(self) -> datetime:
        return self.at

    def monotonic(self) -> float:
        return self.at.timestamp()


def test_the_thirteenth_request_of_a_day_is_refused_in_every_later_run(tmp_path):
    clock = Day()
    first = Budget(tmp_path / "new", clock)
    granted = [first.claim("a.example") for _ in range(7)]
    second = Budget(tmp_path / "new", clock)
    granted += [second.claim("a.example") for _ in range(8)]

    assert granted == [True] * MOST_REQUESTS + [False] * 3
    assert second.claim("b.example")
    assert (second.today("a.example"), second.sent["a.example"]) == (12, 5)
    assert second.claim("a.example", most=None)


def test_a_new_day_begins_at_nought_and_the_old_count_goes(tmp_path):
    clock = Day()
    budget = Budget(tmp_path, clock)
    assert all(budget.claim("a.example") for _ in range(MOST_REQUESTS))

    clock.at += timedelta(days=1)

    assert budget.claim("a.example")
    assert [path.name for path in tmp_path.iterdir()] == ["mirror-requests-2026-11-23"]


def test_a_folder_that_cannot_be_used_is_named(tmp_path: Path):
    (tmp_path / "file").write_text("")

    with pytest.raises(ConfigError, match="file: cannot count requests there"):
        Budget(tmp_path / "file", Day())
