"""What is read by hand means the same to h11; everything else is left to it."""

import h11
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from blockprobe.net.http_head import HEAD_BYTES, plain_head

PLAIN = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 5\r\n\r\nhello"


def by_h11(raw: bytes) -> tuple[int, tuple[tuple[bytes, bytes], ...], bytes, bool]:
    """Status, fields, body, and whether the body came whole, when nothing follows `raw`."""
    http = h11.Connection(h11.CLIENT, max_incomplete_event_size=HEAD_BYTES)
    http.send(h11.Request(method="GET", target="/", headers=[("Host", "a.example")]))
    http.send(h11.EndOfMessage())
    http.receive_data(raw)
    http.receive_data(b"")
    response = http.next_event()
    assert isinstance(response, h11.Response)
    body = b""
    while True:
        try:
            event = http.next_event()
        except h11.RemoteProtocolError:
            return response.status_code, tuple(response.headers.raw_items()), body, False
        if not isinstance(event, h11.Data):
            return response.status_code, tuple(response.headers.raw_items()), body, True
        body += bytes(event.data)


def test_a_plain_head() -> None:
    head = plain_head(PLAIN)
    assert head is not None
    assert (head.status, head.length, head.rest) == (200, 5, b"hello")
    assert head.headers == ((b"Content-Type", b"text/html"), (b"Content-Length", b"5"))


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        PLAIN[:40],
        b"HTTP/1.1 200 OK\n\nbare line ends",
        b"HTTP/1.0 200 OK\r\n\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\n",
        b"HTTP/1.1 204 No Content\r\n\r\n",
        b"HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\nhello",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5, 5\r\n\r\nhello",
        b"HTTP/1.1 200 OK\r\nX: folded\r\n line\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nNo colon\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX: \x00\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX: " + b"x" * HEAD_BYTES + b"\r\n\r\n",
    ],
)
def test_what_is_left_to_h11(raw: bytes) -> None:
    assert plain_head(raw) is None


_NAMES = st.sampled_from([b"Content-Length", b"content-type", b"X-A", b"Connection", b"Date", b"Location", b"", b"a b"])
_VALUES = st.one_of(
    st.sampled_from([b"0", b"5", b"99999", b"close", b" padded \t", b"text/html; charset=utf-8", b"\xe9", b"a\tb"]),
    st.binary(max_size=6),
)
_FIELDS = st.lists(st.tuples(_NAMES, _VALUES), max_size=5)
_STATUS_LINES = st.one_of(
    st.sampled_from([b"HTTP/1.1 200 OK", b"HTTP/1.1 301", b"HTTP/1.1 404 ", b"HTTP/1.1 599 \xff"]),
    st.binary(max_size=20),
)


@settings(max_examples=400)
@given(status=_STATUS_LINES, fields=_FIELDS, body=st.binary(max_size=12))
@example(status=b"HTTP/1.1 200 OK", fields=[(b"Content-Length", b"5")], body=b"hel")
@example(status=b"HTTP/1.1 200 OK", fields=[], body=b"to the end")
def test_by_hand_and_by_h11_it_is_the_same(status: bytes, fields: list[tuple[bytes, bytes]], body: bytes) -> None:
    raw = b"\r\n".join([status, *(name + b": " + value for name, value in fields), b"", body])
    head = plain_head(raw)
    if head is None:
        return
    whole = head.length is None or len(head.rest) >= head.length
    seen = head.rest if head.length is None else head.rest[: head.length]
    assert (head.status, head.headers, seen, whole) == by_h11(raw)


_OPTIONS = st.lists(
    st.sampled_from([b"close", b"Close", b"keep-alive", b"close, x", b"keep-alive ,\tCLOSE", b"closely", b""]),
    max_size=3,
)


@given(options=_OPTIONS, name=st.sampled_from([b"Connection", b"CONNECTION", b"X-Connection"]))
def test_who_closes_by_hand_closes_by_h11(options: list[bytes], name: bytes) -> None:
    fields = b"".join(name + b": " + option + b"\r\n" for option in options)
    raw = b"HTTP/1.1 200 OK\r\n" + fields + b"Content-Length: 2\r\n\r\nhi"
    http = h11.Connection(h11.CLIENT)
    http.send(h11.Request(method="GET", target="/", headers=[("Host", "a.example")]))
    http.send(h11.EndOfMessage())
    http.receive_data(raw)
    while not isinstance(http.next_event(), h11.EndOfMessage):
        pass
    head = plain_head(raw)
    assert head is not None
    assert head.closes == (http.their_state is not h11.DONE)


def test_a_body_without_a_length_ends_when_the_peer_closes() -> None:
    head = plain_head(b"HTTP/1.1 200 OK\r\n\r\nto the end")
    assert head is not None
    assert head.closes
