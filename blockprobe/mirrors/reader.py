"""Hands pages to a child that may die of them, and takes their features back.

One child reads page after page; it is started at the first one and again when a page has killed it.
"""

import os
import select
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from importlib.util import find_spec
from types import TracebackType
from typing import Self

from blockprobe.mirrors.features import Features
from blockprobe.mirrors.packed import MAX_PACKED_BYTES, unpack_features
from blockprobe.mirrors.page import MAX_PAGE_BYTES
from blockprobe.mirrors.reader_child import HEAD, LENGTH
from blockprobe.model.errors import ConfigError

PATIENCE_S = 60.0
"""The child has two to three seconds of CPU for a page; on a busy machine they may take this long."""
CHILD = (sys.executable, "-P", "-m", "blockprobe.mirrors.reader_child")
_KEPT = ("PATH", "PYTHONPATH", "PYTHONHOME", "LD_LIBRARY_PATH", "LANG", "LC_ALL", "VIRTUAL_ENV")


class PageReader:
    """A context manager; not for use by two threads at once."""

    def __init__(self, command: Sequence[str] = CHILD) -> None:
        """Nothing is started yet. Raises ConfigError when lxml is not installed."""
        if find_spec("lxml") is None:
            raise ConfigError("reading pages needs lxml: pip install 'blockprobe[mirrors]'")
        self._command = tuple(command)
        self._child: subprocess.Popen[bytes] | None = None
        self.deaths = 0
        """How many pages have killed a child."""

    def __enter__(self) -> Self:
        """Use it."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End the child."""
        self.close()

    def read(self, raw: bytes, *, whole: bool = True) -> Features | None:
        """The features of a page's first 64 KiB, `whole` or not as page.py says; None when the limits were hit."""
        child = self._child or self._start()
        page = raw[:MAX_PAGE_BYTES]
        try:
            assert child.stdin is not None
            _send(child.stdin.fileno(), HEAD.pack(len(page), whole) + page)
            packed = _answer(child)
            return unpack_features(packed) if packed else None
        except (OSError, EOFError, ValueError):
            self.deaths += 1
            self.close()
            return None

    def close(self) -> None:
        """End the child, if there is one; a later page starts another."""
        child, self._child = self._child, None
        if child is None:
            return
        child.kill()
        child.wait()
        for pipe in (child.stdin, child.stdout):
            if pipe is not None:
                with suppress(OSError):  # what was not written yet cannot be flushed to the dead
                    pipe.close()

    def _start(self) -> subprocess.Popen[bytes]:
        self._child = subprocess.Popen(  # noqa: S603  our own interpreter and our own module
            self._command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            bufsize=0,
            stderr=subprocess.DEVNULL,
            env={name: os.environ[name] for name in _KEPT if name in os.environ},
        )
        return self._child


def _answer(child: subprocess.Popen[bytes]) -> bytes:
    """One answer without its length. Raises EOFError when the child is dead or out of time, ValueError for nonsense."""
    assert child.stdout is not None
    pipe, data, wanted = child.stdout.fileno(), b"", LENGTH.size
    while len(data) < wanted:
        if not select.select([pipe], [], [], PATIENCE_S)[0]:
            raise EOFError("no answer in time")
        part = os.read(pipe, 1 << 16)
        if not part:
            raise EOFError("the child is dead")
        data += part
        if len(data) >= LENGTH.size:
            wanted = LENGTH.size + LENGTH.unpack_from(data)[0]
            if not len(data) <= wanted <= MAX_PACKED_BYTES:
                raise ValueError("an answer that is too long")
    return data[LENGTH.size :]


def _send(pipe: int, data: bytes) -> None:
    """Write all of it; the child reads a page whole before it answers, so neither waits for the other."""
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(pipe, rest) :]
