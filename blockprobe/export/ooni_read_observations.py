"""The lists of an OONI measurement as observations: queries, connections, handshakes, requests."""

import hashlib
from collections.abc import Iterator, Mapping
from typing import Any

from blockprobe.export.json_reading import items_at, table_at, text_at, whole_at
from blockprobe.export.ooni_read_fields import Story, certified, decoded, endpoint_of, entries, host_of, times, why
from blockprobe.export.ooni_read_pages import TLS_FAILURES, implied_handshakes, requests_of
from blockprobe.export.ooni_words import from_word, rcode_of
from blockprobe.model.failure import Failure
from blockprobe.model.observation import (
    Certificate,
    DnsObservation,
    DnsReply,
    Observation,
    Place,
    ResolverGroup,
    ResourceRecord,
    TcpObservation,
    TlsObservation,
)

_SYSTEM = frozenset({"system", "getaddrinfo", "golang_net_resolver", "system_resolver", "", None})
_ENCRYPTED = {"doh": "https", "dot": "tls", "dnscrypt": "https", "odoh": "https"}


def observations_of(story: Story) -> tuple[Observation, ...]:
    """All looks of the measurement, in the order of their start."""
    connections = tuple(_tcp(story))
    handshakes = tuple(_tls(story))
    requests = tuple(requests_of(story, connections))
    implied = tuple(implied_handshakes(requests, handshakes))
    pages = tuple(one for one in requests if one.failure not in TLS_FAILURES)
    names = {story.target.host, *(host_of(one.url) for one in requests)}
    questions = tuple(_dns(story, names))
    return tuple(sorted((*questions, *connections, *handshakes, *implied, *pages), key=lambda one: one.t0_s))


def _dns(story: Story, names: set[str]) -> Iterator[DnsObservation]:
    """Questions about the site; those for helpers and resolvers are the probe's own affair."""
    for place, one in entries(story.keys, "queries"):
        name = (text_at(one, "hostname", place) or "").rstrip(".").lower()
        if name not in names:
            continue
        asked = text_at(one, "query_type", place) or "A"
        found = [_question(story, one, place, name=name, qtype=qtype) for qtype in _types(asked)]
        answered = [question for question in found if question.failure is None]
        yield from answered or found  # getaddrinfo leaves out families that the machine does not have


def _types(asked: str) -> tuple[str, ...]:
    """ANY stands for getaddrinfo, which asks for both."""
    return ("A", "AAAA") if asked == "ANY" else (asked,)


def _question(story: Story, one: Mapping[str, Any], place: str, *, name: str, qtype: str) -> DnsObservation:
    failure, detail = from_word(text_at(one, "failure", place))
    answers = tuple(_answers(one, place, name))
    wanted = tuple(answer for answer in answers if answer.type in (qtype, "CNAME"))
    if failure in (None, Failure.UNKNOWN_FAILURE):
        addresses = any(answer.type == qtype for answer in wanted)
        failure = None if addresses else failure or Failure.DNS_NO_ANSWER
    rcode = rcode_of(whole_at(one, "rcode", place), failure)
    t0, t = times(one, place)
    resolver, group = _resolver(story, one, place)
    return DnsObservation(
        why=why(one, Place.RESOLVER),
        t0_s=t0,
        t_s=t,
        failure=failure,
        resolver=resolver,
        group=group,
        qname=name,
        qtype=qtype,
        reply=None if rcode is None else DnsReply(t_s=t, rcode=rcode, answers=wanted),
        detail=detail,
    )


def _answers(one: Mapping[str, Any], place: str, name: str) -> Iterator[ResourceRecord]:
    for index, answer in enumerate(items_at(one.get("answers"), f"{place}.answers")):
        where = f"{place}.answers.{index}"
        kind = text_at(answer, "answer_type", where) or ""
        key = {"A": "ipv4", "AAAA": "ipv6", "CNAME": "hostname"}.get(kind)
        value = text_at(answer, key, where) if key else None
        if value:
            yield ResourceRecord(name=name, type=kind, value=value, ttl=whole_at(answer, "ttl", where) or 0)


def _resolver(story: Story, one: Mapping[str, Any], place: str) -> tuple[str, ResolverGroup]:
    engine = text_at(one, "engine", place)
    address = text_at(one, "resolver_address", place) or ""
    if engine in _SYSTEM:
        known = story.resolver or "system"
        return address if "://" in address else f"udp://{address or known}", ResolverGroup.ISP
    if engine in _ENCRYPTED:
        scheme = _ENCRYPTED[engine]
        return address if "://" in address else f"{scheme}://{address}", ResolverGroup.ENCRYPTED
    return f"{'tcp' if engine == 'tcp' else 'udp'}://{address}", ResolverGroup.PUBLIC


def _tcp(story: Story) -> Iterator[TcpObservation]:
    for place, one in entries(story.keys, "tcp_connect"):
        status = table_at(one.get("status"), f"{place}.status")
        word = None if status.get("failure") is False else text_at(status, "failure", f"{place}.status")
        failure, detail = from_word(word)
        if status.get("success") is False and failure is None:
            failure = Failure.UNKNOWN_FAILURE
        t0, t = times(one, place)
        yield TcpObservation(
            why=why(one, Place.ORIGIN),
            t0_s=t0,
            t_s=t,
            failure=failure,
            address=text_at(one, "ip", place) or "",
            port=whole_at(one, "port", place) or 0,
            detail=detail,
        )


def _tls(story: Story) -> Iterator[TlsObservation]:
    read = _bytes_read(story.keys)
    for place, one in entries(story.keys, "tls_handshakes"):
        failure, detail = from_word(text_at(one, "failure", place))
        address, port = endpoint_of(text_at(one, "address", place) or "", 443)
        name = text_at(one, "server_name", place) or None
        t0, t = times(one, place)
        chain = tuple(_chain(one, place))
        received = read.get(whole_at(one, "transaction_id", place) or 0, 0)
        yield TlsObservation(
            why=why(one, Place.ORIGIN),
            t0_s=t0,
            t_s=t,
            failure=failure,
            address=address,
            port=port,
            server_name=name,
            verify_name=name or story.target.host,
            valid=certified(failure, verified=one.get("no_tls_verify") is not True),
            version=text_at(one, "tls_version", place) or None,
            cipher=text_at(one, "cipher_suite", place) or None,
            alpn=text_at(one, "negotiated_protocol", place) or None,
            bytes_received=received or (1 if failure is None or chain else 0),
            chain=chain,
            detail=detail,
        )


def _chain(one: Mapping[str, Any], place: str) -> Iterator[Certificate]:
    """The certificates by their hash; what is inside is in `der`."""
    for index, entry in enumerate(items_at(one.get("peer_certificates"), f"{place}.peer_certificates")):
        where = f"{place}.peer_certificates.{index}"
        data = text_at(entry, "data", where) or ""
        digest = hashlib.sha256(decoded(data, where)).hexdigest()
        yield Certificate(sha256=digest, spki_sha256="", subject="", issuer="", der=data)


def _bytes_read(keys: Mapping[str, Any]) -> dict[int, int]:
    """Bytes that came over each connection before its handshake ended."""
    read: dict[int, int] = {}
    ended: set[int] = set()
    for place, one in entries(keys, "network_events"):
        number = whole_at(one, "transaction_id", place) or 0
        operation = text_at(one, "operation", place)
        if operation == "tls_handshake_done":
            ended.add(number)
        elif operation == "read" and number not in ended:
            read[number] = read.get(number, 0) + max(0, whole_at(one, "num_bytes", place) or 0)
    return read
