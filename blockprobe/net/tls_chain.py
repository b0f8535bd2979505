"""Certificates of a handshake, also of one whose verification failed, and whether they name a host.

The only file that touches `SSLObject._sslobj` (CPython 3.11–3.13): its public `getpeercert` refuses exactly when the
chain is evidence. No X.509 library is needed.
"""

import base64
import hashlib
import ipaddress
import ssl
import warnings
from collections import OrderedDict
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from blockprobe.model.observation import Certificate

_ENCODING_DER = 2  # _ssl.ENCODING_DER
_CACHED = 512

_SHORT = {
    "commonName": "CN",
    "organizationName": "O",
    "organizationalUnitName": "OU",
    "localityName": "L",
    "stateOrProvinceName": "ST",
    "countryName": "C",
}


@dataclass(frozen=True, slots=True)
class Chain:
    """What the server sent, leaf first; `certificates` are without `der`, which `kept` adds."""

    certificates: tuple[Certificate, ...] = ()
    ders: tuple[bytes, ...] = ()

    def proves(self, name: str) -> bool:
        """Whether the leaf names `name` (not whether it is trusted)."""
        return bool(self.certificates) and covers(self.certificates[0].names, name)

    def kept(self) -> tuple[Certificate, ...]:
        """The certificates with their base64 DER, for chains that did not validate."""
        pairs = zip(self.certificates, self.ders, strict=True)
        return tuple(replace(cert, der=base64.b64encode(der).decode("ascii")) for cert, der in pairs)


def chain_of(connection: ssl.SSLObject) -> Chain:
    """The chain as the server sent it, leaf first; empty when none came. Parsed certificates are cached."""
    raw: Any = connection._sslobj  # type: ignore[attr-defined]
    certificates = raw.get_unverified_chain() or ()
    ders = tuple(one.public_bytes(_ENCODING_DER) for one in certificates)
    return Chain(tuple(_cache.get(one, der) for one, der in zip(certificates, ders, strict=True)), ders)


def covers(names: tuple[str, ...], name: str) -> bool:
    """Whether subject alternative names cover a host name or IP address (RFC 9525, 6.3 and 6.5).

    A wildcard stands for exactly the left-most label and never for an address; the subject's CN proves nothing.
    """
    address = _address(name)
    if address is not None:
        return any(_address(one) == address for one in names)
    wanted = name.lower().rstrip(".")
    if wanted in ("", "*") or "*" in wanted:
        return False
    label, dot, parent = wanted.partition(".")
    wildcard = f"*.{parent}" if label and dot and "." in parent else None
    offered = {one.lower().rstrip(".") for one in names}
    return wanted in offered or (wildcard is not None and wildcard in offered)


def spki_sha256(der: bytes) -> str:
    """Hex SHA-256 of the SubjectPublicKeyInfo of a DER certificate (RFC 5280, 4.1); empty if it cannot be found."""
    try:
        return hashlib.sha256(_spki(der)).hexdigest()
    except (IndexError, ValueError):
        return ""


class _Cache:
    """Parsed certificates by SHA-256: thousands of targets share a few hundred intermediates and CDN leaves."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._parsed: OrderedDict[bytes, Certificate] = OrderedDict()

    def get(self, raw: Any, der: bytes) -> Certificate:
        digest = hashlib.sha256(der).digest()
        found = self._parsed.get(digest)
        if found is not None:
            self._parsed.move_to_end(digest)
            return found
        parsed = self._parsed[digest] = _parse(raw, der, digest.hex())
        if len(self._parsed) > self._size:
            self._parsed.popitem(last=False)
        return parsed

    def clear(self) -> None:
        self._parsed.clear()


_cache = _Cache(_CACHED)


def forget_certificates() -> None:
    """Let go of what is remembered of certificates: a program that rests needs none of it."""
    _cache.clear()


def _parse(raw: Any, der: bytes, digest: str) -> Certificate:
    info = _info(raw)
    return Certificate(
        sha256=digest,
        spki_sha256=spki_sha256(der),
        subject=one_line(info.get("subject", ())),
        issuer=one_line(info.get("issuer", ())),
        names=tuple(name for kind, name in info.get("subjectAltName", ()) if kind in ("DNS", "IP Address")),
        not_before=_iso(info.get("notBefore")),
        not_after=_iso(info.get("notAfter")),
    )


def _info(raw: Any) -> dict[str, Any]:
    """CPython's decoded certificate; empty when it holds something that CPython cannot decode."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # "Unknown general name type": the censor's certificate, not our code
        try:
            info: dict[str, Any] = raw.get_info()
        except (ValueError, ssl.SSLError):
            return {}
    return info


def one_line(name: tuple[tuple[tuple[str, str], ...], ...]) -> str:
    """A distinguished name as people read it: "CN=a.example, O=Some Org", commas inside values escaped (RFC 4514)."""
    parts = [(_SHORT.get(key, key), value) for relative in name for key, value in relative]
    return ", ".join(f"{key}={_readable(value)}" for key, value in parts)


def _readable(value: str) -> str:
    shown = value
    if not value.isprintable():
        shown = "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in value)
    return shown.replace("\\", "\\\\").replace(",", "\\,")


@lru_cache(maxsize=_CACHED)
def _iso(openssl_time: str | None) -> str | None:
    """ "Jan  5 09:34:43 2018 GMT" as "2018-01-05T09:34:43Z"."""
    if openssl_time is None:
        return None
    try:
        seconds = ssl.cert_time_to_seconds(openssl_time)
        return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    except (ValueError, OverflowError, OSError):
        return None


def _address(name: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    if ":" not in name and not name[-1:].isdigit():
        return None
    try:
        return ipaddress.ip_address(name.strip())
    except ValueError:
        return None


def _spki(der: bytes) -> bytes:
    """Certificate → tbsCertificate → [version], serial, algorithm, issuer, validity, subject, → the next element."""
    _, start, _ = _element(der, 0)
    _, position, _ = _element(der, start)
    tag, _, end = _element(der, position)
    skipped = 5
    if tag == 0xA0:  # the optional [0] version
        position = end
    for _ in range(skipped):
        _, _, position = _element(der, position)
    tag, _, end = _element(der, position)
    if tag != 0x30 or end > len(der):
        raise ValueError("no SubjectPublicKeyInfo here")
    return der[position:end]


def _element(der: bytes, position: int) -> tuple[int, int, int]:
    """Tag, start of the content and end of the DER element at `position` (X.690, 8.1)."""
    tag, length, start = der[position], der[position + 1], position + 2
    if length == 0x80 or length > 0x84:
        raise ValueError("indefinite or absurd length")
    if length > 0x80:
        count = length - 0x80
        length = int.from_bytes(der[start : start + count], "big")
        start += count
    return tag, start, start + length
