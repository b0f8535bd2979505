"""Hands pages to a child that may die of them, and takes their features back.

One child reads batch after batch; it is started at the first one and again when a page has killed it. The pages of a
batch that was not answered are handed over again one by one, so that only the page that kills is lost.
"""

import fcntl
import os
import select
import subprocess
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from importlib.util import find_spec
from itertools import zip_longest
from types import TracebackType
from typing import Self

from blockprobe.mirrors.features import Features
from blockprobe.mirrors.packed import MAX_PACKED_BYTES, unpack_features
from blockprobe.mirrors.page import MAX_PAGE_BYTES
from blockprobe.mirrors.reader_child import (
    BATCH_PAGES,
    HEAD,
    LENGTH,
    MAX_BATCH_BYTES,
    PIPE_BYTES,
)
from blockprobe.model.errors import ConfigError

PATIENCE_S = 60.0
"""The child has two to three seconds of CPU for a batch; on a busy machine they may take this long."""
READ_BYTES = 1 << 16
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
        answers = self._answers([raw[:MAX_PAGE_BYTES]], whole=whole)
        try:
            if answers is not None:
                return _features(answers[0])
        except ValueError:
            self.close()
        self.deaths += 1
        return None

    def read_all(self, pages: Iterable[bytes], *, whole: bool = True) -> Iterator[Features | None]:
        """The same for each of many pages, in their order, at less cost; some are taken before they are wanted."""
        for batch in _batches(page[:MAX_PAGE_BYTES] for page in pages):
            answers = self._answers(batch, whole=whole) or ()
            for page, answer in zip_longest(batch, answers):
                try:
                    found = None if answer is None else (_features(answer),)
                except ValueError:
                    self.close()
                    found = None
                yield self.read(page, whole=whole) if found is None else found[0]

    def _answers(self, batch: Sequence[bytes], *, whole: bool) -> list[bytes] | None:
        """What the child makes of a batch; None when it died of one of the pages, or of all of them together."""
        child = self._child or self._start()
        try:
            assert child.stdin is not None
            _send(child.stdin.fileno(), _framed(batch, whole=whole))
            return _taken(child, len(batch))
        except (OSError, EOFError, ValueError):
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
        assert self._child.stdin is not None
        with suppress(OSError):  # with a smaller pipe a batch goes over in several pieces
            fcntl.fcntl(self._child.stdin.fileno(), fcntl.F_SETPIPE_SZ, PIPE_BYTES)
        return self._child


def _batches(pages: Iterable[bytes]) -> Iterator[list[bytes]]:
    """Pages in their order, together while their number and bytes allow it; a ConfigError waits for those before it."""
    batch: list[bytes] = []
    room = MAX_BATCH_BYTES
    try:
        for page in pages:
            if batch and (len(batch) == BATCH_PAGES or room < len(page)):
                yield batch
                batch, room = [], MAX_BATCH_BYTES
            batch.append(page)
            room -= len(page)
    except ConfigError:
        if batch:
            yield batch
        raise
    if batch:
        yield batch


def _framed(batch: Sequence[bytes], *, whole: bool) -> bytes:
    """What the child reads: the head of the batch, the length of each page, and the pages."""
    return b"".join((HEAD.pack(len(batch), whole), *(LENGTH.pack(len(page)) for page in batch), *batch))


def _features(answer: bytes) -> Features | None:
    """What an answer says; None for a page that is nested too deep. Raises ValueError for nonsense."""
    return unpack_features(answer) if answer else None


def _taken(child: subprocess.Popen[bytes], count: int) -> list[bytes]:
    """The answers to a batch. Raises EOFError when the child is dead or out of time, ValueError for nonsense."""
    answers: list[bytes] = []
    data, place = b"", 0
    while len(answers) < count:
        start = place + LENGTH.size
        end = start + LENGTH.unpack_from(data, place)[0] if start <= len(data) else start
        if end - start > MAX_PACKED_BYTES:
            raise ValueError("an answer that is too long")
        if end > len(data):
            data, place = data[place:] + _more(child), 0
            continue
        answers.append(data[start:end])
        place = end
    if place < len(data):
        raise ValueError("more than was asked for")
    return answers


def _more(child: subprocess.Popen[bytes]) -> bytes:
    """What the child has written since. Raises EOFError when it is dead or says nothing in time."""
    assert child.stdout is not None
    pipe = child.stdout.fileno()
    if not select.select([pipe], [], [], PATIENCE_S)[0]:
        raise EOFError("no answer in time")
    part = os.read(pipe, READ_BYTES)
    if not part:
        raise EOFError("the child is dead")
    return part


def _send(pipe: int, data: bytes) -> None:
    """Write all of it; the child reads the whole batch before it answers, so neither waits for the other."""
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(pipe, rest) :]
