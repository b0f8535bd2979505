"""`blockprobe judge`: archived evidence judged again, line by line."""

import json
from pathlib import Path

import pytest

from blockprobe.model.codec import dump_record, load_record

from .program import ROOT, run

RECORD = dump_record(load_record((ROOT / "tests/export/example_record.json").read_bytes())) + b"\n"


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    """Two good lines around three bad ones."""
    path = tmp_path / "records.jsonl"
    path.write_bytes(RECORD + b"nonsense\n" + b'{"schema": "blockprobe.record/1"}\n' + b"\n[]\n" + RECORD)
    return path


def test_good_lines_are_judged_and_bad_ones_named(archive: Path) -> None:
    done = run("judge", str(archive))

    records = [load_record(line) for line in done.stdout.splitlines()]
    assert len(records) == 2
    assert records[0].observations == load_record(RECORD).observations
    assert records[0].versions.catalogue is not None
    faults = done.stderr.decode().splitlines()
    assert [fault.partition(": ")[0] for fault in faults] == [f"{archive}:{number}" for number in (2, 3, 5)]
    assert done.returncode == 0


def test_judging_twice_gives_the_same_bytes(archive: Path) -> None:
    once = run("judge", str(archive)).stdout

    assert run("judge", "-", stdin=once).stdout == once


def test_ooni_measurements_are_judged(tmp_path: Path) -> None:
    ooni = run("judge", "-", "--format", "ooni", stdin=RECORD).stdout
    assert json.loads(ooni)["test_name"] == "web_connectivity"

    done = run("judge", "-", "--input", "ooni", stdin=ooni + b'{"test_name": "dnscheck"}\n')

    [record] = [load_record(line) for line in done.stdout.splitlines()]
    assert record.target.host == "a.example"
    assert done.stderr.decode() == (
        "standard input:2: test_name: 'dnscheck' cannot be judged; only web_connectivity can\n"
    )


@pytest.mark.parametrize("columns", [40, 60, 80, 120, 200])
def test_the_table_fits_its_width_and_loses_nothing(columns: int) -> None:
    done = run("judge", "-", "--format", "table", stdin=RECORD + b"\n" + RECORD, environ={"COLUMNS": str(columns)})

    lines = done.stdout.decode().splitlines()
    assert max(map(len, lines)) <= columns
    assert "a.example" in done.stdout.decode()
    assert "2 measured: " in done.stdout.decode()
    assert "\x1b" not in done.stdout.decode()  # colour is for terminals


def test_a_single_record_is_shown_in_detail() -> None:
    done = run("judge", "-", "--format", "table", stdin=RECORD)

    assert "Connections" in done.stdout.decode()
    assert "measured: " not in done.stdout.decode()


def test_a_file_that_cannot_be_read_is_named_and_the_others_are_judged(archive: Path, tmp_path: Path) -> None:
    done = run("judge", str(tmp_path / "none"), str(archive))

    assert len(done.stdout.splitlines()) == 2
    assert "none: cannot be read: No such file or directory" in done.stderr.decode()
    assert done.returncode == 2


@pytest.mark.parametrize(("content", "input_"), [("", "record"), ('{"a": 1}\n', "record"), ("garbage", "ooni")])
def test_what_is_no_archive_is_named_with_what_to_give(tmp_path: Path, content: str, input_: str) -> None:
    (tmp_path / "garbage").write_text(content)

    done = run("judge", "--input", input_, str(tmp_path / "garbage"))

    assert (done.returncode, done.stdout) == (2, b"")
    assert done.stderr.decode().splitlines()[-1].startswith(f"{tmp_path}/garbage: nothing in it could be judged; give ")
    assert len(done.stderr.splitlines()) == (2 if content else 1)
