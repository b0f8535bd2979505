"""A record from its line and the parts that stand before it in the segment: the same record, byte for byte.

The bytes may have been damaged or made by somebody else: whatever is wrong with them is a StoreError.
"""

import json
from hashlib import sha256
from typing import Any

from blockprobe.model.codec import load_record
from blockprobe.model.errors import RecordError, StoreError
from blockprobe.model.record import Record
from blockprobe.store.lines import CERTIFICATE, PART, PartKind, to_json
from blockprobe.store.marks import KEY_MARKS, NAME_MARKS, PART_MARKS, take_marks
from blockprobe.store.micros import from_steps, put_times
from blockprobe.verdict.sketch import text_sketch

Document = dict[str, Any]

#: What Python raises when JSON has another shape than ours.
_MISSHAPEN = (KeyError, IndexError, TypeError, ValueError, AttributeError, OverflowError, RecursionError)
#: Parts of one segment that are held while it is read; certificates and checks of the line are small.
MAX_PART_BYTES = 64 * 1024 * 1024


class Parts:
    """The parts of a segment that were read so far. Pages count within their gzip member only."""

    def __init__(self) -> None:
        self._parts: dict[int, tuple[PartKind, Document]] = {}
        self._pages: list[int] = []
        self._bytes = self._page_bytes = 0

    def take(self, document: Document, size: int) -> None:
        """One more part, which was a line of `size` bytes; raises StoreError."""
        number = document.pop("n", None)
        if type(number) is not int or number in self._parts:
            raise StoreError(f"a part whose number {number!r} is none or was there before")
        self._bytes += size
        if self._bytes > MAX_PART_BYTES:
            raise StoreError(f"parts of more than {MAX_PART_BYTES} bytes are not read")
        kind = _kind(document)
        if kind is PartKind.PAGE:
            self._pages.append(number)
            self._page_bytes += size
        content = document if kind is PartKind.CERTIFICATE else document[kind]
        if kind is PartKind.PAGE and "sha256" not in content:
            content["sha256"] = _page_hash(content)
        self._parts[number] = kind, content

    def end_member(self) -> None:
        """Forget the pages: a segment's worth of them need not fit into memory."""
        for number in self._pages:
            del self._parts[number]
        self._bytes -= self._page_bytes
        self._pages, self._page_bytes = [], 0

    def of(self, numbers: list[int]) -> list[tuple[PartKind, Document]]:
        """The parts that a record names, in that order."""
        return [self._parts[number] for number in numbers]


def _kind(document: Document) -> PartKind:
    schema = document.pop("schema")
    if schema == CERTIFICATE:
        return PartKind.CERTIFICATE
    kinds = [kind for kind in PartKind if isinstance(document.get(kind), dict)]
    if schema != PART or len(kinds) != 1:
        raise StoreError("a part that is no page, line, vantage or versions")
    return kinds[0]


def _page_hash(page: Document) -> str:
    body = page.get("body")
    if not isinstance(body, str):
        raise StoreError("a page without a text")
    return sha256(body.encode(errors="replace")).hexdigest()


def unpack(line: bytes, parts: Parts) -> Record:
    """The record of a line of evidence; raises StoreError."""
    try:
        return load_record(to_json(_document(line.decode(), parts)))
    except RecordError as error:
        raise StoreError(str(error)) from None
    except _MISSHAPEN as error:
        raise StoreError(f"not a line of evidence: {type(error).__name__}: {error}") from None


def _document(text: str, parts: Parts) -> Document:
    head = json.loads(text)
    used = parts.of(head["with"])
    names = head.get("names", [])
    values = dict(zip(NAME_MARKS, map(str, names), strict=False)) | _hashes(used)
    document: Document = json.loads(take_marks(text, values))
    if "times_us" in document:
        put_times([*document["observations"], *document["control"]], document.pop("times_us"))
    by_hash = {(kind, content["sha256"]): content for kind, content in used if "sha256" in content}
    for one in document["observations"]:
        _restore_observation(one, by_hash)
    for control in document["control"]:
        control.setdefault("failure", None)
        for hop in control.get("hops", ()):
            if isinstance(hop.get("sketch"), str):
                hop["sketch"] = _sketch(by_hash[PartKind.PAGE, hop["sketch"]])
    shared = {kind: content for kind, content in used if "sha256" not in content}
    document["line"] = _line(shared[PartKind.LINE], document.get("line", {}))
    document["vantage"] = shared[PartKind.VANTAGE]
    document["versions"] = shared[PartKind.VERSIONS]
    for key in ("with", "names", "i"):
        document.pop(key, None)
    document["schema"] = "blockprobe.record/1"
    return document


def _hashes(used: list[tuple[PartKind, Document]]) -> dict[str, str]:
    values = {}
    for place, (kind, content) in enumerate(used[: len(PART_MARKS)]):
        if "sha256" in content:
            values[PART_MARKS[place]] = str(content["sha256"])
        if kind is PartKind.CERTIFICATE:
            values[KEY_MARKS[place]] = str(content["spki_sha256"])
    return values


def _restore_observation(one: Document, by_hash: dict[tuple[PartKind, str], Document]) -> None:
    one.setdefault("failure", None)
    reply = one.get("reply")
    if reply is not None and "t_s" not in reply:
        reply["t_s"] = one["t_s"]
    if "chain" in one:
        one["chain"] = [by_hash[PartKind.CERTIFICATE, c] if isinstance(c, str) else c for c in one["chain"]]
    if "page" in one:
        page = by_hash[PartKind.PAGE, one.pop("page")]
        one["body_sha256"], one["body"], one["title"] = page["sha256"], page["body"], page.get("title")
        one["sketch"] = _sketch(page)


def _sketch(page: Document) -> list[int]:
    sketch = page.get("sketch")
    return list(text_sketch(page["body"])) if sketch is None else list(sketch)


def _line(shared: Document, own: Document) -> Document:
    line = {**shared, **own}
    steps = line.pop("neutral_us", None)
    if steps is not None:
        times = from_steps(steps)
        line["neutral"] = [{**one, "t_s": time} for one, time in zip(line["neutral"], times, strict=True)]
    return line
