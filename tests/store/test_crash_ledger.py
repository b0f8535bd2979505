"""bench/crash_ledger.py, by which whole agents are held to their word: every broken promise has a sentence."""

import sys
from pathlib import Path

import pytest

from blockprobe.store.layout import MANIFEST, beside

from .build import opened, record, segments

sys.path.insert(0, str(Path(__file__).parents[2] / "bench"))
from crash_ledger import Ledger, Told, told

METRICS = """# TYPE blockprobe_records_total counter
blockprobe_records_total{state="accessible"} 7
blockprobe_records_total{state="blocked"} 5
blockprobe_store_records_waiting 2
blockprobe_store_dropped_total{reason="cap"} 90
blockprobe_store_dropped_total{reason="waiting"} 1
blockprobe_site_last_conclusive_timestamp_seconds{site="site0.example"} 1795262400.5
"""


def store(folder: Path, first: int, count: int = 3, *, sealed: bool = True) -> None:
    """An agent's life: so many records in a segment of their own, which a killed one leaves `sealed` or not."""
    with opened(folder) as archive:
        for number in range(first, first + count):
            archive.append(record(number), full=True, last_full=None)
        archive.flush()
    if not sealed:
        beside(segments(folder)[-1], MANIFEST).unlink()


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    """Of a store with two lives, the second one killed."""
    folder = tmp_path / "store"
    kept = Ledger(store=folder)
    store(folder, 0)
    assert kept.read([]) == (3, [])
    store(folder, 3, sealed=False)
    assert kept.read([look(3)]) == (3, [])
    assert kept.whole() == []
    return kept


def look(number: int, *, stored: int = 3, waiting: int = 0) -> Told:
    """The agent's metrics after this record."""
    one = record(number)
    return Told(stored=stored, waiting=waiting, looks=frozenset({(one.target.input, one.measured_at.timestamp())}))


def test_metrics_say_how_many_records_are_stored_and_which_looks_were_the_last() -> None:
    assert told(METRICS) == Told(stored=9, waiting=2, looks=frozenset({("site0.example", 1795262400.5)}))


def test_a_start_that_seals_what_the_kill_left_open_breaks_no_promise(ledger: Ledger) -> None:
    store(ledger.store, 6, count=1)

    assert ledger.read([look(5, stored=1), look(6, stored=1)]) == (1, [])
    assert ledger.whole() == []


def test_a_record_that_was_reported_and_is_not_there_is_lost(ledger: Ledger) -> None:
    new, broken = ledger.read([look(7, stored=2)])

    assert new == 0
    assert broken[0] == "2 records of this life were reported as stored, 0 are there"
    assert "1 looks were reported as stored, ('site7.example'" in broken[1]


def test_a_look_that_was_reported_while_records_waited_need_not_be_there(ledger: Ledger) -> None:
    assert ledger.read([look(7, stored=0, waiting=1)]) == (0, [])


def test_a_record_that_is_there_again_is_there_twice(ledger: Ledger) -> None:
    store(ledger.store, 2, count=1)

    assert ledger.read([])[1] == [f"{record(2).id} is there twice"]
    assert f"{record(2).id} is there 2 times" in ledger.whole()


def test_what_could_be_read_once_may_neither_change_nor_vanish(ledger: Ledger) -> None:
    first, second = segments(ledger.store)
    second.write_bytes(first.read_bytes())
    assert "3 records were read, now 3, and they are not the same" in ledger.read([])[1][0]

    second.unlink()
    assert ledger.read([])[1] == [f"{second.name} is gone"]
    assert "3 records were there and are lost" in ledger.whole()[0]


def test_a_manifest_that_was_changed_and_a_segment_that_cannot_be_read_are_named(ledger: Ledger) -> None:
    first = segments(ledger.store)[0]
    manifest = beside(first, MANIFEST)
    manifest.write_bytes(manifest.read_bytes() + b"\n")
    first.write_bytes(b"no segment")

    assert ledger.read([])[1] == [f"{first.name}: its manifest was changed"]
    assert ledger.whole()[0].startswith("the archive cannot be read: ")


def test_an_agent_that_knows_less_than_the_archive_is_behind(ledger: Ledger) -> None:
    store(ledger.store, 3, count=1)  # the site of record 3 is looked at once more, and says the same
    ledger.read([])
    older = look(3)
    name, at = next(iter(older.looks))
    behind = Told(stored=0, waiting=0, looks=frozenset({(name, at - 1.0)}))

    assert ledger.older_than_archive(older) == []
    assert ledger.older_than_archive(behind) == [
        f"{name}: the archive's last look was at {at}, the new agent knows of {at - 1.0}"
    ]
