import asyncio
import base64
import contextlib
import datetime
import hashlib
import socket
import ssl
from collections.abc import Callable
from pathlib import Path

import pytest
import trustme

from blockprobe.model.failure import Failure
from blockprobe.model.observation import TlsObservation
from blockprobe.net.tcp import connect
from blockprobe.net.tls import Hello, TlsContexts, client_hello, handshake
from blockprobe.net.tls_alert import ALERTS, alert_of
from tests.net.wire import WHY, Handler, a_session, connected, reset, served, silent

_CA = trustme.CA(organization_name="Laboratory, Ltd.")
_OTHER_CA = trustme.CA(organization_name="Interceptor")


@pytest.fixture(autouse=True)
def _trust(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _CA.cert_pem.write_to_path(tmp_path / "ca.pem")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path / "none"))


def _context(*names: str, ca: trustme.CA = _CA, not_after: datetime.datetime | None = None) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ca.issue_cert(*names, common_name=names[0], not_after=not_after).configure_cert(context)
    context.set_alpn_protocols(["http/1.1"])
    return context


def _hello(name: str | None = "a.example", verify_name: str = "a.example", **more: object) -> Hello:
    return Hello(server_name=name, verify_name=verify_name, **more)  # type: ignore[arg-type]


async def _greet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"welcome")
    await writer.drain()
    await reader.read()


def _shake(
    hello: Hello, tls: ssl.SSLContext | None, handler: Handler = _greet, timeout_s: float = 2.0
) -> TlsObservation:
    """The observation; a stream that is handed on must work, one that is not must be closed."""

    async def scenario() -> TlsObservation:
        async with connected(handler, tls) as stream:
            seen, secure = await handshake(a_session(timeout_s), WHY, stream, hello, TlsContexts())
            if secure is not None:
                assert secure.tls
                assert await secure.recv() == b"welcome"
            else:
                assert stream.closed
            return seen

    return asyncio.run(scenario())


def test_a_valid_chain_opens_a_stream_and_everything_is_noted() -> None:
    seen = _shake(_hello(), _context("a.example", "b.example"))
    assert (seen.failure, seen.valid, seen.alert, seen.detail) == (None, True, None, None)
    assert (seen.server_name, seen.verify_name, seen.alpn) == ("a.example", "a.example", "http/1.1")
    assert seen.version == "TLSv1.3"
    assert (seen.cipher or "").startswith("TLS_")
    assert seen.hello_bytes > 200
    assert seen.bytes_received > 500
    assert (seen.packets, seen.large_hello, seen.ttl) == (1, False, None)
    assert seen.rtt_s is not None
    leaf = seen.chain[0]
    assert leaf.names == ("a.example", "b.example")
    assert leaf.subject.endswith("CN=a.example")
    assert leaf.issuer.startswith("O=Laboratory\\, Ltd.")
    assert leaf.der is None
    assert leaf.not_before is not None
    assert leaf.not_before < "2026" < (leaf.not_after or "")


@pytest.mark.parametrize("key_type", list(trustme.KeyType))
def test_tls_1_2_works_too_whatever_the_key_of_the_certificate(key_type: trustme.KeyType) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    _CA.issue_cert("a.example", key_type=key_type).configure_cert(context)
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    seen = _shake(_hello(), context, _greet)
    assert (seen.failure, seen.valid, seen.version) == (None, True, "TLSv1.2")


def test_the_name_to_prove_may_differ_from_the_server_name() -> None:
    seen = _shake(_hello("neutral.example", "a.example"), _context("a.example"))
    assert (seen.failure, seen.valid) == (None, True)


def test_no_server_name_is_sent_when_none_is_asked_for() -> None:
    names: list[str | None] = []
    context = _context("a.example")
    context.sni_callback = lambda _socket, name, _context: names.append(name)
    assert _shake(_hello(None), context).failure is None
    assert _shake(_hello("b.example"), context).failure is None
    assert names == [None, "b.example"]


def test_an_address_is_proven_by_an_address_in_the_certificate() -> None:
    assert _shake(_hello(None, "203.0.113.5"), _context("a.example", "203.0.113.5")).valid is True
    assert _shake(_hello(None, "2001:db8::5"), _context("a.example", "2001:db8::5")).valid is True
    seen = _shake(_hello(None, "203.0.113.6"), _context("a.example", "203.0.113.5"))
    assert (seen.failure, seen.valid) == (Failure.SSL_INVALID_HOSTNAME, False)


def test_a_chain_of_an_unknown_authority_is_kept_as_evidence() -> None:
    seen = _shake(_hello(), _context("a.example", ca=_OTHER_CA))
    assert (seen.failure, seen.valid) == (Failure.SSL_UNKNOWN_AUTHORITY, False)
    assert "verify code 20" in (seen.detail or "")
    assert "Interceptor" in seen.chain[0].issuer
    der = base64.b64decode(seen.chain[0].der or "")
    assert hashlib.sha256(der).hexdigest() == seen.chain[0].sha256
    assert seen.bytes_received > 500


def test_a_trusted_chain_for_another_name_is_an_invalid_hostname() -> None:
    seen = _shake(_hello(), _context("block.example"))
    assert (seen.failure, seen.valid) == (Failure.SSL_INVALID_HOSTNAME, False)
    assert seen.chain[0].names == ("block.example",)
    assert seen.chain[0].der is not None


_PAST = datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC)


def test_dates_that_alone_are_wrong_are_told_by_the_verify_code() -> None:
    seen = _shake(_hello(), _context("a.example", not_after=_PAST))
    assert (seen.failure, seen.valid) == (Failure.SSL_INVALID_CERTIFICATE, False)
    assert (seen.detail or "").startswith("verify code 10: certificate has expired")
    assert seen.chain[0].not_after == "2020-01-01T00:00:00Z"


def test_wrong_dates_do_not_hide_a_wrong_name_or_authority() -> None:
    assert _shake(_hello(), _context("b.example", not_after=_PAST)).failure is Failure.SSL_INVALID_HOSTNAME
    seen = _shake(_hello(), _context("a.example", ca=_OTHER_CA, not_after=_PAST))
    assert seen.failure is Failure.SSL_UNKNOWN_AUTHORITY


def test_without_verification_any_chain_will_do_and_proves_nothing() -> None:
    seen = _shake(_hello(verify=False), _context("echo.example", ca=_OTHER_CA))
    assert (seen.failure, seen.valid) == (None, None)
    assert "Interceptor" in seen.chain[0].issuer
    assert seen.chain[0].der is None


def test_the_small_hello_fits_one_segment_and_the_large_one_is_the_platforms_own() -> None:
    contexts = TlsContexts()
    small = client_hello(_hello(), contexts)
    large = client_hello(_hello(large=True), contexts)
    assert small[:1] == large[:1] == b"\x16"
    assert b"a.example" in small
    assert len(small) < 1_000
    assert len(large) >= len(small)
    seen = _shake(_hello(large=True), _context("a.example"))
    assert (seen.failure, seen.large_hello, seen.hello_bytes) == (None, True, len(large))


def test_contexts_are_made_once_and_serve_every_protocol() -> None:
    contexts = TlsContexts()
    assert b"dot" in client_hello(_hello(alpn=("dot",)), contexts)
    assert b"dot" not in client_hello(_hello(alpn=()), contexts)
    assert len(contexts._made) == 1


def test_an_encrypted_alert_is_told_by_openssls_reason() -> None:
    context = _context("a.example")
    context.verify_mode = ssl.CERT_REQUIRED  # the client has none, and learns so after its own Finished

    async def scenario() -> None:
        async with connected(_alerting(context)) as stream:
            seen, secure = await handshake(a_session(), WHY, stream, _hello(), TlsContexts())
            assert seen.failure is None
            assert secure is not None
            with pytest.raises(ssl.SSLError) as caught:
                await secure.recv()
            assert alert_of(b"", caught.value) == "certificate_required"

    asyncio.run(scenario())


def _alerting(context: ssl.SSLContext) -> Handler:
    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        server = context.wrap_bio(incoming, outgoing, server_side=True)
        for _ in range(2):
            incoming.write(await reader.read(65_536))
            with contextlib.suppress(ssl.SSLError):
                server.do_handshake()
            writer.write(outgoing.read())
            await writer.drain()
        await reader.read()

    return handler


@pytest.mark.parametrize("name", ["", ".a.example", "a..b", "x" * 300])
def test_a_server_name_that_cannot_be_sent_is_a_failure_with_its_text(name: str) -> None:
    seen = _shake(_hello(name), _context("a.example"))
    assert seen.failure is Failure.UNKNOWN_FAILURE
    assert "cannot be sent" in (seen.detail or "")
    assert seen.hello_bytes == 0


# What a network may do instead of a handshake


def _after_hello(*data: bytes, end: Callable[[asyncio.StreamWriter], None] | None = None) -> Handler:
    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(65_536)
        for piece in data:
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(0.005)
        if end is not None:
            end(writer)
        else:
            await silent(reader, writer)

    return handler


def _fin(writer: asyncio.StreamWriter) -> None:
    writer.close()


def _first_flight(context: ssl.SSLContext, *, end: Callable[[asyncio.StreamWriter], None]) -> Handler:
    """Answer the ClientHello as a real server would, then no more."""

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        server = context.wrap_bio(incoming, outgoing, server_side=True)
        incoming.write(await reader.read(65_536))
        with contextlib.suppress(ssl.SSLError):
            server.do_handshake()
        writer.write(outgoing.read())
        await reader.read(65_536)
        end(writer)

    return handler


def test_a_reset_after_the_client_hello() -> None:
    seen = _shake(_hello(), None, _after_hello(end=reset))
    assert (seen.failure, seen.bytes_received, seen.valid) == (Failure.CONNECTION_RESET, 0, None)
    assert seen.hello_bytes > 200


def test_a_fin_after_the_client_hello() -> None:
    seen = _shake(_hello(), None, _after_hello(end=_fin))
    assert (seen.failure, seen.bytes_received) == (Failure.EOF_ERROR, 0)


def test_silence_after_the_client_hello() -> None:
    seen = _shake(_hello(), None, silent, timeout_s=0.1)
    assert (seen.failure, seen.bytes_received, seen.alert) == (Failure.GENERIC_TIMEOUT_ERROR, 0, None)
    assert 0.1 <= seen.t_s - seen.t0_s < 0.6


@pytest.mark.parametrize(
    "data", [b"HTTP/1.0 400 Bad Request\r\n\r\n", bytes(200), b"\x16\x03\x03\x00\x04\x02\x00\x00\x00"]
)
def test_bytes_that_are_no_tls_fail_the_handshake(data: bytes) -> None:
    seen = _shake(_hello(), None, _after_hello(data))
    assert seen.failure is Failure.SSL_FAILED_HANDSHAKE
    assert seen.bytes_received == len(data)
    assert seen.detail


@pytest.mark.parametrize("code", sorted(set(ALERTS) - {0}))
def test_every_alert_has_its_name(code: int) -> None:
    seen = _shake(_hello(), None, _after_hello(bytes([21, 3, 3, 0, 2, 2, code]), end=_fin))
    assert seen.failure is Failure.SSL_FAILED_HANDSHAKE
    assert seen.alert == ALERTS[code]
    assert seen.bytes_received == 7


def test_an_alert_without_a_name_is_told_by_its_number() -> None:
    assert _shake(_hello(), None, _after_hello(bytes([21, 3, 3, 0, 2, 2, 200]))).alert == "alert_200"


def test_a_server_that_knows_no_such_name_says_so() -> None:
    context = _context("a.example")
    context.sni_callback = lambda *_: ssl.ALERT_DESCRIPTION_UNRECOGNIZED_NAME
    seen = _shake(_hello("b.example"), None, _first_flight(context, end=_fin))
    assert (seen.failure, seen.alert) == (Failure.SSL_FAILED_HANDSHAKE, "unrecognized_name")


def test_a_reset_after_the_certificate_keeps_the_chain() -> None:
    context = _context("a.example")
    context.maximum_version = ssl.TLSVersion.TLSv1_2

    seen = _shake(_hello(), None, _first_flight(context, end=reset))
    assert (seen.failure, seen.valid) == (Failure.CONNECTION_RESET, True)
    assert seen.chain[0].names == ("a.example",)


def test_a_hop_limit_holds_for_the_client_hello_and_no_longer() -> None:
    async def scenario() -> None:
        async with served(_greet, tls=_context("a.example")) as endpoint:
            _, stream = await connect(a_session(), WHY, endpoint)
            assert stream is not None
            usual = stream._sock.getsockopt(socket.IPPROTO_IP, socket.IP_TTL)
            seen, secure = await handshake(a_session(), WHY, stream, _hello(ttl=5), TlsContexts())
            assert (seen.failure, seen.ttl) == (None, 5)
            assert secure is not None
            assert secure._sock.getsockopt(socket.IPPROTO_IP, socket.IP_TTL) == usual
            assert await secure.recv() == b"welcome"
            await secure.aclose()

    asyncio.run(scenario())


def test_cancelling_closes_the_stream_and_propagates() -> None:
    async def scenario() -> None:
        async with connected(silent) as stream:
            task = asyncio.create_task(handshake(a_session(5), WHY, stream, _hello(), TlsContexts()))
            await asyncio.sleep(0.05)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            assert stream.closed

    asyncio.run(scenario())


def test_megabytes_pass_through_tls() -> None:
    async def pour(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readexactly(100_000)
        writer.write(bytes(300_000))
        await writer.drain()
        writer.close()

    async def scenario() -> None:
        async with connected(pour, _context("a.example")) as stream:
            _, secure = await handshake(a_session(), WHY, stream, _hello(), TlsContexts())
            assert secure is not None
            await secure.sendall(bytes(100_000))
            total = 0
            while data := await secure.recv():
                total += len(data)
            assert total == 300_000
            assert secure.bytes_received > total

    asyncio.run(scenario())
