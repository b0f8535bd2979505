import pytest
from hypothesis import given
from hypothesis import strategies as st

from blockprobe.model.failure import Failure
from blockprobe.net.proxy_http import HEAD_BYTES, connect_request, judged, read_connect
from blockprobe.net.proxy_words import Destination, Login, ProxyRefusal

_HEADS = st.sampled_from((
    b"HTTP/1.1 200 Connection established\r\n\r\n",
    b"HTTP/1.0 200\n\n",
    b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n",
    b"HTTP/1.1 407 No\r\nProxy-Authenticate: Basic realm=x\r\n\r\n",
    b"HTTP/1.1 502 Bad Gateway\r\nTransfer-Encoding: chunked\r\n\r\n",
    b"HTTP/1.1 2000 OK\r\n\r\n",
    b"SSH-2.0-x\r\n",
    b"\x05\x00",
    b"",
))  # fmt: skip


def outcome(raw: bytes) -> object:
    """The answer, None, or the word of a refusal."""
    try:
        return read_connect(raw)
    except ProxyRefusal as refused:
        return refused.failure


def test_the_request_names_the_destination_and_carries_the_login() -> None:
    plain = connect_request(Destination(host="a.example", port=443), None)
    assert plain == b"CONNECT a.example:443 HTTP/1.1\r\nHost: a.example:443\r\n\r\n"
    login = Login(user="aladdin", password="open sesame")
    known = connect_request(Destination(host="2001:db8::5", port=80), login)
    assert known.startswith(b"CONNECT [2001:db8::5]:80 HTTP/1.1\r\n")
    assert b"Proxy-Authorization: Basic YWxhZGRpbjpvcGVuIHNlc2FtZQ==\r\n" in known
    assert "sesame" not in repr(login)


@pytest.mark.parametrize("host", ["", "a b", "a\r\nHost: b", "é.example", "a/b", "x" * 254])
def test_what_no_request_line_can_carry_is_no_destination(host: str) -> None:
    with pytest.raises(ValueError, match="proxy can be asked for"):
        Destination(host=host, port=443)


@pytest.mark.parametrize(("user", "password"), [("", "x"), ("x", ""), ("a:b", "x"), ("x", "a\nb"), ("x" * 256, "y")])
def test_logins_that_no_protocol_can_carry_are_refused(user: str, password: str) -> None:
    with pytest.raises(ValueError, match="a proxy's"):
        Login(user=user, password=password)


def test_what_comes_behind_the_head_belongs_to_the_tunnel() -> None:
    answer = read_connect(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n\x15\x03rest")
    assert answer is not None
    assert (answer.status, answer.reason, judged(answer, login=False)) == (200, "OK", b"\x15\x03rest")


@pytest.mark.parametrize(
    ("raw", "login", "failure", "words"),
    [
        (b"HTTP/1.1 403 Filtered\r\n\r\n", False, Failure.PROXY_REFUSED, "does not connect: status 403 Filtered"),
        (b"HTTP/1.1 301 x\r\nLocation: /\r\n\r\n", False, Failure.PROXY_REFUSED, "status 301"),
        (b"HTTP/1.1 407 No\r\nproxy-authenticate: Basic realm=x\r\n\r\n", False, Failure.PROXY_LOGIN_REFUSED, "wants"),
        (b"HTTP/1.1 407 No\r\n\r\n", True, Failure.PROXY_LOGIN_REFUSED, "does not accept the login"),
    ],
)  # fmt: skip
def test_a_refusal_is_told_in_words(raw: bytes, login: bool, failure: Failure, words: str) -> None:
    answer = read_connect(raw)
    assert answer is not None
    with pytest.raises(ProxyRefusal, match=words) as refused:
        judged(answer, login=login)
    assert refused.value.failure is failure


@pytest.mark.parametrize("raw", [b"SSH-2.0-x", b"<html>", b"HTTP/2 200 OK\r\n\r\n", b"HTTP/1.1 20\r\n\r\n", b"H\0"])
def test_what_is_no_http_is_a_bad_answer_at_once(raw: bytes) -> None:
    assert outcome(raw) is Failure.PROXY_BAD_ANSWER


def test_a_head_without_end_is_cut_off() -> None:
    assert outcome(b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 2_000) is None
    assert outcome(b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 20_000) is Failure.PROXY_BAD_ANSWER
    assert outcome(b"HTTP/1.1 100 Go on\r\n\r\n" * 1_000) is Failure.PROXY_BAD_ANSWER
    assert len(b"HTTP/1.1 100 Go on\r\n\r\n" * 1_000) > HEAD_BYTES


@given(_HEADS, st.binary(max_size=60), st.integers(0, 200))
def test_the_answer_is_the_same_however_the_bytes_come(head: bytes, more: bytes, at: int) -> None:
    raw = head + more
    first = outcome(raw[:at])
    if first is None:
        return
    whole = outcome(raw)
    if isinstance(first, Failure):
        assert whole is first
    else:
        assert (whole.status, whole.reason) == (first.status, first.reason)  # type: ignore[attr-defined]
        assert whole.rest == first.rest + raw[at:]  # type: ignore[attr-defined]


@given(st.binary(max_size=300))
def test_no_bytes_raise_anything_else(raw: bytes) -> None:
    outcome(raw)
    outcome(b"HTTP/1.1 " + raw)
    outcome(b"HTTP/1.1 200 " + raw)
