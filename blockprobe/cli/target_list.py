"""The targets of one command: arguments first, then a list; each measured once."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from blockprobe.model.errors import TargetError
from blockprobe.model.record import Target
from blockprobe.model.target import MAX_TARGET_CHARS, parse_target, with_overrides

#: UTF-8 takes at most four bytes a character; what is longer is refused without being kept.
_MAX_LINE_BYTES = 4 * MAX_TARGET_CHARS


@dataclass(frozen=True, slots=True, kw_only=True)
class Overrides:
    """--ip, --sni and --host."""

    ip: str | None = None
    sni: str | None = None
    header_host: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """Usable targets in order, and a line for each unusable one."""

    targets: tuple[Target, ...]
    faults: tuple[str, ...]


def read_targets(arguments: tuple[str, ...], file: str | None, overrides: Overrides) -> Listed:
    """All targets; raises TargetError for unusable arguments, a file without any, or nothing to measure at all.

    A line of a list that cannot be used is named in `faults` and does not keep the rest from being measured.
    """
    found: dict[tuple[str, bool], Target] = {}
    faults: list[str] = []
    _add_arguments(arguments, found)
    if file is not None:
        for place, line in _lines(file):
            try:
                _add(_text_of(line), found)
            except TargetError as error:
                faults.append(f"{place}: {error}")
        if not found and not faults:
            raise TargetError(f"{_name_of(file)}: no target in it; write one a line: a domain, URL or IP address")
    elif not arguments:
        raise TargetError("nothing to measure: give a domain, URL or IP address, or --file LIST")
    changed = tuple(
        with_overrides(target, ip=overrides.ip, sni=overrides.sni, header_host=overrides.header_host)
        for target in found.values()
    )
    return Listed(targets=changed, faults=tuple(faults))


def _add_arguments(arguments: tuple[str, ...], found: dict[tuple[str, bool], Target]) -> None:
    faults = []
    for argument in arguments:
        try:
            _add(argument, found)
        except TargetError as error:
            faults.append(str(error))
    if faults:
        raise TargetError("\n".join(faults))


def _add(text: str, found: dict[tuple[str, bool], Target]) -> None:
    target = parse_target(text)
    found.setdefault((target.url, target.bare), target)


def _text_of(line: bytes) -> str:
    if len(line) > _MAX_LINE_BYTES:
        raise TargetError(f"a line of more than {_MAX_LINE_BYTES} bytes; give one target a line")
    try:
        return line.decode()
    except UnicodeDecodeError:
        raise TargetError("bytes that are no UTF-8; save the list as UTF-8") from None


def _lines(file: str) -> Iterator[tuple[str, bytes]]:
    """Place ("LIST:17") and content of each line that is neither blank nor a comment."""
    name = _name_of(file)
    with opened(file) as stream:
        for number, raw in enumerate(_bounded_lines(stream), start=1):
            line = raw.removeprefix(b"\xef\xbb\xbf").strip() if number == 1 else raw.strip()
            if line and not line.startswith(b"#"):
                yield f"{name}:{number}", line


def _name_of(file: str) -> str:
    return "standard input" if file == "-" else file


@contextmanager
def opened(file: str) -> Iterator[BinaryIO]:
    """The bytes of a file, or of standard input for "-"; raises TargetError where there are none to be had."""
    if file == "-":
        yield sys.stdin.buffer
        return
    try:
        with Path(file).open("rb") as stream:
            yield stream
    except OSError as error:
        raise TargetError(f"{file}: cannot be read: {error.strerror}; give a readable file, or - for stdin") from None


def _bounded_lines(stream: BinaryIO) -> Iterator[bytes]:
    """Lines, of which too long ones come cut just past the limit: memory stays bounded whatever the file is."""
    while line := stream.readline(_MAX_LINE_BYTES + 1):
        rest = line
        while len(rest) > _MAX_LINE_BYTES and not rest.endswith(b"\n"):
            rest = stream.readline(_MAX_LINE_BYTES + 1)
        yield line
