import asyncio
import errno
import inspect
import os
import socket
import ssl
from collections.abc import Iterator
from pathlib import Path

import dns.exception
import dns.message
import dns.name
import h11
import httpx
import pytest

from blockprobe.model.failure import Failure
from blockprobe.net.classify import failure_of, of_quic_code, of_verify_code

_ROOT = Path(__file__).parents[2]

_OF_ERRNO = {
    "ECONNREFUSED": "connection_refused",
    "ECONNRESET": "connection_reset",
    "EPIPE": "connection_reset",
    "ECONNABORTED": "connection_aborted",
    "ETIMEDOUT": "generic_timeout_error",
    "EHOSTUNREACH": "host_unreachable",
    "EHOSTDOWN": "host_unreachable",
    "ENONET": "host_unreachable",
    "ENETUNREACH": "network_unreachable",
    "EAFNOSUPPORT": "network_unreachable",
    "ENETDOWN": "network_down",
    "ENODEV": "network_down",
    "EACCES": "permission_denied",
    "EPERM": "permission_denied",
    "EADDRNOTAVAIL": "address_not_available",
    "EMSGSIZE": "message_size",
}


@pytest.mark.parametrize("name", sorted(set(errno.errorcode.values())))
def test_every_errno_has_its_word_or_is_unknown(name: str) -> None:
    code = getattr(errno, name)
    canonical = errno.errorcode[code]
    assert failure_of(OSError(code, os.strerror(code))) == _OF_ERRNO.get(canonical, "unknown_failure")


_OF_SSL = {
    "SSLError": "ssl_failed_handshake",
    "SSLCertVerificationError": None,  # by its verify code
    "SSLEOFError": "eof_error",
    "SSLZeroReturnError": "eof_error",
    "SSLSyscallError": "unknown_failure",
    "SSLWantReadError": "unknown_failure",
    "SSLWantWriteError": "unknown_failure",
}


def test_every_exception_of_ssl_is_decided() -> None:
    kinds = {
        kind.__name__: kind for _, kind in inspect.getmembers(ssl, inspect.isclass) if issubclass(kind, ssl.SSLError)
    }
    assert kinds.keys() == _OF_SSL.keys()
    for name, word in _OF_SSL.items():
        if word is not None:
            assert failure_of(kinds[name](1, "text")) == word


_UNKNOWN_AUTHORITY = {2, 18, 19, 20, 21, 27}
_INVALID_HOSTNAME = {62, 63, 64}


@pytest.mark.parametrize("code", range(1, 100))
def test_every_verify_code_is_a_certificate_failure(code: int) -> None:
    if code in _UNKNOWN_AUTHORITY:
        assert of_verify_code(code) is Failure.SSL_UNKNOWN_AUTHORITY
    elif code in _INVALID_HOSTNAME:
        assert of_verify_code(code) is Failure.SSL_INVALID_HOSTNAME
    else:
        assert of_verify_code(code) is Failure.SSL_INVALID_CERTIFICATE


@pytest.mark.parametrize("code", range(0x12))
def test_every_error_code_of_quic_has_its_word(code: int) -> None:
    known = {0x00: Failure.EOF_ERROR, 0x02: Failure.CONNECTION_REFUSED}

    assert of_quic_code(code) is known.get(code, Failure.QUIC_PROTOCOL_ERROR)


def test_an_alert_in_an_error_code_of_quic_is_a_failed_handshake() -> None:
    assert {of_quic_code(0x100 + alert) for alert in range(256)} == {Failure.SSL_FAILED_HANDSHAKE}
    assert of_quic_code(0x200) is Failure.QUIC_PROTOCOL_ERROR


def test_every_exception_of_h11_is_decided() -> None:
    kinds = {name for name, kind in inspect.getmembers(h11, inspect.isclass) if issubclass(kind, Exception)}
    assert kinds == {"ProtocolError", "LocalProtocolError", "RemoteProtocolError"}
    assert failure_of(h11.RemoteProtocolError("no")) is Failure.HTTP_MALFORMED_RESPONSE
    assert failure_of(h11.RemoteProtocolError("no", error_status_hint=431)) is Failure.HTTP_HEADERS_TOO_LARGE
    assert failure_of(h11.LocalProtocolError("our own fault")) is Failure.UNKNOWN_FAILURE


def _below(kind: type[BaseException]) -> Iterator[type[BaseException]]:
    yield kind
    for child in kind.__subclasses__():
        yield from _below(child)


def test_every_exception_of_dnspython_is_decided() -> None:
    malformed = set(_below(dns.exception.FormError))
    late = set(_below(dns.exception.Timeout))
    assert {dns.message.ShortHeader, dns.name.BadPointer, dns.name.BadLabelType} <= malformed
    for kind in _below(dns.exception.DNSException):
        error = kind.__new__(kind)
        if kind in malformed:
            assert failure_of(error) is Failure.DNS_MALFORMED_REPLY
        elif kind in late:
            assert failure_of(error) is Failure.GENERIC_TIMEOUT_ERROR
        else:
            assert failure_of(error) is Failure.UNKNOWN_FAILURE


@pytest.mark.parametrize(
    ("error", "word"),
    [
        (TimeoutError(), "generic_timeout_error"),
        (asyncio.CancelledError(), "interrupted"),
        (EOFError(), "eof_error"),
        (asyncio.IncompleteReadError(b"", 2), "eof_error"),
        (socket.gaierror(socket.EAI_NONAME, "no such name"), "dns_nxdomain_error"),
        (socket.gaierror(socket.EAI_NODATA, "no address"), "dns_no_answer"),
        (socket.gaierror(socket.EAI_AGAIN, "try again"), "unknown_failure"),
        (OSError("without a number"), "unknown_failure"),
        (RuntimeError("a bug"), "unknown_failure"),
        (ExceptionGroup("two", [ValueError(), ConnectionResetError(errno.ECONNRESET, "x")]), "connection_reset"),
    ],
)
def test_other_exceptions(error: BaseException, word: str) -> None:
    assert failure_of(error) == word


def test_a_library_that_wraps_an_error_does_not_hide_it() -> None:
    outer = httpx.ConnectError("")
    middle = RuntimeError("three causes deep")
    middle.__cause__ = ConnectionResetError(errno.ECONNRESET, "reset")
    outer.__cause__ = middle
    assert failure_of(outer) is Failure.CONNECTION_RESET


def test_a_chain_of_causes_that_bites_its_tail_ends() -> None:
    error = RuntimeError()
    error.__cause__ = error
    assert failure_of(error) is Failure.UNKNOWN_FAILURE


@pytest.mark.parametrize("word", list(Failure))
def test_the_documentation_explains_every_failure_word(word: Failure) -> None:
    text = (_ROOT / "docs" / "failures.md").read_text("utf-8")
    assert f"| `{word.value}` |" in text
