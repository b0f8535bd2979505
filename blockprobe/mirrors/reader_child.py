"""The process that reads hostile pages: one after another from standard input, features to standard output.

Pages come in batches, because waking a process costs as much as a third of reading a page. Each batch has CPU_S seconds
of CPU and all have MEMORY_BYTES of address space; who exceeds either dies, and the parent starts another and hands it
the pages of that batch one by one (reader.py). Run as `python -m blockprobe.mirrors.reader_child`.
"""

import gc
import os
import resource
import struct
import sys
from collections.abc import Iterator, Sequence

from blockprobe.mirrors.packed import pack_marks
from blockprobe.mirrors.page import MAX_PAGE_BYTES, PageTooDeep, marks_and_facts, prepare

CPU_S = 2
MEMORY_BYTES = 256 << 20
BATCH_PAGES = 64
MAX_BATCH_BYTES = 960 << 10
"""Of pages; with what stands before them they fill the pipe."""
HEAD = struct.Struct("<B?")
"""Before a batch: how many pages, and whether they are to be read whole; then the length of each, then they."""
LENGTH = struct.Struct("<I")
"""Of a page, or of its answer, before it; nought says that the page is nested too deep."""
PIPE_BYTES = 1 << 20
"""Room for a batch, so that it goes over in one piece; the most that Linux allows without privileges."""


def main() -> int:
    """Answer batches until the parent closes the pipe; 1 when one is cut or has too long a page."""
    prepare()
    gc.freeze()
    gc.set_threshold(50_000)  # a page makes thousands of objects and no circles
    _confine()
    while head := _taken(HEAD.size):
        if len(head) < HEAD.size:
            return 1
        count, whole = HEAD.unpack(head)
        lengths = [length for (length,) in LENGTH.iter_unpack(_taken(count * LENGTH.size))]
        if len(lengths) < count or max(lengths, default=0) > MAX_PAGE_BYTES:
            return 1
        _allow_cpu()
        _give(b"".join(_answers(lengths, whole=whole)))
    return 0


def _taken(length: int) -> bytes:
    """So many bytes from standard input, fewer at its end; without a buffer, a page is one call."""
    data = os.read(0, length) if length else b""
    while data and len(data) < length:
        part = os.read(0, length - len(data))
        if not part:
            break
        data += part
    return data


def _give(data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(1, rest) :]


def _answers(lengths: Sequence[int], *, whole: bool) -> Iterator[bytes]:
    """Length and features of each page; a page is taken when its turn comes. Raises EOFError when one is cut."""
    for length in lengths:
        page = _taken(length)
        if len(page) < length:
            raise EOFError("a page that is cut")
        packed = _packed(page, whole=whole)
        yield LENGTH.pack(len(packed))
        yield packed


def _packed(page: bytes, *, whole: bool) -> bytes:
    """The features as bytes; none for a page that is nested too deep."""
    try:
        return pack_marks(*marks_and_facts(page, whole=whole))
    except PageTooDeep:
        return b""


def _confine() -> None:
    """No core, no files written, nothing new opened, and little memory; what is open stays open."""
    for limit, value in (
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_NOFILE, 3),
        (resource.RLIMIT_AS, MEMORY_BYTES),
    ):
        resource.setrlimit(limit, (value, value))


def _allow_cpu() -> None:
    """The kernel counts whole seconds since the process began, so a batch has CPU_S to CPU_S + 1 of them."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    spent = int(used.ru_utime + used.ru_stime)
    resource.setrlimit(resource.RLIMIT_CPU, (spent + CPU_S + 1, resource.RLIM_INFINITY))


if __name__ == "__main__":
    sys.exit(main())
