"""The lines of a segment: parts that many records share, records that point to them, and slim records (docs/store.md).

A part is written when it is first met and has a number; a record names the numbers of its parts in `with`.
"""

import json
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

EVIDENCE = "blockprobe.evidence/1"
PART = "blockprobe.part/1"
CERTIFICATE = "blockprobe.certificate/1"
RECORD = "blockprobe.record/1"
SLIM = "blockprobe.slim/1"


class PartKind(StrEnum):
    """What records share. The order is that of the lines in a gzip member: what is alike stands together."""

    PAGE = "page"
    CERTIFICATE = "certificate"
    LINE = "line"
    VANTAGE = "vantage"
    VERSIONS = "versions"


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One part; `key` is a hash of all its content, by which the writer knows it again within a segment."""

    kind: PartKind
    key: bytes
    content: bytes

    def line(self, number: int) -> bytes:
        """The part as a line of its segment, with its number there."""
        if self.kind is PartKind.CERTIFICATE:
            return b'{"schema":"%s","n":%d,%s\n' % (CERTIFICATE.encode(), number, self.content[1:])
        return b'{"schema":"%s","n":%d,"%s":%s}\n' % (PART.encode(), number, self.kind.encode(), self.content)


@dataclass(frozen=True, slots=True, kw_only=True)
class Packed:
    """A record ready to be written: `text` is its JSON object after `schema` and `with`. Records of one `shape` look
    alike and compress well beside each other."""

    schema: str
    shape: str
    id: str
    measured_at: datetime
    parts: tuple[Part, ...]
    text: bytes

    def line(self, numbers: tuple[int, ...], place: int | None = None) -> bytes:
        """The record as a line; `numbers` are those of its parts, `place` is its own in the member (None: where it
        stands)."""
        head: dict[str, object] = {"schema": self.schema}
        if place is not None:
            head["i"] = place
        if self.parts:
            head["with"] = numbers
        return to_json(head)[:-1] + b"," + self.text[1:] + b"\n"

    @property
    def size(self) -> int:
        """Bytes that it keeps in memory while it waits."""
        return len(self.text) + sum(len(part.content) for part in self.parts)


def to_json(value: Any) -> bytes:
    """JSON without spaces, in UTF-8."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
