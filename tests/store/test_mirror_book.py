"""The book of mirrors: what is in it comes back, and what cannot be read is not written over."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from blockprobe.model.errors import StoreError
from blockprobe.model.history import Interval
from blockprobe.model.mirror import MirrorClass, Source
from blockprobe.model.mirror_life import Life
from blockprobe.store import mirror_book
from blockprobe.store.mirror_book import FILE, MirrorBook
from tests.model.strategies import any_of

NOON = datetime(2026, 11, 1, 12, tzinfo=UTC)
LIFE = Life(name="a.example", site="site.example", source=Source.LINK, known_at=NOON)
ALIVE = replace(LIFE, name="b.example", first_alive=Interval(after=None, until=NOON))
DEAD = replace(ALIVE, name="c.example", dead=Interval(after=NOON, until=NOON + timedelta(days=1)))


@hypothesis_settings(max_examples=60, suppress_health_check=list(HealthCheck), deadline=None)
@given(st.lists(any_of(Life), max_size=3))
def test_any_life_comes_back(tmp_path_factory: pytest.TempPathFactory, lives: list[Life]) -> None:
    folder = tmp_path_factory.mktemp("book")
    book = MirrorBook(folder)
    for life in lives:
        book.put(life)
    book.save()

    assert MirrorBook(folder).lives == book.lives


def test_a_class_that_is_stated_later_counts_for_the_life_that_is_known(tmp_path: Path) -> None:
    book = MirrorBook(tmp_path)
    book.put(ALIVE)
    book.add([replace(LIFE, name=ALIVE.name, kind=MirrorClass.PARKED)])
    book.add([replace(LIFE, name=ALIVE.name)])

    assert list(book.lives.values()) == [replace(ALIVE, kind=MirrorClass.PARKED)]


def test_a_name_that_is_known_keeps_its_life_when_it_is_found_again(tmp_path: Path) -> None:
    book = MirrorBook(tmp_path)
    book.put(ALIVE)

    assert book.add([replace(ALIVE, first_alive=None), LIFE]) == 1
    assert book.of_site("site.example") == [LIFE, ALIVE]
    assert book.of_site("other.example") == []


@pytest.mark.parametrize("content", ["", "{", '{"name": 1}', '[{"name": "a.example"}]', "[" * 100_000])
def test_what_is_no_book_is_told_and_stays_as_it_is(tmp_path: Path, content: str) -> None:
    (tmp_path / FILE).write_text(content)

    with pytest.raises(StoreError, match=FILE):
        MirrorBook(tmp_path)
    assert (tmp_path / FILE).read_text() == content


def test_a_full_book_lets_go_of_names_that_never_lived_and_then_of_the_dead(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mirror_book, "MAX_LIVES", 1)
    book = MirrorBook(tmp_path)
    book.add([DEAD, ALIVE, LIFE])
    book.save()

    assert list(MirrorBook(tmp_path).lives.values()) == [ALIVE]


def test_a_book_is_for_its_owner_and_group_alone(tmp_path: Path) -> None:
    MirrorBook(tmp_path).save()

    assert (tmp_path / FILE).stat().st_mode & 0o007 == 0
