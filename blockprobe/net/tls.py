"""One TLS handshake over an open connection, observed (RFC 8446, RFC 5246): our own loop over `ssl.MemoryBIO`.

`asyncio.open_connection(ssl=)` would hide the chain, the bytes and the times.
"""

import asyncio
import contextlib
import os
import ssl
from dataclasses import dataclass

from blockprobe.model.failure import Failure
from blockprobe.model.observation import TlsObservation, Why
from blockprobe.net.bare import bare
from blockprobe.net.classify import failure_of
from blockprobe.net.hello_split import Split, SplitError, cut
from blockprobe.net.session import Session
from blockprobe.net.stream import Stream
from blockprobe.net.tls_alert import alert_of
from blockprobe.net.tls_chain import Chain, chain_of

# The group that every TLS 1.3 server must know (RFC 8446, 9.1). X25519 alone would be refused by servers that have no
# X25519, and under TLS 1.2 by every certificate with a P-256 key (RFC 8422, 5.1.1): differences of no censor's making.
_SMALL_GROUP = "prime256v1"
# From here on OpenSSL's own key shares are too long for one segment (X25519MLKEM768: 1,184 bytes); before, it sends
# X25519 and offers P-256 beside it, which is small, quicker, and refused by nobody.
_POST_QUANTUM = (3, 5)
_DATES = frozenset({9, 10})  # X509_V_ERR_CERT_NOT_YET_VALID, X509_V_ERR_CERT_HAS_EXPIRED


@dataclass(frozen=True, slots=True, kw_only=True)
class Hello:
    """What to send and what to expect.

    `server_name` is the SNI (None: none is sent; never empty), `verify_name` the host name or IP address that the
    chain must prove. `large`: the platform's own key shares instead of one classical share, which keeps the
    ClientHello in one segment. `ttl`: a hop limit for the ClientHello until the far end is heard. `verify` false: any
    chain will do, and `valid` stays None (for echoes, which prove themselves otherwise).
    """

    server_name: str | None
    verify_name: str
    large: bool = False
    alpn: tuple[str, ...] = ("http/1.1",)
    ttl: int | None = None
    verify: bool = True
    split: Split | None = None


class ServerNameError(ValueError):
    """A server name that no ClientHello can carry (RFC 6066, 3): empty, too long, not a host name."""


class TlsContexts:
    """The few SSL contexts of a run, each made when first needed (one costs 35 ms with a full CA bundle).

    Trust is the system's store, or `SSL_CERT_FILE`. Names are matched by `tls_chain.covers`, because the name to
    prove may differ from the SNI.
    """

    def __init__(self) -> None:
        """No context is made yet."""
        self._made: dict[tuple[bool, bool], ssl.SSLContext] = {}

    def connection(self, hello: Hello, incoming: ssl.MemoryBIO, outgoing: ssl.MemoryBIO) -> ssl.SSLObject:
        """A client side that will send `hello`; raises ServerNameError."""
        key = (hello.large, hello.verify)
        context = self._made.get(key)
        if context is None:
            context = self._made[key] = _context(large=hello.large, verify=hello.verify)
        context.set_alpn_protocols(hello.alpn)  # copied by wrap_bio, so that one context serves every protocol
        try:
            return context.wrap_bio(incoming, outgoing, server_side=False, server_hostname=hello.server_name)
        except ValueError as error:
            raise ServerNameError(f"{hello.server_name!r} cannot be sent as server name: {error}") from error


def trusting() -> ssl.SSLContext:
    """A client's context that trusts SSL_CERT_FILE, or else the system's store.

    With the file alone: OpenSSL would search the system's folder too, for each leaf anew (0.1 ms a handshake).
    """
    file = os.environ.get("SSL_CERT_FILE")
    if file:
        with contextlib.suppress(OSError):  # a file that cannot be read adds no trust, as with OpenSSL's own handling
            return ssl.create_default_context(cafile=file)
    return ssl.create_default_context()


def _context(*, large: bool, verify: bool) -> ssl.SSLContext:
    context = trusting() if verify else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    if verify:
        # CPython 3.13 would also refuse chains that browsers take: the same judgement on every version.
        context.verify_flags = ssl.VERIFY_X509_TRUSTED_FIRST
    else:
        context.verify_mode = ssl.CERT_NONE
    if not large and ssl.OPENSSL_VERSION_INFO >= _POST_QUANTUM:
        context.set_ecdh_curve(_SMALL_GROUP)
    return context


async def handshake(
    session: Session, why: Why, stream: Stream, hello: Hello, contexts: TlsContexts
) -> tuple[TlsObservation, Stream | None]:
    """Shake hands within `session.timeout_s`.

    Returns `stream`, now speaking TLS; or None, and `stream` is closed, when there is a failure, which a chain that
    does not prove `verify_name` is as well. The chain is kept either way; its DER only when it did not validate.
    """
    attempt = _Attempt(stream, hello, session.elapsed())
    try:
        async with asyncio.timeout(session.timeout_s):
            await attempt.run(contexts)
    except (OSError, EOFError, ServerNameError, SplitError) as error:
        attempt.error = bare(error)
    except BaseException:
        stream.close()
        raise
    observation = attempt.observation(why, session.elapsed())
    if observation.failure is not None:
        stream.close()
        return observation, None
    return observation, stream


def client_hello(hello: Hello, contexts: TlsContexts) -> bytes:
    """The first flight alone, as `handshake` would send it."""
    outgoing = ssl.MemoryBIO()
    connection = contexts.connection(hello, ssl.MemoryBIO(), outgoing)
    with contextlib.suppress(ssl.SSLWantReadError):
        connection.do_handshake()
    return outgoing.read()


class _TlsLayer:
    """TLS over a stream's wire; `first` is the beginning of what came."""

    def __init__(self, stream: Stream, hello: Hello, contexts: TlsContexts) -> None:
        self._stream = stream
        self._below = stream.top
        self._split = hello.split
        self._incoming = ssl.MemoryBIO()
        self._outgoing = ssl.MemoryBIO()
        self.connection = contexts.connection(hello, self._incoming, self._outgoing)
        self.first = b""

    async def flush(self) -> int:
        """Send what OpenSSL wrote; the number of bytes."""
        data = self._outgoing.read()
        if data and self._split is not None:
            return await self._send_split(data, self._split)
        if data:
            await self._below.sendall(data)
        return len(data)

    async def _send_split(self, hello: bytes, split: Split) -> int:
        """The first flight in pieces, each when the one before was acknowledged: retransmissions would join them."""
        self._split = None
        pieces = cut(hello, split)
        for number, piece in enumerate(pieces):
            if number:
                await self._stream.acknowledged()
            await self._below.sendall(piece)
        return sum(map(len, pieces))

    async def fill(self) -> bool:
        """Receive something for OpenSSL; false at the end of the stream."""
        data = await self._below.recv(65_536)
        self.first = self.first or data[:16]
        self._incoming.write(data)
        return bool(data)

    async def recv(self, limit: int) -> bytes:
        while True:
            try:
                return self.connection.read(limit)
            except ssl.SSLWantReadError:
                await self.flush()
                if not await self.fill():
                    return b""
            except ssl.SSLZeroReturnError:
                return b""

    async def sendall(self, data: bytes) -> None:
        self.connection.write(data)
        await self.flush()


class _Attempt:
    """One handshake while it goes on."""

    def __init__(self, stream: Stream, hello: Hello, t0_s: float) -> None:
        self._stream = stream
        self._hello = hello
        self._t0_s = t0_s
        self._received = stream.bytes_received
        self._retransmissions = stream.retransmissions
        self._hello_bytes = 0
        self._layer: _TlsLayer | None = None
        self.error: Exception | None = None

    async def run(self, contexts: TlsContexts) -> None:
        """Shake hands; raises OSError (ssl.SSLError is one), EOFError, ServerNameError."""
        layer = self._layer = _TlsLayer(self._stream, self._hello, contexts)
        if self._hello.ttl is not None:
            self._stream.limit_hops(self._hello.ttl)
        while True:
            try:
                layer.connection.do_handshake()
            except ssl.SSLWantReadError:
                sent = await layer.flush()
                self._hello_bytes = self._hello_bytes or sent
                if not await layer.fill():
                    raise EOFError("the connection was closed during the handshake") from None
            except ssl.SSLError:
                with contextlib.suppress(OSError):
                    await layer.flush()  # the alert that tells the server why
                raise
            else:
                await layer.flush()
                self._stream.secure(layer)
                return

    def observation(self, why: Why, t_s: float) -> TlsObservation:
        """What happened, in the model's words."""
        connection = self._layer.connection if self._layer else None
        chain = chain_of(connection) if connection else Chain()
        failure, detail = self._judge(chain)
        valid = _valid(self._hello, chain, self.error)
        cipher = connection.cipher() if connection else None
        return TlsObservation(
            why=why,
            t0_s=self._t0_s,
            t_s=t_s,
            failure=failure,
            address=self._stream.address,
            port=self._stream.port,
            server_name=self._hello.server_name,
            verify_name=self._hello.verify_name,
            valid=valid,
            version=connection.version() if connection else None,
            cipher=cipher[0] if cipher else None,
            alpn=connection.selected_alpn_protocol() if connection else None,
            alert=alert_of(self._layer.first, self.error) if self._layer and self.error else None,
            bytes_received=self._stream.bytes_received - self._received,
            hello_bytes=self._hello_bytes,
            large_hello=self._hello.large,
            maxseg=self._stream.maxseg,
            ttl=self._hello.ttl,
            packets=1 + self._stream.retransmissions - self._retransmissions,
            rtt_s=self._stream.rtt_s,
            chain=chain.kept() if valid is False else chain.certificates,
            detail=_told(self._hello.split, detail),
        )

    def _judge(self, chain: Chain) -> tuple[Failure | None, str | None]:
        """The failure, and its text. Wrong dates alone stay visible: they may be the fault of our clock."""
        error = self.error
        named = not self._hello.verify or chain.proves(self._hello.verify_name)
        if isinstance(error, ssl.SSLCertVerificationError):
            text = f"verify code {error.verify_code}: {error.verify_message}"
            if error.verify_code in _DATES and not named:
                return Failure.SSL_INVALID_HOSTNAME, f"not for {self._hello.verify_name}; {text}"
            return failure_of(error), text
        if error is not None:
            return failure_of(error), str(error) or None
        return (None, None) if named else (Failure.SSL_INVALID_HOSTNAME, f"not for {self._hello.verify_name}")


def _told(split: Split | None, detail: str | None) -> str | None:
    if split is None:
        return detail
    return f"ClientHello over two {split}" + (f"; {detail}" if detail else "")


def _valid(hello: Hello, chain: Chain, error: Exception | None) -> bool | None:
    """OpenSSL checks a chain as soon as it came: later failures leave a checked one valid."""
    if not hello.verify or not chain.certificates:
        return None
    return not isinstance(error, ssl.SSLCertVerificationError) and chain.proves(hello.verify_name)
