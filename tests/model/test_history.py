from datetime import UTC, datetime, timedelta

import pytest

from blockprobe.model.history import Seen
from blockprobe.model.words import State

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


@pytest.mark.parametrize("took_s", [0.0, 0.25, 90.0])
def test_what_a_look_tells_of_was_so_by_the_time_it_was_over(took_s):
    seen = Seen(record="1", at=NOON, took_s=took_s, state=State.BLOCKED)

    assert seen.until - seen.at == timedelta(seconds=took_s)
