"""The chain of a QUIC handshake: read, and held against the trusted roots, as `tls_chain` and OpenSSL do it for TLS.

aioquic would refuse a chain before anybody has seen it, and trust the roots of `certifi`. Here every chain is evidence,
and trust is the system's store, or SSL_CERT_FILE.
"""

import hashlib
import os
import ssl
from datetime import datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from blockprobe.model.failure import Failure
from blockprobe.model.observation import Certificate
from blockprobe.net.classify import of_verify_code
from blockprobe.net.tls_chain import Chain, one_line, spki_sha256

if TYPE_CHECKING:
    from cryptography import x509
    from OpenSSL import crypto

#: A longer chain is no chain (RFC 5246 has no limit, OpenSSL stops at 100, real ones have four).
MAX_CHAIN = 16
_SERVER_AUTH = "1.3.6.1.5.5.7.3.1"
_ANY_USAGE = "2.5.29.37.0"
_WRONG_PURPOSE = 26  # X509_V_ERR_INVALID_PURPOSE


def quic_chain(certificates: "list[x509.Certificate]") -> Chain:
    """What the server sent, leaf first, as the record keeps it."""
    from cryptography.hazmat.primitives.serialization import Encoding

    ders = tuple(one.public_bytes(Encoding.DER) for one in certificates[:MAX_CHAIN])
    return Chain(tuple(_parsed(one, der) for one, der in zip(certificates, ders, strict=False)), ders)


def verify(chain: Chain) -> tuple[Failure | None, str | None]:
    """Whether the chain leads to a trusted root: None, or the word and OpenSSL's verify code. Names are not read."""
    from cryptography import x509
    from OpenSSL import crypto

    leaf, *others = [x509.load_der_x509_certificate(der) for der in chain.ders]
    try:
        if not _may_serve(leaf):
            return of_verify_code(_WRONG_PURPOSE), f"verify code {_WRONG_PURPOSE}: not for servers"
        made = [crypto.X509.from_cryptography(one) for one in (leaf, *others)]
        crypto.X509StoreContext(_store(*_roots()), made[0], made[1:]).verify_certificate()
    except crypto.X509StoreContextError as error:
        code, _, text = error.errors
        return of_verify_code(int(code)), f"verify code {code}: {text}"
    except (ValueError, crypto.Error) as error:
        return Failure.SSL_INVALID_CERTIFICATE, str(error)
    return None, None


def _roots() -> tuple[str | None, str | None]:
    """File and folder of the roots: SSL_CERT_FILE alone, or what the system's OpenSSL would take."""
    file = os.environ.get("SSL_CERT_FILE")
    if file and os.path.exists(file):
        return file, None
    paths = ssl.get_default_verify_paths()
    return paths.cafile, paths.capath


@lru_cache(maxsize=2)
def _store(file: str | None, folder: str | None) -> "crypto.X509Store":
    """The roots, read once (35 ms with a full bundle)."""
    from OpenSSL import crypto

    store = crypto.X509Store()
    if file or folder:
        store.load_locations(file, folder)
    return store


def _may_serve(leaf: "x509.Certificate") -> bool:
    """Whether the leaf may be a TLS server's (RFC 5280, 4.2.1.12); one that says nothing may. Raises ValueError."""
    from cryptography import x509

    try:
        usages = leaf.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except x509.ExtensionNotFound:
        return True
    return any(usage.dotted_string in (_SERVER_AUTH, _ANY_USAGE) for usage in usages)


def _parsed(certificate: "x509.Certificate", der: bytes) -> Certificate:
    """The certificate in the model's words; what cannot be read of a broken one is empty."""
    return Certificate(
        sha256=hashlib.sha256(der).hexdigest(),
        spki_sha256=spki_sha256(der),
        subject=_name(certificate, "subject"),
        issuer=_name(certificate, "issuer"),
        names=_alternative_names(certificate),
        not_before=_date(certificate, "not_valid_before_utc"),
        not_after=_date(certificate, "not_valid_after_utc"),
    )


def _name(certificate: "x509.Certificate", which: str) -> str:
    try:
        name: Any = getattr(certificate, which)
        return one_line(tuple(tuple((one.oid._name, str(one.value)) for one in relative) for relative in name.rdns))
    except ValueError:
        return ""


def _alternative_names(certificate: "x509.Certificate") -> tuple[str, ...]:
    from cryptography import x509

    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (ValueError, x509.ExtensionNotFound, x509.DuplicateExtension):
        return ()
    return tuple(str(one.value) for one in names if isinstance(one, x509.DNSName | x509.IPAddress))


def _date(certificate: "x509.Certificate", which: str) -> str | None:
    try:
        date: datetime = getattr(certificate, which)
    except ValueError:
        return None
    return date.strftime("%Y-%m-%dT%H:%M:%SZ")
