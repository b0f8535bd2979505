import datetime
import hashlib

import pytest
import trustme
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.x509.oid import NameOID
from hypothesis import given
from hypothesis import strategies as st

from blockprobe.net.tls_chain import _iso, covers, one_line, spki_sha256


@pytest.mark.parametrize(
    ("names", "name", "covered"),
    [
        (("a.example",), "a.example", True),
        (("A.Example",), "a.eXAMPLE.", True),
        (("a.example",), "b.example", False),
        (("a.example",), "www.a.example", False),
        (("*.a.example",), "www.a.example", True),
        (("*.a.example",), "a.example", False),
        (("*.a.example",), "x.www.a.example", False),
        (("*.example",), "a.example", False),  # a whole top-level domain is nobody's
        (("w*.a.example",), "www.a.example", False),  # RFC 9525, 6.3: the whole label or nothing
        (("*",), "localhost", False),
        (("*.a.example",), "*.a.example", False),
        (("xn--bcher-kva.example",), "xn--bcher-kva.example", True),
        ((), "a.example", False),
        (("a.example",), "", False),
        (("203.0.113.5",), "203.0.113.5", True),
        (("203.0.113.5",), "203.0.113.6", False),
        (("2001:DB8:0:0:0:0:0:5",), "2001:db8::5", True),
        (("*.0.113.5",), "203.0.113.5", False),  # no wildcards for addresses
    ],
)
def test_names_are_matched_as_rfc_9525_wants(names: tuple[str, ...], name: str, covered: bool) -> None:
    assert covers(names, name) is covered


@given(st.lists(st.text(max_size=40), max_size=8).map(tuple), st.text(max_size=60))
def test_matching_never_raises(names: tuple[str, ...], name: str) -> None:
    covers(names, name)


def _self_signed(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey) -> x509.Certificate:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "a.example")])
    now = datetime.datetime.now(datetime.UTC)
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = builder.serial_number(x509.random_serial_number()).not_valid_before(now).not_valid_after(now)
    return builder.sign(key, None if isinstance(key, ed25519.Ed25519PrivateKey) else hashes.SHA256())


@pytest.mark.parametrize(
    "key",
    [
        rsa.generate_private_key(65537, 2048),
        ec.generate_private_key(ec.SECP256R1()),
        ec.generate_private_key(ec.SECP384R1()),
        ed25519.Ed25519PrivateKey.generate(),
    ],
    ids=["rsa", "p256", "p384", "ed25519"],
)
def test_the_public_key_is_found_in_the_der(
    key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey,
) -> None:
    certificate = _self_signed(key)
    info = key.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    der = certificate.public_bytes(serialization.Encoding.DER)
    assert spki_sha256(der) == hashlib.sha256(info).hexdigest()


@given(st.binary(max_size=400))
def test_the_der_walk_survives_any_bytes(data: bytes) -> None:
    assert len(spki_sha256(data)) in (0, 64)


@given(st.data())
def test_the_der_walk_survives_a_damaged_certificate(data: st.DataObject) -> None:
    der = bytearray(_DER)
    for position in data.draw(st.lists(st.integers(0, len(der) - 1), max_size=4)):
        der[position] = data.draw(st.integers(0, 255))
    spki_sha256(bytes(der[: data.draw(st.integers(0, len(der)))]))


_DER = x509.load_pem_x509_certificate(trustme.CA().issue_cert("a.example").cert_chain_pems[0].bytes()).public_bytes(
    serialization.Encoding.DER
)


def test_names_are_shown_on_one_readable_line() -> None:
    name = ((("countryName", "XX"),), (("organizationName", "Acme, Inc.\n"),), (("commonName", "a.example"),))
    assert one_line(name) == "C=XX, O=Acme\\, Inc.\N{REPLACEMENT CHARACTER}, CN=a.example"


def test_times_are_utc_iso_8601_or_unknown() -> None:
    assert _iso("Jan  5 09:34:43 2018 GMT") == "2018-01-05T09:34:43Z"
    assert _iso("Bad time value") is None
    assert _iso(None) is None
