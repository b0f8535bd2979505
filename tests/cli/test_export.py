"""`blockprobe export` and `judge` on stores, as another process."""

import gzip
import json
from dataclasses import replace
from pathlib import Path

import pytest

from blockprobe.model.codec import dump_record, load_record
from blockprobe.model.record import Record
from blockprobe.model.settings import StoreSettings
from blockprobe.net.clock import SystemClock
from blockprobe.store.archive import Archive
from blockprobe.store.verify import verify_store

from .program import ROOT, run

GOLDENS = [
    load_record((ROOT / "tests/goldens" / name / "record.json").read_bytes())
    for name in ("demo-news.example", "demo-injected.example")
]
OWN = "198.51.100.10"  # what the laboratory's echo saw


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """A store with two full records and a slim one."""
    folder = tmp_path / "store"
    archive = Archive.open(StoreSettings(dir=str(folder)), name="lab", clock=SystemClock())
    for record in GOLDENS:
        archive.append(record, full=True, last_full=None)
    archive.append(replace(GOLDENS[0], id="later"), full=False, last_full=GOLDENS[0].id)
    archive.close()
    return folder


def _published(folder: Path) -> bytes:
    [path] = folder.rglob("*.jsonl.gz")
    return gzip.decompress(path.read_bytes())


def test_a_store_judges_to_the_same_bytes_as_its_records(store: Path) -> None:
    lines = b"".join(dump_record(record) + b"\n" for record in GOLDENS)

    by_lines = run("judge", "-", stdin=lines)
    by_store = run("judge", str(store))
    by_segment = run("judge", str(next(store.rglob("*.jsonl.gz"))))

    assert by_lines.stdout == by_store.stdout == by_segment.stdout
    assert by_store.returncode == 0
    assert len(by_store.stdout.splitlines()) == 2


def test_verify_says_what_is_there_and_names_what_is_wrong(store: Path) -> None:
    good = run("judge", "--verify", str(store))
    assert (good.returncode, good.stderr) == (0, b"")
    assert b"3 records in 1 sealed segments and 0 open, from number 1; 0 dropped; 0 faults" in good.stdout

    segment = next(store.rglob("*.jsonl.gz"))
    segment.write_bytes(segment.read_bytes()[:-1])
    bad = run("judge", "--verify", str(store))

    assert bad.returncode == 1
    faults = bad.stderr.decode().splitlines()
    assert len(faults) == 3
    assert all(fault.startswith(str(segment)) for fault in faults)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("judge", "--verify", "/nonexistent"), "no folder"),
        (("judge", "--verify", "/tmp", "x.jsonl"), "judges nothing"),
        (("judge", "--verify", "/tmp", "--signers", "/nonexistent"), "no file of allowed signers"),
        (("judge",), "nothing to judge"),
        (("export", "--store", "/nonexistent", "/nonexistent/out"), "cannot be read"),
        (("export", "--own", "/nonexistent", "/nonexistent/out"), "cannot be read"),
    ],
)
def test_wrong_use_is_one_line(arguments: tuple[str, ...], said: str) -> None:
    done = run(*arguments)

    assert done.returncode == 2
    [line] = done.stderr.decode().splitlines()
    assert said in line


def test_published_records_hold_no_address_of_the_line(store: Path, tmp_path: Path) -> None:
    own = tmp_path / "own"
    own.write_text("# ours\n198.51.100.153  # the resolver, for this test\n\n")
    out = tmp_path / "out"

    done = run("export", "--store", str(store), "--own", str(own), str(out))

    assert done.returncode == 0, done.stderr
    text = _published(out)
    assert OWN.encode() not in text
    assert b"198.51.100.153" not in text
    assert len(text.splitlines()) == 3
    assert isinstance(load_record(text.splitlines()[0]), Record)
    assert verify_store(out).faults == ()
    assert verify_store(store).faults == ()


def test_published_measurements_are_those_of_full_records(store: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"

    done = run("export", "--to", "ooni", "--store", str(store), str(out))

    assert done.returncode == 0, done.stderr
    measurements = [json.loads(line) for line in _published(out).splitlines()]
    assert [one["input"] for one in measurements] == [record.target.url for record in GOLDENS]
    assert OWN.encode() not in _published(out)


def test_addresses_that_are_none_are_all_named(store: Path, tmp_path: Path) -> None:
    own = tmp_path / "own"
    own.write_text("nonsense\n198.51.100.7\n1.2.3\n")
    environ = {"BLOCKPROBE_OWN_ADDRESSES": "198.51.100.8, here"}

    done = run("export", "--store", str(store), "--own", str(own), str(tmp_path / "out"), environ=environ)

    assert done.returncode == 2
    places = [line.partition(": ")[0] for line in done.stderr.decode().splitlines()]
    assert places == ["BLOCKPROBE_OWN_ADDRESSES", f"{own}:1", f"{own}:3"]
