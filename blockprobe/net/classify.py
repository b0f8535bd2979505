"""The one map from exceptions to words. What is not in it is `unknown_failure`: never a guess."""

import asyncio
import errno
import socket
import ssl

import h11

from blockprobe.model.failure import Failure

_ERRNO = {
    errno.ECONNREFUSED: Failure.CONNECTION_REFUSED,
    errno.ECONNRESET: Failure.CONNECTION_RESET,
    errno.EPIPE: Failure.CONNECTION_RESET,  # Linux: a RST that came after the peer's FIN, or after one already told
    errno.ECONNABORTED: Failure.CONNECTION_ABORTED,
    errno.ETIMEDOUT: Failure.GENERIC_TIMEOUT_ERROR,
    errno.EHOSTUNREACH: Failure.HOST_UNREACHABLE,
    errno.EHOSTDOWN: Failure.HOST_UNREACHABLE,  # ICMP "host unknown"
    errno.ENONET: Failure.HOST_UNREACHABLE,  # ICMP "source host isolated"
    errno.ENETUNREACH: Failure.NETWORK_UNREACHABLE,
    errno.EAFNOSUPPORT: Failure.NETWORK_UNREACHABLE,  # a kernel without IPv6
    errno.ENETDOWN: Failure.NETWORK_DOWN,
    errno.ENODEV: Failure.NETWORK_DOWN,  # the interface to leave through is not there
    errno.EACCES: Failure.PERMISSION_DENIED,
    errno.EPERM: Failure.PERMISSION_DENIED,
    errno.EADDRNOTAVAIL: Failure.ADDRESS_NOT_AVAILABLE,
    errno.EMSGSIZE: Failure.MESSAGE_SIZE,
}

_GETADDRINFO = {
    socket.EAI_NONAME: Failure.DNS_NXDOMAIN_ERROR,
    socket.EAI_NODATA: Failure.DNS_NO_ANSWER,
}

# OpenSSL's X509_V_ERR_* (x509_vfy.h): no way from the leaf to a trusted root.
_NO_TRUSTED_ROOT = frozenset({2, 18, 19, 20, 21, 27})
# ... and the name or address is not in the certificate (we match names ourselves, httpx lets OpenSSL do it).
_WRONG_NAME = frozenset({62, 63, 64})

_QUIC_CODES = {
    0x00: Failure.EOF_ERROR,  # NO_ERROR: closed without a complaint, before the handshake was complete
    0x02: Failure.CONNECTION_REFUSED,
}

# dnspython by name, and so with all their subclasses: importing it here would cost every start.
_BY_NAME = {
    "dns.exception.FormError": Failure.DNS_MALFORMED_REPLY,
    "dns.exception.Timeout": Failure.GENERIC_TIMEOUT_ERROR,
}

_MAX_CAUSES = 8


def failure_of(error: BaseException) -> Failure:
    """The word for an exception: the first one known along the chain of its causes (PEP 3134)."""
    current: BaseException | None = error
    for _ in range(_MAX_CAUSES):
        if current is None:
            break
        word = _word(current)
        if word is not Failure.UNKNOWN_FAILURE:
            return word
        current = current.__cause__
    return Failure.UNKNOWN_FAILURE


def _word(error: BaseException) -> Failure:
    if isinstance(error, asyncio.CancelledError):
        return Failure.INTERRUPTED
    if isinstance(error, ssl.SSLError):  # an OSError too, whose errno is a number of OpenSSL's: before OSError
        return _of_ssl(error)
    if isinstance(error, OSError):
        return _of_os(error)
    if isinstance(error, EOFError):
        return Failure.EOF_ERROR
    if isinstance(error, h11.RemoteProtocolError):
        return _of_h11(error)
    if isinstance(error, BaseExceptionGroup):
        words = (failure_of(one) for one in error.exceptions)
        return next((word for word in words if word is not Failure.UNKNOWN_FAILURE), Failure.UNKNOWN_FAILURE)
    names = (f"{kind.__module__}.{kind.__qualname__}" for kind in type(error).__mro__)
    return next((_BY_NAME[name] for name in names if name in _BY_NAME), Failure.UNKNOWN_FAILURE)


def _of_os(error: OSError) -> Failure:
    if isinstance(error, socket.gaierror):  # its errno is an EAI_*
        return _GETADDRINFO.get(error.errno or 0, Failure.UNKNOWN_FAILURE)
    if isinstance(error, TimeoutError):
        return Failure.GENERIC_TIMEOUT_ERROR
    return _ERRNO.get(error.errno or 0, Failure.UNKNOWN_FAILURE)


def _of_ssl(error: ssl.SSLError) -> Failure:
    if isinstance(error, ssl.SSLCertVerificationError):
        return of_verify_code(error.verify_code)
    if isinstance(error, ssl.SSLEOFError | ssl.SSLZeroReturnError):
        return Failure.EOF_ERROR
    if isinstance(error, ssl.SSLSyscallError | ssl.SSLWantReadError | ssl.SSLWantWriteError):
        return Failure.UNKNOWN_FAILURE
    return Failure.SSL_FAILED_HANDSHAKE


def of_verify_code(code: int) -> Failure:
    """The word for OpenSSL's verdict on a chain (X509_V_ERR_*)."""
    if code in _NO_TRUSTED_ROOT:
        return Failure.SSL_UNKNOWN_AUTHORITY
    if code in _WRONG_NAME:
        return Failure.SSL_INVALID_HOSTNAME
    return Failure.SSL_INVALID_CERTIFICATE


def of_quic_code(code: int) -> Failure:
    """The word for the error code that ended a QUIC handshake (RFC 9000, 20.1; RFC 9001, 4.8)."""
    if 0x100 <= code <= 0x1FF:  # CRYPTO_ERROR: a TLS alert
        return Failure.SSL_FAILED_HANDSHAKE
    return _QUIC_CODES.get(code, Failure.QUIC_PROTOCOL_ERROR)


def _of_h11(error: h11.RemoteProtocolError) -> Failure:
    too_large = error.error_status_hint == 431  # RFC 6585, 5
    return Failure.HTTP_HEADERS_TOO_LARGE if too_large else Failure.HTTP_MALFORMED_RESPONSE
