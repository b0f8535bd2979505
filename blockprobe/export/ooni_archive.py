"""Observations as the lists of OONI's archival formats: df-001 HTTP, df-002 DNS, df-005 TCP, df-006 TLS, df-008.

Only what a browser would have done is exported: looks at the listed name. A TCP connection, its handshake and its
request bear the same `transaction_id`, which is how readers join them.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Any

from blockprobe.export.ooni_words import rcode_number, to_word
from blockprobe.model.observation import (
    DnsObservation,
    DnsReply,
    HttpObservation,
    Observation,
    ResolverGroup,
    ResourceRecord,
    TcpObservation,
    Test,
    TlsObservation,
)

Document = dict[str, Any]

#: First transaction of each kind: the ranges that OONI's own probe uses.
_FIRST = {"system": 10001, "udp": 20001, "tcp": 20001, "doh": 30001, "dot": 30001, "cleartext": 40001, "tls": 50001}
_ENGINES = {"udp": "udp", "tcp": "tcp", "tls": "dot", "https": "doh"}
_ANSWER_KEYS = {"A": "ipv4", "AAAA": "ipv6", "CNAME": "hostname"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Archive:
    """The lists of a measurement's `test_keys`."""

    queries: list[Document]
    tcp_connect: list[Document]
    tls_handshakes: list[Document]
    requests: list[Document]
    network_events: list[Document]


@dataclass(frozen=True, slots=True)
class _Flow:
    """Observations of one connection."""

    number: int
    steps: tuple[TcpObservation | TlsObservation | HttpObservation, ...]


def archive(observations: Iterable[Observation]) -> Archive:
    """What was looked at, as OONI archives it; requests come newest first."""
    looks = sorted((one for one in observations if is_look(one)), key=lambda one: one.t0_s)
    questions = [one for one in looks if isinstance(one, DnsObservation) and one.qtype in ("A", "AAAA")]
    flows = tuple(_flows([one for one in looks if isinstance(one, TcpObservation | TlsObservation | HttpObservation)]))
    queries = list(_queries(questions))
    steps = [(step, flow.number) for flow in flows for step in flow.steps]
    requests = [_request(step, number) for step, number in steps if isinstance(step, HttpObservation)]
    return Archive(
        queries=queries,
        tcp_connect=[_tcp(step, number) for step, number in steps if isinstance(step, TcpObservation)],
        tls_handshakes=[_tls(step, number) for step, number in steps if isinstance(step, TlsObservation)],
        requests=sorted(requests, key=lambda one: one["t0"], reverse=True),
        network_events=sorted(_events(queries, steps), key=lambda one: one["t"]),
    )


def is_look(one: Observation) -> bool:
    """Whether a browser would have done this on a cold start: no repetition, no counterfactual, nothing over QUIC."""
    over_quic = isinstance(one, HttpObservation) and one.quic
    return one.why.test is Test.LOOK and one.why.listed and one.kind not in ("path", "quic") and not over_quic


def endpoint(address: str, port: int) -> str:
    """ "203.0.113.5:443", "[2001:db8::5]:443"."""
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"


def _queries(questions: Sequence[DnsObservation]) -> Iterator[Document]:
    numbers = {engine: count(first) for engine, first in _FIRST.items()}
    for one in questions:
        scheme, _, rest = one.resolver.partition("://")
        engine = "system" if one.group is ResolverGroup.ISP else _ENGINES.get(scheme, "udp")
        yield {
            "answers": [_answer(answer) for answer in _records(one.reply)],
            "engine": engine,
            "failure": to_word(one.failure),
            "hostname": one.qname,
            "query_type": one.qtype,
            "raw_response": None,
            "rcode": None if one.reply is None else rcode_number(one.reply.rcode),
            "resolver_hostname": None,
            "resolver_port": None,
            "resolver_address": one.resolver if scheme == "https" else rest,
            **_timing(one, next(numbers[engine])),
        }


def _records(reply: DnsReply | None) -> Iterator[ResourceRecord]:
    yield from (record for record in (reply.answers if reply else ()) if record.type in _ANSWER_KEYS)


def _answer(record: ResourceRecord) -> Document:
    return {"answer_type": record.type, _ANSWER_KEYS[record.type]: record.value, "ttl": record.ttl}


def _flows(steps: Sequence[TcpObservation | TlsObservation | HttpObservation]) -> Iterator[_Flow]:
    """Handshakes and requests follow the latest connection to the same endpoint that has none of their kind yet."""
    open_: dict[tuple[str, int], list[list[TcpObservation | TlsObservation | HttpObservation]]] = {}
    for step in steps:
        started = open_.setdefault((step.address, step.port), [])
        host = next((flow for flow in reversed(started) if _follows(step, flow)), None)
        if host is None:
            started.append([step])
        else:
            host.append(step)
    numbers = {kind: count(_FIRST[kind]) for kind in ("cleartext", "tls")}
    found = sorted((flow for flows in open_.values() for flow in flows), key=lambda flow: flow[0].t0_s)
    for flow in found:
        kind = "tls" if any(step.kind == "tls" for step in flow) or flow[0].port == 443 else "cleartext"
        yield _Flow(next(numbers[kind]), tuple(flow))


def _follows(
    step: TcpObservation | TlsObservation | HttpObservation,
    flow: Sequence[TcpObservation | TlsObservation | HttpObservation],
) -> bool:
    last = flow[-1]
    before = {"tcp": (), "tls": ("tcp",), "http": ("tcp", "tls")}[step.kind]
    encrypted = isinstance(step, HttpObservation) and not step.tls
    return (
        last.kind in before
        and last.failure is None
        and not (encrypted and last.kind == "tls")
        and (last.why.hop, last.why.attempt) == (step.why.hop, step.why.attempt)
        and last.t_s <= step.t0_s + 1e-6
    )


def _tcp(one: TcpObservation, number: int) -> Document:
    return {
        "ip": one.address,
        "port": one.port,
        "status": {"failure": to_word(one.failure), "success": one.failure is None},
        **_timing(one, number),
    }


def _tls(one: TlsObservation, number: int) -> Document:
    return {
        "network": "tcp",
        "address": endpoint(one.address, one.port),
        "cipher_suite": one.cipher or "",
        "failure": to_word(one.failure),
        "negotiated_protocol": one.alpn or "",
        "no_tls_verify": False,
        "peer_certificates": [{"data": cert.der, "format": "base64"} for cert in one.chain if cert.der],
        "server_name": one.server_name or "",
        "tls_version": one.version or "",
        **_timing(one, number),
    }


def _request(one: HttpObservation, number: int) -> Document:
    request = {
        "body": "",
        "body_is_truncated": False,
        "headers": {"Host": one.host},
        "headers_list": [["Host", one.host]],
        "method": "GET",
        "tor": {"exit_ip": None, "exit_name": None, "is_tor": False},
        "x_transport": "tcp",
        "url": one.url,
    }
    first: dict[str, str] = {}
    for name, value in one.headers:
        first.setdefault(name, value)
    response = {
        "body": one.body,
        "body_is_truncated": one.truncated or one.body_bytes > len(one.body.encode(errors="replace")),
        "code": one.status or 0,
        "headers": first,
        "headers_list": [[name, value] for name, value in one.headers],
    }
    return {
        "network": "tcp",
        "address": endpoint(one.address, one.port),
        "alpn": "http/1.1" if one.tls else "",
        "failure": to_word(one.failure),
        "request": request,
        "response": response,
        **_timing(one, number),
    }


def _timing(one: Observation, number: int) -> Document:
    tags = [] if isinstance(one, DnsObservation) else ["classic"]
    return {"t0": one.t0_s, "t": one.t_s, "tags": [*tags, f"depth={one.why.hop}"], "transaction_id": number}


def _events(
    queries: Sequence[Document],
    steps: Sequence[tuple[TcpObservation | TlsObservation | HttpObservation, int]],
) -> Iterator[Document]:
    for query in queries:
        yield _event("resolve_start", query["t0"], query["tags"], query["transaction_id"])
        yield _event("resolve_done", query["t"], query["tags"], query["transaction_id"], failure=query["failure"])
    for step, number in steps:
        tags, place = [f"depth={step.why.hop}"], {"address": endpoint(step.address, step.port), "proto": "tcp"}
        failure = to_word(step.failure)
        if isinstance(step, TcpObservation):
            yield _event("connect", step.t_s, tags, number, failure=failure) | place
            continue
        name = "tls_handshake" if isinstance(step, TlsObservation) else "http_transaction"
        yield _event(f"{name}_start", step.t0_s, tags, number)
        if step.bytes_received:
            yield _event("read", step.t_s, tags, number) | place | {"num_bytes": step.bytes_received}
        yield _event(f"{name}_done", step.t_s, tags, number, failure=failure)


def _event(operation: str, t: float, tags: list[str], number: int, *, failure: str | None = None) -> Document:
    return {"operation": operation, "failure": failure, "t0": t, "t": t, "tags": tags, "transaction_id": number}
