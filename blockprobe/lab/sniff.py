"""What a filter reads in the clear: the name in a ClientHello (RFC 8446, 6066) and in a request's Host line."""

import struct
from typing import Final

_METHODS: Final = (b"GET ", b"HEAD", b"POST", b"PUT ", b"OPTI")
_LONGEST_HELLO: Final = 16384


def starts_hello(payload: bytes) -> bool:
    """Does a TLS handshake record begin here?"""
    return payload[:2] == b"\x16\x03"


def server_name(stream: bytes) -> tuple[str | None, bool]:
    """The SNI in the beginning of a TLS stream, and whether more bytes could still bring one."""
    hello, whole = _handshake(stream)
    if hello[:1] not in (b"", b"\x01"):
        return None, False
    try:
        return _name_in(hello), False
    except (IndexError, struct.error):  # cut off: the name may be in the next segment
        return None, not whole and len(stream) < _LONGEST_HELLO


def first_record(stream: bytes) -> bytes:
    """The first TLS record of a stream, or what there is of it: all that a filter reads that joins no records."""
    return stream[: 5 + int.from_bytes(stream[3:5])]


def whole_hello(payload: bytes) -> bool:
    """Does this one segment hold a complete ClientHello?"""
    return _handshake(payload)[1]


def host_name(payload: bytes) -> str | None:
    """The Host of a cleartext request that begins in this segment, without its port."""
    if payload[:4] not in _METHODS:
        return None
    start = payload.lower().find(b"\r\nhost:")
    if start < 0:
        return None
    value = payload[start + 7 :].split(b"\r\n", 1)[0].strip().decode("latin-1").lower()
    return value if value.endswith("]") else value.rpartition(":")[0] or value


def is_literal(payload: bytes, name: str) -> bool:
    """Is the Host line of the request written as browsers write it: `Host: name`, in lower case?"""
    line = b"\r\nHost: " + name.encode("latin-1")
    return line + b"\r\n" in payload or line + b":" in payload


def is_under(name: str, listed: frozenset[str], *, subdomains: bool) -> bool:
    """Is `name` one of the listed, or below one?"""
    name = name.rstrip(".").lower()
    if name in listed:
        return True
    if not subdomains:
        return False
    while "." in name:
        name = name.partition(".")[2]
        if name in listed:
            return True
    return False


def _handshake(stream: bytes) -> tuple[bytes, bool]:
    # A ClientHello may be spread over several records: their contents, joined.
    joined, offset = b"", 0
    while offset + 5 <= len(stream) and stream[offset] == 0x16:
        length = int.from_bytes(stream[offset + 3 : offset + 5])
        joined += stream[offset + 5 : offset + 5 + length]
        offset += 5 + length
    whole = len(joined) >= 4 and len(joined) >= 4 + int.from_bytes(joined[1:4])
    return joined, whole


def _name_in(hello: bytes) -> str | None:
    offset = 4 + 2 + 32
    offset += 1 + hello[offset]  # session id
    offset += 2 + struct.unpack_from("!H", hello, offset)[0]  # cipher suites
    offset += 1 + hello[offset]  # compression
    end = offset + 2 + struct.unpack_from("!H", hello, offset)[0]
    offset += 2
    while offset < end:
        kind, length = struct.unpack_from("!HH", hello, offset)
        if kind == 0:
            if offset + 4 + length > len(hello):
                raise IndexError
            return hello[offset + 9 : offset + 4 + length].decode("latin-1").lower()
        offset += 4 + length
    return None
