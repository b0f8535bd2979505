import asyncio
import base64
import datetime
import hashlib
import os
import ssl
import subprocess
import sys
from pathlib import Path

import pytest
from aioquic.buffer import Buffer
from aioquic.quic.packet import encode_quic_version_negotiation, pull_quic_header
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from blockprobe.model.failure import Failure
from blockprobe.model.observation import QuicObservation
from blockprobe.net.quic import QuicHello, shake_hands
from tests.net.quic_site import answering, authority, closed_port, serving, shown
from tests.net.wire import WHY, a_session

_CA = authority("Laboratory, Ltd.")
_OTHER_CA = authority("Interceptor")


@pytest.fixture(autouse=True)
def _trust(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _CA.cert_pem.write_to_path(tmp_path / "ca.pem")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))


def _hello(name: str | None = "a.example", verify_name: str = "a.example", **more: object) -> QuicHello:
    return QuicHello(server_name=name, verify_name=verify_name, **more)  # type: ignore[arg-type]


def _shake(server: object, hello: QuicHello, timeout_s: float = 4.0) -> QuicObservation:
    """The observation; a connection comes with a success only, and is closed."""

    async def scenario() -> QuicObservation:
        async with server as endpoint:  # type: ignore[attr-defined]
            seen, wire = await shake_hands(a_session(timeout_s), WHY, endpoint, hello)
            assert (wire is None) == (seen.failure is not None)
            if wire is not None:
                wire.close()
                wire.close()
            return seen

    return asyncio.run(scenario())


def test_a_valid_chain_opens_a_connection_and_everything_is_noted(tmp_path: Path) -> None:
    names: list[str] = []
    seen = _shake(serving(shown(tmp_path, _CA, "a.example", "b.example"), seen=names), _hello())

    assert (seen.failure, seen.valid, seen.alert, seen.close_code, seen.detail) == (None, True, None, None, None)
    assert (seen.server_name, seen.verify_name, seen.alpn, seen.version) == ("a.example", "a.example", "h3", "QUICv1")
    assert (seen.cipher or "").startswith(("AES", "CHACHA"))
    assert seen.hello_bytes == 1200
    assert seen.bytes_received > 1000
    assert seen.packets >= 1
    assert seen.rtt_s is not None
    assert not seen.retry
    assert seen.chain[0].names == ("a.example", "b.example")
    assert seen.chain[0].issuer.startswith("O=Laboratory\\, Ltd.")
    assert seen.chain[0].der is None
    assert "a.example" in names


def test_the_certificate_reads_as_the_one_that_tls_shows(tmp_path: Path) -> None:
    made = shown(tmp_path, _CA, "a.example", "*.b.example", "192.0.2.7")
    seen = _shake(serving(made), _hello())
    pem = next(tmp_path.glob("a.example-*.pem")).read_text()
    der = ssl.PEM_cert_to_DER_cert(pem[pem.index("-----BEGIN CERT") : pem.index("-----END CERT") + 26])

    assert seen.chain[0].sha256 == hashlib.sha256(der).hexdigest()
    assert seen.chain[0].names == ("a.example", "*.b.example", "192.0.2.7")
    assert (seen.chain[0].not_after or "").endswith("Z")
    assert len(seen.chain[0].spki_sha256) == 64


_LONG_AGO = datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC)


@pytest.mark.parametrize(
    ("ca", "options", "hello", "failure", "said"),
    [
        (_OTHER_CA, {}, _hello(), Failure.SSL_UNKNOWN_AUTHORITY, "verify code 20"),
        (_CA, {}, _hello(verify_name="c.example"), Failure.SSL_INVALID_HOSTNAME, "not for c.example"),
        (
            _CA,
            {"not_before": _LONG_AGO, "not_after": _LONG_AGO + datetime.timedelta(days=9)},
            _hello(),
            Failure.SSL_INVALID_CERTIFICATE,
            "verify code 10",
        ),
    ],
    ids=["stranger", "name", "expired"],
)
def test_a_chain_that_proves_nothing_is_a_failure_and_is_kept(
    tmp_path: Path, ca: object, options: dict[str, object], hello: QuicHello, failure: Failure, said: str
) -> None:
    seen = _shake(serving(shown(tmp_path, ca, "a.example", **options)), hello)

    assert (seen.failure, seen.valid) == (failure, False)
    assert said in (seen.detail or "")
    assert hashlib.sha256(base64.b64decode(seen.chain[0].der or "")).hexdigest() == seen.chain[0].sha256


def test_unverified_any_chain_will_do_and_validity_is_unknown(tmp_path: Path) -> None:
    seen = _shake(serving(shown(tmp_path, _OTHER_CA, "x.example")), _hello(verify=False))

    assert (seen.failure, seen.valid) == (None, None)
    assert seen.chain


def test_a_retry_is_followed_and_noted(tmp_path: Path) -> None:
    seen = _shake(serving(shown(tmp_path, _CA, "a.example"), retry=True), _hello())

    assert (seen.failure, seen.retry) == (None, True)


def test_no_common_application_protocol_is_an_alert(tmp_path: Path) -> None:
    seen = _shake(serving(shown(tmp_path, _CA, "a.example")), _hello(alpn=("doq",)))

    assert (seen.failure, seen.alert, seen.close_code) == (
        Failure.SSL_FAILED_HANDSHAKE,
        "no_application_protocol",
        0x178,
    )


def test_silence_ends_in_time_after_enough_packets() -> None:
    seen = _shake(answering(lambda data, count: []), _hello(), timeout_s=1.6)

    assert (seen.failure, seen.bytes_received, seen.valid, seen.icmp) == (Failure.GENERIC_TIMEOUT_ERROR, 0, None, None)
    assert seen.packets == 4
    assert 1.5 < seen.t_s - seen.t0_s < 4.0


def test_a_port_where_nothing_listens_is_refused_by_icmp() -> None:
    async def scenario() -> QuicObservation:
        return (await shake_hands(a_session(), WHY, closed_port(), _hello()))[0]

    seen = asyncio.run(scenario())

    assert seen.failure is Failure.CONNECTION_REFUSED
    assert seen.icmp is not None
    assert (seen.icmp.type, seen.icmp.code) == (3, 3)


def test_a_server_of_other_versions_only_is_told_as_such() -> None:
    def negotiate(data: bytes, count: int) -> list[bytes]:
        header = pull_quic_header(Buffer(data=data), host_cid_length=8)
        return [
            encode_quic_version_negotiation(
                source_cid=header.destination_cid, destination_cid=header.source_cid, supported_versions=[0x1A2A3A4A]
            )
        ]

    assert _shake(answering(negotiate), _hello()).failure is Failure.QUIC_INCOMPATIBLE_VERSION


def test_an_echo_of_our_own_datagrams_is_no_answer() -> None:
    seen = _shake(answering(lambda data, count: [data]), _hello(), timeout_s=0.5)

    assert seen.failure is Failure.GENERIC_TIMEOUT_ERROR
    assert seen.bytes_received > 0


def test_a_flood_ends_with_what_may_be_read() -> None:
    noise = bytes([0x40]) * 60_000

    async def scenario() -> QuicObservation:
        async with answering(lambda data, count: [noise] * 100) as endpoint:
            return (await shake_hands(a_session(2.0), WHY, endpoint, _hello()))[0]

    seen = asyncio.run(scenario())

    assert seen.failure in (Failure.EOF_ERROR, Failure.GENERIC_TIMEOUT_ERROR)
    assert seen.bytes_received < 5_000_000


@pytest.mark.parametrize("name", ["", "ä.example", "a" * 300])
def test_a_name_that_cannot_be_sent_is_no_exception(name: str) -> None:
    async def scenario() -> QuicObservation:
        return (await shake_hands(a_session(), WHY, closed_port(), _hello(name)))[0]

    seen = asyncio.run(scenario())

    assert (seen.failure, seen.packets) == (Failure.UNKNOWN_FAILURE, 0)


@settings(
    max_examples=2_000 if "BLOCKPROBE_ACCEPTANCE" in os.environ else 25,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
@given(st.lists(st.tuples(st.integers(0, 1199), st.binary(min_size=1, max_size=40)), min_size=1, max_size=3))
def test_whatever_comes_back_the_handshake_ends_in_a_word(splices: list[tuple[int, bytes]]) -> None:
    def spoil(data: bytes, count: int) -> list[bytes]:
        spoiled = bytearray(data)
        for place, piece in splices:
            spoiled[place : place + len(piece)] = piece
        return [bytes(spoiled)]

    async def scenario() -> QuicObservation:
        async with answering(spoil) as endpoint:
            return (await shake_hands(a_session(0.05), WHY, endpoint, _hello()))[0]

    assert asyncio.run(scenario()).failure is not None


def test_nothing_that_runs_for_long_imports_the_library_before_it_is_used() -> None:
    program = (
        "import sys, blockprobe.run, blockprobe.agent.daemon, blockprobe.helper.server\n"
        "import blockprobe.measure.bypass.http3\n"
        "found = {'aioquic', 'OpenSSL', 'pylsqpack', 'cryptography'} & set(sys.modules)\n"
        "assert not found, found\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
