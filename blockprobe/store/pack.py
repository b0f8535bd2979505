"""A record as a short line and the parts that it shares with others. `unpack` undoes it, to the same bytes.

Nothing is left out but what the schema of the record says anyway (defaults), what follows from the rest, and what
stands in a part.
"""

from collections.abc import Iterator
from hashlib import blake2b, sha256
from typing import Any

from blockprobe.model.codec import record_document
from blockprobe.model.record import Record
from blockprobe.store.lines import EVIDENCE, Packed, Part, PartKind, to_json
from blockprobe.store.marks import KEY_MARKS, NAME_MARKS, PART_MARKS, choose_names, is_hash, put_marks
from blockprobe.store.micros import take_times, to_steps
from blockprobe.verdict.sketch import text_sketch

Document = dict[str, Any]

#: What of the line belongs to this record alone.
OWN_LINE = ("silent_listed", "shared_bodies", "ledger")
#: A page of at most so many bytes is kept in full by records, so its sketch may follow from it.
_WHOLE_PAGE_BYTES = 8192


def pack(record: Record) -> Packed:
    """The record without repetition."""
    document = record_document(record)
    names = list(_names(document))  # before hosts and addresses move away
    parts = _Parts()
    for one in document["observations"]:
        _pack_observation(one, parts)
    for control in document["control"]:
        _pack_hops(control, parts)
    times = take_times([*document["observations"], *document["control"]])
    if times:
        document["times_us"] = times
    parts.add(PartKind.LINE, _split_line(document))
    parts.add(PartKind.VANTAGE, document.pop("vantage", {}))
    parts.add(PartKind.VERSIONS, document.pop("versions", {}))
    document.pop("schema", None)
    head = {key: document.pop(key) for key in ("id", "measured_at")}
    text = _text(head, document, names, parts)
    return Packed(
        schema=EVIDENCE,
        shape=f"{record.verdict.state} {record.verdict.rule}",
        id=record.id,
        measured_at=record.measured_at,
        parts=tuple(parts.parts),
        text=text,
    )


class _Parts:
    """The parts of one record, in the order in which its line names them."""

    def __init__(self) -> None:
        self.parts: list[Part] = []
        self.marks: dict[str, str] = {}
        self.sketches: dict[tuple[int, ...], str] = {}
        self._by_hash: dict[tuple[PartKind, str], Document] = {}

    def add(self, kind: PartKind, content: Document) -> None:
        """A part that needs no mark."""
        text = to_json(content)
        key = blake2b(kind.encode() + b"\0" + text, digest_size=16).digest()
        self.parts.append(Part(kind=kind, key=key, content=text))

    def add_marked(self, kind: PartKind, digest: str, content: Document) -> bool:
        """A part that the line names by its hash; False: it cannot be one, leave it where it is."""
        if not is_hash(digest):
            return False
        known = self._by_hash.get((kind, digest))
        if known is not None:
            return known == content
        place = len(self.parts)
        if place >= len(PART_MARKS):
            return False
        self._by_hash[kind, digest] = content
        self.marks.setdefault(digest, PART_MARKS[place])
        if kind is PartKind.CERTIFICATE and is_hash(content["spki_sha256"]):
            self.marks.setdefault(content["spki_sha256"], KEY_MARKS[place])
        self.add(kind, content)
        return True


def _pack_observation(one: Document, parts: _Parts) -> None:
    if one["failure"] is None:
        del one["failure"]  # success goes without saying
    if one["kind"] == "dns" and one.get("reply", {}).get("t_s") == one["t_s"]:
        del one["reply"]["t_s"]
    if one["kind"] in ("tls", "quic") and "chain" in one:
        one["chain"] = [
            c["sha256"] if parts.add_marked(PartKind.CERTIFICATE, c["sha256"], c) else c for c in one["chain"]
        ]
    if one["kind"] == "http" and "body" in one and "body_sha256" in one:
        _pack_page(one, parts)


def _pack_page(one: Document, parts: _Parts) -> None:
    """Hash and sketch of a page that is there in full follow from its text."""
    body, sketch, digest = one["body"], tuple(one.get("sketch", ())), one["body_sha256"]
    page: Document = {"body": body, "title": one.get("title")}
    if sha256(body.encode()).hexdigest() != digest:
        page["sha256"] = digest
    if one.get("body_bytes", 0) > _WHOLE_PAGE_BYTES or text_sketch(body) != sketch:
        page["sketch"] = sketch
    if parts.add_marked(PartKind.PAGE, digest, page):
        for key in ("body", "title", "sketch"):
            one.pop(key, None)
        one["page"] = one.pop("body_sha256")
        if sketch:
            parts.sketches.setdefault(sketch, digest)


def _pack_hops(control: Document, parts: _Parts) -> None:
    """The helper mostly sees the same page: then its sketch is named, not repeated."""
    if control["failure"] is None:
        del control["failure"]
    for hop in control.get("hops", ()):
        same = parts.sketches.get(tuple(hop.get("sketch", ())))
        if same is not None:
            hop["sketch"] = same


def _split_line(document: Document) -> Document:
    """What all records of one check of the line share; the rest stays in the record."""
    line: Document = document.pop("line")
    own = {key: line.pop(key) for key in OWN_LINE if key in line}
    steps = to_steps([one["t_s"] for one in line.get("neutral", ())])
    if steps:
        own["neutral_us"] = steps
        for one in line["neutral"]:
            del one["t_s"]
    if own:
        document["line"] = own
    return line


def _names(document: Document) -> Iterator[str]:
    """Candidates for a mark, most telling first, so that alike records look alike: host, addresses, other hosts."""
    yield document["target"]["host"]
    for key in ("address", "host", "qname"):
        for one in document["observations"]:
            value = one.get(key)
            if isinstance(value, str):
                yield value


def _text(head: Document, document: Document, names: list[str], parts: _Parts) -> bytes:
    """`head` first and without marks, so that it can be read without the rest."""
    text = to_json(document).decode()
    chosen = choose_names(names, text)
    head_text = put_marks(to_json({**head, "names": chosen} if chosen else head).decode(), {})
    marks = dict(zip(chosen, NAME_MARKS, strict=False))
    return f"{head_text[:-1]},{put_marks(text, {**parts.marks, **marks})[1:]}".encode()
