"""The requests of an OONI measurement as observations, and the handshakes that only they witness."""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

from blockprobe.export.json_reading import table_at, text_at, whole_at
from blockprobe.export.ooni_read_fields import Story, certified, decoded, endpoint_of, entries, times, why
from blockprobe.export.ooni_words import from_word
from blockprobe.model.errors import RecordError
from blockprobe.model.failure import CERTIFICATE_FAILURES, Failure
from blockprobe.model.observation import HttpObservation, Place, TcpObservation, Test, TlsObservation, Why

_KEPT_BODY_CHARS = 8192
TLS_FAILURES = CERTIFICATE_FAILURES | {Failure.SSL_FAILED_HANDSHAKE}


def requests_of(story: Story, connections: tuple[TcpObservation, ...]) -> Iterator[HttpObservation]:
    """Requests oldest first; before 0.5 their place in the list is their place among the redirects."""
    oldest_first = reversed(list(entries(story.keys, "requests")))
    for hop, (place, one) in enumerate(oldest_first):
        yield _exchange(one, place, hop, connections=connections)


def _exchange(
    one: Mapping[str, Any], place: str, hop: int, *, connections: tuple[TcpObservation, ...]
) -> HttpObservation:
    request = table_at(one.get("request"), f"{place}.request")
    response = table_at(one.get("response"), f"{place}.response")
    url = text_at(request, "url", f"{place}.request") or ""
    parts = _split(url, place)
    tls = parts.scheme == "https"
    failure, detail = from_word(text_at(one, "failure", place))
    port = parts.port or (443 if tls else 80)
    where = text_at(one, "address", place)
    address, port = endpoint_of(where, port) if where else (_only_address(connections, port), port)
    t0, t = times(one, place)
    tagged = why(one, Place.ORIGIN)
    page = _page(response, f"{place}.response")
    return replace(
        page,
        why=tagged if one.get("tags") else replace(tagged, hop=hop),
        t0_s=t0,
        t_s=t,
        failure=failure,
        url=url,
        host=parts.hostname or "",
        address=address,
        port=port,
        tls=tls,
        detail=detail,
    )


def _page(response: Mapping[str, Any], place: str) -> HttpObservation:
    """Status, headers and body of a response, in an observation whose rest is still to be filled."""
    from blockprobe.verdict.sketch import text_sketch, title_of

    body = _body(response.get("body"), f"{place}.body")
    text = body.decode("utf-8", "replace")
    headers = tuple(_headers(response, place))
    return HttpObservation(
        why=Why(test=Test.LOOK, place=Place.ORIGIN),
        t0_s=0.0,
        t_s=0.0,
        failure=None,
        url="",
        host="",
        address="",
        port=0,
        tls=False,
        status=whole_at(response, "code", place) or None,
        headers=headers,
        body=text[:_KEPT_BODY_CHARS],
        body_bytes=len(body),
        body_sha256=hashlib.sha256(body).hexdigest() if body else None,
        truncated=response.get("body_is_truncated") is True,
        title=title_of(text),
        sketch=text_sketch(text),
        location=next((value for name, value in headers if name.lower() == "location"), None),
        bytes_received=len(body) + sum(len(name) + len(value) for name, value in headers),
    )


def _headers(response: Mapping[str, Any], place: str) -> Iterator[tuple[str, str]]:
    listed = response.get("headers_list")
    pairs: Any = listed if isinstance(listed, list) and listed else None
    if pairs is None:
        pairs = table_at(response.get("headers"), f"{place}.headers").items()
    for pair in pairs:
        if not isinstance(pair, list | tuple) or len(pair) != 2:
            raise RecordError(f"{place}.headers_list: expected pairs of name and value")
        name, value = (_body(part, f"{place}.headers_list").decode("utf-8", "replace") for part in pair)
        yield name, value


def implied_handshakes(
    requests: tuple[HttpObservation, ...], handshakes: tuple[TlsObservation, ...]
) -> Iterator[TlsObservation]:
    """Before 0.5 an https request may be the only witness of its handshake: answered means verified."""
    seen = {(one.verify_name, one.why.hop) for one in handshakes} | {(one.verify_name, None) for one in handshakes}
    for one in requests:
        known = (one.host, one.why.hop) in seen or (one.host, None) in seen
        if not one.tls or known or (one.failure is not None and one.failure not in TLS_FAILURES):
            continue
        yield TlsObservation(
            why=one.why,
            t0_s=one.t0_s,
            t_s=one.t0_s,
            failure=one.failure,
            address=one.address,
            port=one.port,
            server_name=one.host,
            verify_name=one.host,
            valid=certified(one.failure, verified=True),
            bytes_received=1,
            detail="implied by the request: the measurement lists no handshake for it",
        )


def _only_address(connections: tuple[TcpObservation, ...], port: int) -> str:
    """The address that a request must have gone to, where there is only one; "" otherwise."""
    found = {one.address for one in connections if one.port == port and one.failure is None}
    return found.pop() if len(found) == 1 else ""


def _split(url: str, place: str) -> Any:
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError as error:
        raise RecordError(f"{place}.request.url: {error}") from None
    return parts


def _body(value: object, place: str) -> bytes:
    """A text, or bytes that are no text: {"format": "base64", "data": …}."""
    if value is None:
        return b""
    if isinstance(value, str):
        return value.encode("utf-8", "replace")
    data = table_at(value, place)
    return decoded(text_at(data, "data", place) or "", place)
