import asyncio
import socket
import ssl
import struct
from pathlib import Path

import pytest
import trustme
from hypothesis import given
from hypothesis import strategies as st

from blockprobe.lab.sniff import server_name
from blockprobe.model.observation import TlsObservation
from blockprobe.net.hello_split import Split, SplitError, cut
from blockprobe.net.tls import Hello, TlsContexts, client_hello, handshake
from tests.net.wire import WHY, a_session, connected

_CA = trustme.CA()
_NAMES = st.from_regex(r"[a-z]{1,40}(\.[a-z]{2,20}){1,3}", fullmatch=True)
NAME = "listed-site.example"


@pytest.fixture(autouse=True)
def _trust(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _CA.cert_pem.write_to_path(tmp_path / "ca.pem")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))


def hello(name: str | None = NAME, **more: object) -> Hello:
    return Hello(server_name=name, verify_name=NAME, **more)  # type: ignore[arg-type]


def messages(records: bytes) -> bytes:
    """The contents of TLS records, joined."""
    joined = b""
    while records:
        kind, _, length = struct.unpack_from("!BHH", records)
        assert kind == 22
        joined, records = joined + records[5 : 5 + length], records[5 + length :]
    return joined


@pytest.mark.parametrize("large", [False, True])
def test_two_segments_are_the_flight_cut_within_the_name(large: bool) -> None:
    flight = client_hello(hello(large=large), TlsContexts())
    first, second = cut(flight, Split.SEGMENTS)
    assert first + second == flight
    assert NAME.encode() in flight
    assert NAME.encode() not in first
    assert NAME.encode() not in second
    assert server_name(flight) == (NAME, False)
    assert server_name(first)[0] is None


@pytest.mark.parametrize("large", [False, True])
def test_two_records_are_one_message_without_the_name_in_one_piece(large: bool) -> None:
    flight = client_hello(hello(large=large), TlsContexts())
    (sent,) = cut(flight, Split.RECORDS)
    assert len(sent) == len(flight) + 5
    assert messages(sent) == flight[5:]
    assert NAME.encode() not in sent
    assert server_name(sent) == (NAME, False), "who joins records finds the name"


@pytest.mark.parametrize("split", list(Split))
def test_a_hello_without_a_name_is_cut_in_its_middle(split: Split) -> None:
    flight = client_hello(hello(None), TlsContexts())
    pieces = cut(flight, split)
    assert messages(b"".join(pieces)) == flight[5:]


@given(_NAMES, st.sampled_from(Split))
def test_every_name_is_cut(name: str, split: Split) -> None:
    flight = client_hello(hello(name), _CONTEXTS)
    sent = cut(flight, split)
    assert all(name.encode() not in piece for piece in sent) or len(name) < 2
    assert messages(b"".join(sent)) == flight[5:]


@given(st.binary(max_size=200), st.sampled_from(Split))
def test_other_bytes_are_cut_somewhere_or_refused(data: bytes, split: Split) -> None:
    record = struct.pack("!BHH", 22, 0x301, len(data) + 1) + b"\x01" + data
    for flight in (data, record):
        try:
            sent = b"".join(cut(flight, split))
        except SplitError:
            continue
        assert messages(sent) == flight[5:]


def shake(
    split: Split | None, version: ssl.TLSVersion = ssl.TLSVersion.TLSv1_3
) -> tuple[TlsObservation, bytes, list[int]]:
    """A handshake with a server that notes the ClientHello and in how many segments it came."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.maximum_version = version
    _CA.issue_cert(NAME).configure_cert(context)
    heard, segments = bytearray(), []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        server = context.wrap_bio(incoming, outgoing, server_side=True)
        while True:
            try:
                server.do_handshake()
                break
            except ssl.SSLWantReadError:
                writer.write(outgoing.read())
                if server_name(bytes(heard))[0] is None:
                    heard.extend(data := await reader.read(65_536))
                    segments.append(_segments(writer))
                else:
                    data = await reader.read(65_536)
                incoming.write(data)
        writer.write(outgoing.read())
        await reader.read()

    async def scenario() -> TlsObservation:
        async with connected(serve) as stream:
            seen, _ = await handshake(a_session(), WHY, stream, hello(split=split), TlsContexts())
            return seen

    return asyncio.run(scenario()), bytes(heard), segments


def _segments(writer: asyncio.StreamWriter) -> int:
    """Segments with data that have come so far (struct tcp_info: tcpi_data_segs_in at 152)."""
    raw = writer.get_extra_info("socket").getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 160)
    return int(struct.unpack_from("I", raw, 152)[0])


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_a_server_shakes_hands_over_two_segments(version: ssl.TLSVersion) -> None:
    seen, heard, segments = shake(Split.SEGMENTS, version)
    assert (seen.failure, seen.valid, seen.detail) == (None, True, "ClientHello over two segments")
    assert server_name(heard) == (NAME, False)
    assert segments[-1] == 2
    assert seen.hello_bytes == len(heard)


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_a_server_shakes_hands_over_two_records(version: ssl.TLSVersion) -> None:
    seen, heard, segments = shake(Split.RECORDS, version)
    assert (seen.failure, seen.valid, seen.detail) == (None, True, "ClientHello over two records")
    assert NAME.encode() not in heard
    assert server_name(heard) == (NAME, False)
    assert segments == [1]
    assert seen.hello_bytes == len(heard)


def test_nothing_changes_for_a_hello_that_is_not_split() -> None:
    seen, heard, segments = shake(None)
    assert (seen.valid, seen.detail, segments) == (True, None, [1])
    assert NAME.encode() in heard


_CONTEXTS = TlsContexts()
