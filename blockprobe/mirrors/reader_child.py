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
from collections.abc import Iterator

from blockprobe.mirrors.packed import pack_marks
from blockprobe.mirrors.page import PageTooDeep, marks_and_facts, prepare

CPU_S = 2
MEMORY_BYTES = 256 << 20
BATCH_PAGES = 32
MAX_BATCH_BYTES = 512 << 10
"""Small enough that pages and what becomes of them stay in a processor's cache; one page is always a batch."""
HEAD = struct.Struct("<II")
"""Before a batch: its length without this head, and how many pages are in it."""
PAGE_HEAD = struct.Struct("<I?")
"""Before each page: its length, and whether it is to be read whole."""
LENGTH = struct.Struct("<I")
"""Before each page's answer; nought says that the page is nested too deep."""
PIPE_BYTES = 1 << 20
"""Room for a batch, so that it goes over in one piece; the most that Linux allows without privileges."""


def main() -> int:
    """Answer batches until the parent closes the pipe; 1 when one is too long or cut."""
    prepare()
    gc.freeze()
    gc.set_threshold(50_000)  # a page makes thousands of objects and no circles
    _confine()
    while head := _taken(HEAD.size):
        length, count = HEAD.unpack(head) if len(head) == HEAD.size else (MAX_BATCH_BYTES + 1, 0)
        batch = _taken(length) if length <= MAX_BATCH_BYTES else b""
        if len(batch) != length:
            return 1
        _allow_cpu()
        _give(b"".join(_answers(batch, count)))
    return 0


def _taken(length: int) -> bytes:
    """So many bytes from standard input, fewer at its end; without a buffer, a batch is one call."""
    data = os.read(0, length)
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


def _answers(batch: bytes, count: int) -> Iterator[bytes]:
    """Length and features of each page in the batch. Raises struct.error, which ends the process, when one is cut."""
    place = 0
    for _ in range(count):
        length, whole = PAGE_HEAD.unpack_from(batch, place)
        place += PAGE_HEAD.size + length
        packed = _packed(batch[place - length : place], whole=whole)
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
