"""SOCKS version 5 (RFC 1928) with user name and password (RFC 1929): messages to a proxy, and readers of its answers.

A reader gets all that came so far; None means that more must come.
"""

import socket
import struct

from blockprobe.model.addresses import family_of
from blockprobe.model.failure import Failure
from blockprobe.net.proxy_words import Destination, Login, ProxyRefusal, bad_answer, printable

_VERSION, _LOGIN_VERSION = 5, 1
_NO_LOGIN, _USER_PASSWORD, _NONE_OF_THEM = 0, 2, 0xFF
_CONNECT = 1
_V4, _NAME, _V6 = 1, 3, 4
_MAX_NAME = 255
#: Bytes of a bound address by its type; a name's are told by its first byte.
_LENGTHS = {_V4: 4, _V6: 16}

#: RFC 1928, 6.
REPLIES = {
    1: "general failure",
    2: "not allowed by its rules",
    3: "network unreachable",
    4: "host unreachable",
    5: "connection refused",
    6: "TTL expired",
    7: "command not supported",
    8: "address type not supported",
}


def greeting(login: Login | None) -> bytes:
    """The first message: which ways of logging in we know."""
    methods = (_NO_LOGIN,) if login is None else (_NO_LOGIN, _USER_PASSWORD)
    return bytes((_VERSION, len(methods), *methods))


def login_message(login: Login) -> bytes:
    """User name and password (RFC 1929, 2)."""
    user, password = login.user.encode(), login.password.encode()
    return bytes((_LOGIN_VERSION, len(user))) + user + bytes((len(password),)) + password


def connect_message(destination: Destination) -> bytes:
    """CONNECT to a name or an address; raises ValueError for a name that has no place in the message."""
    family = family_of(destination.host)
    port = struct.pack("!H", destination.port)
    if family is not None:
        kind, number = (_V6, socket.AF_INET6) if family == 6 else (_V4, socket.AF_INET)
        return bytes((_VERSION, _CONNECT, 0, kind)) + socket.inet_pton(number, destination.host) + port
    name = destination.host.encode("ascii", "replace")
    if not destination.host.isascii() or not 0 < len(name) <= _MAX_NAME:
        raise ValueError(f"a name for a SOCKS proxy is ASCII and has 1 to {_MAX_NAME} bytes")
    return bytes((_VERSION, _CONNECT, 0, _NAME, len(name))) + name + port


def read_choice(raw: bytes, *, login: bool) -> bool | None:
    """Whether the proxy wants the login now (RFC 1928, 3). `login`: one had been offered."""
    _check_version(raw, _VERSION)
    if len(raw) < 2:
        return None
    if raw[1] == _NO_LOGIN:
        return False
    if raw[1] == _USER_PASSWORD and login:
        return True
    if raw[1] == _NONE_OF_THEM:
        wants = "does not accept the ways of logging in that were offered" if login else "wants a login"
        raise ProxyRefusal(Failure.PROXY_LOGIN_REFUSED, f"it {wants} (method 255)")
    raise bad_answer(f"it chose a way of logging in that was not offered (method {raw[1]})")


def read_login(raw: bytes) -> bool | None:
    """True when the login was accepted (RFC 1929, 2)."""
    _check_version(raw, _LOGIN_VERSION)
    if len(raw) < 2:
        return None
    if raw[1] != 0:
        raise ProxyRefusal(Failure.PROXY_LOGIN_REFUSED, f"it does not accept the login (status {raw[1]})")
    return True


def read_reply(raw: bytes) -> int | None:
    """The length of a reply that opened the tunnel; raises ProxyRefusal for one that did not (RFC 1928, 6)."""
    _check_version(raw, _VERSION)
    if len(raw) < 2:
        return None
    if raw[1] != 0:
        said = REPLIES.get(raw[1], "unassigned")
        raise ProxyRefusal(Failure.PROXY_REFUSED, f"it does not connect: reply {raw[1]}, {said}")
    if len(raw) < 5:
        return None
    length = 1 + raw[4] if raw[3] == _NAME else _LENGTHS.get(raw[3])
    if length is None:
        raise bad_answer(f"its reply has an address of type {raw[3]}")
    whole = 4 + length + 2
    return whole if len(raw) >= whole else None


def _check_version(raw: bytes, wanted: int) -> None:
    if raw and raw[0] != wanted:
        raise bad_answer(f"its answer is no SOCKS 5: {printable(raw, 60)!r}")
