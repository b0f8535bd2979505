import asyncio
import gzip
import hashlib
import resource

import h11
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from blockprobe.model.failure import Failure
from blockprobe.model.observation import HttpObservation
from blockprobe.net import http
from blockprobe.net.http import Request, fetch
from blockprobe.verdict.sketch import text_sketch
from tests.net.wire import WHY, Handler, a_session, connected, reset, silent

_REQUEST = Request(url="http://a.example/", host="a.example")
_PAGE = "<html><head><title>Grüße \n &amp; more</title></head><body>one two three four</body></html>"


def _fetch(
    handler: Handler, request: Request = _REQUEST, *, timeout_s: float = 2.0, body_bytes: int = 524_288
) -> HttpObservation:
    async def scenario() -> HttpObservation:
        async with connected(handler) as stream:
            return await fetch(a_session(timeout_s, body_bytes), WHY, stream, request)

    return asyncio.run(scenario())


def _answer(*pieces: bytes, then: Handler | None = None, asked: list[bytes] | None = None) -> Handler:
    """Read the request, send the pieces, then close or do as told."""

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        if asked is not None:
            asked.append(head)
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(0.005 if len(pieces) > 1 else 0)
        if then is not None:
            await then(reader, writer)

    return handler


async def _reset(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await asyncio.sleep(0.02)
    reset(writer)


def _head(*lines: str, status: str = "200 OK") -> bytes:
    return "\r\n".join([f"HTTP/1.1 {status}", *lines, "", ""]).encode("latin-1")


def test_a_page_is_read_whole_and_summarised() -> None:
    body = _PAGE.encode()
    answer = _head("Content-Type: text/html; charset=UTF-8", f"content-length: {len(body)}", "X-A: 1") + body
    seen = _fetch(_answer(answer))
    assert (seen.failure, seen.status, seen.truncated, seen.detail) == (None, 200, False, None)
    assert (seen.url, seen.host, seen.tls) == ("http://a.example/", "a.example", False)
    assert seen.headers == (
        ("Content-Type", "text/html; charset=UTF-8"),
        ("content-length", str(len(body))),
        ("X-A", "1"),
    )
    assert (seen.body, seen.body_bytes) == (_PAGE, len(body))
    assert seen.body_sha256 == hashlib.sha256(body).hexdigest()
    assert seen.title == "Grüße & more"
    assert seen.sketch == text_sketch(_PAGE)
    assert seen.bytes_received == len(answer)
    assert (seen.packets, seen.location, seen.ttl) == (1, None, None)
    assert seen.rtt_s is not None


def test_the_request_is_a_browsers_and_names_its_host_first() -> None:
    asked: list[bytes] = []
    request = Request(
        url="http://a.example/x?y=1", host="b.example", path="/x?y=1", headers=(("X-Key", "k"), ("accept", "*/*"))
    )
    _fetch(_answer(_head("Content-Length: 0"), asked=asked), request)
    assert asked[0].decode().split("\r\n") == [
        "GET /x?y=1 HTTP/1.1",
        "Host: b.example",
        f"User-Agent: {http.USER_AGENT}",
        f"Accept-Language: {http.ACCEPT_LANGUAGE}",
        "Accept-Encoding: identity",
        "Connection: close",
        "X-Key: k",
        "accept: */*",
        "",
        "",
    ]


@pytest.mark.parametrize(
    ("path", "sent"),
    [
        ("/ä b", b"/%C3%A4%20b"),
        ("/a%20b", b"/a%20b"),
        ("", b"/"),
        ("/x\r\nEvil: 1", b"/x%0D%0AEvil:%201"),
        ("/\udc80", b"/?"),
    ],
)
def test_what_no_request_target_may_hold_is_percent_encoded(path: str, sent: bytes) -> None:
    asked: list[bytes] = []
    _fetch(_answer(_head("Content-Length: 0"), asked=asked), Request(url="u", host="a.example", path=path))
    assert asked[0].split(b" HTTP/1.1")[0] == b"GET " + sent


@given(
    host=st.sampled_from(["a.example", "xn--bcher-kva.example:8443", "A.Example", "192.0.2.7", "[2001:db8::7]:81"]),
    path=st.text(max_size=20).map("/".__add__) | st.just("/?u=\r\nHost: h.invalid\r\n"),
    own=st.sampled_from([(), (("User-Agent", "x"), ("Range", "bytes=0-9")), (("X-Other", "Host: h.invalid"),)]),
)
def test_the_request_is_the_one_that_h11_would_write(host: str, path: str, own: tuple[tuple[str, str], ...]) -> None:
    message = http._message(host, path, own)
    assert http.request_bytes(host, path, own) == h11.Connection(h11.CLIENT).send(message)


def test_a_host_that_cannot_be_sent_is_a_failure_with_its_text() -> None:
    seen = _fetch(silent, Request(url="u", host="a.example\r\nEvil: 1"))
    assert seen.failure is Failure.UNKNOWN_FAILURE
    assert seen.detail


@pytest.mark.parametrize(
    "answer",
    [
        _head() + b"abc",  # to the end of the connection
        _head("Transfer-Encoding: chunked") + b"1\r\na\r\n2;x=y\r\nbc\r\n0\r\n\r\n",
        b"HTTP/1.0 200\r\n\r\nabc",
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early\r\nLink: x\r\n\r\n" + _head("Content-Length: 3") + b"abcdef",
    ],
)
def test_every_framing_of_a_body_is_understood(answer: bytes) -> None:
    for pieces in ([answer], [answer[i : i + 1] for i in range(len(answer))]):
        seen = _fetch(_answer(*pieces))
        assert (seen.failure, seen.status, seen.body, seen.body_bytes) == (None, 200, "abc", 3)


def test_a_redirect_keeps_its_location_as_it_came() -> None:
    seen = _fetch(_answer(_head("LOCATION: http://b.example/\xe4", "Content-Length: 0", status="302 Found")))
    assert (seen.status, seen.location, seen.failure) == (302, "http://b.example/\xe4", None)
    assert (seen.sketch, seen.title, seen.body) == ((), None, "")


def test_an_answer_without_a_body_ends_with_its_head() -> None:
    seen = _fetch(_answer(_head(status="204 No Content"), then=silent))
    assert (seen.status, seen.failure, seen.body_bytes) == (204, None, 0)


# Limits


def test_reading_stops_at_the_cap() -> None:
    async def endless(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            writer.write(b"x" * 65_536)
            await writer.drain()

    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    seen = _fetch(_answer(_head(), then=endless), body_bytes=300_000, timeout_s=5)
    assert (seen.failure, seen.truncated, seen.body_bytes) == (None, True, 300_000)
    assert seen.body_sha256 == hashlib.sha256(b"x" * 300_000).hexdigest()
    assert len(seen.body) == http.KEPT_BYTES
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 20_000  # KiB


def test_a_body_of_exactly_the_cap_is_whole() -> None:
    seen = _fetch(_answer(_head("Content-Length: 1000") + bytes(1000)), body_bytes=1000)
    assert (seen.failure, seen.truncated, seen.body_bytes) == (None, False, 1000)


def test_a_head_without_end_is_too_large() -> None:
    async def endless(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            writer.write(b"X-A: " + b"a" * 1000 + b"\r\n")
            await writer.drain()

    seen = _fetch(_answer(b"HTTP/1.1 200 OK\r\n", then=endless))
    assert (seen.failure, seen.status) == (Failure.HTTP_HEADERS_TOO_LARGE, None)
    assert seen.bytes_received < 4 * http.HEAD_BYTES


def test_informational_answers_without_end_are_too_large() -> None:
    async def endless(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            writer.write(b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" * 100)
            await writer.drain()

    assert _fetch(_answer(then=endless)).failure is Failure.HTTP_HEADERS_TOO_LARGE


# Text


def test_a_compressed_body_is_counted_but_not_read() -> None:
    body = gzip.compress(bytes(10_000_000))
    seen = _fetch(_answer(_head("Content-Encoding: gzip", f"Content-Length: {len(body)}") + body))
    assert (seen.failure, seen.body, seen.sketch, seen.title) == (None, "", (), None)
    assert seen.body_bytes == len(body)
    assert seen.body_sha256 == hashlib.sha256(body).hexdigest()


@pytest.mark.parametrize(
    ("charset", "encoding"),
    [
        ("ISO-8859-1", "latin-1"),
        ('"windows-1252"', "cp1252"),
        ("utf-16le", "utf-16le"),
        ("no-such-thing", "utf-8"),
        ("iso-8859-99", "utf-8"),
        ("punycode", "utf-8"),
        ("unicode_escape", "utf-8"),
    ],
)
def test_the_charset_of_the_header_is_used_if_browsers_know_it(charset: str, encoding: str) -> None:
    body = "<title>Grüße</title>".encode(encoding)
    seen = _fetch(_answer(_head(f"Content-Type: text/html; charset={charset}") + body))
    assert seen.title == "Grüße"


def test_bytes_that_are_no_text_do_no_harm() -> None:
    assert _fetch(_answer(_head() + bytes(range(256)))).body.count("\N{REPLACEMENT CHARACTER}") > 50
    assert _fetch(_answer(_head("Content-Type: image/png") + bytes(range(256)))).body == ""


# What a network may do instead


def test_a_reset_before_the_answer() -> None:
    seen = _fetch(_answer(then=_reset))
    assert (seen.failure, seen.status, seen.bytes_received) == (Failure.CONNECTION_RESET, None, 0)
    assert seen.body_sha256 is None


def test_a_fin_before_the_answer() -> None:
    assert _fetch(_answer()).failure is Failure.EOF_ERROR


def test_silence_before_the_answer() -> None:
    seen = _fetch(silent, timeout_s=0.1)
    assert (seen.failure, seen.bytes_received) == (Failure.GENERIC_TIMEOUT_ERROR, 0)
    assert 0.1 <= seen.t_s - seen.t0_s < 0.6


@pytest.mark.parametrize("head", [b"H", b"HTTP/1.1 2", b"HTTP/1.1 200 OK\r\nServer: x\r\n"])
def test_an_end_in_the_middle_of_the_head_is_an_early_end(head: bytes) -> None:
    seen = _fetch(_answer(head))
    assert (seen.failure, seen.status, seen.bytes_received) == (Failure.EOF_ERROR, None, len(head))


_BROKEN_OFF = _head("Content-Length: 100") + b"<title>half</title>"


@pytest.mark.parametrize(
    ("then", "failure"),
    [
        (None, Failure.EOF_ERROR),
        (_reset, Failure.CONNECTION_RESET),
        (silent, Failure.GENERIC_TIMEOUT_ERROR),
    ],
)
def test_what_came_before_a_failure_is_kept(then: Handler | None, failure: Failure) -> None:
    seen = _fetch(_answer(_BROKEN_OFF, then=then), timeout_s=0.5)
    assert (seen.failure, seen.status, seen.title, seen.body_bytes) == (failure, 200, "half", 19)
    assert not seen.truncated
    assert seen.body_sha256 == hashlib.sha256(b"<title>half</title>").hexdigest()


def test_a_slow_body_has_its_own_time() -> None:
    async def slow(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(0.6)
        writer.write(_head("Content-Length: 3"))
        await asyncio.sleep(0.6)
        writer.write(b"abc")
        await silent(reader, writer)

    assert _fetch(_answer(then=slow), timeout_s=1.0).failure is None


@pytest.mark.parametrize(
    "answer",
    [
        b"<html><title>Blocked</title></html>\r\n\r\n",
        b"<html><title>Blocked</title></html>",
        b"SSH-2.0-OpenSSH_9.2\r\n",
        b"\x15\x03\x03\x00\x02\x02\x28",
        _head("Content-Length: many"),
        _head("Content-Length: 1", "Content-Length: 2"),
        _head("no colon"),
        _head(status="twohundred"),
        _head("Transfer-Encoding: chunked") + b"zz\r\n",
        _head(status="101 Switching Protocols"),
    ],
)
def test_what_is_no_http_is_malformed(answer: bytes) -> None:
    seen = _fetch(_answer(answer))
    assert seen.failure is Failure.HTTP_MALFORMED_RESPONSE
    assert seen.detail
    assert seen.bytes_received == len(answer)


def test_a_page_without_a_head_is_still_shown() -> None:
    seen = _fetch(_answer(b"<html><title>Blocked</title></html>"))
    assert (seen.status, seen.title) == (None, "Blocked")
    assert seen.body.startswith("<html>")
    assert (seen.body_sha256, seen.sketch) == (None, ())


@settings(max_examples=40, deadline=None)
@given(
    st.binary(max_size=200),
    st.sampled_from([b"", b"HTTP/1.1 ", b"HTTP/1.1 200 OK\r\n", _head("Transfer-Encoding: chunked")]),
)
def test_no_answer_whatever_makes_it_raise(data: bytes, start: bytes) -> None:
    seen = _fetch(_answer(start + data))
    assert seen.bytes_received <= len(start + data)


def test_cancelling_propagates() -> None:
    async def scenario() -> None:
        async with connected(silent) as stream:
            task = asyncio.create_task(fetch(a_session(5), WHY, stream, _REQUEST))
            await asyncio.sleep(0.02)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task

    asyncio.run(scenario())


def test_a_hop_limit_is_recorded_and_set_before_the_request() -> None:
    seen = _fetch(_answer(_head("Content-Length: 0")), Request(url="u", host="a.example", ttl=5))
    assert (seen.failure, seen.ttl) == (None, 5)
