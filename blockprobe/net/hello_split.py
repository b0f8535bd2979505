"""A ClientHello cut in two within the server name: over two TCP segments, or over two TLS records.

A filter that reads each packet alone, or each record alone, does not find the name; a server must (RFC 9293, 3.8; RFC
8446, 5.1: handshake messages may be spread over records).
"""

import struct
from enum import StrEnum

_HANDSHAKE, _CLIENT_HELLO, _SERVER_NAME = 22, 1, 0
_RECORD = struct.Struct("!BHH")  # type, version, length (RFC 8446, 5.1)
#: A message's type and length, the version and the random bytes (RFC 8446, 4.1.2).
_BEFORE_SESSION = 4 + 2 + 32


class Split(StrEnum):
    """Where a ClientHello is cut: between two TCP segments, or between two TLS records in one segment."""

    SEGMENTS = "segments"
    RECORDS = "records"


class SplitError(ValueError):
    """What was to be cut is no ClientHello in one record."""


def cut(flight: bytes, split: Split) -> tuple[bytes, ...]:
    """What to hand to TCP, one segment each, instead of `flight`; raises SplitError.

    The cut is in the middle of the server name, or of the whole where none is sent.
    """
    message = _message(flight)
    at = _middle(message)
    if split is Split.SEGMENTS:
        return flight[: _RECORD.size + at], flight[_RECORD.size + at :]
    kind, version, _ = _RECORD.unpack_from(flight)
    return (b"".join(_RECORD.pack(kind, version, len(part)) + part for part in (message[:at], message[at:])),)


def _message(flight: bytes) -> bytes:
    if len(flight) < _RECORD.size + 2:
        raise SplitError("too short")
    kind, _, length = _RECORD.unpack_from(flight)
    if kind != _HANDSHAKE or length != len(flight) - _RECORD.size or flight[_RECORD.size] != _CLIENT_HELLO:
        raise SplitError("no ClientHello in one record")
    return flight[_RECORD.size :]


def _middle(message: bytes) -> int:
    try:
        begin, end = _name_in(message)
    except (IndexError, struct.error):
        begin, end = 0, len(message)
    return (begin + end) // 2


def _name_in(message: bytes) -> tuple[int, int]:
    """Where the host name lies (RFC 6066, 3). Raises IndexError or struct.error where there is none."""
    at = _BEFORE_SESSION
    at += 1 + message[at]  # session id
    at += 2 + int.from_bytes(message[at : at + 2])  # cipher suites
    at += 1 + message[at]  # compression methods
    at += 2
    while True:
        kind, length = struct.unpack_from("!HH", message, at)
        if kind == _SERVER_NAME:
            _, _, size = struct.unpack_from("!HBH", message, at + 4)
            if size == 0 or at + 9 + size > len(message):
                raise IndexError("host name")
            return at + 9, at + 9 + size
        at += 4 + length
