"""OONI's test-helper API as it goes over the wire, and our extension of it (`docs/helper.md`)."""

import json
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import Field, TypeAdapter, ValidationError

from blockprobe.model.control import ControlDns, ControlHttp, ControlTcp, ControlTls
from blockprobe.net.echo import EchoKey

_Text = Annotated[str, Field(max_length=2048)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Extension:
    """`x_blockprobe` of a request: the client understands ours."""

    version: Literal[1]


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlRequest:
    """What a client asks: fetch `http_request`, and test `tcp_connect` ("ip:port") beside what the name resolves to.

    With our extension an empty `http_request` asks for nothing but a key. `x_quic_enabled`: QUIC handshakes as well.
    """

    http_request: Annotated[str, Field(max_length=8192)] = ""
    http_request_headers: Annotated[dict[_Text, tuple[_Text, ...] | None], Field(max_length=64)] | None = None
    tcp_connect: Annotated[tuple[Annotated[str, Field(max_length=64)], ...], Field(max_length=512)] | None = None
    x_quic_enabled: bool = False
    x_blockprobe: Extension | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """Everything the helper found out for one request; `ip_flags` as oohelperd has them: (address, bits)."""

    dns: ControlDns
    tcp: tuple[ControlTcp, ...] = ()
    tls: tuple[ControlTls, ...] = ()
    hops: tuple[ControlHttp, ...] = ()
    quic: tuple[ControlTls, ...] = ()
    ip_flags: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Greeting:
    """What only our clients are told: the time, their address, and a key for the echoes."""

    now: float
    client: str
    key: EchoKey


_REQUEST = TypeAdapter(ControlRequest)


def read_request(body: bytes) -> ControlRequest:
    """The request in a body; raises ValueError with one line that names the first fault."""
    try:
        return _REQUEST.validate_json(body)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(str(part) for part in first["loc"]) or "body"
        raise ValueError(f"{place}: {first['msg']}") from error


def render(outcome: Outcome | None, greeting: Greeting | None) -> bytes:
    """The answer's body: OONI's fields always (empty without an outcome), ours when there is a greeting."""
    answer = _ooni(outcome or Outcome(dns=ControlDns(failure=None)))
    if greeting is not None:
        answer["x_blockprobe"] = _ours(outcome, greeting)
    return json.dumps(answer, separators=(",", ":")).encode()


def _ooni(outcome: Outcome) -> dict[str, Any]:
    last = outcome.hops[-1] if outcome.hops else None
    return {
        "tcp_connect": {t.endpoint: {"status": t.ok, "failure": t.failure} for t in outcome.tcp},
        "tls_handshake": {
            t.endpoint: {"server_name": t.server_name, "status": t.ok, "failure": t.failure} for t in outcome.tls
        },
        "quic_handshake": {
            q.endpoint: {"server_name": q.server_name, "status": q.ok, "failure": q.failure} for q in outcome.quic
        },
        "http_request": _http(last),
        "http3_request": None,
        "dns": {"failure": outcome.dns.failure, "addrs": list(outcome.dns.addresses)},
        "ip_info": {address: {"asn": 0, "flags": flags} for address, flags in outcome.ip_flags},
    }


def _http(last: ControlHttp | None) -> dict[str, Any]:
    """The final hop in OONI's words: -1, "" and {} where it failed."""
    done = last is not None and last.failure is None
    headers: dict[str, str] = {}
    for name, value in last.headers if last is not None and done else ():
        headers.setdefault(_canonical_header(name), value)
    return {
        "body_length": last.body_bytes if last is not None and done else -1,
        "discovered_h3_endpoint": "",
        "failure": None if done else ooni_http_failure(last.failure if last is not None else None),
        "title": (last.title or "") if last is not None and done else "",
        "headers": headers,
        "status_code": last.status if last is not None and done else -1,
    }


def _ours(outcome: Outcome | None, greeting: Greeting) -> dict[str, Any]:
    key = greeting.key
    ours: dict[str, Any] = {
        "version": 1,
        "now": greeting.now,
        "client": greeting.client,
        "key": {"id": key.id, "secret": key.secret, "expires": key.expires},
    }
    if outcome is not None:
        ours["dns"] = _dns(outcome.dns)
        ours["tls"] = {t.endpoint: _tls(t) for t in outcome.tls}
        ours["hops"] = [_hop(hop) for hop in outcome.hops]
    return ours


def _dns(dns: ControlDns) -> dict[str, Any]:
    soa = dns.soa
    return {
        "rcode": dns.rcode,
        "ede": list(dns.ede),
        "addresses": list(dns.addresses),
        "soa": None if soa is None else {"name": soa.name, "type": soa.type, "value": soa.value, "ttl": soa.ttl},
    }


def _tls(tls: ControlTls) -> dict[str, Any]:
    return {
        "server_name": tls.server_name,
        "ok": tls.ok,
        "failure": tls.failure,
        "leaf_sha256": tls.leaf_sha256,
        "spki_sha256": tls.spki_sha256,
        "issuer": tls.issuer,
    }


def _hop(hop: ControlHttp) -> dict[str, Any]:
    return {
        "url": hop.url,
        "failure": hop.failure,
        "status": hop.status,
        "title": hop.title,
        "location": hop.location,
        "headers": hop.headers,
        "body_bytes": hop.body_bytes,
        "body_sha256": hop.body_sha256,
        "sketch": hop.sketch,
    }


def ooni_tcp_failure(word: str | None) -> str | None:
    """oohelperd's word for a connection's failure."""
    if word is None:
        return None
    known = {"generic_timeout_error": "generic_timeout_error", "connection_refused": "connection_refused_error"}
    return known.get(word, "connect_error")


def ooni_http_failure(word: str | None) -> str:
    """oohelperd's word for a fetch's failure."""
    known = {"generic_timeout_error": "generic_timeout_error", "connection_refused": "connection_refused_error"}
    if word is None or word.startswith(("dns_", "helper_refused")):
        return "dns_lookup_error"
    return known.get(word, "unknown_error")


def ooni_dns_failure(word: str | None) -> str | None:
    """oohelperd's word for a look-up's failure; an answer without addresses is none."""
    known = {None: None, "dns_no_answer": None, "dns_nxdomain_error": "dns_name_error"}
    return known.get(word, "dns_server_failure") if word != "unknown_failure" else "unknown_error"


def _canonical_header(name: str) -> str:
    """As Go's net/http writes it, which is how OONI's clients know it."""
    return "-".join(part.capitalize() for part in name.split("-"))
