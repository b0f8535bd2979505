"""The server name in a client's first QUIC datagram, as any box on the path can read it (RFC 9001, 5.2).

An Initial is encrypted with keys that follow from a salt in the RFC and a connection id in the clear.
"""

from aioquic.buffer import Buffer, BufferReadError  # type: ignore[attr-defined]  # re-exported without saying so
from aioquic.quic.crypto import CryptoError, CryptoPair  # type: ignore[attr-defined]
from aioquic.quic.packet import QuicFrameType, QuicPacketType, pull_quic_header
from aioquic.tls import Alert, pull_client_hello

#: A client's first datagram is at least so long (RFC 9000, 14.1; bytes).
FIRST_DATAGRAM = 1200
#: CRYPTO data beyond this is not looked at (bytes); a ClientHello has 300 to 1,800.
_MAX_HELLO = 16_384
_VERSIONS = (0x00000001, 0x6B3343CF)
_IGNORED = (QuicFrameType.PADDING, QuicFrameType.PING)


def is_initial(datagram: bytes) -> bool:
    """Whether a datagram can be a client's first: long enough, with a long header of a version known here."""
    if len(datagram) < FIRST_DATAGRAM or not datagram[0] & 0x80:
        return False
    return int.from_bytes(datagram[1:5]) in _VERSIONS


def server_name(datagram: bytes) -> str | None:
    """The SNI in the Initial at the beginning of a client's datagram, in lower case; None: none can be read there.

    A ClientHello that needs several datagrams (post-quantum key shares) is not put together.
    """
    if not is_initial(datagram):
        return None
    try:
        hello = _crypto_stream(_opened(datagram))
        name = pull_client_hello(Buffer(data=hello)).server_name
    except (ValueError, IndexError, CryptoError, BufferReadError, Alert, AssertionError):
        return None
    return name.lower() if name else None


def _opened(datagram: bytes) -> bytes:
    """The frames of the Initial; raises ValueError and CryptoError."""
    buf = Buffer(data=datagram)
    header = pull_quic_header(buf, host_cid_length=8)
    if header.packet_type is not QuicPacketType.INITIAL or header.version is None:
        raise ValueError("no Initial")
    keys = CryptoPair()
    keys.setup_initial(cid=header.destination_cid, is_client=False, version=header.version)
    _, frames, _ = keys.decrypt_packet(datagram[: header.packet_length], buf.tell(), 0)
    return frames


def _crypto_stream(frames: bytes) -> bytes:
    """The CRYPTO data from its beginning to its first gap; clients scatter it over many frames on purpose."""
    pieces: dict[int, bytes] = {}
    buf = Buffer(data=frames)
    while not buf.eof():
        kind = buf.pull_uint_var()
        if kind in _IGNORED:
            continue
        if kind != QuicFrameType.CRYPTO:
            break
        offset = buf.pull_uint_var()
        pieces[offset] = buf.pull_bytes(buf.pull_uint_var())
    stream = b""
    for offset, piece in sorted(pieces.items()):
        if offset > len(stream) or len(stream) > _MAX_HELLO:
            break
        stream += piece[len(stream) - offset :]
    return stream
