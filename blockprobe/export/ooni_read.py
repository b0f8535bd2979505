"""OONI `web_connectivity` measurements (test_keys of 0.4 and 0.5) as evidence of ours, to be judged by our rules.

They hold a single look and a control without extension; what they do not hold stays unknown. So most of their
anomalies become `inconclusive` here, which is what one look can prove.
"""

import hashlib
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from blockprobe.export.json_reading import number_at, table_at, text_at, whole_at
from blockprobe.export.ooni_read_fields import Story
from blockprobe.export.ooni_read_observations import observations_of
from blockprobe.export.ooni_words import from_word
from blockprobe.model.control import Control, ControlDns, ControlHttp, ControlTcp, ControlTls
from blockprobe.model.errors import RecordError, TargetError
from blockprobe.model.failure import Failure
from blockprobe.model.line import Line
from blockprobe.model.record import Measurement, Vantage
from blockprobe.model.target import parse_target

_UNKNOWN_RESOLVERS = frozenset({"", "127.0.0.1", "127.0.0.2"})


def read_ooni(document: object) -> Measurement:
    """The evidence in one measurement; raises RecordError naming what cannot be read."""
    top = table_at(document, "measurement")
    if (name := text_at(top, "test_name", "measurement")) != "web_connectivity":
        raise RecordError(f"test_name: {name!r} cannot be judged; only web_connectivity can")
    typed = text_at(top, "input", "measurement") or ""
    try:
        target = parse_target(typed)
    except TargetError as error:
        raise RecordError(f"input: {error}") from None
    keys = table_at(top.get("test_keys"), "test_keys")
    known = _resolver(top, keys)
    return Measurement(
        id=_identity(top, typed),
        measured_at=_start(top),
        runtime_s=number_at(top, "test_runtime", "measurement") or 0.0,
        target=target,
        vantage=_vantage(top, known),
        line=Line(),
        observations=observations_of(Story(target=target, keys=keys, resolver=known)),
        control=_controls(top, keys, target.url),
    )


def _resolver(top: Mapping[str, Any], keys: Mapping[str, Any]) -> str:
    """The line's resolver, "" where nobody knew it."""
    named = (text_at(top, "resolver_ip", "measurement"), text_at(keys, "client_resolver", "test_keys"))
    return next((one for one in named if one is not None and one not in _UNKNOWN_RESOLVERS), "")


def _identity(top: Mapping[str, Any], typed: str) -> str:
    uid = text_at(top, "measurement_uid", "measurement")
    if uid:
        return uid
    parts = [text_at(top, key, "measurement") or "" for key in ("report_id", "measurement_start_time")]
    return "ooni-" + hashlib.sha256("|".join([*parts, typed]).encode()).hexdigest()[:20]


def _start(top: Mapping[str, Any]) -> datetime:
    text = text_at(top, "measurement_start_time", "measurement") or ""
    try:
        return datetime.strptime(text[:19].replace("T", " "), "%Y-%m-%d %H:%M:%S").replace(tzinfo=UTC)
    except ValueError:
        raise RecordError(f"measurement_start_time: {text[:40]!r} is no time like 2026-11-21 12:00:00") from None


def _vantage(top: Mapping[str, Any], resolver: str) -> Vantage:
    asn = re.fullmatch(r"AS([1-9]\d{0,9})", text_at(top, "probe_asn", "measurement") or "")
    country = text_at(top, "probe_cc", "measurement") or "ZZ"
    return Vantage(
        asn=int(asn[1]) if asn else None,
        country=None if country == "ZZ" else country,
        resolvers=(resolver,) if resolver else (),
    )


def _controls(top: Mapping[str, Any], keys: Mapping[str, Any], url: str) -> tuple[Control, ...]:
    control = table_at(keys.get("control"), "test_keys.control")
    failure, detail = from_word(text_at(keys, "control_failure", "test_keys"))
    if failure is None and not control:
        failure, detail = Failure.HELPER_BAD_ANSWER, "the measurement holds no control"
    helper = _helper(top)
    if failure is not None:
        return (Control(helper=helper, url=url, t0_s=0.0, t_s=0.0, failure=failure, detail=detail),)
    return (
        Control(
            helper=helper,
            url=url,
            t0_s=0.0,
            t_s=0.0,
            failure=None,
            dns=_control_dns(control),
            tcp=_control_tcp(control),
            tls=_control_tls(control),
            hops=_control_hops(control, url),
        ),
    )


def _helper(top: Mapping[str, Any]) -> str:
    backend = table_at(top.get("test_helpers"), "test_helpers").get("backend")
    if isinstance(backend, dict):
        backend = backend.get("address")
    return backend if isinstance(backend, str) and backend.isprintable() else "unknown"


def _control_dns(control: Mapping[str, Any]) -> ControlDns | None:
    place = "test_keys.control.dns"
    dns = table_at(control.get("dns"), place)
    if not dns:
        return None
    addresses = dns.get("addrs")
    if not isinstance(addresses, list | None):
        raise RecordError(f"{place}.addrs: expected an array")
    return ControlDns(
        failure=text_at(dns, "failure", place),
        addresses=tuple(one for one in addresses or () if isinstance(one, str) and one.isascii()),
    )


def _control_tcp(control: Mapping[str, Any]) -> tuple[ControlTcp, ...]:
    found = []
    for endpoint, value in table_at(control.get("tcp_connect"), "test_keys.control.tcp_connect").items():
        place = f"test_keys.control.tcp_connect.{endpoint}"
        one = table_at(value, place)
        found.append(
            ControlTcp(endpoint=endpoint, ok=one.get("status") is True, failure=text_at(one, "failure", place))
        )
    return tuple(found)


def _control_tls(control: Mapping[str, Any]) -> tuple[ControlTls, ...]:
    found = []
    for endpoint, value in table_at(control.get("tls_handshake"), "test_keys.control.tls_handshake").items():
        place = f"test_keys.control.tls_handshake.{endpoint}"
        one = table_at(value, place)
        name = text_at(one, "server_name", place) or ""
        failure = text_at(one, "failure", place)
        found.append(ControlTls(endpoint=endpoint, server_name=name, ok=one.get("status") is True, failure=failure))
    return tuple(found)


def _control_hops(control: Mapping[str, Any], url: str) -> tuple[ControlHttp, ...]:
    """OONI's helper says only where the redirects ended, and not at which URL."""
    place = "test_keys.control.http_request"
    page = table_at(control.get("http_request"), place)
    if not page:
        return ()
    failure = text_at(page, "failure", place)
    if failure is not None:
        return (ControlHttp(url=url, failure=failure),)
    headers = table_at(page.get("headers"), f"{place}.headers")
    return (
        ControlHttp(
            url=url,
            failure=None,
            status=whole_at(page, "status_code", place),
            title=text_at(page, "title", place) or None,
            headers=tuple((name, value) for name, value in headers.items() if isinstance(value, str)),
            body_bytes=max(0, whole_at(page, "body_length", place) or 0),
        ),
    )
