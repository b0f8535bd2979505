"""The work of `judge`: archived evidence, line by line, with this version's rules."""

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Literal

from blockprobe import __version__
from blockprobe.cli.configuration import read_settings
from blockprobe.cli.knowledge import Knowledge, load_knowledge
from blockprobe.cli.options import Format
from blockprobe.cli.output import Output, open_output
from blockprobe.cli.process import Exit, complain
from blockprobe.model.codec import MAX_RECORD_BYTES, load_record
from blockprobe.model.errors import RecordError, StoreError
from blockprobe.model.record import Measurement, Record, Versions

Reader = Callable[[bytes], Measurement]


def judge_files(
    files: tuple[str, ...], *, input_: Literal["record", "ooni"], format_: Format, config: str | None
) -> int:
    """Judge every line that can be read and name every line that cannot.

    The exit status is 2 when a file cannot be read or nothing in it could be judged.
    """
    if not files:
        complain("nothing to judge: give a FILE, or - for standard input")
        return Exit.USAGE
    settings = read_settings(config)
    known = load_knowledge(settings)
    read = _read_record if input_ == "record" else _read_ooni
    output = open_output(format_, settings)
    results = [_judge_file(file, read=read, known=known, output=output) for file in files]
    output.close()
    return Exit.DONE if all(results) else Exit.USAGE


def _judge_file(file: str, *, read: Reader, known: Knowledge, output: Output) -> int:
    """How many lines were judged."""
    if _is_stored(file):
        return _judge_store(file, known=known, output=output)
    judged = 0
    try:
        for place, line in _lines(file):
            try:
                output.add(_judged(read(line), known))
                judged += 1
            except RecordError as error:
                complain(f"{place}: {error}")
    except BrokenPipeError:
        raise
    except OSError as error:
        complain(f"{file}: cannot be read: {error.strerror}; give a readable file, or - for standard input")
        return 0
    if not judged:
        complain(f"{file}: nothing in it could be judged; give records of `check --format json`, or --input ooni")
    return judged


def _is_stored(file: str) -> bool:
    """A folder of a store, or one of its segments: anything that begins as gzip does."""
    path = Path(file)
    if file == "-" or path.is_dir():
        return file != "-"
    try:
        with path.open("rb") as stream:
            return stream.read(2) == b"\x1f\x8b"
    except OSError:
        return False


def _judge_store(file: str, *, known: Knowledge, output: Output) -> int:
    """How many records were judged. Slim ones have no evidence of their own: the full one that they name has it."""
    from blockprobe.store.reader import read_archive

    judged = 0
    try:
        for stored in read_archive(Path(file)):
            if isinstance(stored, Record):
                output.add(_judged(stored.measurement(), known))
                judged += 1
    except StoreError as error:
        complain(str(error))
        return 0
    if not judged:
        complain(f"{file}: no record with evidence in it; give the folder that [store] dir names, or a segment in it")
    return judged


def _judged(measurement: Measurement, known: Knowledge) -> Record:
    from blockprobe.verdict.judge import RULES_VERSION, judge

    verdict = judge(measurement, known.fingerprints)
    return Record(
        id=measurement.id,
        measured_at=measurement.measured_at,
        runtime_s=measurement.runtime_s,
        target=measurement.target,
        vantage=measurement.vantage,
        verdict=verdict,
        line=measurement.line,
        observations=measurement.observations,
        control=measurement.control,
        versions=Versions(blockprobe=__version__, rules=RULES_VERSION, catalogue=known.version),
    )


def _read_record(line: bytes) -> Measurement:
    return load_record(line).measurement()


def _read_ooni(line: bytes) -> Measurement:
    from blockprobe.export.ooni_read import read_ooni

    try:
        document = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise RecordError(f"no JSON: {error}") from None
    return read_ooni(document)


def _lines(file: str) -> Iterator[tuple[str, bytes]]:
    name = "standard input" if file == "-" else file
    with _opened(file) as stream:
        number = 0
        while line := stream.readline(MAX_RECORD_BYTES + 1):
            number += 1
            if len(line) > MAX_RECORD_BYTES:
                _skip_line(stream, line)
                complain(f"{name}:{number}: a record of more than {MAX_RECORD_BYTES} bytes is not read")
            elif line.strip():
                yield f"{name}:{number}", line


def _skip_line(stream: BinaryIO, line: bytes) -> None:
    while line and not line.endswith(b"\n"):
        line = stream.readline(MAX_RECORD_BYTES + 1)


@contextmanager
def _opened(file: str) -> Iterator[BinaryIO]:
    if file == "-":
        yield sys.stdin.buffer
        return
    with Path(file).open("rb") as stream:
        yield stream
