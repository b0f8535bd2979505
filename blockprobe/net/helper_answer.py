"""What a helper answered, ours or any that speaks OONI's test-helper API: bytes in, a `Control` out.

A helper may be broken or hostile, so that everything is bounded and of a known type before it is used. What has no
place in OONI's answer stays unknown.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Annotated, TypeVar

from pydantic import Field, TypeAdapter, ValidationError

from blockprobe.model.addresses import parsed
from blockprobe.model.control import ControlDns, ControlHttp, ControlTcp, ControlTls
from blockprobe.model.observation import ResourceRecord

#: A larger answer is not read (bytes).
MAX_ANSWER_BYTES = 2 * 1024 * 1024

_T = TypeVar("_T")
_Word = Annotated[str, Field(max_length=256)]
_Text = Annotated[str, Field(max_length=8192)]
_Long = Annotated[str, Field(max_length=65_536)]
_Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
_Count = Annotated[int, Field(ge=-1, le=2**53)]
_Status = Annotated[int, Field(ge=-1, le=999)]
_Unix = Annotated[float, Field(ge=0, le=1e11, allow_inf_nan=False)]
_Addresses = Annotated[tuple[_Word, ...], Field(max_length=256)]
_ENDPOINT = re.compile(r"(?:([0-9.]{7,15})|\[([0-9a-fA-F:.]{2,45})\]):([0-9]{1,5})")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Tcp:
    status: bool = False
    failure: _Word | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Tls:
    server_name: _Word = ""
    status: bool = False
    failure: _Word | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Http:
    body_length: _Count = -1
    failure: _Word | None = None
    title: _Text | None = None
    headers: Annotated[dict[_Word, _Long], Field(max_length=1024)] | None = None
    status_code: _Status = -1


@dataclass(frozen=True, slots=True, kw_only=True)
class _Dns:
    failure: _Word | None = None
    addrs: _Addresses | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Soa:
    name: _Word
    type: _Word
    value: _Text
    ttl: Annotated[int, Field(ge=0, le=2**32 - 1)]


@dataclass(frozen=True, slots=True, kw_only=True)
class _OurDns:
    rcode: _Word | None = None
    ede: Annotated[tuple[Annotated[int, Field(ge=0, le=65535)], ...], Field(max_length=64)] = ()
    addresses: _Addresses = ()
    soa: _Soa | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _OurTls:
    server_name: _Word
    ok: bool
    failure: _Word | None = None
    leaf_sha256: _Sha256 | None = None
    spki_sha256: _Sha256 | None = None
    issuer: _Text | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Hop:
    url: _Text
    failure: _Word | None = None
    status: _Status | None = None
    title: _Text | None = None
    location: _Long | None = None
    headers: Annotated[tuple[tuple[_Word, _Long], ...], Field(max_length=1024)] = ()
    body_bytes: Annotated[int, Field(ge=0, le=2**53)] = 0
    body_sha256: _Sha256 | None = None
    sketch: Annotated[tuple[Annotated[int, Field(ge=0, le=2**32 - 1)], ...], Field(max_length=256)] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class WireKey:
    """The key as it is handed out; `expires` is Unix time by the helper's clock."""

    id: Annotated[str, Field(pattern=r"^[0-9a-f]{16}$")]
    secret: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    expires: _Unix


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ours:
    version: int
    now: _Unix
    client: _Word
    key: WireKey | None = None
    dns: _OurDns | None = None
    tls: Annotated[dict[_Word, _OurTls], Field(max_length=256)] | None = None
    hops: Annotated[tuple[_Hop, ...], Field(max_length=32)] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wire:
    tcp_connect: Annotated[dict[_Word, _Tcp], Field(max_length=1024)] | None = None
    tls_handshake: Annotated[dict[_Word, _Tls], Field(max_length=1024)] | None = None
    quic_handshake: Annotated[dict[_Word, _Tls], Field(max_length=1024)] | None = None
    http_request: _Http | None = None
    dns: _Dns | None = None
    x_blockprobe: _Ours | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A helper's answer in the model's words; `now`, `client` and `key` only from our own helper."""

    extended: bool
    dns: ControlDns | None
    tcp: tuple[ControlTcp, ...]
    tls: tuple[ControlTls, ...]
    hops: tuple[ControlHttp, ...]
    quic: tuple[ControlTls, ...] = ()
    now: float | None = None
    client: str | None = None
    key: WireKey | None = None


@cache
def _adapter() -> TypeAdapter[_Wire]:
    return TypeAdapter(_Wire)


def read_answer(body: bytes, url: str) -> Answer:
    """The answer about `url`; raises ValueError with the first fault when it cannot be used."""
    try:
        wire = _adapter().validate_json(body)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(str(part) for part in first["loc"]) or "body"
        raise ValueError(f"{place}: {first['msg']}"[:200]) from error
    if wire.x_blockprobe is None and wire.dns is None and wire.http_request is None:
        raise ValueError("neither dns nor http_request: no answer of a test helper")
    return _extended(wire, wire.x_blockprobe) if wire.x_blockprobe is not None else _foreign(wire, url)


def _foreign(wire: _Wire, url: str) -> Answer:
    tls = _handshakes(wire.tls_handshake)
    dns = ControlDns(failure=wire.dns.failure, addresses=_literals(wire.dns.addrs or ())) if wire.dns else None
    hops = (_single_hop(url, wire.http_request),) if wire.http_request else ()
    quic = _handshakes(wire.quic_handshake)
    return Answer(extended=False, dns=dns, tcp=_tcp(wire), tls=tls, hops=hops, quic=quic)


def _handshakes(table: dict[str, _Tls] | None) -> tuple[ControlTls, ...]:
    return tuple(
        ControlTls(endpoint=endpoint, server_name=one.server_name, ok=one.status, failure=one.failure)
        for endpoint, one in _endpoints(table)
    )


def _single_hop(url: str, http: _Http) -> ControlHttp:
    """OONI gives the end of the redirects only, and of the same header the first value only."""
    if http.failure is not None or http.status_code <= 0:
        return ControlHttp(url=url, failure=http.failure or "unknown_error")
    headers = tuple((http.headers or {}).items())
    return ControlHttp(
        url=url,
        failure=None,
        status=http.status_code,
        title=http.title or None,
        location=next((value for name, value in headers if name.lower() == "location"), None),
        headers=headers,
        body_bytes=max(0, http.body_length),
    )


def _extended(wire: _Wire, ours: _Ours) -> Answer:
    return Answer(
        extended=True,
        dns=_our_dns(wire, ours.dns) if ours.dns is not None else None,
        tcp=_tcp(wire),
        tls=tuple(
            ControlTls(
                endpoint=endpoint,
                server_name=one.server_name,
                ok=one.ok,
                failure=one.failure,
                leaf_sha256=one.leaf_sha256,
                spki_sha256=one.spki_sha256,
                issuer=one.issuer,
            )
            for endpoint, one in _endpoints(ours.tls)
        ),
        hops=tuple(_our_hop(hop) for hop in ours.hops or ()),
        quic=_handshakes(wire.quic_handshake),
        now=ours.now,
        client=_literal(ours.client),
        key=ours.key,
    )


def _our_hop(hop: _Hop) -> ControlHttp:
    return ControlHttp(
        url=hop.url,
        failure=hop.failure,
        status=hop.status,
        title=hop.title,
        location=hop.location,
        headers=hop.headers,
        body_bytes=hop.body_bytes,
        body_sha256=hop.body_sha256,
        sketch=hop.sketch,
    )


def _our_dns(wire: _Wire, dns: _OurDns) -> ControlDns:
    soa = dns.soa
    return ControlDns(
        failure=wire.dns.failure if wire.dns is not None else None,
        addresses=_literals(dns.addresses),
        rcode=dns.rcode,
        ede=dns.ede,
        soa=None if soa is None else ResourceRecord(name=soa.name, type=soa.type, value=soa.value, ttl=soa.ttl),
    )


def _tcp(wire: _Wire) -> tuple[ControlTcp, ...]:
    return tuple(
        ControlTcp(endpoint=endpoint, ok=one.status, failure=one.failure)
        for endpoint, one in _endpoints(wire.tcp_connect)
    )


def _endpoints(table: dict[str, _T] | None) -> Iterator[tuple[str, _T]]:
    """The entries whose key is an endpoint; others are of no use to anybody."""
    return ((key, value) for key, value in (table or {}).items() if _is_endpoint(key))


@lru_cache(maxsize=1024)
def _is_endpoint(text: str) -> bool:
    found = _ENDPOINT.fullmatch(text)
    return found is not None and _literal(found[1] or found[2]) is not None and int(found[3]) < 65536


def _literals(addresses: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(literal for one in addresses if (literal := _literal(one)) is not None)


@lru_cache(maxsize=1024)
def _literal(text: str) -> str | None:
    address = parsed(text)
    return None if address is None else str(address)
