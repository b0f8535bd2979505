"""Results of batteries stay until they are too old or too many, and what the last one said survives a restart."""

import gzip
import resource
import signal
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from blockprobe.model.bypass import Bypass, BypassSeen, Cost, Outcome, ParityKind, TechniqueId
from blockprobe.model.errors import RecordError, StoreError
from blockprobe.model.record import Target, Vantage, Versions
from blockprobe.model.settings import StoreSettings
from blockprobe.model.words import State
from blockprobe.store.bypass_log import BypassLog, read_bypasses

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


def result(at: datetime = NOW, *, because: str = "so") -> Bypass:
    return Bypass(
        id="01J",
        measured_at=at,
        runtime_s=1.0,
        target=Target(input="a.example", url="https://a.example/", host="a.example"),
        vantage=Vantage(),
        blocked_before=State.BLOCKED,
        blocked_after=State.BLOCKED,
        because=because,
        trials=(),
        lowest_effort=None,
        parity=(),
        cost=Cost(),
        records=("01A", "01B"),
        observations=(),
        versions=Versions(blockprobe="1", rules=1),
    )


def log(folder: Path, *, max_bytes: int = 1_000_000_000, days: int = 90) -> BypassLog:
    return BypassLog(StoreSettings(dir=str(folder), max_bytes=max_bytes, retention_days=days))


def seen(target: str = "a.example") -> BypassSeen:
    return BypassSeen(
        target=target,
        at=NOW,
        network="gb/example",
        lowest_effort=1,
        outcomes=((TechniqueId.RESOLVER_DOH, Outcome.WORKS),),
        parity=(ParityKind.RESOLVER_DOH,),
    )


def test_what_was_appended_is_read_back_in_its_order(tmp_path: Path) -> None:
    kept = [result(because="one"), result(because="two")]
    for one in kept:
        log(tmp_path).append(one)

    (path,) = log(tmp_path).files()
    assert path.name == "2026-11-21.jsonl.gz"
    assert list(read_bypasses(path)) == kept


def test_a_torn_end_costs_the_last_result_only(tmp_path: Path) -> None:
    for because in ("one", "two"):
        log(tmp_path).append(result(because=because))
    (path,) = log(tmp_path).files()
    path.write_bytes(path.read_bytes()[:-20])

    assert [one.because for one in read_bypasses(path)] == ["one"]


def test_a_damaged_file_is_named_in_one_line_whatever_its_bytes_are(tmp_path: Path) -> None:
    results = log(tmp_path)
    for number in range(3):
        results.append(result(because=f"number {number} " * 20))
    (path,) = results.files()
    whole = path.read_bytes()
    said = set()
    for place in range(12, len(whole)):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 0x55]) + whole[place + 1 :])
        try:
            found = list(read_bypasses(path))
        except (StoreError, RecordError) as error:
            said.add("\n" in str(error))
        else:
            assert len(found) <= 3

    assert said == {False}


def test_a_line_without_end_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "2026-11-21.jsonl.gz"
    path.write_bytes(gzip.compress(b"x" * (64 * 1024 * 1024), 1))

    with pytest.raises(RecordError, match="are not read"):
        list(read_bypasses(path))


def test_what_follows_a_torn_end_can_be_read_and_the_torn_end_is_kept_beside(tmp_path: Path) -> None:
    for because in ("one", "two"):
        log(tmp_path).append(result(because=because))
    (path,) = log(tmp_path).files()
    path.write_bytes(path.read_bytes()[:-20])
    for because in ("three", "four"):
        log(tmp_path, days=5).append(result(because=because))

    assert [one.because for one in read_bypasses(path)] == ["one", "three", "four"]
    assert [kept.name.partition(".torn-")[0] for kept in path.parent.glob("*.torn-*")] == [path.name]
    log(tmp_path).append(result(NOW + timedelta(days=9)))
    log(tmp_path, days=5).prune(NOW + timedelta(days=9))
    assert [kept.name for kept in path.parent.iterdir()] == ["2026-11-30.jsonl.gz"]


def test_a_disk_that_took_a_part_only_costs_no_later_result(tmp_path: Path) -> None:
    store = log(tmp_path)
    store.append(result(because="one"))
    (path,) = store.files()
    small = len(path.read_bytes()) + 30
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (small, limits[1]))
    try:
        with pytest.raises(StoreError, match="File too large"):
            store.append(result(because="two"))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, before)
    store.append(result(because="three"))

    assert [one.because for one in read_bypasses(path)] == ["one", "three"]


def test_old_days_go_and_the_last_one_stays(tmp_path: Path) -> None:
    store = log(tmp_path, days=5)
    for days in (30, 6, 4):
        store.append(result(NOW - timedelta(days=days)))

    assert store.prune(NOW) == 2
    assert [path.name for path in store.files()] == ["2026-11-17.jsonl.gz"]
    assert store.prune(NOW + timedelta(days=100)) == 0


def test_the_oldest_go_while_all_are_too_large(tmp_path: Path) -> None:
    for days in (3, 2, 1):
        log(tmp_path).append(result(NOW - timedelta(days=days)))
    size = sum(path.stat().st_size for path in log(tmp_path).files())

    assert log(tmp_path, max_bytes=10 * (size - 1)).prune(NOW) == 1
    assert len(log(tmp_path).files()) == 2


def test_what_the_last_battery_said_survives_a_restart_and_can_be_forgotten(tmp_path: Path) -> None:
    log(tmp_path).remember("a.example", seen())
    log(tmp_path).remember("b.example", seen("b.example"))
    assert log(tmp_path).latest == {"a.example": seen(), "b.example": seen("b.example")}

    log(tmp_path).remember("a.example", None)
    assert log(tmp_path).latest == {"b.example": seen("b.example")}


@pytest.mark.parametrize("content", [b"", b"{", b'[{"target": "a.example"}]', b"\xff"])
def test_a_file_of_last_results_that_cannot_be_read_is_none(tmp_path: Path, content: bytes) -> None:
    log(tmp_path).remember("a.example", seen())
    (tmp_path / "bypass/latest.json").write_bytes(content)

    assert log(tmp_path).latest == {}


def test_a_folder_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "bypass").write_text("a file in the way")

    with pytest.raises(StoreError, match="cannot be written"):
        log(tmp_path).append(result())
