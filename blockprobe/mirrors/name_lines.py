"""Names in lines that others wrote: lists, CSV, zone files, JSON of certificate logs or passive DNS, and gzip of these.

Bytes come in blocks of whole lines, so that memory does not depend on how many lines there are or how long they get.
A name is whatever is spelled like one between blanks and punctuation: no format has to be told.
"""

import gzip
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from io import BufferedReader, RawIOBase
from typing import BinaryIO, cast

from blockprobe.mirrors.suffixes import host_in

#: What is read at a time.
BLOCK_BYTES = 1 << 20
#: A longer line is left out and counted: entries of certificate logs with a whole certificate are shorter.
MAX_LINE_BYTES = 1 << 16
#: More names of one line are not looked at; a certificate has at most so many.
MAX_NAMES_A_LINE = 2000
_BREAKS = re.compile(rb"[^\s,;|\"'<>()\[\]{}=/\\:@]{4,255}")
_COLUMNS = re.compile(rb"[,;\t]")


@dataclass(slots=True)
class Tally:
    """What a reader left out, and why it stopped early if it did."""

    long_lines: int = 0
    broken: str = ""


def unpacked(stream: BinaryIO) -> BinaryIO:
    """The stream itself, or what is inside it if it begins as gzip does (RFC 1952)."""
    buffered = stream if isinstance(stream, BufferedReader) else BufferedReader(cast("RawIOBase", stream))
    return cast("BinaryIO", gzip.open(buffered) if buffered.peek(2)[:2] == b"\x1f\x8b" else buffered)


def line_blocks(stream: BinaryIO, tally: Tally) -> Iterator[bytes]:
    """Blocks of whole lines. A line that does not end within a block is left out; so is what follows broken gzip."""
    rest, skipping = b"", False
    while data := _read(stream, tally):
        if skipping:
            _, end, data = data.partition(b"\n")
            skipping = not end
        whole, end, tail = data.rpartition(b"\n")
        if end:
            yield rest + whole
            rest = tail
        else:
            rest += tail
        if len(rest) > MAX_LINE_BYTES:
            tally.long_lines += 1
            rest, skipping = b"", True
    if rest:
        yield rest


def _read(stream: BinaryIO, tally: Tally) -> bytes:
    """About a block, of as many small reads as that takes: what came before a break is not lost with it."""
    parts, size = [], 0
    read = stream.read1 if isinstance(stream, BufferedReader | gzip.GzipFile) else stream.read
    while size < BLOCK_BYTES and not tally.broken:
        try:
            part = read(BLOCK_BYTES - size)
        except (EOFError, gzip.BadGzipFile, zlib.error) as error:
            tally.broken = f"broken gzip ({error}); what came before it counts"
            break
        if not part:
            break
        parts.append(part)
        size += len(part)
    return b"".join(parts)


def names_in(line: bytes, column: int | None = None) -> Iterator[str]:
    """The host names of a line, or of one of its columns (from 1; separated by commas, semicolons or tabs)."""
    if column is not None:
        columns = _COLUMNS.split(line)
        line = columns[column - 1] if column <= len(columns) else b""
    for number, word in enumerate(_BREAKS.finditer(line)):
        if number >= MAX_NAMES_A_LINE:
            return
        if b"." in word[0] and (host := host_in(word[0].decode("utf-8", "replace"))) is not None:
            yield host
