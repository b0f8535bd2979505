from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from blockprobe.model.failure import Failure
from blockprobe.net.proxy_socks import (
    REPLIES,
    connect_message,
    greeting,
    login_message,
    read_choice,
    read_login,
    read_reply,
)
from blockprobe.net.proxy_words import Destination, Login, ProxyRefusal

_READERS: tuple[Callable[[bytes], object], ...] = (
    lambda raw: read_choice(raw, login=False),
    lambda raw: read_choice(raw, login=True),
    read_login,
    read_reply,
)


def outcome(read: Callable[[bytes], object], raw: bytes) -> object:
    """What the reader makes of it: its value, or the word of a refusal."""
    try:
        return read(raw)
    except ProxyRefusal as refused:
        return refused.failure


def test_messages_are_those_of_the_standard() -> None:
    login = Login(user="ab", password="xyz")
    assert greeting(None) == b"\x05\x01\x00"
    assert greeting(login) == b"\x05\x02\x00\x02"
    assert login_message(login) == b"\x01\x02ab\x03xyz"
    assert connect_message(Destination(host="a.example", port=443)) == b"\x05\x01\x00\x03\x09a.example\x01\xbb"
    assert connect_message(Destination(host="203.0.113.5", port=80)) == b"\x05\x01\x00\x01\xcb\x00\x71\x05\x00\x50"
    assert connect_message(Destination(host="2001:db8::5", port=80))[3:8] == b"\x04\x20\x01\x0d\xb8"


@pytest.mark.parametrize(
    ("raw", "login", "expected"),
    [
        (b"\x05", False, None),
        (b"\x05\x00", False, False),
        (b"\x05\x02", True, True),
        (b"\x05\x02", False, Failure.PROXY_BAD_ANSWER),
        (b"\x05\x01", True, Failure.PROXY_BAD_ANSWER),
        (b"\x05\xff", True, Failure.PROXY_LOGIN_REFUSED),
        (b"\x04\x00", False, Failure.PROXY_BAD_ANSWER),
        (b"HT", False, Failure.PROXY_BAD_ANSWER),
    ],
)
def test_the_choice_of_a_way_to_log_in(raw: bytes, login: bool, expected: object) -> None:
    assert outcome(lambda data: read_choice(data, login=login), raw) is expected


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (b"\x01\x00", True),
        (b"\x01", None),
        (b"\x01\x01", Failure.PROXY_LOGIN_REFUSED),
        (b"\x05\x00", Failure.PROXY_BAD_ANSWER),
    ],
)
def test_the_answer_to_a_login(raw: bytes, expected: object) -> None:
    assert outcome(read_login, raw) is expected


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (b"\x05\x00\x00\x01\0\0\0\0\0\0", 10),
        (b"\x05\x00\x00\x01\0\0\0\0\0", None),
        (b"\x05\x00\x00\x04" + bytes(18) + b"more", 22),
        (b"\x05\x00\x00\x03\x02ab\0\0", 9),
        (b"\x05\x00\x00\x09\0\0\0\0\0\0", Failure.PROXY_BAD_ANSWER),
        (b"\x05\x05", Failure.PROXY_REFUSED),
        (b"\x05\xf0", Failure.PROXY_REFUSED),
        (b"\x00\x5a", Failure.PROXY_BAD_ANSWER),
    ],
)
def test_the_reply_to_the_request(raw: bytes, expected: object) -> None:
    assert outcome(read_reply, raw) == expected


@pytest.mark.parametrize("code", [*REPLIES, 9, 255])
def test_every_reply_code_has_words(code: int) -> None:
    with pytest.raises(ProxyRefusal, match=REPLIES.get(code, "unassigned")):
        read_reply(bytes((5, code)))


@given(st.sampled_from(_READERS), st.binary(max_size=40), st.integers(0, 40))
def test_the_answer_is_the_same_however_the_bytes_come(read: Callable[[bytes], object], more: bytes, at: int) -> None:
    for raw in (more, b"\x05" + more, b"\x05\x00" + more, b"\x05\x00\x00\x03" + more, b"\x01" + more):
        first = outcome(read, raw[:at])
        assert first is None or outcome(read, raw) == first
