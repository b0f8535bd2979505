"""A verdict in OONI's keys. What OONI has no word for stays in `x_blockprobe`, and its own words stay null."""

from typing import Any

from blockprobe.export.ooni_mechanisms import to_ooni
from blockprobe.model.control import Control, ControlHttp
from blockprobe.model.observation import DnsObservation, HttpObservation, Observation, ResolverGroup
from blockprobe.model.record import Record, Verdict
from blockprobe.model.words import Layer, LineState, Mechanism, State

_PAGES = frozenset({Mechanism.HTTP_BLOCKPAGE, Mechanism.HTTP_REDIRECT_BLOCKPAGE, Mechanism.HTTP_451})
_FLAGS = {"dns": 1, "tcp_ip": 2, "tls": 4, "http-failure": 8, "http-diff": 16}
_SUCCESS = 32
#: Header names that say nothing about a site; two pages match when they have any other name in common.
_COMMON_HEADERS = frozenset(
    [
        "date",
        "content-type",
        "server",
        "cache-control",
        "vary",
        "set-cookie",
        "location",
        "expires",
        "x-powered-by",
        "content-encoding",
        "last-modified",
        "accept-ranges",
        "pragma",
        "x-frame-options",
        "etag",
        "x-content-type-options",
        "age",
        "via",
        "p3p",
        "x-xss-protection",
        "content-language",
        "cf-ray",
        "strict-transport-security",
        "link",
        "x-varnish",
        "content-length",
        "connection",
        "transfer-encoding",
        "alt-svc",
    ]
)


def verdict_keys(record: Record) -> dict[str, Any]:
    """`blocking`, `accessible`, `dns_consistency`, the flags, and our own verdict under `x_blockprobe`."""
    verdict = record.verdict
    return {
        "blocking": blocking_of(verdict),
        "accessible": _accessible(verdict),
        "dns_consistency": _dns_consistency(verdict),
        "x_blocking_flags": _blocking_flags(verdict),
        "x_dns_flags": _dns_flags(verdict),
        "x_null_null_flags": 0,
        "x_blockprobe": _own_words(record),
    }


def blocking_of(verdict: Verdict) -> str | bool | None:
    """OONI's `blocking`: how, false for "not blocked" (a site that is down or refuses us too), null for unknown."""
    if verdict.state is State.INCONCLUSIVE:
        return None
    if verdict.state is not State.BLOCKED or not verdict.mechanisms:
        return False if verdict.state is not State.BLOCKED else None
    return _word(verdict.mechanisms[0])


def comparison_keys(observations: tuple[Observation, ...], control: Control | None) -> dict[str, Any]:
    """The last page against the control's: status, headers, title, length; null where one of both is missing."""
    pages = [one for one in observations if isinstance(one, HttpObservation) and one.failure is None]
    theirs = control.hops[-1] if control is not None and control.hops and control.hops[-1].failure is None else None
    if not pages or theirs is None:
        return dict.fromkeys(
            ("body_proportion", "body_length_match", "headers_match", "status_code_match", "title_match")
        )
    ours = max(pages, key=lambda one: (one.why.hop, one.t_s))
    sizes = sorted((ours.body_bytes, theirs.body_bytes))
    proportion = sizes[0] / sizes[1] if sizes[0] > 0 and not ours.truncated else None
    return {
        "body_proportion": proportion or 0,
        "body_length_match": None if proportion is None else proportion > 0.7,
        "headers_match": bool(_telling_headers(ours) & _telling_headers(theirs)),
        "status_code_match": ours.status == theirs.status,
        "title_match": _title_words(ours.title) == _title_words(theirs.title),
    }


def first_dns_failure(observations: tuple[Observation, ...]) -> DnsObservation | None:
    """The first question to the line's own resolver that failed, of those at the address typed."""
    for one in observations:
        own = isinstance(one, DnsObservation) and one.group is ResolverGroup.ISP and one.qtype == "A"
        if own and one.why.hop == 0 and one.failure is not None and isinstance(one, DnsObservation):
            return one
    return None


def _word(mechanism: Mechanism) -> str:
    if mechanism.layer is Layer.DNS:
        return "dns"
    if mechanism.layer is Layer.IP:
        return "tcp_ip"
    return "http-diff" if mechanism in _PAGES else "http-failure"


def _accessible(verdict: Verdict) -> bool | None:
    return None if verdict.state is State.INCONCLUSIVE else verdict.state is State.ACCESSIBLE


def _dns_consistency(verdict: Verdict) -> str | None:
    if any(one.mechanism.layer is Layer.DNS for one in verdict.interference):
        return "inconsistent"
    return "consistent" if verdict.line_state is LineState.OPEN else None


def _blocking_flags(verdict: Verdict) -> int:
    flags = _SUCCESS if verdict.state is State.ACCESSIBLE else 0
    for mechanism in verdict.mechanisms:
        flags |= _FLAGS["tls"] if mechanism.layer in (Layer.TLS, Layer.QUIC) else _FLAGS[_word(mechanism)]
    return flags


def _dns_flags(verdict: Verdict) -> int:
    found = {one.mechanism for one in verdict.interference if one.mechanism.layer is Layer.DNS}
    bogon = {Mechanism.DNS_BOGON, Mechanism.DNS_INJECTION_BOGON}
    addresses = {Mechanism.DNS_BLOCKPAGE, Mechanism.DNS_INJECTION_BLOCKPAGE, Mechanism.DNS_INJECTION} | bogon
    failures = found - addresses - {Mechanism.DNS_INTERCEPTED}
    return (1 if found & bogon else 0) | (2 if failures else 0) | (4 if found & addresses else 0)


def _own_words(record: Record) -> dict[str, Any]:
    verdict = record.verdict
    return {
        "record": record.id,
        "state": verdict.state,
        "grade": verdict.grade,
        "mechanisms": list(verdict.mechanisms),
        "taxonomy": sorted({to_ooni(mechanism) for mechanism in verdict.mechanisms}),
        "rule": verdict.rule,
        "because": verdict.because,
        "reasons": list(verdict.reasons),
        "refusal": verdict.refusal,
        "rules": record.versions.rules,
    }


def _telling_headers(page: HttpObservation | ControlHttp) -> set[str]:
    return {name.lower() for name, _ in page.headers} - _COMMON_HEADERS


def _title_words(title: str | None) -> set[str]:
    return {word for word in (title or "").lower().split() if len(word.encode()) >= 5}
