"""Judge every golden record again and store what came out: `python -m tests.goldens.regenerate [RECORDS.jsonl NAME…]`.

With a file of records and names, those whose target's input contains a name are added first, as NAME/record.json.
"""

import json
import sys
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path

from blockprobe.catalogue.fingerprints import load_fingerprints
from blockprobe.model.codec import dump_record, load_record
from blockprobe.model.record import Record
from blockprobe.verdict.fingerprint import FingerprintSet
from blockprobe.verdict.judge import judge
from blockprobe.verdict.rules import RULES_VERSION

FOLDER = Path(__file__).parent


def goldens() -> Iterator[Path]:
    """The golden folders, by name."""
    return iter(sorted(path.parent for path in FOLDER.glob("*/record.json")))


def stored(folder: Path) -> bytes:
    """The archived line, without its newline."""
    return (folder / "record.json").read_bytes().rstrip(b"\n")


def fingerprints() -> FingerprintSet:
    """The shipped catalogue."""
    return FingerprintSet(load_fingerprints(()))


def judge_again(record: Record, known: FingerprintSet) -> Record:
    """The record with the verdict that today's rules give it."""
    versions = replace(record.versions, rules=RULES_VERSION)
    return replace(record, verdict=judge(record.measurement(), known), versions=versions)


def write(folder: Path, record: Record) -> None:
    """Store a record and, for people, its verdict."""
    folder.mkdir(exist_ok=True)
    (folder / "record.json").write_bytes(dump_record(record) + b"\n")
    verdict = json.dumps(asdict(record.verdict), indent=1, ensure_ascii=False, sort_keys=True)
    (folder / "verdict.json").write_text(verdict + "\n", encoding="utf-8")


def add(lines: Path, names: list[str]) -> None:
    """Take records of other runs in; the first that fits a name counts."""
    records = [load_record(line) for line in lines.read_bytes().splitlines()]
    for name in names:
        found = next((record for record in records if name in record.target.input), None)
        if found is None:
            raise SystemExit(f"{lines}: no record whose target contains {name!r}")
        write(FOLDER / f"{lines.stem}-{name}".replace("/", "_").replace(":", ""), found)


def main() -> None:
    """Add what was asked for, then judge everything again."""
    if len(sys.argv) > 1:
        add(Path(sys.argv[1]), sys.argv[2:])
    known = fingerprints()
    for folder in goldens():
        before = load_record(stored(folder))
        after = judge_again(before, known)
        write(folder, after)
        if after.verdict != before.verdict:
            print(f"{folder.name}: {before.verdict.state} [{before.verdict.rule}] -> "
                  f"{after.verdict.state} [{after.verdict.rule}]")  # fmt: skip


if __name__ == "__main__":
    main()
