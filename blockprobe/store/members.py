"""Gzip members (RFC 1952): a segment is a row of them, each complete in itself: a torn one costs only itself."""

import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from blockprobe.model.errors import StoreError
from blockprobe.store.files import told

#: A member that unpacks to more is refused (bytes); the writer stays far below.
MAX_MEMBER_BYTES = 32 * 1024 * 1024
#: The writer starts another member at so many bytes before compression, or so many records.
MEMBER_BYTES = 8 * 1024 * 1024
MEMBER_RECORDS = 200

_CHUNK = 64 * 1024
_GZIP = 31


def compress(data: bytes) -> bytes:
    """One member; the same data gives the same bytes."""
    packer = zlib.compressobj(9, zlib.DEFLATED, _GZIP, 9)
    return packer.compress(data) + packer.flush()


def read_members(stream: BinaryIO) -> Iterator[tuple[int, bytes]]:
    """Each member's content, and where it ends in the stream.

    Raises StoreError at the first byte from which no whole member follows; no more than one member is in memory.
    """
    start, rest = 0, b""
    while rest := rest or stream.read(_CHUNK):
        content, rest, end = _member(stream, rest, start)
        yield end, content
        start = end


def _member(stream: BinaryIO, rest: bytes, start: int) -> tuple[bytes, bytes, int]:
    unpacker = zlib.decompressobj(_GZIP)
    content, taken = bytearray(), 0
    try:
        while not unpacker.eof:
            rest = rest or stream.read(_CHUNK)
            if not rest:
                raise StoreError(f"byte {start}: the file ends within a gzip member")
            content += unpacker.decompress(rest, MAX_MEMBER_BYTES + 1 - len(content))
            after = unpacker.unconsumed_tail or unpacker.unused_data
            taken += len(rest) - len(after)
            rest = after
            if len(content) > MAX_MEMBER_BYTES:
                raise StoreError(f"byte {start}: a gzip member of more than {MAX_MEMBER_BYTES} bytes is not read")
    except zlib.error as error:
        raise StoreError(f"byte {start}: no gzip member: {error}") from None
    return bytes(content), rest, start + taken


def whole_bytes(path: Path) -> int:
    """How much of a file is whole members."""
    end = 0
    with told(path, "read"), path.open("rb") as stream:
        try:
            for end, _ in read_members(stream):  # noqa: B007 - the last one counts
                pass
        except StoreError:
            pass
    return end
