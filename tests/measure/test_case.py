"""How attempts are repeated, and what a neutral name looks like."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from blockprobe.measure import case
from blockprobe.measure.case import neutral_like, persist


@pytest.fixture(autouse=True)
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(case, "STAGGER_S", 0.05)
    monkeypatch.setattr(case, "REPEAT_AFTER_S", 0.0)


def test_a_first_good_attempt_is_the_only_one() -> None:
    begun: list[int] = []

    async def attempt(number: int) -> bool:
        begun.append(number)
        return True

    assert asyncio.run(persist(attempt, bool, attempts=3)) == [True]
    assert begun == [0]


def test_a_silent_attempt_is_overtaken_and_cancelled_when_another_is_good() -> None:
    ended: list[int] = []

    async def attempt(number: int) -> bool:
        try:
            await asyncio.sleep(60.0 if number == 0 else 0.0)
        finally:
            ended.append(number)
        return True

    assert asyncio.run(persist(attempt, bool, attempts=3)) == [True]
    assert sorted(ended) == [0, 1]


def test_failures_are_repeated_as_often_as_allowed_and_all_are_told() -> None:
    async def attempt(number: int) -> int:
        return -1 - number

    assert asyncio.run(persist(attempt, lambda result: result > 0, attempts=3)) == [-1, -2, -3]


def test_cancelling_ends_every_attempt_under_way() -> None:
    ended: list[int] = []

    async def attempt(number: int) -> bool:
        try:
            await asyncio.sleep(60.0)
        finally:
            ended.append(number)
        return True

    async def story() -> None:
        work = asyncio.ensure_future(persist(attempt, bool, attempts=3))
        await asyncio.sleep(0.2)
        work.cancel()
        await asyncio.gather(work, return_exceptions=True)

    asyncio.run(story())
    assert sorted(ended) == [0, 1, 2]


_LABEL = st.text("abcdefghijklmnopqrstuvwxyz0123456789", min_size=1, max_size=63)


@given(st.lists(_LABEL, min_size=1, max_size=3), st.sampled_from(["example", "com", "xn--p1ai"]))
def test_a_neutral_name_is_as_long_and_of_the_same_top_level_domain(labels: list[str], tld: str) -> None:
    host = ".".join([*labels, tld])
    name = neutral_like(host)

    assert name.endswith("." + tld)
    assert all(1 <= len(label) <= 63 for label in name.split("."))
    assert abs(len(name) - len(host)) <= 64
    if len(host) - len(tld) - 1 <= 63:
        assert len(name) == len(host)
