import asyncio
import hashlib
import os
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from aioquic.quic.configuration import QuicConfiguration
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from blockprobe.helper.quic_server import H3Request, H3Response
from blockprobe.model.failure import Failure
from blockprobe.model.observation import HttpObservation
from blockprobe.net import http
from blockprobe.net.http import Request
from blockprobe.net.http3 import fetch_h3
from blockprobe.net.quic import QuicHello, shake_hands
from tests.net.quic_site import PAGE, authority, saying, serving, shown
from tests.net.wire import WHY, a_session

_CA = authority("Laboratory")
_REQUEST = Request(url="https://a.example/x?y=1", host="a.example", path="/x?y=1", headers=(("X-Own", "z"),))

Handler = Callable[[H3Request], Awaitable[H3Response | None]]


@pytest.fixture(autouse=True)
def _trust(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _CA.cert_pem.write_to_path(tmp_path / "ca.pem")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> QuicConfiguration:
    return shown(tmp_path_factory.mktemp("shown"), _CA, "a.example")


def _fetch(folder: Path, handler: Handler, *, timeout_s: float = 3.0, body_bytes: int = 524_288) -> HttpObservation:
    async def scenario() -> HttpObservation:
        session = a_session(timeout_s, body_bytes)
        async with serving(shown(folder, _CA, "a.example"), handler) as endpoint:
            hello = QuicHello(server_name="a.example", verify_name="a.example")
            seen, wire = await shake_hands(session, WHY, endpoint, hello)
            assert wire is not None, seen
            try:
                return await fetch_h3(session, WHY, wire, _REQUEST)
            finally:
                wire.close()

    return asyncio.run(scenario())


def _always(response: H3Response | None) -> Handler:
    async def handler(request: H3Request) -> H3Response | None:
        return response

    return handler


def test_a_page_is_the_same_evidence_as_over_tcp(tmp_path: Path) -> None:
    asked: list[H3Request] = []

    async def handler(request: H3Request) -> H3Response:
        asked.append(request)
        return H3Response(status=200, headers=(("content-type", "text/html"), ("X-Own", "y")), body=PAGE)

    seen = _fetch(tmp_path, handler)

    assert (seen.failure, seen.status, seen.quic, seen.tls, seen.title) == (None, 200, True, True, "Welcome")
    assert seen.body == PAGE.decode()
    assert (seen.body_bytes, seen.body_sha256) == (len(PAGE), hashlib.sha256(PAGE).hexdigest())
    assert ("x-own", "y") in seen.headers
    assert seen.sketch
    assert (asked[0].method, asked[0].authority, asked[0].path) == ("GET", "a.example", "/x?y=1")
    assert (asked[0].header("x-own"), asked[0].header("user-agent")) == ("z", http.USER_AGENT)
    assert asked[0].server_name == "a.example"


def test_a_redirect_keeps_its_location(tmp_path: Path) -> None:
    seen = _fetch(tmp_path, _always(H3Response(status=302, headers=(("location", "https://b.example/"),))))

    assert (seen.failure, seen.status, seen.location, seen.body_bytes) == (None, 302, "https://b.example/", 0)


def test_reading_stops_at_the_cap(tmp_path: Path) -> None:
    seen = _fetch(tmp_path, _always(H3Response(status=200, body=b"x" * 400_000)), body_bytes=10_000)

    assert (seen.failure, seen.status, seen.body_bytes, seen.truncated) == (None, 200, 10_000, True)
    assert seen.bytes_received < 300_000


def test_a_connection_that_is_closed_instead_of_an_answer_is_an_end(tmp_path: Path) -> None:
    assert _fetch(tmp_path, _always(None)).failure is Failure.EOF_ERROR


def test_no_answer_is_silence(tmp_path: Path) -> None:
    async def handler(request: H3Request) -> H3Response:
        await asyncio.sleep(5)
        return H3Response(status=200)

    seen = _fetch(tmp_path, handler, timeout_s=0.5)

    assert (seen.failure, seen.status) == (Failure.GENERIC_TIMEOUT_ERROR, None)


@pytest.mark.parametrize(
    ("response", "failure"),
    [
        (H3Response(status=200, headers=(("x", "w" * 50_000),) * 4), Failure.HTTP_HEADERS_TOO_LARGE),
        (H3Response(status=0), Failure.HTTP_MALFORMED_RESPONSE),
        (H3Response(status=200, headers=((":path", "/"),)), Failure.HTTP_MALFORMED_RESPONSE),
    ],
    ids=["large", "status", "pseudo"],
)
def test_a_head_that_is_none_has_its_word(tmp_path: Path, response: H3Response, failure: Failure) -> None:
    seen = _fetch(tmp_path, _always(response))

    assert (seen.failure, seen.status, seen.body) == (failure, None, "")


#: A head and a page as HTTP/3 frames, to be spoiled: HEADERS with status 200, DATA.
_GOOD = b"\x01\x03\x00\x00\xd9\x00\x05hello"


@settings(
    max_examples=1_000 if "BLOCKPROBE_ACCEPTANCE" in os.environ else 12,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
@given(
    st.one_of(st.binary(max_size=60), st.binary(max_size=6).map(lambda piece: _GOOD[:5] + piece + _GOOD[5:])),
    st.one_of(st.binary(max_size=40), st.binary(max_size=8).map(lambda piece: b"\x00\x04\x00" + piece)),
)
def test_whatever_is_said_in_place_of_http3_the_exchange_ends_in_a_status_or_a_word(
    made: QuicConfiguration, on_request: bytes, on_own: bytes
) -> None:
    async def scenario() -> HttpObservation:
        session, hello = a_session(0.5, 1_000), QuicHello(server_name=None, verify_name="a.example")
        async with saying(made, (on_request, on_own)) as endpoint:
            seen, wire = await shake_hands(a_session(20.0), WHY, endpoint, hello)  # a busy machine is no subject here
            assert wire is not None, seen
            try:
                return await fetch_h3(session, WHY, wire, _REQUEST)
            finally:
                wire.close()

    seen = asyncio.run(scenario())

    assert seen.failure is not None or seen.status is not None
    assert seen.body_bytes <= 1_000
