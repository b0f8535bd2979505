"""Reading an archive: every record in the order in which it was stored, with its parts put back.

Damaged or foreign bytes raise StoreError and nothing else; no more than one gzip member and the parts of one segment
are in memory.
"""

import json
import re
from collections.abc import Iterator
from pathlib import Path

from blockprobe.model.codec import MAX_RECORD_BYTES, load_record
from blockprobe.model.errors import RecordError, StoreError
from blockprobe.model.record import Record
from blockprobe.store.files import told
from blockprobe.store.layout import places
from blockprobe.store.lines import CERTIFICATE, EVIDENCE, PART, RECORD, SLIM
from blockprobe.store.members import read_members
from blockprobe.store.slim import SlimRecord, load_slim
from blockprobe.store.unpack import Parts, unpack

Stored = Record | SlimRecord

_PLACE = re.compile(rb'\{"schema":"[^"]{1,40}","i":(\d{1,6}),')
_SCHEMAS = (EVIDENCE, SLIM, PART, CERTIFICATE, RECORD)


def read_archive(path: Path) -> Iterator[Stored]:
    """The records of a store's folder, or of one segment; raises StoreError naming file and place.

    The end of a segment that is being written, or was when the probe crashed, is left out silently: it was never
    reported as stored.
    """
    if not path.is_dir():
        yield from read_segment(path)
        return
    for place in places(path):
        if place.present:
            yield from read_segment(place.path, unsealed=not place.sealed)


def read_segment(path: Path, *, unsealed: bool = False) -> Iterator[Stored]:
    """The records of one segment; `unsealed`: a torn end is no fault."""
    parts = Parts()
    with told(path, "read"), path.open("rb") as stream:
        members = read_members(stream)
        while True:
            try:
                _, content = next(members)
            except StopIteration:
                return
            except StoreError as error:
                if unsealed:
                    return
                raise StoreError(f"{path}: {error}") from None
            yield from read_lines(content, parts, str(path))


def read_lines(content: bytes, parts: Parts, name: str) -> Iterator[Stored]:
    """The records of one member, for which `parts` holds those of the members before."""
    for line in _in_order(content.splitlines()):
        try:
            found = _read(line, parts)
        except StoreError as error:
            raise StoreError(f"{name}: {error}") from None
        if found is not None:
            yield found
    parts.end_member()


def _in_order(lines: list[bytes]) -> list[bytes]:
    """Parts as they stand, before all; records by their place in the member, where they bear one."""
    places = [int(found[1]) if (found := _PLACE.match(line)) else -1 for line in lines]
    return [lines[number] for number in sorted(range(len(lines)), key=places.__getitem__)]


def _read(line: bytes, parts: Parts) -> Stored | None:
    if len(line) > MAX_RECORD_BYTES:
        raise StoreError(f"a line of more than {MAX_RECORD_BYTES} bytes is not read")
    schema = _schema(line)
    if schema == EVIDENCE:
        return unpack(line, parts)
    if schema == SLIM:
        return load_slim(line)
    if schema == RECORD:
        return _plain(line)
    parts.take(_object(line), len(line))
    return None


def _schema(line: bytes) -> str:
    """The schema stands first; a line that begins otherwise is read in full."""
    for schema in _SCHEMAS:
        if line.startswith(b'{"schema":"%s"' % schema.encode()):
            return schema
    found = _object(line).get("schema")
    if found not in _SCHEMAS:
        raise StoreError(f"a line of schema {str(found)[:80]!r}, which this version does not know")
    return str(found)


def _object(line: bytes) -> dict[str, object]:
    try:
        document = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise StoreError(f"a line that is no JSON: {error}") from None
    if not isinstance(document, dict):
        raise StoreError("a line that is no JSON object")
    return document


def _plain(line: bytes) -> Record:
    try:
        return load_record(line)
    except RecordError as error:
        raise StoreError(str(error)) from None
