"""The process that reads hostile pages: one after another from standard input, features to standard output.

Each page has CPU_S seconds of CPU and all have MEMORY_BYTES of address space; who exceeds either dies, and the parent
starts another (reader.py). Run as `python -m blockprobe.mirrors.reader_child`.
"""

import gc
import os
import resource
import struct
import sys

from blockprobe.mirrors.packed import pack_features
from blockprobe.mirrors.page import MAX_PAGE_BYTES, PageTooDeep, prepare, read_page

CPU_S = 2
MEMORY_BYTES = 256 << 20
HEAD = struct.Struct("<I?")
"""Before a page: its length, and whether it is to be read whole."""
LENGTH = struct.Struct("<I")
"""Before an answer; nought says that the page is nested too deep."""


def main() -> int:
    """Answer pages until the parent closes the pipe; 1 when a frame is too long or cut."""
    prepare()
    gc.freeze()
    gc.set_threshold(50_000)  # a page makes thousands of objects and no circles
    _confine()
    while head := _taken(HEAD.size):
        length, whole = HEAD.unpack(head) if len(head) == HEAD.size else (MAX_PAGE_BYTES + 1, True)
        page = _taken(length) if length <= MAX_PAGE_BYTES else b""
        if len(page) != length:
            return 1
        _allow_cpu()
        packed = _packed(page, whole=whole)
        _give(LENGTH.pack(len(packed)) + packed)
    return 0


def _taken(length: int) -> bytes:
    """So many bytes from standard input, fewer at its end; without a buffer, a page is one call."""
    data = b""
    while len(data) < length:
        part = os.read(0, length - len(data))
        if not part:
            break
        data += part
    return data


def _give(data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(1, rest) :]


def _packed(page: bytes, *, whole: bool) -> bytes:
    """The features as bytes; none for a page that is nested too deep."""
    try:
        return pack_features(read_page(page, whole=whole))
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
    """The kernel counts whole seconds since the process began, so a page has CPU_S to CPU_S + 1 of them."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    spent = int(used.ru_utime + used.ru_stime)
    resource.setrlimit(resource.RLIMIT_CPU, (spent + CPU_S + 1, resource.RLIM_INFINITY))


if __name__ == "__main__":
    sys.exit(main())
