"""A verdict is a function of the record alone: every golden record judges to the same bytes."""

import json
from dataclasses import asdict
from pathlib import Path

import pytest

from blockprobe.model.codec import dump_record, load_record
from blockprobe.model.words import State
from blockprobe.verdict.fingerprint import FingerprintSet
from tests.goldens.regenerate import fingerprints, goldens, judge_again, stored

FOLDERS = list(goldens())


@pytest.fixture(scope="module")
def known() -> FingerprintSet:
    return fingerprints()


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_a_golden_record_judges_to_the_same_bytes(folder: Path, known: FingerprintSet) -> None:
    line = stored(folder)
    record = load_record(line)

    assert dump_record(record) == line, "reading and writing changes nothing"
    assert dump_record(judge_again(record, known)) == line, "run python -m tests.goldens.regenerate, then read the diff"
    assert json.loads((folder / "verdict.json").read_text(encoding="utf-8")) == json.loads(
        json.dumps(asdict(record.verdict))
    )


def test_the_goldens_are_of_many_kinds() -> None:
    verdicts = [load_record(stored(folder)).verdict for folder in FOLDERS]

    assert len(verdicts) >= 20
    assert {verdict.state for verdict in verdicts} == set(State)
    assert len({verdict.rule for verdict in verdicts}) >= 12
