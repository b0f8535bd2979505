"""One QUIC handshake, observed (RFC 9000, RFC 9001), over a UDP socket of its own."""

import asyncio
from dataclasses import dataclass

from blockprobe.model.evidence import Icmp
from blockprobe.model.failure import Failure
from blockprobe.model.observation import QuicObservation, Why
from blockprobe.net.bare import bare
from blockprobe.net.classify import failure_of, of_quic_code
from blockprobe.net.meter import BudgetSpent
from blockprobe.net.quic_chain import quic_chain, verify
from blockprobe.net.quic_wire import QuicEnded, QuicNoVersion, QuicWire, available
from blockprobe.net.session import Session
from blockprobe.net.tcp import Endpoint
from blockprobe.net.tls import ServerNameError
from blockprobe.net.tls_alert import ALERTS
from blockprobe.net.tls_chain import Chain

__all__ = ["QuicHello", "available", "shake_hands"]

_CRYPTO_ERROR = 0x100  # RFC 9001, 4.8: the alert is in the last byte


@dataclass(frozen=True, slots=True, kw_only=True)
class QuicHello:
    """What to send and what to expect; the names and `verify` are as in `tls.Hello`."""

    server_name: str | None
    verify_name: str
    verify: bool = True
    alpn: tuple[str, ...] = ("h3",)


async def shake_hands(
    session: Session, why: Why, endpoint: Endpoint, hello: QuicHello
) -> tuple[QuicObservation, QuicWire | None]:
    """Shake hands within `session.timeout_s`; needs the extra `quic`.

    Returns the connection, which the caller closes; or None where there is a failure, which a chain that does not
    prove `verify_name` is as well. The chain is kept either way; its DER only when it did not validate.
    """
    attempt = _Attempt(session, endpoint, hello)
    try:
        async with asyncio.timeout(session.timeout_s):
            await attempt.run()
    except BudgetSpent:
        attempt.close()
        raise
    except Exception as error:  # the network's, and whatever hostile bytes set off in the library
        attempt.error = bare(error)
    except BaseException:
        attempt.close()
        raise
    observation = attempt.observation(why)
    if observation.failure is not None:
        attempt.close()
        return observation, None
    return observation, attempt.wire


class _Attempt:
    """One handshake while it goes on."""

    def __init__(self, session: Session, endpoint: Endpoint, hello: QuicHello) -> None:
        self._session = session
        self._endpoint = endpoint
        self._hello = hello
        self._t0_s = session.elapsed()
        self.wire: QuicWire | None = None
        self.error: Exception | None = None

    async def run(self) -> None:
        """Shake hands; raises what the wire raises, and ServerNameError."""
        from aioquic.quic.events import HandshakeCompleted

        name = self._hello.server_name
        if name is not None and (not name.isascii() or not 0 < len(name) < 256):
            raise ServerNameError(f"{name!r} cannot be sent as server name")
        self.wire = QuicWire(self._session, self._endpoint, name, self._hello.alpn)
        self.wire.flush()
        while not any(isinstance(event, HandshakeCompleted) for event in await self.wire.turn()):
            pass

    def close(self) -> None:
        """Close the connection, if there is one."""
        if self.wire is not None:
            self.wire.close()

    def observation(self, why: Why) -> QuicObservation:
        """What happened, in the model's words."""
        wire, hello = self.wire, self._hello
        chain = quic_chain(wire.certificates) if wire else Chain()
        trusted = verify(chain) if hello.verify and chain.ders else (None, None)
        failure, detail = self._judge(chain, trusted)
        valid = trusted[0] is None and chain.proves(hello.verify_name) if hello.verify and chain.ders else None
        code = self.error.code if isinstance(self.error, QuicEnded) else None
        return QuicObservation(
            why=why,
            t0_s=self._t0_s,
            t_s=self._session.elapsed(),
            failure=failure,
            address=self._endpoint.address,
            port=self._endpoint.port,
            server_name=hello.server_name,
            verify_name=hello.verify_name,
            valid=valid,
            version=wire.version if wire else None,
            cipher=wire.cipher if wire else None,
            alpn=wire.alpn if wire else None,
            alert=_alert(code),
            close_code=code,
            retry=wire.retried if wire else False,
            bytes_received=wire.bytes_received if wire else 0,
            hello_bytes=wire.hello_bytes if wire else 0,
            packets=wire.packets if wire else 0,
            rtt_s=_micros(wire.rtt_s) if wire else None,
            icmp=self._icmp(),
            chain=chain.kept() if valid is False else chain.certificates,
            detail=detail,
        )

    def _icmp(self) -> Icmp | None:
        return self.wire.icmp if self.wire is not None else None

    def _judge(self, chain: Chain, trusted: tuple[Failure | None, str | None]) -> tuple[Failure | None, str | None]:
        """The failure, and its text: of the connection first, then of the chain."""
        error = self.error
        if error is not None:
            return word_of(error), str(error) or None
        named = not self._hello.verify or chain.proves(self._hello.verify_name)
        if trusted[0] is not None and named:
            return trusted
        if not named:
            text = f"not for {self._hello.verify_name}"
            return Failure.SSL_INVALID_HOSTNAME, f"{text}; {trusted[1]}" if trusted[1] else text
        return None, None


def word_of(error: Exception) -> Failure:
    """The word for what ended a connection; what the library itself stumbled over is an error of the protocol."""
    if isinstance(error, QuicEnded):
        return of_quic_code(error.code)
    if isinstance(error, QuicNoVersion):
        return Failure.QUIC_INCOMPATIBLE_VERSION
    if isinstance(error, OSError | EOFError):
        return failure_of(error)
    return Failure.UNKNOWN_FAILURE if isinstance(error, ServerNameError) else Failure.QUIC_PROTOCOL_ERROR


def _alert(code: int | None) -> str | None:
    if code is None or not _CRYPTO_ERROR <= code <= _CRYPTO_ERROR + 0xFF:
        return None
    return ALERTS.get(code - _CRYPTO_ERROR, f"alert_{code - _CRYPTO_ERROR}")


def _micros(seconds: float | None) -> float | None:
    """Whole microseconds, so that a record reads back the same."""
    return None if seconds is None else round(seconds, 6)
